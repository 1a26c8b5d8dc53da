import Base
import CLinux
import Foundation
import Repository

@testable import Restore

/// A folder of its own for a test, removed with the value.
final class TemporaryFolder {
    let path: String

    init() {
        var template = Array("/tmp/restore-test-XXXXXX".utf8CString)
        path = String(cString: mkdtemp(&template)!)
    }

    deinit {
        path.withCString { try? FolderRemoval.removeAny(AT_FDCWD, $0) }
    }

    func at(_ name: String) -> String { path + "/" + name }

    func read(_ name: String) -> [UInt8]? { try? Files.read(at(name)) }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        unlink(at(name))
        try Files.create(at(name), bytes, mode: 0o644)
    }

    func folder(_ name: String) { mkdir(at(name), 0o755) }

    /// What lstat tells; nil when there is nothing.
    func status(_ name: String) -> clinux_stat? {
        var status = clinux_stat()
        return clinux_statx(AT_FDCWD, at(name), &status) == 0 ? status : nil
    }

    func link(_ name: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink(at(name), &buffer, 4095)
        return count < 0 ? nil : String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func attribute(_ name: String, _ attribute: String) -> [UInt8]? {
        var value = [UInt8](repeating: 0, count: 65_536)
        let count = clinux_lgetxattr(at(name), attribute, &value, value.count)
        return count < 0 ? nil : Array(value[..<count])
    }

    var names: [String] { (try? Files.names(path)) ?? [] }
}

/// Bytes that do not compress and differ by seed.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    var bytes = [UInt8](repeating: 0, count: count)
    for i in 0..<count {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        bytes[i] = UInt8(truncatingIfNeeded: state >> 24)
    }
    return bytes
}

/// Restores everything into `target` unless `change` says otherwise.
@discardableResult
func restore(
    _ repository: SampleRepository, _ root: Digest, to target: TemporaryFolder, reader: BlobReader? = nil,
    _ change: (inout RestoreOptions) -> Void = { _ in }
) throws -> RestoreResult {
    var options = RestoreOptions(target: RawName(target.path))
    change(&options)
    return try Restorer(reader: reader ?? repository.open(), root: root, options: options).restore()
}
