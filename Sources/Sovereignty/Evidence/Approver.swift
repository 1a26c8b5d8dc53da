import Base
import Crypto

/// Somebody whose signature makes a document count, by the keys of the tools that they have.
package struct Approver: Sendable, Equatable {
    package let id: ApproverID
    package let keys: [Key]

    package init(id: ApproverID, keys: [Key]) {
        self.id = id
        self.keys = keys
    }

    /// A public key as the configuration gives it.
    package enum Key: Sendable, Equatable {
        case minisign(MinisignKey)
        case ssh(SSHKey)

        /// Nil unless `text` is the base64 line of a minisign public key (`RW…`), or an OpenSSH one (`ssh-ed25519 AAAA… comment`).
        package init?(_ text: String) {
            if let key = MinisignKey(text) {
                self = .minisign(key)
            } else if let key = SSHKey(text) {
                self = .ssh(key)
            } else {
                return nil
            }
        }

        /// The 32 bytes of RFC 8032.
        package var ed25519: [UInt8] {
            switch self {
            case .minisign(let key): key.ed25519
            case .ssh(let key): key.ed25519
            }
        }
    }
}

/// Everybody who may sign. No key belongs to two of them: one person would count twice.
package struct Approvers: Sendable, Equatable {
    package let all: [Approver]

    /// Throws a `Failure` of kind `.usage` where a name or a key stands twice.
    package init(_ all: [Approver]) throws {
        var ids: Set<ApproverID> = []
        var owners: [[UInt8]: ApproverID] = [:]
        for approver in all {
            guard ids.insert(approver.id).inserted else { throw Failure(.usage, .approverTwice, object: approver.id.text) }
            for key in approver.keys {
                // One person may use one key with both tools.
                if let owner = owners[key.ed25519], owner != approver.id {
                    throw Failure(.usage, .approverKeyTwice(owner.text), object: approver.id.text)
                }
                owners[key.ed25519] = approver.id
            }
        }
        self.all = all
    }

    /// All keys of that name: it is eight bytes that anybody can choose.
    func owners(of key: MinisignKey.ID) -> [(ApproverID, MinisignKey)] {
        all.flatMap { approver in
            approver.keys.compactMap { candidate in
                if case .minisign(let one) = candidate, one.id == key { (approver.id, one) } else { nil }
            }
        }
    }

    func owner(of key: SSHKey) -> ApproverID? {
        all.first { $0.keys.contains(.ssh(key)) }?.id
    }
}

/// Whether `signature` (64 bytes) is that Ed25519 key's over `message` (RFC 8032).
func ed25519Verifies(_ signature: [UInt8], _ message: [UInt8], key: [UInt8]) -> Bool {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: key) else { return false }
    return key.isValidSignature(signature, for: message)
}
