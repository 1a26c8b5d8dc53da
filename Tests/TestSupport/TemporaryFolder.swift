import Base
import Glibc

/// A folder of a test's own; removed with all that is in it when the last reference goes.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init() throws {
        path = "/tmp/hdsbackup-test-" + hexString(randomBytes(8))
        try Files.makeFolder(path)
    }

    deinit { try? Self.remove(RawName(path)) }

    /// Removes a file, or a folder with everything below it. Links are removed, never followed.
    package static func remove(_ path: RawName) throws {
        if path.withCString({ unlink($0) }) == 0 || errno == ENOENT { return }
        _ = path.withCString { chmod($0, 0o700) }
        var names: [[UInt8]] = []
        try File.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).forEachEntry { names.append($0.name) }
        for name in names { try remove(path.appending(name)) }
        try retrying { path.withCString { rmdir($0) } }
    }

    package func write(_ name: String, _ bytes: [UInt8]) throws {
        let path = path + "/" + name
        try Files.makeFolder(String(path[..<path.lastIndex(of: "/")!]), mode: 0o755)
        try File.open(RawName(path), O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644).write(bytes)
    }
}
