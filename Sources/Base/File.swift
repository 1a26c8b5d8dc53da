import CLinux
import Glibc

/// The reason of the last failed system call.
package struct SystemError: Error, Sendable, Equatable {
    package let code: Int32

    package init(code: Int32) { self.code = code }

    package static func last() -> SystemError { SystemError(code: errno) }

    package var reason: String { String(cString: strerror(code)) }

    /// As a failure of the program: lack of space is told apart, everything else is `kind`.
    package func failure(_ kind: Failure.Kind, _ act: String, object: String? = nil) -> Failure {
        switch code {
        case ENOSPC, EDQUOT: Failure(.noSpace, .noSpace, object: object, remedy: .freeSpace)
        default: Failure(kind, .system(act, reason), object: object)
        }
    }
}

/// open(2) flags that the C library hides behind a feature macro; the numbers are those of
/// asm-generic/fcntl.h, which x86-64 and arm64 share.
package let O_PATH: Int32 = 0o10000000
package let O_NOATIME: Int32 = 0o1000000

/// Repeats `call` while a signal interrupts it; throws `SystemError` when it returns -1.
@discardableResult
package func retrying<T: FixedWidthInteger & SignedInteger>(_ call: () -> T) throws -> T {
    while true {
        let result = call()
        if result != -1 { return result }
        if errno != EINTR { throw SystemError.last() }
    }
}

/// An open file, folder or socket, closed when the last reference goes.
///
/// Names given to it are raw bytes: never `String`, which would make two different names equal.
package final class File: Sendable {
    package let descriptor: Int32

    package init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// openat(2) below `folder`, or below the working directory when nil. `flags` always gets O_CLOEXEC.
    package static func open(_ name: RawName, in folder: File? = nil, _ flags: Int32, mode: UInt32 = 0o600) throws -> File {
        let at = folder?.descriptor ?? AT_FDCWD
        return File(
            descriptor: try name.withCString { path in
                try retrying { clinux_openat(at, path, flags | O_CLOEXEC, mode) }
            })
    }

    /// Makes a new file; `EEXIST` where the name is taken, be it by a link. Where root makes it in a folder of somebody else's, it is that one's: the
    /// daemon, which is not root, goes on with what a command of root's began. `flags`: how to open it.
    package static func create(_ name: RawName, in folder: File? = nil, _ flags: Int32, mode: UInt32 = 0o600) throws -> File {
        // As root, the folder is looked up once: what stands at its path later may be another one.
        guard geteuid() == 0 else { return try open(name, in: folder, flags | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode) }
        let (parent, last) = try parent(of: name, in: folder)
        let file = try open(last, in: parent, flags | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
        file.take(ownerOf: parent)
        return file
    }

    /// Opens a file of the program's own, and makes it where it lacks; never through a link.
    package static func openOrCreate(_ name: RawName, _ flags: Int32, mode: UInt32 = 0o600) throws -> File {
        do { return try create(name, flags, mode: mode) } catch let error as SystemError where error.code == EEXIST {
            return try open(name, flags | O_NOFOLLOW)
        }
    }

    /// The folder that a name is in, held open, and the last part of the name.
    private static func parent(of name: RawName, in folder: File?) throws -> (File, RawName) {
        let slash = name.bytes.lastIndex(of: UInt8(ascii: "/"))
        let path = slash.map { $0 == 0 ? RawName("/") : RawName(Array(name.bytes[..<$0])) } ?? "."
        let last = slash.map { RawName(Array(name.bytes[($0 + 1)...])) } ?? name
        return (try open(path, in: folder, O_PATH | O_DIRECTORY), last)
    }

    /// Gives what root has just made in `parent` to the parent's owner. Where that does not work, it stays root's.
    private func take(ownerOf parent: File) {
        if let owner = try? parent.stat(), owner.uid != 0 { _ = fchown(descriptor, owner.uid, owner.gid) }
    }

    /// mkdir(2), with the owner as for `create`. False where there is something of that name.
    package static func makeFolder(_ name: RawName, in folder: File? = nil, mode: UInt32) throws -> Bool {
        let isRoot = geteuid() == 0
        let (parent, last) = isRoot ? try parent(of: name, in: folder) : (folder, name)
        let status = last.withCString { mkdirat(parent?.descriptor ?? AT_FDCWD, $0, mode) }
        if status != 0 {
            if errno == EEXIST { return false }
            throw SystemError.last()
        }
        if isRoot, let parent { try? File.open(last, in: parent, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).take(ownerOf: parent) }
        return true
    }

    /// openat2(2): no link is followed and nothing outside `folder` is reached, whatever `name` says.
    package static func openBeneath(_ name: RawName, in folder: File, _ flags: Int32, mode: UInt32 = 0) throws -> File {
        return File(
            descriptor: try name.withCString { path in
                try retrying { clinux_openat2_beneath(folder.descriptor, path, flags | O_CLOEXEC, mode) }
            })
    }

    package func stat() throws -> clinux_stat {
        var s = clinux_stat()
        try retrying { clinux_fstatx(descriptor, &s) }
        return s
    }

    /// Up to `into.count` bytes from the current position; 0 at the end.
    package func read(into: UnsafeMutableRawBufferPointer) throws -> Int {
        Int(try retrying { Glibc.read(descriptor, into.baseAddress, into.count) })
    }

    /// Up to `into.count` bytes at `offset`; fewer only at the end of the file.
    package func read(at offset: Int64, into: UnsafeMutableRawBufferPointer) throws -> Int {
        var done = 0
        while done < into.count {
            let n = Int(try retrying { pread(descriptor, into.baseAddress! + done, into.count - done, Int(offset) + done) })
            if n == 0 { break }
            done += n
        }
        return done
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws {
        var done = 0
        while done < bytes.count {
            done += Int(try retrying { Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done) })
        }
    }

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
        var done = 0
        while done < bytes.count {
            done += Int(try retrying { pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, Int(offset) + done) })
        }
    }

    package func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

    package func sync() throws { try retrying { fsync(descriptor) } }

    /// Everything from the current position, at most `limit` bytes; a longer file throws EFBIG. Files of
    /// /proc and pipes, which have no size, are read to their end.
    package func readAll(limit: Int) throws -> [UInt8] {
        guard Int(clamping: try stat().size) <= limit else { throw SystemError(code: EFBIG) }
        var bytes: [UInt8] = []
        var room = [UInt8](repeating: 0, count: max(4096, min(limit, Int(try stat().size)) + 1))
        while true {
            let n = try room.withUnsafeMutableBytes { try read(into: $0) }
            if n == 0 { return bytes }
            bytes.append(contentsOf: room[..<n])
            guard bytes.count <= limit else { throw SystemError(code: EFBIG) }
        }
    }
}

