import Base
import Glibc

/// A file without a name, in the target's file system where that can be: what a restore must remember but
/// memory should not. It is gone when the last reference goes, whatever happens to the program.
final class SpillFile {
    private static let bufferBytes = 256 << 10
    // Not in Swift's Glibc: O_TMPFILE of asm-generic/fcntl.h, the same number on every platform of ours.
    private static let anonymous: Int32 = 0o20000000 | O_DIRECTORY

    let file: File
    private let buffer = Buffer(capacity: bufferBytes)
    private var flushed = 0

    /// Bytes appended so far.
    var count: Int { flushed + buffer.count }

    /// In `folder`; the first of the folders that can hold it is taken. Its mode begins as 0777 less what
    /// the system withholds, for `TargetTraits` to see.
    init(in folders: [File]) throws { file = try Self.make(in: folders) }

    private static func make(in folders: [File]) throws -> File {
        var last = systemError(ENOENT)
        for folder in folders {
            do { return try make(in: folder) } catch let error as SystemError { last = error }
        }
        throw last.failure(.failed, "create")
    }

    private static func make(in folder: File) throws -> File {
        do {
            return try File.open(".", in: folder, O_RDWR | anonymous, mode: 0o777)
        } catch let error as SystemError where [EOPNOTSUPP, EISDIR, EINVAL, ENOENT].contains(error.code) {
            // The file system cannot: a name that lives for a moment does as well.
            let name = RawName(".hdsbackup-" + hexString(randomBytes(12)))
            let file = try File.open(name, in: folder, O_RDWR | O_CREAT | O_EXCL, mode: 0o777)
            _ = name.withCString { unlinkat(folder.descriptor, $0, 0) }
            return file
        }
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws {
        if buffer.count + bytes.count > buffer.capacity { try flush() }
        if bytes.count > buffer.capacity {
            try write(bytes)
        } else {
            buffer.append(bytes)
        }
    }

    func append<T: BitwiseCopyable>(_ value: T) throws {
        try withUnsafeBytes(of: value) { try append($0) }
    }

    private func flush() throws {
        try write(buffer.bytes)
        buffer.count = 0
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws {
        do { try file.write(bytes, at: Int64(flushed)) } catch let error as SystemError { throw error.failure(.failed, "write") }
        flushed += bytes.count
    }

    /// Everything appended, for reading and changing in place. Nothing may be appended afterwards.
    func map() throws -> SpillMap {
        if buffer.count > 0 { try flush() }
        return try SpillMap(file, count: flushed)
    }
}

/// A spill file's bytes in memory: pages of the file, which the kernel takes back when it needs them.
final class SpillMap: @unchecked Sendable {
    // Unchecked: several threads change it only through atomic operations, or each its own part.
    let base: UnsafeMutableRawPointer
    let count: Int
    private let file: File

    init(_ file: File, count: Int) throws {
        self.file = file
        self.count = count
        guard count > 0 else {
            base = UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 8)
            return
        }
        guard let memory = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_SHARED, file.descriptor, 0), memory != MAP_FAILED else {
            throw SystemError.last().failure(.failed, "mmap")
        }
        base = memory
    }

    deinit {
        if count > 0 { munmap(base, count) } else { base.deallocate() }
    }

    /// Gives the pages met so far back to the system's cache of files, changed ones too: they are read from there again.
    func release() { if count > 0 { madvise(base, count, MADV_DONTNEED) } }

    /// The elements of a file that holds nothing else.
    func elements<T: BitwiseCopyable>(_: T.Type) -> UnsafeMutableBufferPointer<T> {
        UnsafeMutableBufferPointer(
            start: base.bindMemory(to: T.self, capacity: count / MemoryLayout<T>.stride), count: count / MemoryLayout<T>.stride)
    }
}
