import Base

/// One line of a ledger. docs/JOURNAL.md has the layout; there is one spelling of each entry.
package struct LedgerEntry: Sendable, Equatable {
    /// Its place in the chain, from 0, without gaps.
    package let sequence: UInt64
    /// The machine's clock at the moment of writing. The order is that of the sequence, not of this.
    package let time: Timestamp
    package let event: LedgerEvent

    /// Largest encoded entry, in bytes.
    package static let limit = 64 << 10

    package init(sequence: UInt64, time: Timestamp, event: LedgerEvent) {
        self.sequence = sequence
        self.time = time
        self.event = event
    }

    /// Throws `.usage` for an event that no ledger can hold.
    package func encoded() throws -> [UInt8] {
        var w = ByteWriter(capacity: 160)
        w.varint(sequence)
        w.time(time)
        w.u8(event.kind.rawValue)
        w.u8(event.outcome.rawValue)
        event.identity.write(to: &w)
        w.u8(event.object == nil ? 0 : 1)
        if let object = event.object {
            w.word(object.type)
            w.value(object.value)
        }
        w.text(event.reason)
        w.varint(UInt64(event.details.count))
        for (name, value) in event.details.sorted(by: { $0.key < $1.key }) {
            w.word(name)
            w.value(value)
        }
        guard w.count <= Self.limit else { throw Failure(.usage, .journalTooLong("entry", limit: Self.limit)) }
        return w.bytes
    }

    /// Throws `.damaged` for what no writer makes, `.format` for what a newer one may make.
    package init(_ bytes: UnsafeRawBufferPointer) throws {
        var r = ByteReader(bytes)
        sequence = try r.varint()
        time = try r.time()
        let kind = LedgerEvent.Kind(rawValue: try r.u8())
        guard kind.rawValue > 0 else { throw Failure(.damaged, .malformedRecord("kind")) }
        guard let outcome = LedgerEvent.Outcome(rawValue: try r.u8()) else { throw Failure(.format, .newerFormat) }
        var event = LedgerEvent(kind, outcome, by: try Identity(&r))
        if try r.flag("object") { event.object = LedgerEvent.Object(try r.word("object"), try r.value()) }
        event.reason = try r.text(limit: LedgerEvent.reasonLimit, "reason")
        var before: Word?
        for _ in 0..<(try r.count(limit: LedgerEvent.detailLimit, "details")) {
            let name = try r.word("detail")
            if let before, !(before < name) { throw Failure(.damaged, .malformedRecord("details")) }
            before = name
            event.details[name] = try r.value()
        }
        try r.finish()
        self.event = event
    }
}
