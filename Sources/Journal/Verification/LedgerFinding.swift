import Base

/// One thing that a verification found in a ledger.
package struct LedgerFinding: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        // What is wrong with entries.
        case changedEntry = "changed-entry"
        case removedEntries = "removed-entries"
        case reorderedEntries = "reordered-entries"
        case duplicatedEntry = "duplicated-entry"
        case addedEntries = "added-entries"
        /// Entries are not those that were signed, and each follows from the one before: somebody made them anew.
        case rewrittenEntries = "rewritten-entries"
        /// Bytes that are no entry, and that no crash can have left.
        case damagedEntries = "damaged-entries"
        case personalData = "personal-data"
        // What is wrong with segments.
        case damagedSegment = "damaged-segment"
        case truncatedSegment = "truncated-segment"
        case missingSegment = "missing-segment"
        case misplacedSegment = "misplaced-segment"
        case duplicatedSegment = "duplicated-segment"
        /// Two segments of one number, both signed.
        case fork
        /// A segment does not name the one before it.
        case brokenChain = "broken-chain"
        case badSignature = "bad-signature"
        /// Signed by another key than the chain's.
        case wrongSigner = "wrong-signer"
        /// The chain's own key is not one that the verifier was given.
        case unknownWriter = "unknown-writer"
        /// Of another chain, ledger or tenant.
        case foreign
        case strangeObject = "strange-object"
        case newerFormat = "newer-format"
        // What is wrong with erasures.
        case erasedWithoutRecord = "erased-without-record"
        case erasedTooEarly = "erased-too-early"
        case brokenErasure = "broken-erasure"
        case notErased = "not-erased"
        // What only somebody's memory, or another copy, shows.
        case truncatedChain = "truncated-chain"
        case rewrittenChain = "rewritten-chain"
        case missingChain = "missing-chain"
        case secondBeginning = "second-beginning"
        case extendedAfterEnd = "extended-after-end"
        case copyDiffers = "copy-differs"
        // What is no fault of the chain.
        case copyBehind = "copy-behind"
        case erasedHere = "erased-here"
        case tornTail = "torn-tail"
        case unclosedTail = "unclosed-tail"
        case unverifiableHead = "unverifiable-head"
        case clockWentBack = "clock-went-back"

        /// Whether the ledger is not what it should be: else it is told for information.
        package var isViolation: Bool {
            switch self {
            case .copyBehind, .erasedHere, .tornTail, .unclosedTail, .unverifiableHead, .clockWentBack: false
            default: true
            }
        }
    }

    package let kind: Kind
    package let chain: ChainID
    /// The segment concerned, and the first entry concerned, where they are known.
    package let segment: UInt32?
    package let entry: UInt64?
    /// The name of the object, ready for a terminal, where it says more than the number.
    package let object: String?
    /// How many entries or segments, or how long; what is counted depends on the kind.
    package let count: UInt64?

    package init(_ kind: Kind, _ chain: ChainID, segment: UInt32? = nil, entry: UInt64? = nil, object: String? = nil, count: UInt64? = nil) {
        self.kind = kind
        self.chain = chain
        self.segment = segment
        self.entry = entry
        self.object = object
        self.count = count
    }

    package var isViolation: Bool { kind.isViolation }
    package var message: Message { .journalFinding(self.kind.rawValue, count: count) }

    /// One line: where, and what.
    package func text(_ language: Language) -> String {
        var place = [String(chain.hex.prefix(8))]
        if let segment { place.append((language == .french ? "segment " : "segment ") + String(segment)) }
        if let entry { place.append((language == .french ? "entrée " : "entry ") + String(entry)) }
        if let object { place.append(object) }
        return place.joined(separator: ", ") + (language == .french ? " : " : ": ") + message.text(language)
    }
}
