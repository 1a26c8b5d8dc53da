import Base
import Codec

/// A generated code of 160 bits, printed on the recovery kit: `ABCD-EFGH-…`, nine groups of four
/// characters, the last group a checksum. It stands for a sealing key pair, so anybody can wrap for it.
package struct RecoveryCode: Sendable {
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")  // Crockford's base 32
    private let code: Secret

    package static func generate() -> RecoveryCode { RecoveryCode(code: .random(20)) }

    private init(code: Secret) { self.code = code }

    /// Reads a code as typed: case, spaces and hyphens do not matter; O is 0, I and L are 1.
    package init(_ text: String) throws {
        var values: [UInt8] = []
        for character in text.uppercased() where character != "-" && !character.isWhitespace {
            let plain: Character = character == "O" ? "0" : character == "I" || character == "L" ? "1" : character
            guard let value = Self.alphabet.firstIndex(of: plain) else { throw Failure(.key, .badRecoveryCode) }
            values.append(UInt8(value))
        }
        guard values.count == 36 else { throw Failure(.key, .badRecoveryCode) }
        let bytes = Self.pack(Array(values[..<32]))
        guard Array(values[32...]) == Self.checksum(bytes) else { throw Failure(.key, .badRecoveryCode) }
        code = Secret(bytes)
    }

    /// The code as printed.
    package var text: String {
        let bytes = code.exposed
        let characters = (Self.unpack(bytes) + Self.checksum(bytes)).map { Self.alphabet[Int($0)] }
        return stride(from: 0, to: 36, by: 4).map { String(characters[$0..<$0 + 4]) }.joined(separator: "-")
    }

    /// The key pair that the code stands for, within one tenant.
    package func sealingKey(tenant: ShortID) throws -> SealingKey {
        try SealingKey(seed: derive(code, salt: tenant.bytes, label: "recovery code"))
    }

    private static func unpack(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var bits: UInt32 = 0
        var held = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            held += 8
            while held >= 5 {
                held -= 5
                out.append(UInt8(bits >> UInt32(held) & 31))
            }
        }
        return out
    }

    private static func pack(_ values: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var bits: UInt32 = 0
        var held = 0
        for value in values {
            bits = bits << 5 | UInt32(value)
            held += 5
            if held >= 8 {
                held -= 8
                out.append(UInt8(bits >> UInt32(held) & 255))
            }
        }
        return out
    }

    private static func checksum(_ bytes: [UInt8]) -> [UInt8] {
        let digest = sha256(Array("hdsbackup/1 recovery code".utf8) + bytes).bytes
        return Array(unpack(Array(digest[..<5]))[..<4])
    }
}
