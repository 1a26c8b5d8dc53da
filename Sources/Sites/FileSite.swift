import Base
import CLinux
import Glibc

/// A site in a folder of a file system: a local disk, a mounted volume, a removable disk.
///
/// An object is written to a temporary file of the same file system, synced, renamed without replacing,
/// and its folder synced: after `create` returns, a power cut leaves it whole. Whether the folder is
/// the right place at all (a disk that is not mounted) is told by the signed marker, not here.
package final class FileSite: Site {
    package let name: String
    private let root: String
    private let known = Monitor<Set<String>>([])

    /// `path`: the site's folder. `prefix`: the tenant's folder in it.
    package init(name: String, path: String, prefix: String) {
        self.name = name
        root = path + "/" + prefix
    }

    package func create(_ key: String, _ bytes: UnsafeRawBufferPointer) throws {
        let path = root + "/" + key
        let folder = String(path[..<path.lastIndex(of: "/")!])
        do {
            try makeFolder(folder)
            let temporary = root + "/.tmp/" + hexString(randomBytes(12))
            do {
                let file = try File.open(RawName(temporary), O_WRONLY | O_CREAT | O_EXCL, mode: 0o640)
                try file.write(bytes)
                try file.sync()
                try place(temporary, path)
            } catch {
                unlink(temporary)
                throw error
            }
            try File.open(RawName(folder), O_RDONLY | O_DIRECTORY).sync()
        } catch let error as SystemError { throw failure(error, "create", key) }
    }

    /// Gives the finished file its name unless the name is taken (renameat2; link and unlink where the
    /// file system lacks it).
    private func place(_ temporary: String, _ path: String) throws {
        do {
            try retrying { clinux_rename_noreplace(temporary, path) }
        } catch let error as SystemError where error.code == EINVAL || error.code == ENOSYS {
            try retrying { link(temporary, path) }
            unlink(temporary)
        } catch let error as SystemError where error.code == ENOENT && access(temporary, F_OK) != 0 && access(path, F_OK) == 0 {
            // The call was interrupted after it had done its work, and made again: the caller looks whose object it is.
            throw SystemError(code: EEXIST)
        }
    }

    /// Makes the object's folder and `.tmp`, below the tenant's folder only where the site itself exists:
    /// a missing site folder is an absent disk, not a place to start writing.
    private func makeFolder(_ folder: String) throws {
        if known.look({ $0.contains(folder) }) { return }
        let site = String(root[..<root.lastIndex(of: "/")!])
        guard access(site, F_OK) == 0 else { throw SystemError.last() }
        for each in [root, root + "/.tmp", folder] {
            var path = each
            var missing: [String] = []
            while path.count > site.count, access(path, F_OK) != 0 {
                missing.append(path)
                path = String(path[..<path.lastIndex(of: "/")!])
            }
            for folder in missing.reversed() {
                if mkdir(folder, 0o750) != 0, errno != EEXIST { throw SystemError.last() }
                try File.open(RawName(String(folder[..<folder.lastIndex(of: "/")!])), O_RDONLY | O_DIRECTORY).sync()
            }
        }
        known.look { _ = $0.insert(folder) }
    }

    package func read(_ key: String, at offset: Int, into: UnsafeMutableRawBufferPointer) throws {
        do {
            let n = try File.open(RawName(root + "/" + key), O_RDONLY).read(at: Int64(offset), into: into)
            guard n == into.count else { throw Failure(.damaged, .objectTooShort, object: "\(name):\(key)") }
        } catch let error as SystemError { throw failure(error, "read", key) }
    }

    package func size(_ key: String) throws -> Int {
        do { return Int(try File.open(RawName(root + "/" + key), O_RDONLY).stat().size) } catch let error as SystemError {
            throw failure(error, "read", key)
        }
    }

    package func list(_ prefix: String, _ body: (ObjectInfo) throws -> Void) throws {
        do {
            let folder = prefix.isEmpty ? root : root + "/" + prefix.dropLast()
            guard access(folder, F_OK) == 0 else {
                if errno == ENOENT, access(String(root[..<root.lastIndex(of: "/")!]), F_OK) == 0 { return }
                throw SystemError.last()
            }
            try walk(folder, key: prefix, body)
            // A site that went away in the middle would look empty.
            guard access(folder, F_OK) == 0 else { throw SystemError.last() }
        } catch let error as SystemError { throw failure(error, "list", prefix) }
    }

    private func walk(_ folder: String, key: String, _ body: (ObjectInfo) throws -> Void) throws {
        let file = try File.open(RawName(folder), O_RDONLY | O_DIRECTORY)
        var entries: [(name: String, type: UInt8)] = []
        try file.forEachEntry { entry in
            guard entry.name.first != 0x2E else { return }
            entries.append((String(decoding: entry.name, as: UTF8.self), entry.type))
        }
        entries.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        for entry in entries {
            var stat = clinux_stat()
            guard clinux_statx(file.descriptor, entry.name, &stat) == 0 else {
                if errno == ENOENT { continue }
                throw SystemError.last()
            }
            if stat.mode & UInt16(S_IFMT) == UInt16(S_IFDIR) {
                try walk(folder + "/" + entry.name, key: key + entry.name + "/", body)
            } else {
                try body(ObjectInfo(key: key + entry.name, size: Int(stat.size)))
            }
        }
    }

    package func delete(_ key: String) throws {
        do { try retrying { unlink(root + "/" + key) } } catch let error as SystemError {
            if error.code != ENOENT { throw failure(error, "delete", key) }
        }
    }

    package func freeSpace() throws -> UInt64? {
        do {
            let file = try File.open(RawName(String(root[..<root.lastIndex(of: "/")!])), O_RDONLY | O_DIRECTORY)
            var bytes: UInt64 = 0
            var inodes: UInt64 = 0
            var total: UInt64 = 0
            try retrying { clinux_statvfs(file.descriptor, &bytes, &inodes, &total) }
            return bytes
        } catch let error as SystemError { throw failure(error, "statvfs", "") }
    }

    /// A missing object is told apart from a missing site: the folder of the tenant is gone.
    private func failure(_ error: SystemError, _ act: String, _ key: String) -> Failure {
        let object = "\(name):\(key)"
        switch error.code {
        case ENOENT, ENOTDIR:
            if access(String(root[..<root.lastIndex(of: "/")!]), F_OK) != 0 {
                return Failure(.unreachable, .siteFolderMissing(root), object: name, remedy: .mountOrPrepare(name))
            }
            return Failure(.missing, .objectMissing, object: object)
        case EEXIST: return Failure(.exists, .objectExists, object: object)
        case EACCES, EPERM, EROFS: return Failure(.refused, .system(act, error.reason), object: object)
        // A read that fails so has met a bad block; a write may succeed the next time, or elsewhere on the disk.
        case EIO where act == "read": return Failure(.damaged, .system(act, error.reason), object: object)
        default: return error.failure(.unreachable, act, object: object)
        }
    }
}
