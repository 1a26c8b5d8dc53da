import Base
import Codec
import Glibc
import Keys

extension LedgerWriter {
    /// Erases the closed segments of the ledger whose every entry is before `cutoff`: the oldest first, whole ones only, of all its
    /// chains. What stays is their closings, and a signed record that says which were erased and why; an entry names that record.
    ///
    /// Order: record, entry, then the content. A crash in between is finished by the next call, whatever it is asked for. Files are unlinked,
    /// not overwritten: what the disk keeps of them is the disk's matter. Copies at sites are the caller's.
    ///
    /// Throws `.usage` where `cutoff` lies in the future or, for `.retention`, is younger than `retention` seconds.
    @discardableResult
    package func erase(
        before cutoff: Timestamp, reason: Erasure.Reason, retention: UInt64 = 0, reference: Word? = nil
    ) throws -> [Erasure] {
        let now = clock()
        guard cutoff <= now, reason != .retention || (retention > 0 && cutoff <= now.adding(seconds: -Int64(clamping: retention))) else {
            throw Failure(.usage, .journalErasedTooEarly)
        }
        return try alone { chain in
            guard chain != nil else { return [] }
            var records: [Erasure] = []
            for id in try FolderLedgerSource(folder).chains() {
                let folder = try ErasableChain(folder, id, key: key.verifying)
                let unfinished = folder.unfinished
                if !unfinished.isEmpty { try finish(folder, unfinished, &chain) }
                let old = folder.segments(before: cutoff)
                guard let origin = folder.origin, !old.isEmpty else { continue }
                let record = Erasure(
                    origin: origin, number: folder.nextNumber, previous: folder.erasures.last?.digest ?? .zero, created: now, reason: reason,
                    cutoff: cutoff, retention: retention, reference: reference, first: old[0].closing.number, segments: old.map(\.closing.digest))
                try Files.create("\(folder.path)/\(ObjectName.erasureName(record.number))", try record.signed(by: key))
                try finish(folder, [(record, old)], &chain)
                records.append(record)
            }
            return records
        }
    }

    /// Tells of the erasures, then takes the content away.
    private func finish(
        _ folder: ErasableChain, _ erasures: [(record: Erasure, segments: [SignedClosing])], _ chain: inout OpenChain?
    ) throws {
        for (record, segments) in erasures {
            try prepare(&chain)
            try chain!.append(
                LedgerEvent(
                    .erasure, .done, by: identity, object: .init("erasure", .digest(record.digest)), reason: record.reason.word,
                    details: [
                        "chain": .id(record.origin.id), "first": .count(record.first), "segments": .count(record.segments.count),
                        "cutoff": .time(record.cutoff),
                    ]), at: clock())
            for segment in segments { try folder.erase(segment) }
        }
    }
}

/// A chain as the one who erases sees it.
private struct ErasableChain {
    let path: String
    private(set) var origin: ChainOrigin?
    private(set) var erasures: [Erasure] = []
    /// Closed segments whose content is here, oldest first.
    private(set) var whole: [SignedClosing] = []

    var nextNumber: UInt32 { UInt32(erasures.count) }
    private var end: UInt64 { erasures.last?.end ?? 0 }

    /// Throws `.damaged` where anything of it is not right: nothing is erased of what was tampered with before somebody looked at it.
    init(_ ledger: String, _ id: ChainID, key: VerifyingKey) throws {
        path = ledger + "/" + id.hex
        let source = FolderLedgerSource(ledger)
        for name in try source.names(id) {
            let object = path + "/" + name
            do {
                switch ObjectName(name) {
                case .segment(let number, attempt: 0):
                    let signed = try SignedClosing(segment: try source.read(id, name, limit: LedgerVerification.objectLimit))
                    guard signed.closing.number == number, signed.closing.origin.id == id,
                        signed.signer != key.id || signed.verifies(key)
                    else { throw Failure(.damaged, .badSignature) }
                    origin = signed.closing.origin
                    whole.append(signed)
                case .stub:
                    if origin == nil {
                        origin = try SignedClosing(stub: try source.read(id, name, limit: LedgerVerification.objectLimit)).closing.origin
                    }
                case .erasure(let number):
                    let erasure = try SignedErasure(try source.read(id, name, limit: Erasure.byteLimit)).erasure
                    guard erasure.origin.id == id, erasure.number == number, Int(number) == erasures.count else {
                        throw Failure(.damaged, .malformedRecord("erasure"))
                    }
                    erasures.append(erasure)
                case .segment, .open, .own, .unknown: continue
                }
            } catch let failure as Failure { throw failure.of(object) }
        }
    }

    /// Segments that an erasure names and that are still here: a crash came between.
    var unfinished: [(record: Erasure, segments: [SignedClosing])] {
        erasures.compactMap { record in
            let left = whole.filter { UInt64($0.closing.number) >= UInt64(record.first) && UInt64($0.closing.number) < record.end }
            return left.isEmpty ? nil : (record, left)
        }
    }

    /// The segments, one after the other from the oldest that is not erased, of which every entry is before `cutoff`.
    func segments(before cutoff: Timestamp) -> [SignedClosing] {
        var list: [SignedClosing] = []
        for segment in whole where UInt64(segment.closing.number) >= end {
            guard segment.closing.latest < cutoff, UInt64(segment.closing.number) == end + UInt64(list.count), list.count < Erasure.segmentLimit
            else { break }
            list.append(segment)
        }
        return list
    }

    /// Leaves the closing of a segment, durably, before its content goes; and what was set aside of it goes too.
    func erase(_ segment: SignedClosing) throws {
        let number = segment.closing.number
        do { try Files.create("\(path)/\(ObjectName.stubName(number))", segment.stub) } catch let failure as Failure
            where failure.kind == .exists
        {
            try Files.replace("\(path)/\(ObjectName.stubName(number))", segment.stub)
        }
        for name in try Files.names(path) where name == ObjectName.segmentName(number) || name.hasPrefix("aside-" + ObjectName.digits(number)) {
            try retrying { unlink(path + "/" + name) }
        }
        try File.open(RawName(path), O_RDONLY | O_DIRECTORY).sync()
    }
}