/// A name or path as the kernel keeps it: bytes without a zero.
package struct RawName: Hashable, Sendable {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }
    package init(_ text: String) { bytes = Array(text.utf8) }

    package func withCString<T>(_ body: (UnsafePointer<CChar>) throws -> T) rethrows -> T {
        try withUnsafeTemporaryAllocation(of: CChar.self, capacity: bytes.count + 1) { buffer in
            for (i, byte) in bytes.enumerated() { buffer[i] = CChar(bitPattern: byte) }
            buffer[bytes.count] = 0
            return try body(UnsafePointer(buffer.baseAddress!))
        }
    }

    package func appending(_ component: String) -> RawName { RawName(bytes + [0x2F] + Array(component.utf8)) }
    package func appending(_ component: [UInt8]) -> RawName { RawName(bytes + [0x2F] + component) }

    package var printable: String { Base.printable(bytes) }
}

extension RawName: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) { self.init(value) }
}

/// One name in a folder, with the type that the folder knows (DT_UNKNOWN where it does not).
package struct DirectoryEntry: Sendable {
    package let name: [UInt8]
    package let inode: UInt64
    package let type: UInt8
}

extension File {
    /// Calls `body` for each name of this folder but `.` and `..`, in the order of the file system.
    package func forEachEntry(_ body: (DirectoryEntry) throws -> Void) throws {
        try withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 8) { buffer in
            while true {
                let n = Int(try retrying { clinux_getdents64(descriptor, buffer.baseAddress, buffer.count) })
                if n == 0 { return }
                var at = 0
                while at < n {
                    var length: UInt16 = 0
                    var inode: UInt64 = 0
                    var type: UInt8 = 0
                    let cString = clinux_dirent(buffer.baseAddress! + at, &length, &inode, &type)!
                    at += Int(length)
                    let name = UnsafeRawBufferPointer(start: cString, count: strlen(cString))
                    if name.count <= 2, name[0] == 0x2E, name.count == 1 || name[1] == 0x2E { continue }
                    try body(DirectoryEntry(name: Array(name), inode: inode, type: type))
                }
            }
        }
    }
}

