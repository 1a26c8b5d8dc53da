import Base

/// A writer's session at one site: the condemned generation it saw, bound into its name so that no body
/// can contradict it, and 128 random bits.
package struct SessionID: Hashable, Sendable, Comparable {
    package let generation: UInt32
    package let random: ShortID

    package init(generation: UInt32, random: ShortID) {
        self.generation = generation
        self.random = random
    }

    /// Nil unless `text` is ten digits, a hyphen and 32 hexadecimal digits.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let generation = generationNumber(parts[0]), let random = ShortID(hex: parts[1]) else { return nil }
        self.init(generation: generation, random: random)
    }

    package init(_ reader: inout ByteReader) throws {
        generation = try reader.u32()
        random = try reader.id()
    }

    package func write(to writer: inout ByteWriter) {
        writer.u32(generation)
        writer.id(random)
    }

    package var text: String { generationText(generation) + "-" + random.hex }

    package static func < (l: SessionID, r: SessionID) -> Bool {
        l.generation != r.generation ? l.generation < r.generation : l.random < r.random
    }
}

/// Ten digits, so that names list in the order of generations.
package func generationText(_ generation: UInt32) -> String {
    let digits = String(generation)
    return String(repeating: "0", count: 10 - digits.count) + digits
}

package func generationNumber(_ text: some StringProtocol) -> UInt32? {
    guard text.utf8.count == 10, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return UInt32(text)
}

/// Where a pack is: its hash, the session that wrote it there, and which attempt of that session.
package struct PackKey: Hashable, Sendable {
    package let digest: Digest
    package let session: SessionID
    /// 0, or more where another object had taken the name.
    package let attempt: UInt8

    package init(digest: Digest, session: SessionID, attempt: UInt8 = 0) {
        self.digest = digest
        self.session = session
        self.attempt = attempt
    }

    /// Nil unless `key` is `packs/<2 hex>/<sha256>.<session>[.<attempt>]`.
    package init?(key: String) {
        let segments = key.split(separator: "/", omittingEmptySubsequences: false)
        guard segments.count == 3, segments[0] == "packs" else { return nil }
        let parts = segments[2].split(separator: ".", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), let digest = Digest(hex: parts[0]), parts[0].hasPrefix(segments[1]), segments[1].utf8.count == 2,
            let session = SessionID(parts[1])
        else { return nil }
        var attempt: UInt8 = 0
        if parts.count == 3 {
            guard let number = UInt8(parts[2]), number > 0, String(number) == parts[2] else { return nil }
            attempt = number
        }
        self.init(digest: digest, session: session, attempt: attempt)
    }

    package init(_ reader: inout ByteReader) throws {
        digest = try reader.digest()
        session = try SessionID(&reader)
        attempt = try reader.u8()
    }

    package func write(to writer: inout ByteWriter) {
        writer.digest(digest)
        session.write(to: &writer)
        writer.u8(attempt)
    }

    package var key: String {
        let hex = digest.hex
        return "packs/\(hex.prefix(2))/\(hex).\(session.text)" + (attempt == 0 ? "" : ".\(attempt)")
    }
}

/// The slot that one session may fill for one snapshot.
package struct CommitKey: Hashable, Sendable {
    package let snapshot: ShortID
    package let session: SessionID

    package init(snapshot: ShortID, session: SessionID) {
        self.snapshot = snapshot
        self.session = session
    }

    /// Nil unless `key` is `commits/<snapshot>.<session>`.
    package init?(key: String) {
        guard key.hasPrefix("commits/") else { return nil }
        let parts = key.dropFirst(8).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let snapshot = ShortID(hex: parts[0]), let session = SessionID(parts[1]) else { return nil }
        self.init(snapshot: snapshot, session: session)
    }

    package init(_ reader: inout ByteReader) throws {
        snapshot = try reader.id()
        session = try SessionID(&reader)
    }

    package func write(to writer: inout ByteWriter) {
        writer.id(snapshot)
        session.write(to: &writer)
    }

    package var key: String { "commits/\(snapshot.hex).\(session.text)" }
}

/// An index segment: `index/<session>.<n>`, or `index/c<g>-<random>.<n>` for a collector's merged one.
package struct SegmentKey: Hashable, Sendable {
    package let session: SessionID
    package let number: UInt32
    package let isMerged: Bool

    package init(session: SessionID, number: UInt32, isMerged: Bool = false) {
        self.session = session
        self.number = number
        self.isMerged = isMerged
    }

    package init?(key: String) {
        guard key.hasPrefix("index/") else { return nil }
        var name = key.dropFirst(6)
        isMerged = name.hasPrefix("c")
        if isMerged { name = name.dropFirst() }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let session = SessionID(parts[0]), let number = UInt32(parts[1]), String(number) == parts[1] else { return nil }
        self.session = session
        self.number = number
    }

    package init(_ reader: inout ByteReader) throws {
        session = try SessionID(&reader)
        number = try reader.u32()
        isMerged = try reader.flag("merged")
    }

    package func write(to writer: inout ByteWriter) {
        session.write(to: &writer)
        writer.u32(number)
        writer.u8(isMerged ? 1 : 0)
    }

    package var key: String { "index/\(isMerged ? "c" : "")\(session.text).\(number)" }
}
