import Base
import Codec
import Keys

/// The object `sheets/<time>-<random>`: a restore test, signed by the verify role, sealed for the catalogue key. A site
/// learns that a test took place, and when.
///
///     statement body: domain 16 · created 12 · random 16 · catalogue key block 72 · sealed sheet
package struct SheetRecord: Sendable {
    package let domain: ShortID
    /// When the test was over; the name has it to the second.
    package let created: Timestamp
    package let random: ShortID
    private let block: KeyBlock
    private let sealed: [UInt8]

    package var key: String { Self.folder + name }
    /// The key without its folder.
    package var name: String { Self.timeText(created.seconds) + "-" + random.hex }

    package static let folder = "sheets/"

    package init(_ sheet: RestoreSheet, domain: CatalogueKey, tenant: ShortID, random: ShortID = .random()) {
        let key = BlockKey.catalogue(domain, tenant: tenant)
        self.domain = domain.domain
        created = sheet.finished
        self.random = random
        block = key.block
        sealed = RecordSeal.seal(
            sheet.encoded, .sheet, key: key, tenant: tenant, domain: domain.domain, id: Self.sealID(random), ordinal: 0)
    }

    /// The random part of its name in the associated data: 16 zero bytes follow it.
    private static func sealID(_ random: ShortID) -> Digest { Digest(random.bytes + [UInt8](repeating: 0, count: 16))! }

    package var body: [UInt8] {
        var w = ByteWriter()
        w.id(domain)
        w.timestamp(created)
        w.id(random)
        w.raw(block.encoded)
        w.counted(sealed)
        return w.bytes
    }

    package init(body: [UInt8]) throws {
        self = try body.decode { r in
            let domain = try r.id()
            let created = try r.timestamp()
            let random = try r.id()
            let block = try KeyBlock(&r)
            guard block.kind == .catalogue else { throw Failure(.damaged, .malformedRecord("key block")) }
            return SheetRecord(domain: domain, created: created, random: random, block: block, sealed: try r.counted(limit: 48 << 10, "sheet"))
        }
    }

    private init(domain: ShortID, created: Timestamp, random: ShortID, block: KeyBlock, sealed: [UInt8]) {
        self.domain = domain
        self.created = created
        self.random = random
        self.block = block
        self.sealed = sealed
    }

    /// Throws `.key` without the domain's catalogue key.
    package func open(_ keys: KeyRing) throws -> RestoreSheet {
        let key = try keys.key(for: block, domain: domain)
        return try RestoreSheet(
            decoding: sealed.withUnsafeBytes {
                try RecordSeal.open($0, .sheet, key: key, tenant: keys.tenant, domain: domain, id: Self.sealID(random), ordinal: 0)
            })
    }

    /// `20261122T020007Z`: names list in the order of time. Times before 1970 and after 9999 are those years' ends.
    package static func timeText(_ seconds: Int64) -> String {
        let seconds = min(max(seconds, 0), 253_402_300_799)
        let (days, rest) = (seconds / 86_400, seconds % 86_400)
        // Days to a date of the Gregorian calendar, by eras of 400 years that begin on 1 March (Hinnant, "chrono-Compatible
        // Low-Level Date Algorithms").
        let shifted = days + 719_468
        let (era, day) = (shifted / 146_097, shifted % 146_097)
        let yearOfEra = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
        let dayOfYear = day - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func digits(_ number: Int64, _ count: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        return digits(year, 4) + digits(month, 2) + digits(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1, 2) + "T" + digits(rest / 3600, 2)
            + digits(rest / 60 % 60, 2) + digits(rest % 60, 2) + "Z"
    }
}
