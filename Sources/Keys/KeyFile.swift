import Base
import Codec

/// A private key in a local file: 0600, and under a passphrase where there is one.
package struct KeyFile: Sendable {
    package enum Kind: UInt8, Sendable {
        case node = 1
        case maintain = 2
        case verify = 3
        case restore = 4
        /// Signs the journal of a machine that has no role's key.
        case journal = 5
    }

    private static let magic = Array("HDSBKEYF".utf8)

    /// Creates the file, durably; never replaces one.
    package static func create(_ path: String, kind: Kind, _ secret: Secret, passphrase: Secret?) throws {
        try Files.create(path, try encode(kind: kind, secret, passphrase: passphrase))
    }

    /// Creates or replaces the file, durably.
    package static func replace(_ path: String, kind: Kind, _ secret: Secret, passphrase: Secret?) throws {
        try Files.replace(path, try encode(kind: kind, secret, passphrase: passphrase))
    }

    private static func encode(kind: Kind, _ secret: Secret, passphrase: Secret?) throws -> [UInt8] {
        var w = ByteWriter()
        w.raw(magic)
        w.u8(1)
        w.u8(kind.rawValue)
        w.u8(passphrase == nil ? 0 : 1)
        if let passphrase {
            let parameters = ScryptParameters.standard
            let salt = randomBytes(32)
            w.u8(parameters.logN)
            w.u32(parameters.r)
            w.u32(parameters.p)
            w.raw(salt)
            let master = try parameters.derive(passphrase: passphrase, salt: salt)
            w.raw(derive(master, salt: salt, label: "key file commitment").exposed)
            let key = derive(master, salt: salt, label: "key file")
            w.raw(seal(secret, key: key, associated: w.bytes))
        } else {
            w.raw(secret.exposed)
        }
        w.digest(sha256(w.bytes))
        return w.bytes
    }

    /// Whether a passphrase is needed to open the file; nil when there is no file.
    package static func needsPassphrase(_ path: String) throws -> Bool? {
        guard let bytes = try Files.read(path, limit: 1 << 20) else { return nil }
        return bytes.count > 10 && bytes[10] == 1
    }

    /// The key in the file; nil when there is none. `passphrase` is asked for only when needed. Throws
    /// `.key` for a wrong passphrase, `.damaged` for changed bytes.
    package static func read(_ path: String, kind: Kind, passphrase: () throws -> Secret?) throws -> Secret? {
        guard let bytes = try Files.read(path, limit: 1 << 20) else { return nil }
        do { return try decode(bytes, kind: kind, passphrase: passphrase) } catch let failure as Failure { throw failure.of(path) }
    }

    /// As `read`, from the bytes of a file or of a systemd credential.
    package static func decode(_ bytes: [UInt8], kind: Kind, passphrase: () throws -> Secret?) throws -> Secret {
        guard bytes.count > 43, Digest(bytes.suffix(32)) == sha256(Array(bytes.dropLast(32))) else { throw Failure(.damaged, .badChecksum) }
        return try Array(bytes.dropLast(32)).decode { r in
            guard try r.raw(8) == magic else { throw Failure(.damaged, .malformedRecord("magic")) }
            guard try r.u8() == 1 else { throw Failure(.format, .newerFormat) }
            guard try r.u8() == kind.rawValue else { throw Failure(.key, .wrongKeyFile) }
            guard try r.u8() == 1 else { return Secret(try r.raw(r.remaining)) }
            guard let passphrase = try passphrase() else { throw Failure(.key, .passphraseNeeded) }
            let parameters = ScryptParameters(logN: try r.u8(), r: try r.u32(), p: try r.u32())
            let salt = try r.raw(32)
            let master = try parameters.derive(passphrase: passphrase, salt: salt)
            guard equalInConstantTime(try r.raw(32), derive(master, salt: salt, label: "key file commitment").exposed) else {
                throw Failure(.key, .wrongPassphrase)
            }
            let header = Array(bytes[..<r.offset])
            return try open(r.raw(r.remaining), key: derive(master, salt: salt, label: "key file"), associated: header)
        }
    }
}

/// Seals a short secret under a key used for nothing else.
func seal(_ secret: Secret, key: Secret, associated: [UInt8]) -> [UInt8] {
    var out = secret.exposed + [UInt8](repeating: 0, count: AEAD.overhead)
    key.withBytes { key in
        associated.withUnsafeBytes { associated in
            out.withUnsafeMutableBytes {
                AEAD().seal(key: key, nonce: AEAD.Nonce(0), context: associated, inPlace: $0.baseAddress!, count: secret.count)
            }
        }
    }
    return out
}

func open(_ sealed: [UInt8], key: Secret, associated: [UInt8]) throws -> Secret {
    guard sealed.count > AEAD.overhead else { throw Failure(.damaged, .truncatedRecord) }
    var out = [UInt8](repeating: 0, count: sealed.count - AEAD.overhead)
    defer { out.withUnsafeMutableBytes { wipe($0) } }
    let good = key.withBytes { key in
        associated.withUnsafeBytes { associated in
            sealed.withUnsafeBytes { sealed in
                out.withUnsafeMutableBytes { AEAD().open(key: key, nonce: AEAD.Nonce(0), context: associated, sealed, into: $0.baseAddress!) }
            }
        }
    }
    guard good else { throw Failure(.damaged, .badTag) }
    return Secret(out)
}
