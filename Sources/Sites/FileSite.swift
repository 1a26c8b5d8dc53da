import Base
import CLinux
import Glibc

/// A site in a folder of a file system: a local disk, a mounted volume, a removable disk.
///
/// An object is written to a temporary file of the same file system, synced, renamed without replacing,
/// and its folder synced: after `create` returns, a power cut leaves it whole. Whether the folder is
/// the right place at all (a disk that is not mounted) is told by the signed marker, not here.
///
/// The tenant's folder is held open from its first use on, and everything is done below that descriptor: a disk in use
/// cannot be unmounted, and whatever comes to stand at the path later is neither read nor written.
package final class FileSite: Site {
    package let name: String
    private let place: String
    private let prefix: String
    private let held = Monitor<File?>(nil)
    private let known = Monitor<Set<String>>([])

    private let upload: RateLimiter
    private let download: RateLimiter
    private let counts = Monitor(SiteTraffic())

    /// `path`: the site's folder. `prefix`: the tenant's folder in it. The limits hold for contents of objects.
    package init(name: String, path: String, prefix: String, upload: RateLimiter = .unlimited, download: RateLimiter = .unlimited) {
        self.name = name
        place = path
        self.prefix = prefix
        self.upload = upload
        self.download = download
    }

    package var traffic: SiteTraffic? { counts.look { $0 } }

    private var path: String { place + "/" + prefix }

    /// The tenant's folder; made by the first `create` of a site that has none yet, and never again. A missing site
    /// folder is an absent disk, not a place to start writing.
    private func root(making: Bool = false) throws -> File {
        if let held = held.look({ $0 }) { return held }
        if making, access(path, F_OK) != 0 {
            guard access(place, F_OK) == 0 else { throw SystemError.last() }
            _ = try File.makeFolder(RawName(path), mode: 0o750)
            try File.open(RawName(place), O_RDONLY | O_DIRECTORY).sync()
        }
        let file = try File.open(RawName(path), O_RDONLY | O_DIRECTORY)
        return held.look { held in
            held = held ?? file
            return held!
        }
    }

    /// Throws `.unreachable` when the tenant's folder is no longer what stands at its path.
    private func checkPlace(_ root: File) throws {
        let (own, there) = (try root.stat(), try? File.open(RawName(path), O_PATH | O_DIRECTORY).stat())
        guard let there, (own.ino, own.dev_major, own.dev_minor) == (there.ino, there.dev_major, there.dev_minor) else { throw gone }
    }

    private var gone: Failure { Failure(.unreachable, .siteFolderMissing(path), object: name, remedy: .mountOrPrepare(name)) }

    package func create(_ key: String, _ bytes: UnsafeRawBufferPointer) throws {
        do {
            let root = try root(making: true)
            try checkPlace(root)
            let folder = String(key[..<(key.lastIndex(of: "/") ?? key.startIndex)])
            try makeFolder(".tmp", root)
            try makeFolder(folder, root)
            let temporary = ".tmp/" + hexString(randomBytes(12))
            do {
                let file = try File.create(RawName(temporary), in: root, O_WRONLY, mode: 0o640)
                try file.write(bytes)
                try file.sync()
                try give(temporary, key, root)
            } catch {
                unlinkat(root.descriptor, temporary, 0)
                throw error
            }
            counts.look {
                $0.requests += 1
                $0.sent += bytes.count
            }
            upload.pass(bytes.count)
            if folder.isEmpty { try root.sync() } else { try File.open(RawName(folder), in: root, O_RDONLY | O_DIRECTORY).sync() }
        } catch let error as SystemError { throw failure(error, "create", key) }
    }

    /// Gives the finished file its name unless the name is taken (renameat2; link and unlink where the
    /// file system lacks it).
    private func give(_ temporary: String, _ key: String, _ root: File) throws {
        do {
            try retrying { clinux_rename_noreplace(root.descriptor, temporary, key) }
        } catch let error as SystemError where error.code == EINVAL || error.code == ENOSYS {
            try retrying { linkat(root.descriptor, temporary, root.descriptor, key, 0) }
            unlinkat(root.descriptor, temporary, 0)
        } catch let error as SystemError where error.code == ENOENT && !exists(temporary, root) && exists(key, root) {
            // The call was interrupted after it had done its work, and made again: the caller looks whose object it is.
            throw SystemError(code: EEXIST)
        }
    }

    private func exists(_ key: String, _ root: File) -> Bool { faccessat(root.descriptor, key, F_OK, 0) == 0 }

    /// Makes a folder below the tenant's, and those above it, durably.
    private func makeFolder(_ folder: String, _ root: File) throws {
        if folder.isEmpty || known.look({ $0.contains(folder) }) { return }
        var above = ""
        for part in folder.split(separator: "/") {
            let path = above.isEmpty ? String(part) : above + "/" + part
            if try File.makeFolder(RawName(path), in: root, mode: 0o750) {
                if above.isEmpty { try root.sync() } else { try File.open(RawName(above), in: root, O_RDONLY | O_DIRECTORY).sync() }
            }
            above = path
        }
        known.look { _ = $0.insert(folder) }
    }

    package func read(_ key: String, at offset: Int, into: UnsafeMutableRawBufferPointer) throws {
        do {
            let n = try File.open(RawName(key), in: root(), O_RDONLY).read(at: Int64(offset), into: into)
            counts.look {
                $0.requests += 1
                $0.received += n
            }
            download.pass(n)
            guard n == into.count else { throw Failure(.damaged, .objectTooShort, object: "\(name):\(key)") }
        } catch let error as SystemError { throw failure(error, "read", key) }
    }

    package func size(_ key: String) throws -> Int {
        do { return Int(try File.open(RawName(key), in: root(), O_RDONLY).stat().size) } catch let error as SystemError {
            throw failure(error, "read", key)
        }
    }

    package func list(_ prefix: String, _ body: (ObjectInfo) throws -> Void) throws {
        do {
            let root: File
            do { root = try self.root() } catch let error as SystemError where error.code == ENOENT && access(place, F_OK) == 0 { return }
            try checkPlace(root)
            let folder = prefix.isEmpty ? "." : String(prefix.dropLast())
            guard exists(folder, root) else {
                if errno == ENOENT { return try checkPlace(root) }
                throw SystemError.last()
            }
            try walk(folder, key: prefix, root, body)
            // A site that went away in the middle would look empty.
            try checkPlace(root)
        } catch let error as SystemError { throw failure(error, "list", prefix) }
    }

    private func walk(_ folder: String, key: String, _ root: File, _ body: (ObjectInfo) throws -> Void) throws {
        let file = try File.open(RawName(folder), in: root, O_RDONLY | O_DIRECTORY)
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
                try walk(folder + "/" + entry.name, key: key + entry.name + "/", root, body)
            } else {
                try body(ObjectInfo(key: key + entry.name, size: Int(stat.size)))
            }
        }
    }

    package func delete(_ key: String) throws {
        do {
            let root = try root()
            try retrying { unlinkat(root.descriptor, key, 0) }
        } catch let error as SystemError {
            if error.code != ENOENT { throw failure(error, "delete", key) }
        }
    }

    /// Takes away what writers that were killed left half written.
    package func abortUploads(olderThan seconds: Int64) throws -> Int {
        do {
            let root = try root()
            guard let folder = try? File.open(RawName(".tmp"), in: root, O_RDONLY | O_DIRECTORY) else { return 0 }
            let before = Timestamp.now().seconds - seconds
            var names: [String] = []
            try folder.forEachEntry { names.append(String(decoding: $0.name, as: UTF8.self)) }
            var removed = 0
            for name in names {
                let path = ".tmp/" + name
                guard let file = try? File.open(RawName(path), in: root, O_RDONLY | O_NOFOLLOW), try file.stat().mtime_sec <= before else { continue }
                if unlinkat(root.descriptor, path, 0) == 0 { removed += 1 }
            }
            return removed
        } catch let error as SystemError { throw failure(error, "delete", ".tmp") }
    }

    package func freeSpace() throws -> UInt64? {
        do {
            let file = try held.look({ $0 }) ?? File.open(RawName(place), O_RDONLY | O_DIRECTORY)
            var bytes: UInt64 = 0
            var inodes: UInt64 = 0
            var total: UInt64 = 0
            try retrying { clinux_statvfs(file.descriptor, &bytes, &inodes, &total) }
            return bytes
        } catch let error as SystemError { throw failure(error, "statvfs", "") }
    }

    /// A missing object is told apart from a missing site: its folder, or, once the site was in use, the tenant's.
    private func failure(_ error: SystemError, _ act: String, _ key: String) -> Failure {
        let object = "\(name):\(key)"
        switch error.code {
        case ENOENT, ENOTDIR:
            if access(place, F_OK) != 0 { return gone }
            if let root = held.look({ $0 }) { do { try checkPlace(root) } catch { return gone } }
            return Failure(.missing, .objectMissing, object: object)
        case EEXIST: return Failure(.exists, .objectExists, object: object)
        case EACCES, EPERM, EROFS: return Failure(.refused, .system(act, error.reason), object: object)
        // A read that fails so has met a bad block; a write may succeed the next time, or elsewhere on the disk.
        case EIO where act == "read": return Failure(.damaged, .system(act, error.reason), object: object)
        default: return error.failure(.unreachable, act, object: object)
        }
    }
}
