import Base
import CLibcrypto

/// scrypt (RFC 7914): a key from a passphrase, at a cost in memory that slows guessing.
package struct ScryptParameters: Sendable, Equatable {
    package let logN: UInt8
    package let r: UInt32
    package let p: UInt32

    /// About 64 MiB and a fifth of a second.
    package static let standard = ScryptParameters(logN: 16, r: 8, p: 1)

    package init(logN: UInt8, r: UInt32, p: UInt32) {
        self.logN = logN
        self.r = r
        self.p = p
    }

    /// Throws when reading a file would cost more than 1 GiB of memory: a hostile file must not.
    package func derive(passphrase: Secret, salt: [UInt8]) throws -> Secret {
        guard (10...20).contains(logN), (1...16).contains(r), (1...4).contains(p), UInt64(r) << UInt64(logN) <= 1 << 23 else {
            throw Failure(.damaged, .malformedRecord("scrypt"))
        }
        var key = [UInt8](repeating: 0, count: 32)
        defer { key.withUnsafeMutableBytes { wipe($0) } }
        let status = passphrase.withBytes { passphrase in
            EVP_PBE_scrypt(
                passphrase.bindMemory(to: CChar.self).baseAddress, passphrase.count, salt, salt.count, UInt64(1) << UInt64(logN),
                UInt64(r), UInt64(p), 2 << 30, &key, key.count)
        }
        check(status)
        return Secret(key)
    }
}
