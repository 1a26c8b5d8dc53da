import Base
import CLinux
import Glibc

/// Looks at what is at the target already, along a walk in the order of paths. Changes nothing, follows no
/// link, and holds few folders open however deep the walk goes.
struct TargetProbe {
    /// Not in Swift's Glibc: O_PATH of asm-generic/fcntl.h.
    static let pathOnly: Int32 = 0o10000000
    static let folderFlags = pathOnly | O_DIRECTORY | O_NOFOLLOW
    private static let openLimit = 64

    private struct Level {
        /// Length of the folder's key.
        let end: Int
        var folder: File?
    }

    private var levels: [Level]
    private var openCount = 0
    private let device: UInt64
    /// Whether some folder there gives what is made in it another owner or other rights than the target
    /// itself does: a group of its own, a default ACL, another file system.
    private(set) var isVaried = false
    private(set) var hasDefaultACL = false

    /// `root`: the target, whose key is `end` bytes long.
    init(root: File, end: Int) throws {
        levels = [Level(end: end, folder: root)]
        let status = try root.stat()
        device = Self.device(status)
        hasDefaultACL = Self.defaultACL("/proc/self/fd/\(root.descriptor)/.")
    }

    private static func device(_ status: clinux_stat) -> UInt64 { UInt64(status.dev_major) << 32 | UInt64(status.dev_minor) }

    private static func defaultACL(_ path: String) -> Bool {
        clinux_lgetxattr(path, "system.posix_acl_default", nil, 0) > 0
    }

    var depth: Int { levels.count }

    /// Goes on below an existing folder whose key is `end` bytes long.
    mutating func push(end: Int) { levels.append(Level(end: end)) }

    mutating func pop(to depth: Int) {
        while levels.count > depth {
            if levels.removeLast().folder != nil { openCount -= 1 }
        }
    }

    /// What is at `key`, whose folder is the last one pushed; nil for nothing, and for what cannot be seen.
    mutating func status(_ key: [UInt8], nameStart: Int) -> clinux_stat? {
        var status = clinux_stat()
        guard let folder = try? descriptor(levels.count - 1, key) else { return nil }
        return Self.withName(key, nameStart..<key.count) { clinux_statx(folder, $0, &status) } == 0 ? status : nil
    }

    /// Notes what is special about an existing folder at `key`; whether it is on another file system.
    mutating func noteFolder(_ key: [UInt8], nameStart: Int, _ status: clinux_stat) -> Bool {
        let isMount = Self.device(status) != device
        if isMount || status.mode & 0o2000 != 0 { isVaried = true }
        if !hasDefaultACL, let folder = try? descriptor(levels.count - 1, key) {
            let prefix = Array("/proc/self/fd/\(folder)/".utf8)
            hasDefaultACL = RawName(prefix + key[nameStart...]).withCString { clinux_lgetxattr($0, "system.posix_acl_default", nil, 0) } > 0
        }
        return isMount
    }

    /// Whether the symbolic link at `key` points to `target`.
    mutating func isLink(_ key: [UInt8], nameStart: Int, to target: [UInt8]) -> Bool {
        guard let folder = try? descriptor(levels.count - 1, key) else { return false }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: target.count + 1) { buffer in
            let count = Self.withName(key, nameStart..<key.count) { readlinkat(folder, $0, buffer.baseAddress!, target.count + 1) }
            return count == target.count && target.withUnsafeBytes { memcmp($0.baseAddress!, buffer.baseAddress!, target.count) == 0 }
        }
    }

    /// Opens the file at `key` for reading, never a link or something that blocks. Throws `SystemError`.
    mutating func open(_ key: [UInt8], nameStart: Int) throws -> File {
        let folder = try descriptor(levels.count - 1, key)
        return File(descriptor: try Self.withName(key, nameStart..<key.count) { try Beneath.open(folder, $0, O_RDONLY | O_NONBLOCK) })
    }

    /// Changes the mode of what is at `key`, which is no link.
    mutating func change(mode: UInt32, _ key: [UInt8], nameStart: Int) {
        guard let folder = try? descriptor(levels.count - 1, key) else { return }
        _ = Self.withName(key, nameStart..<key.count) { MetadataWriter.chmod(folder, $0, mode) }
    }

    /// The value of an attribute of what is at `key`, of `limit` bytes at most. Throws `SystemError`.
    mutating func attribute(_ key: [UInt8], nameStart: Int, _ name: [UInt8], limit: Int = 64 << 10) throws -> [UInt8] {
        let folder = try descriptor(levels.count - 1, key)
        // There is no lgetxattrat; the folder's own descriptor makes a path that is short and safe.
        let path = RawName(Array("/proc/self/fd/\(folder)/".utf8) + key[nameStart...])
        var value = [UInt8](repeating: 0, count: limit)
        let count = try path.withCString { path in
            try RawName(name).withCString { name in
                try value.withUnsafeMutableBytes { value in try retrying { clinux_lgetxattr(path, name, value.baseAddress, value.count) } }
            }
        }
        return Array(value[..<count])
    }

    private mutating func descriptor(_ level: Int, _ key: [UInt8]) throws -> Int32 {
        if let folder = levels[level].folder { return folder.descriptor }
        var from = level - 1
        while levels[from].folder == nil { from -= 1 }
        for at in from + 1...level {
            let above = levels[at - 1].end
            let parent = levels[at - 1].folder!.descriptor
            levels[at].folder = File(
                descriptor: try Self.withName(key, (above == 0 ? 0 : above + 1)..<levels[at].end) { name in
                    try retrying { clinux_openat(parent, name, Self.folderFlags | O_CLOEXEC, 0) }
                })
            openCount += 1
            close(above: at)
        }
        return levels[level].folder!.descriptor
    }

    /// Closes the shallowest open folder when there are too many; the target and `level` stay.
    private mutating func close(above level: Int) {
        guard openCount > Self.openLimit, let first = levels.indices.first(where: { $0 > 0 && $0 < level && levels[$0].folder != nil }) else {
            return
        }
        levels[first].folder = nil
        openCount -= 1
    }

    private static func withName<T>(_ key: [UInt8], _ range: Range<Int>, _ body: (UnsafePointer<CChar>) throws -> T) rethrows -> T {
        try withUnsafeTemporaryAllocation(byteCount: range.count + 1, alignment: 1) { buffer in
            key.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[range])) }
            buffer[range.count] = 0
            return try body(buffer.baseAddress!.assumingMemoryBound(to: CChar.self))
        }
    }
}
