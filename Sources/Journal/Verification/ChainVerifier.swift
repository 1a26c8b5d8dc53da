import Base
import Keys

/// Verifies one chain: first each object by itself, then how they follow one another, then what others remember of it.
struct ChainVerifier {
    /// What stands under one number.
    struct Slot {
        var names: [String] = []
        /// Closings that the chain's key signed, each once, and whether its content is here.
        var closings: [(closing: Closing, hasContent: Bool)] = []
        /// Something of that number is here, whatever is wrong with it.
        var isTaken = false
    }

    let source: any LedgerSource
    let verification: LedgerVerification
    private let visit: LedgerVerification.Visitor?
    /// Keys that may sign erasures besides the chain's own: those of the chains that follow it.
    private let heirs: Set<KeyID>
    let remembered: [UInt64: LedgerHead]
    var report: ChainReport
    var slots: [UInt32: Slot] = [:]
    var open: SegmentCheck.Result?
    var erasures: [Erasure] = []

    init(
        _ chain: ChainID, in source: any LedgerSource, _ verification: LedgerVerification, remembered: [LedgerHead], heirs: Set<KeyID>,
        visit: LedgerVerification.Visitor?
    ) {
        report = ChainReport(chain)
        self.source = source
        self.verification = verification
        self.visit = visit
        self.heirs = heirs
        self.remembered = Dictionary(remembered.filter { $0.chain == chain }.map { ($0.count, $0) }) { first, _ in first }
    }

    /// Throws what the source throws of a passing kind, and what the visitor throws.
    mutating func run() throws -> ChainReport {
        let names = try source.names(report.chain)
        for name in names { try look(name) }
        followErasures()
        followClosings()
        followOpen()
        recall()
        return report
    }

    mutating func find(
        _ kind: LedgerFinding.Kind, segment: UInt32? = nil, entry: UInt64? = nil, object: String? = nil, count: UInt64? = nil
    ) {
        report.findings.append(LedgerFinding(kind, report.chain, segment: segment, entry: entry, object: object, count: count))
    }

    // MARK: Each object by itself

    private mutating func look(_ name: String) throws {
        let kind = ObjectName(name)
        switch kind {
        case .own: return
        case .unknown: return find(.strangeObject, object: printable(Array(name.utf8)))
        case .open, .segment, .stub, .erasure: break
        }
        let bytes: [UInt8]
        do { bytes = try source.read(report.chain, name, limit: LedgerVerification.objectLimit) } catch let failure as Failure
            where failure.kind == .damaged
        {
            return void(.damagedSegment, kind, name)
        }
        do {
            switch kind {
            case .erasure(let number): try lookAtErasure(bytes, number, name)
            case .stub(let number): try lookAtStub(bytes, number, name)
            case .segment(let number, _): try lookAtSegment(bytes, number, name)
            default: try lookAtSegment(bytes, nil, name)
            }
        } catch let failure as Failure where failure.kind == .damaged || failure.kind == .format {
            let isErasure = if case .erasure = kind { true } else { false }
            void(failure.kind == .format ? .newerFormat : isErasure ? .brokenErasure : .damagedSegment, kind, name)
        }
    }

    /// Notes what is wrong with an object, and that its number is not simply missing.
    private mutating func void(_ finding: LedgerFinding.Kind, _ kind: ObjectName, _ name: String) {
        switch kind {
        case .segment(let number, _), .stub(let number):
            slots[number, default: Slot()].isTaken = true
            find(finding, segment: number, object: name)
        default: find(finding, object: name)
        }
    }

    /// `number`: that of the name; nil for the open segment.
    private mutating func lookAtSegment(_ bytes: [UInt8], _ number: UInt32?, _ name: String) throws {
        let check = SegmentCheck(chain: report.chain, name: name, remembered: remembered, visit: visit)
        let result = try check.check(bytes)
        report.read += result.count
        if let number { slots[number, default: Slot()].isTaken = true }
        report.findings += result.findings
        // Where it is foreign, the check has said so.
        guard let header = result.header, header.origin.id == report.chain, belongs(header.origin, name) else { return }
        // An open segment with a closing: the writer died before it could name it.
        guard number != nil || result.closing != nil else {
            open = result
            return
        }
        guard let signed = result.closing else {
            if !result.findings.contains(where: { $0.kind == .damagedSegment }) {
                find(.truncatedSegment, segment: header.number, entry: header.first &+ result.count, object: name)
            }
            return
        }
        take(signed, number, name, hasContent: true)
    }

    private mutating func lookAtStub(_ bytes: [UInt8], _ number: UInt32, _ name: String) throws {
        let signed = try SignedClosing(stub: bytes)
        slots[number, default: Slot()].isTaken = true
        guard belongs(signed.closing.origin, name) else { return }
        take(signed, number, name, hasContent: false)
    }

    /// Whether it is of this chain, and of the ledger and tenant that were asked for.
    private mutating func belongs(_ origin: ChainOrigin, _ name: String) -> Bool {
        guard origin.id == report.chain else {
            find(.foreign, object: name)
            return false
        }
        if report.origin == nil {
            report.origin = origin
            if let tenant = verification.tenant, origin.tenant != tenant { find(.foreign) }
            if let ledger = verification.ledger, origin.ledger != ledger { find(.foreign) }
            if verification.trusted[origin.writer] == nil { find(.unknownWriter) }
        }
        return true
    }

    private mutating func take(_ signed: SignedClosing, _ number: UInt32?, _ name: String, hasContent: Bool) {
        let closing = signed.closing
        if let number, number != closing.number { find(.misplacedSegment, segment: closing.number, object: name) }
        slots[closing.number, default: Slot()].isTaken = true
        guard let signer = signed.signer, signer == closing.origin.writer, verification.hasRight(signer, closing.closed) else {
            return find(.wrongSigner, segment: closing.number, object: name)
        }
        // Of an unknown writer nothing can be believed; that was said once for the chain.
        if let key = verification.trusted[closing.origin.writer], !signed.verifies(key) {
            return find(.badSignature, segment: closing.number, object: name)
        }
        slots[closing.number]!.names.append(name)
        if let at = slots[closing.number]!.closings.firstIndex(where: { $0.closing == closing }) {
            if hasContent, slots[closing.number]!.closings[at].hasContent { find(.duplicatedSegment, segment: closing.number, object: name) }
            slots[closing.number]!.closings[at].hasContent = hasContent || slots[closing.number]!.closings[at].hasContent
        } else {
            slots[closing.number]!.closings.append((closing, hasContent))
        }
    }

    // MARK: Erasures

    private mutating func lookAtErasure(_ bytes: [UInt8], _ number: UInt32, _ name: String) throws {
        let signed = try SignedErasure(bytes)
        let erasure = signed.erasure
        guard belongs(erasure.origin, name) else { return }
        guard erasure.number == number else { return find(.brokenErasure, object: name) }
        guard let signer = signed.signer, signer == erasure.origin.writer || heirs.contains(signer),
            verification.hasRight(signer, erasure.created)
        else {
            return find(.wrongSigner, object: name)
        }
        if let key = verification.trusted[signer] {
            guard signed.verifies(key) else { return find(.badSignature, object: name) }
        } else if signer != erasure.origin.writer {
            return find(.unknownWriter, object: name)
        }
        erasures.append(erasure)
    }
}
