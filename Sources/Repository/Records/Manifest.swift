import Base
import Codec
import Keys

/// The object `snapshots/<snapshot>.<hash>`: one source at one moment, signed by the node that took it.
///
/// The outline (what retention and collection need) opens with the catalogue key, the labels with the
/// restore key. A node can read its own outlines, never the labels of what it stored before.
package struct Manifest: Sendable {
    package struct Counts: Sendable, Equatable {
        package var files: UInt64 = 0
        package var folders: UInt64 = 0
        package var others: UInt64 = 0
        /// Sum of the files' sizes.
        package var bytes: UInt64 = 0
        /// Bytes read from the source.
        package var readBytes: UInt64 = 0
        /// Bytes that this run added to each site, packs and all.
        package var storedBytes: UInt64 = 0
        /// Entries that could not be read wholly.
        package var problems: UInt64 = 0

        package init() {}
    }

    /// The last manifest of a node that this one's writer has seen: a hole or a rollback shows.
    package struct Head: Sendable, Equatable {
        package let domain: ShortID
        package let node: KeyID
        package let counter: UInt64
        package let manifest: Digest

        package init(domain: ShortID, node: KeyID, counter: UInt64, manifest: Digest) {
            self.domain = domain
            self.node = node
            self.counter = counter
            self.manifest = manifest
        }
    }

    package struct Outline: Sendable, Equatable {
        package var source: ShortID
        package var node: KeyID
        package var started: Timestamp
        package var finished: Timestamp
        package var isComplete: Bool
        package var counts: Counts
        package var root: Digest
        /// Counts the node's manifests in this domain, from 1.
        package var counter: UInt64
        /// SHA-256 of the node's manifest before this one; zero for the first.
        package var previous: Digest
        package var heads: [Head]

        package init(
            source: ShortID, node: KeyID, started: Timestamp, finished: Timestamp, isComplete: Bool, counts: Counts, root: Digest,
            counter: UInt64, previous: Digest, heads: [Head]
        ) {
            self.source = source
            self.node = node
            self.started = started
            self.finished = finished
            self.isComplete = isComplete
            self.counts = counts
            self.root = root
            self.counter = counter
            self.previous = previous
            self.heads = heads
        }
    }

    package struct Labels: Sendable, Equatable {
        package var source: String
        package var node: String
        /// Absolute paths, raw bytes; empty for a command.
        package var paths: [[UInt8]]
        package var command: [String]
        package var excludes: [String]
        package var program: String

        package init(source: String, node: String, paths: [[UInt8]], command: [String], excludes: [String], program: String) {
            self.source = source
            self.node = node
            self.paths = paths
            self.command = command
            self.excludes = excludes
            self.program = program
        }

        /// Throws `.usage` when they are larger than a reader accepts: to be asked before a long run.
        package func check() throws {
            let encoded = encoded
            guard encoded.count < 1 << 18, (try? Labels(decoding: encoded)) == self else { throw Failure(.usage, .labelsTooLarge, object: source) }
        }
    }

    package let snapshot: ShortID
    package let domain: ShortID
    /// Whose signature the manifest carries: to be set by who verified it.
    package var signer: KeyID = .zero
    /// Number of the descriptor that the node went by.
    package let descriptor: UInt32
    private let outlineBlock: KeyBlock
    private let outlineSealed: [UInt8]
    private let labelsBlock: KeyBlock
    private let labelsSealed: [UInt8]

    /// The name holds the hash of the object: nobody can take its place beforehand.
    package static func key(_ snapshot: ShortID, _ digest: Digest) -> String { "snapshots/" + snapshot.hex + "." + digest.hex.prefix(32) }

    /// Throws `.usage` when the labels are larger than a reader accepts.
    package init(snapshot: ShortID, descriptor: UInt32, outline: Outline, labels: Labels, run: RunKey) throws {
        try labels.check()
        self.snapshot = snapshot
        domain = run.domain.domain
        self.descriptor = descriptor
        let outlineKey = run.catalogueKey()
        let labelsKey = run.blockKey()
        outlineBlock = outlineKey.block
        labelsBlock = labelsKey.block
        let id = Self.sealID(snapshot)
        outlineSealed = RecordSeal.seal(outline.encoded, .outline, key: outlineKey, tenant: run.tenant, domain: domain, id: id, ordinal: 0)
        labelsSealed = RecordSeal.seal(labels.encoded, .labels, key: labelsKey, tenant: run.tenant, domain: domain, id: id, ordinal: 0)
    }

    /// The snapshot's id in the associated data: 16 zero bytes follow it.
    private static func sealID(_ snapshot: ShortID) -> Digest { Digest(snapshot.bytes + [UInt8](repeating: 0, count: 16))! }

    package var body: [UInt8] {
        var w = ByteWriter()
        w.id(snapshot)
        w.id(domain)
        w.u32(descriptor)
        w.raw(outlineBlock.encoded)
        w.counted(outlineSealed)
        w.raw(labelsBlock.encoded)
        w.counted(labelsSealed)
        return w.bytes
    }

    package init(body: [UInt8]) throws {
        self = try body.decode { r in
            let snapshot = try r.id()
            let domain = try r.id()
            let descriptor = try r.u32()
            let outlineBlock = try KeyBlock(&r)
            let outline = try r.counted(limit: 1 << 19, "outline")
            let labelsBlock = try KeyBlock(&r)
            let labels = try r.counted(limit: 1 << 19, "labels")
            guard outlineBlock.kind == .catalogue, labelsBlock.kind == .run else { throw Failure(.damaged, .malformedRecord("key block")) }
            return Manifest(snapshot, domain, descriptor, outlineBlock, outline, labelsBlock, labels)
        }
    }

    private init(_ snapshot: ShortID, _ domain: ShortID, _ descriptor: UInt32, _ ob: KeyBlock, _ o: [UInt8], _ lb: KeyBlock, _ l: [UInt8]) {
        self.snapshot = snapshot
        self.domain = domain
        self.descriptor = descriptor
        outlineBlock = ob
        outlineSealed = o
        labelsBlock = lb
        labelsSealed = l
    }

    /// Throws `.key` without the domain's catalogue key.
    package func outline(_ keys: KeyRing) throws -> Outline {
        let key = try keys.key(for: outlineBlock, domain: domain)
        return try Outline(
            decoding: outlineSealed.withUnsafeBytes {
                try RecordSeal.open($0, .outline, key: key, tenant: keys.tenant, domain: domain, id: Self.sealID(snapshot), ordinal: 0)
            })
    }

    /// Throws `.key` without the restore key.
    package func labels(_ keys: KeyRing) throws -> Labels {
        let key = try keys.key(for: labelsBlock, domain: domain)
        return try Labels(
            decoding: labelsSealed.withUnsafeBytes {
                try RecordSeal.open($0, .labels, key: key, tenant: keys.tenant, domain: domain, id: Self.sealID(snapshot), ordinal: 0)
            })
    }
}

