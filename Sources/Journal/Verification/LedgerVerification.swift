import Base
import Keys

/// What a verification goes by: public keys, and what somebody remembers.
package struct LedgerVerification: Sendable {
    /// Whether entries are there to be looked at.
    package enum Contents: Sendable {
        /// Segments hold their entries; a stub needs an erasure that tells why.
        case required
        /// The entries are elsewhere, or sealed: stubs are what the source has, and closings alone are verified.
        case elsewhere
    }

    /// When a key has the right to sign (docs/FORMAT.md, 8).
    package struct Right: Sendable, Equatable {
        package let from: Timestamp
        /// Nil for no end.
        package let until: Timestamp?

        package init(from: Timestamp, until: Timestamp?) {
            self.from = from
            self.until = until
        }

        func holds(_ time: Timestamp) -> Bool { from <= time && (until.map { time <= $0 } ?? true) }
    }

    /// Largest object that is read, in bytes.
    package static let objectLimit = max(SegmentHeader.contentLimit + 16_384, Erasure.byteLimit)

    /// The keys whose word counts, by their ids. Where they come from is the caller's matter: the descriptor, or paper.
    package var trusted: [KeyID: VerifyingKey]
    /// When they have the right to; those that are not in here, always. What they signed outside is void, by the time in it.
    package var rights: [KeyID: Right] = [:]
    /// Heads that were seen before: in signed records, in a file kept apart, on paper.
    package var remembered: [LedgerHead]
    package var contents: Contents
    /// The ledger and the tenant whose chains these should be; nil: any. `.some(nil)`: of no tenant.
    package var ledger: Ledger?
    package var tenant: ShortID??

    package init(
        trusted: [VerifyingKey], remembered: [LedgerHead] = [], contents: Contents = .required, ledger: Ledger? = nil, tenant: ShortID?? = nil
    ) {
        self.trusted = Dictionary(trusted.map { ($0.id, $0) }) { first, _ in first }
        self.remembered = remembered
        self.contents = contents
        self.ledger = ledger
        self.tenant = tenant
    }

    func hasRight(_ key: KeyID, _ time: Timestamp) -> Bool { rights[key]?.holds(time) ?? true }

    /// Called with each entry as it is read, its link, and the segment it is in. Entries are shown before the signature over them was
    /// checked: what is wrong with them is in the report.
    package typealias Visitor = (LedgerEntry, Digest, EntryPlace) throws -> Void
}

/// Where an entry stands.
package struct EntryPlace: Sendable {
    package let chain: ChainID
    package let origin: ChainOrigin
    package let segment: UInt32

    package init(chain: ChainID, origin: ChainOrigin, segment: UInt32) {
        self.chain = chain
        self.origin = origin
        self.segment = segment
    }
}

/// A run of erased segments, and the signed reason.
package struct ErasedRange: Sendable, Equatable {
    package let segments: Range<UInt32>
    package let erasure: Erasure

    package init(segments: Range<UInt32>, erasure: Erasure) {
        self.segments = segments
        self.erasure = erasure
    }
}

/// What was found in one chain.
package struct ChainReport: Sendable {
    package let chain: ChainID
    /// Nil where nothing could be read.
    package internal(set) var origin: ChainOrigin?
    /// The closings that count, by number: signed by the chain's key.
    package internal(set) var closings: [UInt32: Closing] = [:]
    /// Entries of the chain, the erased ones too, as far as it could be followed.
    package internal(set) var count: UInt64 = 0
    /// Entries that were read.
    package internal(set) var read: UInt64 = 0
    /// Where the chain is now; nil where it has nothing.
    package internal(set) var head: LedgerHead?
    /// Where its last closing is: what comes after is not signed yet.
    package internal(set) var closedHead: LedgerHead?
    package internal(set) var erased: [ErasedRange] = []
    package internal(set) var findings: [LedgerFinding] = []

    init(_ chain: ChainID) { self.chain = chain }

    package var violations: [LedgerFinding] { findings.filter(\.isViolation) }
    package var isWhole: Bool { !findings.contains(where: \.isViolation) }
}

/// What was found in a ledger: its chains, one following the other where keys changed.
package struct LedgerReport: Sendable {
    package internal(set) var chains: [ChainReport] = []
    /// What concerns no chain that is there.
    package internal(set) var findings: [LedgerFinding] = []

    /// Of a ledger with nothing in it.
    package init() {}

    package var all: [LedgerFinding] { chains.flatMap(\.findings) + findings }
    package var violations: [LedgerFinding] { all.filter(\.isViolation) }
    package var isWhole: Bool { violations.isEmpty }
    /// The heads to remember: those of chains that were found whole.
    package var heads: [LedgerHead] { chains.filter(\.isWhole).compactMap(\.head) }
    /// The status of a command that verified.
    package var exitStatus: ExitStatus {
        let violations = violations
        if violations.isEmpty { return .done }
        return violations.allSatisfy { $0.kind == .newerFormat } ? .format : .damaged
    }
}
