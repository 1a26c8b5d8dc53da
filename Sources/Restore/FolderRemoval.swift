import Base
import CLinux
import Glibc

/// Removes a folder with everything below it: no link is followed, no other file system entered.
enum FolderRemoval {
    /// Folders held open at once; what is deeper is moved up first.
    private static let depthLimit = 64

    /// Throws `SystemError` for the first thing that cannot be removed. `opening`: folders of one's own that take rights
    /// from their owner get them back first.
    static func remove(_ parent: Int32, _ name: UnsafePointer<CChar>, opening: Bool = false) throws {
        let top = try open(parent, name, opening)
        try empty(top, device: device(top), top: top, depth: 1, opening)
        try retrying { unlinkat(parent, name, AT_REMOVEDIR) }
    }

    /// Removes a name of any kind.
    static func removeAny(_ parent: Int32, _ name: UnsafePointer<CChar>) throws {
        if unlinkat(parent, name, 0) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM else { throw SystemError.last() }
        try remove(parent, name)
    }

    private static func open(_ parent: Int32, _ name: UnsafePointer<CChar>, _ opening: Bool) throws -> File {
        if opening {
            var status = clinux_stat()
            if clinux_statx(parent, name, &status) == 0, status.mode & 0o700 != 0o700 { _ = MetadataWriter.chmod(parent, name, 0o700) }
        }
        return File(descriptor: try Beneath.open(parent, name, O_RDONLY | O_DIRECTORY))
    }

    private static func device(_ folder: File) throws -> UInt64 {
        let status = try folder.stat()
        return UInt64(status.dev_major) << 32 | UInt64(status.dev_minor)
    }

    private static func empty(_ folder: File, device wanted: UInt64, top: File, depth: Int, _ opening: Bool) throws {
        guard try device(folder) == wanted else { throw systemError(EXDEV) }
        while true {
            // A bounded number of names at a time: a huge folder does not fill memory.
            var names: [RawName] = []
            lseek(folder.descriptor, 0, SEEK_SET)
            do {
                try folder.forEachEntry { entry in
                    names.append(RawName(entry.name))
                    if names.count == 4096 { throw Enough() }
                }
            } catch is Enough {}
            if names.isEmpty { return }
            for name in names { try remove(name, in: folder, device: wanted, top: top, depth: depth, opening) }
        }
    }

    private static func remove(_ name: RawName, in folder: File, device: UInt64, top: File, depth: Int, _ opening: Bool) throws {
        try name.withCString { name in
            if unlinkat(folder.descriptor, name, 0) == 0 || errno == ENOENT { return }
            guard errno == EISDIR || errno == EPERM else { throw SystemError.last() }
            if unlinkat(folder.descriptor, name, AT_REMOVEDIR) == 0 { return }
            guard errno == ENOTEMPTY || errno == EEXIST else { throw SystemError.last() }
            if depth >= depthLimit {
                // Too deep to hold open: it becomes a neighbour of the first, which goes on until it is empty.
                let above = RawName(".hdsbackup-removed-" + hexString(randomBytes(8)))
                return try above.withCString { above in _ = try retrying { renameat(folder.descriptor, name, top.descriptor, above) } }
            }
            let below = try open(folder.descriptor, name, opening)
            try empty(below, device: device, top: top, depth: depth + 1, opening)
            try retrying { unlinkat(folder.descriptor, name, AT_REMOVEDIR) }
        }
    }

    private struct Enough: Error {}
}
