import Base
import Codec
import Keys
import Sites
import TestSupport
import Testing

@testable import Repository

/// Sheets of restore tests: sealed for maintenance, signed by the verify role, void otherwise.
@Suite struct SheetTests {
    private func sheet(_ seed: UInt64 = 1) -> RestoreSheet {
        var random = SeededGenerator(seed)
        var sheet = RandomRecords.sheet(&random)
        sheet.finished = Timestamp(seconds: 1_795_730_417 + Int64(seed), nanoseconds: 5)
        return sheet
    }

    private func store(_ site: MemorySite, _ sheet: RestoreSheet, by key: SigningKey, as name: String? = nil) throws -> SheetRecord {
        let record = SheetRecord(sheet, domain: tenant.domain.catalogue, tenant: tenant.id)
        try site.create(name ?? record.key, tenant.sign(.sheet, record.body, by: key))
        return record
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `a sheet opens with the catalogue key, and with no other`(_ seed: UInt64) throws {
        let sheet = sheet(seed)
        let record = SheetRecord(sheet, domain: tenant.domain.catalogue, tenant: tenant.id)
        let again = try SheetRecord(body: record.body)
        #expect(again.body == record.body && again.key == record.key && again.created == sheet.finished)
        for keys in [tenant.catalogueKeys, tenant.nodeKeys, tenant.restoreKeys] { #expect(try again.open(keys) == sheet) }
        #expect(try failureKind { _ = try again.open(KeyRing(tenant: tenant.id)) } == .key)
        let stranger = DomainKeys(domain: tenant.domain.domain, secret: .random())
        #expect(try failureKind { _ = try again.open(KeyRing(tenant: tenant.id, domains: [stranger])) } == .key)
        // Under another name, in another place or changed it is no sheet: domain 16, created 12, random 16, key block 72, sealed.
        for (at, kind) in [(0, Failure.Kind.key), (28, .damaged), (44, .format), (60, .key), (100, .key), (200, .damaged)] {
            var changed = record.body
            changed[at] ^= 0x40
            #expect(try failureKind { _ = try SheetRecord(body: changed).open(tenant.restoreKeys) } == kind, "byte \(at)")
        }
        #expect(try failureKind { _ = try SheetRecord(body: record.body + [0]) } == .damaged)
    }

    @Test func `its name has the time and its own random part, and sorts by time`() {
        let record = SheetRecord(sheet(), domain: tenant.domain.catalogue, tenant: tenant.id, random: .zero)
        #expect(record.key == "sheets/20261126T220018Z-" + String(repeating: "0", count: 32))
    }

    @Test(
        arguments: [
            (0, "19700101T000000Z"), (951_782_399, "20000228T235959Z"), (951_782_400, "20000229T000000Z"), (951_868_800, "20000301T000000Z"),
            (1_735_689_599, "20241231T235959Z"), (4_107_542_400, "21000301T000000Z"), (253_402_300_799, "99991231T235959Z"),
            (Int64.max, "99991231T235959Z"),
            (-1, "19700101T000000Z"), (Int64.min, "19700101T000000Z"),
        ] as [(Int64, String)])
    func `a time is spelled in UTC`(_ seconds: Int64, _ text: String) { #expect(SheetRecord.timeText(seconds) == text) }

    @Test func `what a sheet takes does not tell how long the names in it are`() {
        var (short, long) = (sheet(), sheet())
        (short.sourceName, long.sourceName) = ("a", String(repeating: "a", count: 60))
        let sizes = [short, long].map { SheetRecord($0, domain: tenant.domain.catalogue, tenant: tenant.id).body.count }
        #expect(sizes[0] % 1024 == sizes[1] % 1024)
    }

    @Test func `only the verify role's sheets under their own names count, the others are reported`() throws {
        let site = try tenant.memorySite()
        let good = try store(site, sheet(1), by: tenant.verify)
        let byNode = try store(site, sheet(2), by: tenant.node)
        let byStranger = try store(site, sheet(3), by: tenant.stranger)
        let renamed = "sheets/20300101T000000Z-" + String(repeating: "a", count: 32)
        _ = try store(site, sheet(4), by: tenant.verify, as: renamed)
        try site.create("sheets/rubbish", [1, 2, 3])
        let flipped = try store(site, sheet(5), by: tenant.verify)
        var bytes = try site.read(flipped.key, limit: 1 << 17)
        bytes[bytes.count / 2] ^= 1
        try site.delete(flipped.key)
        try site.create(flipped.key, bytes)

        let repository = try tenant.open(site)
        let found = try repository.sheets(tenant.catalogueKeys)
        #expect(found.map(\.name) == [good.name] && found[0].sheet == sheet(1))
        let void = Set(repository.voidObjects.compactMap(\.object))
        #expect(void == Set([byNode.key, byStranger.key, renamed, "sheets/rubbish", flipped.key].map { "memory-0:" + $0 }))
        #expect(try repository.sheets(KeyRing(tenant: tenant.id)).isEmpty)
        #expect(try repository.sheets(tenant.catalogueKeys, besides: [good.name]).isEmpty)
    }

    @Test func `a right that has ended makes no sheet`() throws {
        let ended = try TestTenant(seed: 31, from: 0, until: 1_000_000)
        let site = try ended.memorySite()
        let record = SheetRecord(sheet(), domain: ended.domain.catalogue, tenant: ended.id)
        try site.create(record.key, ended.sign(.sheet, record.body, by: ended.verify))
        #expect(try ended.open(site).sheets(ended.catalogueKeys).isEmpty)
    }

    @Test func `a share beyond the whole is refused`() throws {
        var sheet = sheet()
        (sheet.from, sheet.to) = (0, RestoreSheet.whole)
        #expect(try RestoreSheet(decoding: sheet.encoded) == sheet)
        (sheet.from, sheet.to) = (5, 4)
        #expect(try failureKind { _ = try RestoreSheet(decoding: sheet.encoded) } == .damaged)
        (sheet.from, sheet.to) = (0, RestoreSheet.whole + 1)
        #expect(try failureKind { _ = try RestoreSheet(decoding: sheet.encoded) } == .damaged)
    }
}
