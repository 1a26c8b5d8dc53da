import Codec
import Crypto

/// An Ed25519 public key of OpenSSH (RFC 8709).
package struct SSHKey: Sendable, Hashable {
    static let type = Array("ssh-ed25519".utf8)

    package let ed25519: [UInt8]

    /// Nil unless `text` is `ssh-ed25519 AAAA…`, with or without a comment, as in a `.pub` file.
    package init?(_ text: String) {
        let words = text.split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0] == "ssh-ed25519", let blob = bytesFromBase64(words[1]) else { return nil }
        self.init(blob: blob)
    }

    /// Nil unless `blob` is the key as it goes over the wire.
    init?(blob: [UInt8]) {
        var reader = SSHReader(blob)
        guard reader.string() == Self.type, let key = reader.string(), key.count == 32, reader.isAtEnd else { return nil }
        ed25519 = key
    }
}

/// What `ssh-keygen -Y sign` writes (OpenSSH's PROTOCOL.sshsig).
///
/// `SSHSIG`, version 1, public key, namespace, reserved, hash algorithm, signature; each but the first two a string with its length
/// before it. Signed is `SSHSIG`, namespace, reserved, hash algorithm, and the hash of the message.
struct SSHSignature: Sendable, Equatable {
    /// `ssh-keygen -Y sign -n hdsbackup-evidence`: a signature made for anything else is none here.
    static let namespace = "hdsbackup-evidence"
    private static let magic = Array("SSHSIG".utf8)

    let key: SSHKey
    let namespace: [UInt8]
    private let reserved: [UInt8]
    private let hash: Hash
    private let signature: [UInt8]

    private enum Hash: String { case sha256, sha512 }

    enum Problem: Error, Equatable {
        case malformed
        /// Of the public key, such as `ecdsa-sha2-nistp256`.
        case keyType([UInt8])
    }

    /// Throws `Problem`.
    init(_ bytes: [UInt8]) throws {
        var reader = SSHReader(try Self.unwrap(bytes))
        guard reader.raw(6) == Self.magic, reader.number() == 1, let publicKey = reader.string(), let namespace = reader.string(),
            let reserved = reader.string(), let hash = reader.string(), let signature = reader.string(), reader.isAtEnd
        else { throw Problem.malformed }
        guard let key = SSHKey(blob: publicKey) else {
            var inner = SSHReader(publicKey)
            throw inner.string().map { $0 == SSHKey.type ? Problem.malformed : .keyType($0) } ?? .malformed
        }
        guard let hash = Hash(rawValue: String(decoding: hash, as: UTF8.self)) else { throw Problem.malformed }
        var inner = SSHReader(signature)
        guard inner.string() == SSHKey.type, let raw = inner.string(), raw.count == 64, inner.isAtEnd else { throw Problem.malformed }
        self.key = key
        self.namespace = namespace
        self.reserved = reserved
        self.hash = hash
        self.signature = raw
    }

    /// Whether its key signed `message` for the namespace of evidence.
    func isValid(_ message: [UInt8]) -> Bool {
        guard namespace == Array(Self.namespace.utf8) else { return false }
        let digest = hash == .sha512 ? Array(SHA512.hash(data: message)) : sha256(message).bytes
        let signed = Self.magic + [namespace, reserved, Array(hash.rawValue.utf8), digest].flatMap(sshString)
        return ed25519Verifies(signature, signed, key: key.ed25519)
    }

    /// The bytes between the two lines of the armour.
    private static func unwrap(_ bytes: [UInt8]) throws -> [UInt8] {
        guard bytes.count <= 1 << 16, let text = String(validating: bytes, as: UTF8.self) else { throw Problem.malformed }
        var lines = text.unicodeScalars.split { $0 == "\n" || $0 == "\r" }.map { String(String.UnicodeScalarView($0)) }
        guard lines.count >= 3, lines.removeFirst() == "-----BEGIN SSH SIGNATURE-----", lines.removeLast() == "-----END SSH SIGNATURE-----",
            let blob = bytesFromBase64(lines.joined())
        else { throw Problem.malformed }
        return blob
    }
}

private func sshString(_ bytes: [UInt8]) -> [UInt8] {
    withUnsafeBytes(of: UInt32(bytes.count).bigEndian) { Array($0) } + bytes
}

/// Reads the wire format of RFC 4251, section 5; nil for what is not there.
private struct SSHReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func raw(_ count: Int) -> [UInt8]? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    mutating func number() -> UInt32? { raw(4).map { $0.reduce(0) { $0 << 8 | UInt32($1) } } }

    mutating func string() -> [UInt8]? { number().flatMap { raw(Int($0)) } }
}