/// Small files of the program's own: keys, caches, state.
package enum Files {
    /// The content of the file at `path`; nil when there is none. At most `limit` bytes.
    package static func read(_ path: String, limit: Int = 64 << 20) throws -> [UInt8]? {
        do {
            return try File.open(RawName(path), O_RDONLY).readAll(limit: limit)
        } catch let error as SystemError {
            if error.code == ENOENT || error.code == ENOTDIR { return nil }
            throw error.failure(.failed, "open", object: path)
        }
    }

    /// The permission bits of a file.
    package static func mode(_ path: String) throws -> UInt16 {
        do { return try File.open(RawName(path), O_RDONLY).stat().mode & 0o7777 } catch let error as SystemError {
            throw error.failure(.failed, "stat", object: path)
        }
    }

    /// Writes `bytes` to `path` so that a crash leaves the old content or the new one, durably.
    package static func replace(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o600) throws {
        let temporary = path + ".new-" + hexString(randomBytes(6))
        do {
            let file = try File.create(RawName(temporary), O_WRONLY, mode: mode)
            try file.write(bytes)
            try file.sync()
            try retrying { rename(temporary, path) }
            try syncFolder(of: path)
        } catch let error as SystemError {
            unlink(temporary)
            throw error.failure(.failed, "write", object: path)
        }
    }

    /// As `replace`, but throws a `Failure` of kind `.exists` when there is a file already.
    package static func create(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o600) throws {
        do {
            let file = try File.create(RawName(path), O_WRONLY, mode: mode)
            try file.write(bytes)
            try file.sync()
            try syncFolder(of: path)
        } catch let error as SystemError {
            throw error.failure(error.code == EEXIST ? .exists : .failed, "create", object: path)
        }
    }

    /// Makes the folder and those above it, where they lack.
    package static func makeFolder(_ path: String, mode: UInt32 = 0o700) throws {
        do {
            _ = try File.makeFolder(RawName(path), mode: mode)
        } catch let error as SystemError {
            guard error.code == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
                throw error.failure(.failed, "mkdir", object: path)
            }
            try makeFolder(String(path[..<slash]), mode: mode)
            do { _ = try File.makeFolder(RawName(path), mode: mode) } catch let error as SystemError {
                throw error.failure(.failed, "mkdir", object: path)
            }
        }
    }

    /// Names in the folder at `path`, sorted as bytes; empty when there is no such folder.
    package static func names(_ path: String) throws -> [String] {
        do {
            var names: [String] = []
            try File.open(RawName(path), O_RDONLY | O_DIRECTORY).forEachEntry { names.append(String(decoding: $0.name, as: UTF8.self)) }
            return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        } catch let error as SystemError {
            if error.code == ENOENT { return [] }
            throw error.failure(.failed, "open", object: path)
        }
    }

    /// Removes a folder of small files and its folders, if it is there.
    package static func removeFolder(_ path: String) throws {
        for name in try names(path) {
            let each = path + "/" + name
            if unlink(each) != 0, errno == EISDIR || errno == EPERM { try removeFolder(each) }
        }
        guard rmdir(path) == 0 || errno == ENOENT else { throw SystemError.last().failure(.failed, "rmdir", object: path) }
    }

    /// Gives a folder its final name, which is free or an empty folder's; durably.
    package static func move(_ path: String, to final: String) throws {
        do {
            try retrying { rename(path, final) }
            try syncFolder(of: final)
        } catch let error as SystemError { throw error.failure(.failed, "rename", object: final) }
    }

    private static func syncFolder(of path: String) throws {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        try File.open(RawName(folder), O_RDONLY | O_DIRECTORY).sync()
    }
}

/// A file mapped for reading; unmapped when the last reference goes.
package final class MappedFile: @unchecked Sendable {
    // Unchecked: the mapping is read-only and never changes after init.
    package let bytes: UnsafeRawBufferPointer

    /// Maps the whole file. An empty file gives an empty mapping.
    package init(_ file: File) throws {
        let size = Int(try file.stat().size)
        guard size > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let base = mmap(nil, size, PROT_READ, MAP_SHARED, file.descriptor, 0), base != MAP_FAILED else {
            throw SystemError.last()
        }
        bytes = UnsafeRawBufferPointer(start: base, count: size)
    }

    deinit { if let base = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: base), bytes.count) } }

    /// Gives the pages met so far back to the system's cache of files: for what is read once, from end to end.
    package func release() { if let base = bytes.baseAddress { madvise(UnsafeMutableRawPointer(mutating: base), bytes.count, MADV_DONTNEED) } }
}

/// The working directory.
package func currentFolder() -> String {
    var buffer = [CChar](repeating: 0, count: 65_536)
    guard getcwd(&buffer, buffer.count) != nil else { return "/" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Waits; for threads of the program's own only.
package func sleep(milliseconds: UInt32) { usleep(milliseconds * 1000) }

/// Waits for so many seconds, however many: usleep(3) takes little more than an hour.
package func sleep(seconds: Double) {
    let end = monotonicSeconds() + seconds
    while true {
        let left = end - monotonicSeconds()
        guard left > 0 else { return }
        usleep(useconds_t(min(left, 60) * 1e6))
    }
}

/// Writes a line to descriptor 1 or 2, whatever buffers there are.
package func writeLine(_ text: String, to descriptor: Int32) {
    var bytes = Array((text + "\n").utf8)[...]
    while !bytes.isEmpty {
        let n = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if n <= 0 { return }
        bytes = bytes.dropFirst(n)
    }
}

/// Writing to descriptors that are not the program's own: standard output, a pipe.
package enum Output {
    /// Writes all of `bytes`. Throws `SystemError`.
    package static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws {
        var done = 0
        while done < bytes.count {
            done += Int(try retrying { Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done) })
        }
    }
}
