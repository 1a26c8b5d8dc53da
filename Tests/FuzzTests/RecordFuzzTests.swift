import Base
import Codec
import Keys
import TestSupport
import Testing

@testable import Repository

/// I38: decoding returns or throws a `Failure`, whatever the bytes. One parser at a time: memory is measured, and a
/// trap is told with its input.
@Suite(.serialized) struct FuzzTests {
    /// A record's bodies, and how what was read is written again.
    private struct Body: Sendable {
        let kind: Statement.Kind
        let corpus: [[UInt8]]
        let again: @Sendable ([UInt8]) throws -> [UInt8]
        /// Bytes may differ where the format leaves more than one way to say "no".
        var hasOneSpelling = true

        static let all: [Body] = [
            Body(kind: .marker, corpus: Samples.corpus(3, seed: 1) { SiteMarker(site: $0.id(), kind: "file", endpoint: "bucket", created: 5).body }) {
                try SiteMarker(body: $0).body
            },
            Body(kind: .descriptor, corpus: Samples.corpus(3, seed: 2) { Samples.descriptor(&$0).body }) { try Descriptor(body: $0).body },
            Body(
                kind: .session,
                corpus: Samples.corpus(3, seed: 3) {
                    SessionRecord(
                        session: Samples.session(&$0), site: $0.id(), snapshot: $0.id(), purpose: .replicate, domain: $0.id(), created: $0.time()
                    ).body
                }
            ) { try SessionRecord(body: $0).body },
            Body(kind: .manifest, corpus: Samples.corpus(3, seed: 4, Samples.manifestBody)) { try Manifest(body: $0).body },
            Body(
                kind: .slot,
                corpus: Samples.corpus(3, seed: 5) {
                    SlotRecord(key: Samples.commit(&$0), site: $0.id(), outcome: .commit, manifest: $0.digest(), nonce: $0.id(), created: $0.time())
                        .body
                }
            ) { try SlotRecord(body: $0).body },
            Body(
                kind: .condemned,
                corpus: Samples.corpus(4, seed: 6) {
                    CondemnedRecord(
                        generation: 3, site: $0.id(), created: $0.time(), packs: Samples.list($0.below(5), &$0, Samples.pack),
                        marked: Samples.list($0.below(5), &$0, Samples.commit), more: [$0.digest()]
                    ).body
                }
            ) { try CondemnedRecord(body: $0).body },
            Body(
                kind: .decided,
                corpus: Samples.corpus(4, seed: 7) {
                    DecidedRecord(
                        generation: 3, site: $0.id(), created: $0.time(), names: true, doomed: Samples.list($0.below(5), &$0, Samples.pack),
                        commits: Samples.list($0.below(5), &$0, Samples.commit), segments: Samples.list($0.below(5), &$0, Samples.segment), more: []
                    ).body
                }, again: { try DecidedRecord(body: $0).body }, hasOneSpelling: false),
            Body(
                kind: .forget,
                corpus: Samples.corpus(4, seed: 8) {
                    ForgetRecord(
                        number: 3, previous: $0.digest(), created: $0.time(),
                        dropped: Samples.list($0.below(5), &$0) { .init(snapshot: $0.id(), manifest: $0.digest(), reason: 1) }
                    ).body
                }
            ) { try ForgetRecord(body: $0).body },
            Body(
                kind: .attested,
                corpus: Samples.corpus(4, seed: 9) {
                    AttestedRecord(number: 3, created: $0.time(), packs: Samples.list($0.below(5), &$0) { $0.digest() }).body
                }
            ) { try AttestedRecord(body: $0).body },
            Body(
                kind: .sheet,
                corpus: Samples.corpus(3, seed: 18) {
                    SheetRecord(Samples.sheet(&$0), domain: Samples.tenant.domain.catalogue, tenant: Samples.tenant.id, random: $0.id()).body
                }
            ) { try SheetRecord(body: $0).body },
            Body(
                kind: .hold,
                corpus: Samples.corpus(3, seed: 20) {
                    HoldRecord(Samples.hold(&$0), domain: Samples.tenant.domain.catalogue, tenant: Samples.tenant.id).body
                }
            ) { try HoldRecord(body: $0).body },
        ]
    }

    @Test func `bodies of statements`() throws {
        for body in Body.all {
            try Fuzzer(name: "body \(body.kind)", corpus: body.corpus).run(share: 0.15) { bytes in
                let again = try body.again(bytes)
                guard again == bytes || !body.hasOneSpelling else { throw Fuzzer.Broken("it is written again as \(hexString(again))") }
                guard try body.again(again) == again else { throw Fuzzer.Broken("it does not come back") }
            }
        }
    }

