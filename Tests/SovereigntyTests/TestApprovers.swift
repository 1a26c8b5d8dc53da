import Base
import Crypto
import Foundation
import Sovereignty

/// Two TEST approvers whose keys are made from their names; they sign as minisign -l does.
enum TestApprovers {
    static let all = Result { try Approvers([person("alice"), person("bruno")]) }

    static func sign(_ name: String, _ bytes: [UInt8], by people: [String] = ["alice", "bruno"]) -> SignedFile {
        SignedFile(name: name, bytes: bytes, signatures: people.map { SignatureFile(name: "\(name).\($0).minisig", bytes: signature($0, bytes)) })
    }

    private static func person(_ name: String) -> Approver {
        let key = base64(Array("Ed".utf8) + id(name) + Array(secret(name).publicKey.rawRepresentation))
        return Approver(id: identifier(name), keys: [Approver.Key(key)].compactMap { $0 })
    }

    private static func signature(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
        let key = secret(name)
        guard let signature = try? Array(key.signature(for: bytes)) else { return [] }
        let comment = "test"
        guard let global = try? Array(key.signature(for: signature + Array(comment.utf8))) else { return [] }
        let lines = [
            "untrusted comment: TEST KEY", base64(Array("Ed".utf8) + id(name) + signature), "trusted comment: \(comment)", base64(global), "",
        ]
        return Array(lines.joined(separator: "\n").utf8)
    }

    private static func secret(_ name: String) -> Curve25519.Signing.PrivateKey {
        let seed = Array(SHA256.hash(data: Array("hdsbackup TEST KEY of \(name)".utf8)))
        return (try? Curve25519.Signing.PrivateKey(rawRepresentation: seed)) ?? Curve25519.Signing.PrivateKey()
    }

    private static func id(_ name: String) -> [UInt8] { Array(SHA256.hash(data: Array(name.utf8)).prefix(8)) }

    private static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
}
