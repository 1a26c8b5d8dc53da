import Base
import Keys
import TestSupport

@testable import Repository

/// Records of every kind with any values.
enum RandomRecords {
    static func verifyingKey(_ random: inout SeededGenerator) -> VerifyingKey {
        try! VerifyingKey(ed25519: random.bytes(32), mldsa: random.bytes(1952))
    }

    static func sealingKey(_ random: inout SeededGenerator) -> SealingPublicKey {
        try! SealingPublicKey(random.bytes(SealingPublicKey.byteCount))
    }

    static func marker(_ random: inout SeededGenerator) -> SiteMarker {
        SiteMarker(site: random.id(), kind: random.anyText(16), endpoint: random.anyText(1024), created: random.time().seconds)
    }

    static func descriptor(_ random: inout SeededGenerator) -> Descriptor {
        Descriptor(
            number: random.u32(), previous: random.digest(), created: random.time().seconds, authority: verifyingKey(&random),
            features: .init(read: random.number(), write: random.number(), collect: random.number()),
            epochs: random.list(3) { .init(number: $0.u32(), key: sealingKey(&$0)) },
            recipients: random.list(3) { .init(kind: $0.chance(2) ? .recoveryCode : .publicKey, key: sealingKey(&$0)) },
            domains: random.list(3) { .init(id: $0.id(), commitment: $0.bytes(32), predecessor: $0.chance(2) ? .zero : $0.id()) },
            actors: random.list(3) {
                .init(
                    role: $0.pick(Descriptor.Role.allCases), domain: $0.id(), key: verifyingKey(&$0), from: $0.time().seconds,
                    until: $0.time().seconds)
            }, sites: random.list(4) { $0.id() })
    }

    static func session(_ random: inout SeededGenerator) -> SessionRecord {
        SessionRecord(
            session: random.session(), site: random.id(), snapshot: random.id(), purpose: random.pick([.backup, .replicate, .compact]),
            domain: random.id(), created: random.time())
    }

    static func slot(_ random: inout SeededGenerator) -> SlotRecord {
        SlotRecord(
            key: random.commitKey(), site: random.id(), outcome: random.pick([.commit, .abandon, .fence]), manifest: random.digest(),
            nonce: random.id(),
            created: random.time())
    }

    static func condemned(_ random: inout SeededGenerator) -> CondemnedRecord {
        CondemnedRecord(
            generation: random.u32(), site: random.id(), created: random.time(), packs: random.list(20) { $0.packKey() },
            marked: random.list(20) { $0.commitKey() }, more: random.list(3) { $0.digest() })
    }

    static func decided(_ random: inout SeededGenerator) -> DecidedRecord {
        DecidedRecord(
            generation: random.u32(), site: random.id(), created: random.time(), names: random.chance(2), doomed: random.list(20) { $0.packKey() },
            commits: random.list(20) { $0.commitKey() }, segments: random.list(20) { $0.segmentKey() }, more: random.list(3) { $0.digest() })
    }

    static func forget(_ random: inout SeededGenerator) -> ForgetRecord {
        ForgetRecord(
            number: random.u32(), previous: random.digest(), created: random.time(),
            dropped: random.list(20) { .init(snapshot: $0.id(), manifest: $0.digest(), reason: UInt8(1 + $0.below(3))) })
    }

    static func attested(_ random: inout SeededGenerator) -> AttestedRecord {
        AttestedRecord(number: random.u32(), created: random.time(), packs: random.list(20) { $0.digest() })
    }

    static func sheet(_ random: inout SeededGenerator) -> RestoreSheet {
        func part(_ random: inout SeededGenerator) -> RestoreSheet.Part {
            var part = RestoreSheet.Part(random.pick(RestoreSheet.Part.Outcome.allCases), random.anyText(64))
            (part.compared, part.differing, part.changed) = (random.number(), random.number(), random.number())
            return part
        }
        var sheet = RestoreSheet()
        (sheet.source, sheet.sourceName, sheet.snapshot, sheet.manifest) = (random.id(), random.anyText(256), random.id(), random.digest())
        (sheet.host, sheet.program) = (random.anyText(256), random.anyText(256))
        (sheet.started, sheet.finished, sheet.restoreTime, sheet.wholeTime) = (random.time(), random.time(), random.number(), random.number())
        (sheet.sites, sheet.without) = (random.list(4) { $0.anyText(256) }, random.list(2) { $0.anyText(256) })
        (sheet.files, sheet.bytes) = (random.number(), random.number())
        sheet.from = UInt32(random.below(500_000))
        sheet.to = sheet.from + UInt32(random.below(500_001))
        sheet.isRoundComplete = random.chance(2)
        (sheet.restored, sheet.comparison, sheet.live, sheet.check) = (part(&random), part(&random), part(&random), part(&random))
        sheet.healed = random.number()
        (sheet.lacking.owners, sheet.lacking.modes) = (random.number(), random.number())
        (sheet.lacking.attributes, sheet.lacking.devices) = (random.number(), random.number())
        sheet.promised = random.chance(2) ? nil : random.number()
        sheet.result = random.pick(RestoreSheet.Result.allCases)
        return sheet
    }

    static func outline(_ random: inout SeededGenerator) -> Manifest.Outline {
        var counts = Manifest.Counts()
        (counts.files, counts.folders, counts.others) = (random.number(), random.number(), random.number())
        (counts.bytes, counts.readBytes, counts.storedBytes, counts.problems) = (random.number(), random.number(), random.number(), random.number())
        return Manifest.Outline(
            source: random.id(), node: random.digest(), started: random.time(), finished: random.time(), isComplete: random.chance(2), counts: counts,
            root: random.digest(), counter: random.number(), previous: random.digest(),
            heads: random.list(5) { .init(domain: $0.id(), node: $0.digest(), counter: $0.number(), manifest: $0.digest()) })
    }

    static func labels(_ random: inout SeededGenerator) -> Manifest.Labels {
        Manifest.Labels(
            source: random.anyText(256), node: random.anyText(256), paths: random.list(6) { $0.bytes($0.below(400)) },
            command: random.list(6) { $0.anyText(200) }, excludes: random.list(20) { $0.anyText(80) }, program: random.anyText(256))
    }

    static func segment(_ random: inout SeededGenerator) -> IndexSegment {
        let packs = random.list(6) { IndexedPack(key: $0.packKey(), writer: $0.digest()) }
        let rows =
            packs.isEmpty
            ? []
            : random.list(60) {
                IndexRow(id: $0.digest(), pack: UInt32($0.below(packs.count)), offset: UInt32($0.below(64 << 20)), length: UInt32($0.below(64 << 20)))
            }
        return IndexSegment(domain: tenant.domain.domain, packs: packs, rows: rows)
    }
}