    @Test func `statements`() throws {
        let corpus = Body.all.flatMap { body in
            body.corpus.prefix(1).map { bytes in
                var random = SeededGenerator(1)
                return Samples.statement(body.kind, bytes, &random)
            }
        }
        try Fuzzer(name: "statement", corpus: corpus).run { text in
            // The type in it is the one that is expected, most of the time.
            let kind = text.count > 12 ? Statement.Kind(rawValue: text[12]) ?? .slot : .slot
            let statement = try Statement(Samples.hashed(text), kind, tenant: Samples.tenant.id)
            guard statement.body.count <= kind.bodyLimit else { throw Fuzzer.Broken("a body above its limit") }
            // Nothing that was read is left out when it is put together again.
            let length = 37 + statement.body.count + statement.signatures.reduce(0) { $0 + 33 + $1.bytes.count }
            guard length == text.count, Array(text[36..<36 + statement.body.count]) == statement.body else { throw Fuzzer.Broken("bytes left over") }
        }
        try Fuzzer(name: "statement as stored", corpus: corpus.map(Samples.hashed)).run(share: 0.25) { bytes in
            let kind = bytes.count > 12 ? Statement.Kind(rawValue: bytes[12]) ?? .slot : .slot
            _ = try Statement(bytes, kind, tenant: Samples.tenant.id)
        }
    }

    @Test func `outlines and labels of manifests, sheets and holds`() throws {
        try Fuzzer(name: "outline", corpus: Samples.corpus(4, seed: 10) { Samples.outline(&$0).encoded }).run(share: 0.25) { bytes in
            let outline = try Manifest.Outline(decoding: bytes)
            guard try Manifest.Outline(decoding: outline.encoded) == outline else { throw Fuzzer.Broken("it does not come back") }
        }
        try Fuzzer(name: "sheet", corpus: Samples.corpus(4, seed: 19) { Samples.sheet(&$0).encoded }).run(share: 0.25) { bytes in
            let sheet = try RestoreSheet(decoding: bytes)
            guard try RestoreSheet(decoding: sheet.encoded) == sheet else { throw Fuzzer.Broken("it does not come back") }
        }
        try Fuzzer(name: "hold", corpus: Samples.corpus(4, seed: 21) { Samples.hold(&$0).encoded }).run(share: 0.25) { bytes in
            func decode(_ bytes: [UInt8]) throws -> Hold {
                try Hold(
                    decoding: bytes, id: ShortID([UInt8](repeating: 1, count: 16))!, isPlaced: true, created: Timestamp(seconds: 5, nanoseconds: 0))
            }
            let hold = try decode(bytes)
            guard try decode(hold.encoded) == hold else { throw Fuzzer.Broken("it does not come back") }
        }
        try Fuzzer(name: "labels", corpus: Samples.corpus(4, seed: 11) { Samples.labels(&$0).encoded }).run(share: 0.25) { bytes in
            let labels = try Manifest.Labels(decoding: bytes)
            guard try Manifest.Labels(decoding: labels.encoded) == labels else { throw Fuzzer.Broken("they do not come back") }
        }
    }

    @Test func `lists of packs, and numbers`() throws {
        let lists = Samples.corpus(4, seed: 12) { random in
            var w = ByteWriter()
            PackList(Samples.list(random.below(6), &random, Samples.pack)).write(to: &w)
            return w.bytes
        }
        try Fuzzer(name: "list", corpus: lists).run(share: 0.25) { bytes in
            var w = ByteWriter()
            try bytes.decode { try PackList(&$0) }.write(to: &w)
            guard w.bytes == bytes else { throw Fuzzer.Broken("another spelling") }
        }
        let numbers = Samples.corpus(8, seed: 13) { random in
            var w = ByteWriter()
            w.varint(random.number())
            w.zigzag(Int64(bitPattern: random.number()))
            w.text(random.anyText(40))
            w.timestamp(random.time())
            return w.bytes
        }
        try Fuzzer(name: "numbers", corpus: numbers).run(share: 0.25) { bytes in
            let again = try bytes.decode { r in
                var w = ByteWriter()
                w.varint(try r.varint())
                w.zigzag(try r.zigzag())
                w.text(try r.text(limit: 40, "text"))
                w.timestamp(try r.timestamp())
                return w.bytes
            }
            guard again == bytes else { throw Fuzzer.Broken("another spelling") }
        }
    }

    @Test func `names of objects`() throws {
        let corpus =
            Samples.corpus(6, seed: 14) { Array(Samples.pack(&$0).key.utf8) } + Samples.corpus(6, seed: 15) { Array(Samples.commit(&$0).key.utf8) }
            + Samples.corpus(6, seed: 16) { Array(Samples.segment(&$0).key.utf8) }
            + Samples.corpus(6, seed: 17) { Array(Samples.session(&$0).text.utf8) }
        try Fuzzer(name: "name", corpus: corpus).run(share: 0.5) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            let spellings = [PackKey(key: text)?.key, CommitKey(key: text)?.key, SegmentKey(key: text)?.key, SessionID(text)?.text].compactMap { $0 }
            if spellings.isEmpty { throw Failure(.damaged, .malformedRecord("name")) }
            // Compared as bytes: strings would be equal that are spelled differently.
            guard spellings.count == 1, Array(spellings[0].utf8) == bytes else { throw Fuzzer.Broken("it is read as \(spellings)") }
        }
    }
}