extension Manifest.Outline {
    package var encoded: [UInt8] {
        var w = ByteWriter()
        w.u8(1)
        w.id(source)
        w.digest(node)
        w.timestamp(started)
        w.timestamp(finished)
        w.u8(isComplete ? 1 : 0)
        for count in [counts.files, counts.folders, counts.others, counts.bytes, counts.readBytes, counts.storedBytes, counts.problems] {
            w.varint(count)
        }
        w.digest(root)
        w.u64(counter)
        w.digest(previous)
        w.varint(UInt64(heads.count))
        for head in heads {
            w.id(head.domain)
            w.digest(head.node)
            w.u64(head.counter)
            w.digest(head.manifest)
        }
        return w.bytes
    }

    package init(decoding bytes: [UInt8]) throws {
        self = try bytes.decode { r in
            guard try r.u8() == 1 else { throw Failure(.format, .newerFormat) }
            let source = try r.id()
            let node = try r.digest()
            let started = try r.timestamp()
            let finished = try r.timestamp()
            let complete = try r.flag("complete")
            var counts = Manifest.Counts()
            counts.files = try r.varint()
            counts.folders = try r.varint()
            counts.others = try r.varint()
            counts.bytes = try r.varint()
            counts.readBytes = try r.varint()
            counts.storedBytes = try r.varint()
            counts.problems = try r.varint()
            let root = try r.digest()
            let counter = try r.u64()
            let previous = try r.digest()
            let heads = try (0..<r.count(limit: 4096, "heads")).map { _ in
                Manifest.Head(domain: try r.id(), node: try r.digest(), counter: try r.u64(), manifest: try r.digest())
            }
            return Manifest.Outline(
                source: source, node: node, started: started, finished: finished, isComplete: complete, counts: counts, root: root,
                counter: counter, previous: previous, heads: heads)
        }
    }
}

extension Manifest.Labels {
    package var encoded: [UInt8] {
        var w = ByteWriter()
        w.u8(1)
        w.text(source)
        w.text(node)
        w.varint(UInt64(paths.count))
        for path in paths { w.counted(path) }
        for list in [command, excludes] {
            w.varint(UInt64(list.count))
            for each in list { w.text(each) }
        }
        w.text(program)
        // Lengths of names are nobody's business: pad to a step.
        w.raw([UInt8](repeating: 0, count: (1024 - w.count % 1024) % 1024))
        return w.bytes
    }

    package init(decoding bytes: [UInt8]) throws {
        self = try bytes.withUnsafeBytes { bytes in
            var r = ByteReader(bytes)
            guard try r.u8() == 1 else { throw Failure(.format, .newerFormat) }
            let source = try r.text(limit: 256, "source")
            let node = try r.text(limit: 256, "node")
            let paths = try (0..<r.count(limit: 4096, "paths")).map { _ in try r.counted(limit: 65536, "path") }
            let command = try (0..<r.count(limit: 4096, "command")).map { _ in try r.text(limit: 65536, "command") }
            let excludes = try (0..<r.count(limit: 65536, "excludes")).map { _ in try r.text(limit: 65536, "exclude") }
            return Manifest.Labels(
                source: source, node: node, paths: paths, command: command, excludes: excludes, program: try r.text(limit: 256, "program"))
        }
    }
}
