import Base

// What collection writes (docs/FORMAT.md, "Collection").

/// A list that a record holds itself, or names by hash as the object `lists/<sha256>` when it is long.
package struct PackList: Sendable, Equatable {
    package var packs: [PackKey]

    package init(_ packs: [PackKey]) { self.packs = packs }

    package static func key(_ digest: Digest) -> String { "lists/" + digest.hex }

    package func write(to w: inout ByteWriter) {
        w.varint(UInt64(packs.count))
        for pack in packs { pack.write(to: &w) }
    }

    package init(_ r: inout ByteReader) throws {
        packs = try (0..<r.count(limit: 1 << 20, "packs")).map { _ in try PackKey(&r) }
    }
}

/// The object `condemned/<g>`: packs proposed for deletion, and the commits that stay whole without them.
package struct CondemnedRecord: Sendable, Equatable {
    package let generation: UInt32
    package let site: ShortID
    package let created: Timestamp
    package let packs: PackList
    package let marked: [CommitKey]
    /// Hashes of `lists/` objects, each holding more packs in the same encoding.
    package let more: [Digest]

    package init(generation: UInt32, site: ShortID, created: Timestamp, packs: [PackKey], marked: [CommitKey], more: [Digest] = []) {
        self.generation = generation
        self.site = site
        self.created = created
        self.packs = PackList(packs)
        self.marked = marked
        self.more = more
    }

    package static func key(_ generation: UInt32) -> String { "condemned/" + generationText(generation) }

    package var body: [UInt8] {
        var w = ByteWriter()
        w.u32(generation)
        w.id(site)
        w.timestamp(created)
        packs.write(to: &w)
        w.varint(UInt64(marked.count))
        for commit in marked { commit.write(to: &w) }
        w.varint(UInt64(more.count))
        for digest in more { w.digest(digest) }
        return w.bytes
    }

    package init(body: [UInt8]) throws {
        self = try body.decode { r in
            let generation = try r.u32()
            let site = try r.id()
            let created = try r.timestamp()
            let packs = try PackList(&r).packs
            let marked = try (0..<r.count(limit: 1 << 20, "commits")).map { _ in try CommitKey(&r) }
            return CondemnedRecord(
                generation: generation, site: site, created: created, packs: packs, marked: marked,
                more: try (0..<r.count(limit: 65536, "lists")).map { _ in try r.digest() })
        }
    }
}

/// The object `decided/<g>`: the only licence to delete, and what counts from then on. An undo dooms and
/// names nothing.
package struct DecidedRecord: Sendable, Equatable {
    package let generation: UInt32
    package let site: ShortID
    package let created: Timestamp
    /// False for an undo: then it says nothing about what counts.
    package let names: Bool
    package let doomed: PackList
    package let commits: [CommitKey]
    package let segments: [SegmentKey]
    package let more: [Digest]

    package init(
        generation: UInt32, site: ShortID, created: Timestamp, names: Bool, doomed: [PackKey], commits: [CommitKey], segments: [SegmentKey],
        more: [Digest] = []
    ) {
        self.generation = generation
        self.site = site
        self.created = created
        self.names = names
        self.doomed = PackList(doomed)
        self.commits = commits
        self.segments = segments
        self.more = more
    }

    package static func key(_ generation: UInt32) -> String { "decided/" + generationText(generation) }

    package var body: [UInt8] {
        var w = ByteWriter()
        w.u32(generation)
        w.id(site)
        w.timestamp(created)
        w.u8(names ? 1 : 0)
        doomed.write(to: &w)
        w.varint(UInt64(commits.count))
        for commit in commits { commit.write(to: &w) }
        w.varint(UInt64(segments.count))
        for segment in segments { segment.write(to: &w) }
        w.varint(UInt64(more.count))
        for digest in more { w.digest(digest) }
        return w.bytes
    }

    package init(body: [UInt8]) throws {
        self = try body.decode { r in
            let generation = try r.u32()
            let site = try r.id()
            let created = try r.timestamp()
            let names = try r.flag("names")
            let doomed = try PackList(&r).packs
            let commits = try (0..<r.count(limit: 1 << 20, "commits")).map { _ in try CommitKey(&r) }
            let segments = try (0..<r.count(limit: 1 << 20, "segments")).map { _ in try SegmentKey(&r) }
            return DecidedRecord(
                generation: generation, site: site, created: created, names: names, doomed: doomed, commits: commits, segments: segments,
                more: try (0..<r.count(limit: 65536, "lists")).map { _ in try r.digest() })
        }
    }
}

/// The object `forget/<n>`: what retention dropped and why; a chain.
package struct ForgetRecord: Sendable, Equatable {
    package struct Dropped: Sendable, Equatable {
        package let snapshot: ShortID
        package let manifest: Digest
        /// 1: by retention, 2: by a person, 3: the tenant's end.
        package let reason: UInt8

        package init(snapshot: ShortID, manifest: Digest, reason: UInt8) {
            self.snapshot = snapshot
            self.manifest = manifest
            self.reason = reason
        }
    }

    package let number: UInt32
    package let previous: Digest
    package let created: Timestamp
    package let dropped: [Dropped]

    package init(number: UInt32, previous: Digest, created: Timestamp, dropped: [Dropped]) {
        self.number = number
        self.previous = previous
        self.created = created
        self.dropped = dropped
    }

    package static func key(_ number: UInt32) -> String { "forget/" + generationText(number) }

    package var body: [UInt8] {
        var w = ByteWriter()
        w.u32(number)
        w.digest(previous)
        w.timestamp(created)
        w.varint(UInt64(dropped.count))
        for each in dropped {
            w.id(each.snapshot)
            w.digest(each.manifest)
            w.u8(each.reason)
        }
        return w.bytes
    }

    package init(body: [UInt8]) throws {
        self = try body.decode { r in
            ForgetRecord(
                number: try r.u32(), previous: try r.digest(), created: try r.timestamp(),
                dropped: try (0..<r.count(limit: 1 << 20, "snapshots")).map { _ in
                    Dropped(snapshot: try r.id(), manifest: try r.digest(), reason: try r.u8())
                })
        }
    }
}

/// The object `attested/<n>`: packs that a verify role has opened wholly, every blob's id checked.
package struct AttestedRecord: Sendable, Equatable {
    package let number: UInt32
    package let created: Timestamp
    package let packs: [Digest]

    package init(number: UInt32, created: Timestamp, packs: [Digest]) {
        self.number = number
        self.created = created
        self.packs = packs
    }

    package static func key(_ number: UInt32) -> String { "attested/" + generationText(number) }

    package var body: [UInt8] {
        var w = ByteWriter()
        w.u32(number)
        w.timestamp(created)
        w.varint(UInt64(packs.count))
        for pack in packs { w.digest(pack) }
        return w.bytes
    }

    package init(body: [UInt8]) throws {
        self = try body.decode { r in
            AttestedRecord(
                number: try r.u32(), created: try r.timestamp(),
                packs: try (0..<r.count(limit: 1 << 20, "packs")).map { _ in try r.digest() })
        }
    }
}
