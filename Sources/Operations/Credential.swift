import Base
import Glibc

/// A secret that the configuration names: a systemd credential, or a file of that name in the folder of keys that nobody else may read.
package enum Credential {
    private static let limit = 64 << 10

    /// The bytes, and where they are from; nil when there is none. `keys`: the configuration's folder of keys. Throws `.refused` when others may read the file.
    package static func find(_ name: String, keys: String) throws -> (bytes: [UInt8], path: String)? {
        if let credentials = getenv("CREDENTIALS_DIRECTORY").map({ String(cString: $0) }) {
            let path = "\(credentials)/\(name)"
            if let bytes = try Files.read(path, limit: limit) { return (bytes, path) }
        }
        let path = "\(keys)/\(name)"
        guard let bytes = try Files.read(path, limit: limit) else { return nil }
        guard try Files.mode(path) & 0o077 == 0 else { throw Failure(.refused, .credentialOpen, object: path, remedy: .credentialClose(path)) }
        return (bytes, path)
    }

    /// The text without the end of its last line. Throws `.key` when there is none.
    package static func read(_ name: String, keys: String) throws -> [UInt8] {
        guard var bytes = try find(name, keys: keys)?.bytes else { throw Failure(.key, .credentialMissing(name), remedy: .credentialPlaces(keys)) }
        while let last = bytes.last, last == 0x0A || last == 0x0D { bytes.removeLast() }
        return bytes
    }
}
