import Base

/// A file as it lies there, with the signatures beside it.
package struct SignedFile: Sendable, Equatable {
    package let name: String
    package let bytes: [UInt8]
    package let signatures: [SignatureFile]

    package init(name: String, bytes: [UInt8], signatures: [SignatureFile]) {
        self.name = name
        self.bytes = bytes
        self.signatures = signatures
    }
}

/// What minisign(1) or ssh-keygen(1) wrote.
package struct SignatureFile: Sendable, Equatable {
    package let name: String
    package let bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }
}

/// Who stands behind the exact bytes of a file.
///
/// A file counts once two different people have signed it. A signature that is worth nothing is told and never blocks: somebody
/// who can add a file must not be able to take two good signatures away.
package struct Endorsement: Sendable, Equatable {
    package static let required = 2

    /// Those whose signature is valid, each once.
    package let signers: Set<ApproverID>
    /// The signatures that are worth nothing, and why.
    package let voided: [Voided]
    /// Whether one of the signers signed more than once.
    package let hasRepeats: Bool

    /// A signature that is worth nothing.
    package struct Voided: Sendable, Equatable {
        package let file: String
        package let reason: Message
        /// Whether somebody known did sign, but not these bytes.
        package let isOfOtherBytes: Bool
    }

    package var isSufficient: Bool { signers.count >= Self.required }

    package init(_ file: SignedFile, by approvers: Approvers) {
        var signers: Set<ApproverID> = []
        var voided: [Voided] = []
        var hasRepeats = false
        for signature in file.signatures {
            switch Self.judge(signature, of: file.bytes, approvers) {
            case .by(let approver): hasRepeats = !signers.insert(approver).inserted || hasRepeats
            case .void(let reason): voided.append(Voided(file: signature.name, reason: reason, isOfOtherBytes: false))
            case .ofOtherBytes(let reason): voided.append(Voided(file: signature.name, reason: reason, isOfOtherBytes: true))
            }
        }
        self.signers = signers
        self.voided = voided
        self.hasRepeats = hasRepeats
    }

    private enum Verdict {
        case by(ApproverID)
        case void(Message)
        case ofOtherBytes(Message)
    }

    private static func judge(_ file: SignatureFile, of bytes: [UInt8], _ approvers: Approvers) -> Verdict {
        if let signature = MinisignSignature(file.bytes) {
            let owners = approvers.owners(of: signature.key)
            guard let first = owners.first else { return .void(.signatureUnknownKey) }
            return owners.first { signature.isValid($0.1, bytes) }.map { .by($0.0) } ?? .ofOtherBytes(.signatureOfOtherBytes(first.0.text))
        }
        do {
            let signature = try SSHSignature(file.bytes)
            guard let approver = approvers.owner(of: signature.key) else { return .void(.signatureUnknownKey) }
            guard signature.namespace == Array(SSHSignature.namespace.utf8) else {
                return .void(.signatureNamespace(printable(signature.namespace), SSHSignature.namespace))
            }
            return signature.isValid(bytes) ? .by(approver) : .ofOtherBytes(.signatureOfOtherBytes(approver.text))
        } catch SSHSignature.Problem.keyType(let type) {
            return .void(.signatureKeyType(printable(type)))
        } catch {
            return .void(.signatureMalformed)
        }
    }

    /// Why it is not enough; nil where it is.
    package var lack: Message? {
        if isSufficient { return nil }
        if signers.isEmpty, voided.isEmpty { return .documentUnsigned }
        if let altered = voided.first(where: \.isOfOtherBytes) { return altered.reason }
        guard let one = signers.first else { return voided.first?.reason }
        return hasRepeats ? .documentSamePerson(one.text) : .documentSignedOnce(one.text)
    }
}
