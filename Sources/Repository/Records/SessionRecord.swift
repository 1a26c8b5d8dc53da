import Base

/// The object `sessions/<g>-<random>`: a writer is at work, and may fill one commit slot.
package struct SessionRecord: Sendable, Equatable {
    package enum Purpose: UInt8, Sendable {
        case backup = 1
        case replicate = 2
        case compact = 3
    }

    package let session: SessionID
    /// The site where it is at work: a copy at another site is void.
    package let site: ShortID
    package let snapshot: ShortID
    package let purpose: Purpose
    package let domain: ShortID
    package let created: Timestamp

    package init(session: SessionID, site: ShortID, snapshot: ShortID, purpose: Purpose, domain: ShortID, created: Timestamp) {
        self.session = session
        self.site = site
        self.snapshot = snapshot
        self.purpose = purpose
        self.domain = domain
        self.created = created
    }

    package static func key(_ session: SessionID) -> String { "sessions/" + session.text }

    package var body: [UInt8] {
        var w = ByteWriter()
        session.write(to: &w)
        w.id(site)
        w.id(snapshot)
        w.u8(purpose.rawValue)
        w.id(domain)
        w.timestamp(created)
        return w.bytes
    }

    package init(body: [UInt8]) throws {
        self = try body.decode { r in
            let session = try SessionID(&r)
            let site = try r.id()
            let snapshot = try r.id()
            guard let purpose = Purpose(rawValue: try r.u8()) else { throw Failure(.format, .newerFormat) }
            return SessionRecord(session: session, site: site, snapshot: snapshot, purpose: purpose, domain: try r.id(), created: try r.timestamp())
        }
    }
}

/// The object `commits/<snapshot>.<session>`: the one thing that decides what became of a session.
package struct SlotRecord: Sendable, Equatable {
    package enum Outcome: UInt8, Sendable {
        /// The snapshot is visible here.
        case commit = 1
        /// The writer gave up.
        case abandon = 2
        /// Collection ended the session.
        case fence = 3
    }

    package let key: CommitKey
    /// The site where it counts.
    package let site: ShortID
    package let outcome: Outcome
    /// SHA-256 of the manifest object; zero unless this is a commit.
    package let manifest: Digest
    /// Tells one's own earlier attempt from somebody else's.
    package let nonce: ShortID
    package let created: Timestamp

    package init(key: CommitKey, site: ShortID, outcome: Outcome, manifest: Digest = .zero, nonce: ShortID = .random(), created: Timestamp = .now()) {
        self.key = key
        self.site = site
        self.outcome = outcome
        self.manifest = manifest
        self.nonce = nonce
        self.created = created
    }

    package var body: [UInt8] {
        var w = ByteWriter()
        key.write(to: &w)
        w.id(site)
        w.u8(outcome.rawValue)
        w.digest(manifest)
        w.id(nonce)
        w.timestamp(created)
        return w.bytes
    }

    package init(body: [UInt8]) throws {
        self = try body.decode { r in
            let key = try CommitKey(&r)
            let site = try r.id()
            guard let outcome = Outcome(rawValue: try r.u8()) else { throw Failure(.format, .newerFormat) }
            return SlotRecord(key: key, site: site, outcome: outcome, manifest: try r.digest(), nonce: try r.id(), created: try r.timestamp())
        }
    }
}

extension ByteWriter {
    /// Seconds i64, nanoseconds u32.
    package mutating func timestamp(_ value: Timestamp) {
        i64(value.seconds)
        u32(value.nanoseconds)
    }
}

extension ByteReader {
    package mutating func timestamp() throws -> Timestamp {
        let seconds = try i64()
        let nanoseconds = try u32()
        guard nanoseconds < 1_000_000_000 else { throw Failure(.damaged, .malformedRecord("time")) }
        return Timestamp(seconds: seconds, nanoseconds: nanoseconds)
    }
}
