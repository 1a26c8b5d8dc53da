import Base
import Codec
import Glibc

/// A transfer ledger as it was at one moment: what the file's folded part says, and the notes after it.
///
/// The folded part holds sums, and of each object that is at the site its name, its size and where it was written to; so the ledger
/// is as large as what is stored, not as its history.
struct TransferBook {
    struct Header: Equatable {
        static let size = 80
        private static let magic = Array("HDSBXFER".utf8)

        var tenant: ShortID
        /// Zero where the site's id was not known.
        var site: ShortID
        /// Seconds since 1970: nothing from before is in the ledger.
        var begun: Int64
        /// Where notes begin.
        var start: Int
        /// Random: notes of other ledgers do not count.
        var salt: [UInt8]

        var encoded: [UInt8] {
            var w = ByteWriter(capacity: Self.size)
            w.raw(Self.magic)
            w.u16(1)
            w.u16(UInt16(TransferRecord.size))
            w.u32(0)
            w.id(tenant)
            w.id(site)
            w.i64(begun)
            w.u64(UInt64(start))
            w.raw(salt)
            return w.bytes + sha256(w.bytes).bytes.prefix(8)
        }

        /// Throws `.damaged`, or `.format` for one of a newer program.
        init(decoding bytes: [UInt8]) throws {
            guard bytes.count >= Self.size else { throw TransferRecord.damaged }
            let own = Array(bytes[..<(Self.size - 8)])
            guard Array(own.prefix(8)) == Self.magic, sha256(own).bytes.prefix(8) == bytes[(Self.size - 8)..<Self.size] else {
                throw TransferRecord.damaged
            }
            self = try own.decode { r in
                _ = try r.raw(8)
                guard try r.u16() == 1, try r.u16() == TransferRecord.size, try r.u32() == 0 else { throw Failure(.format, .newerFormat) }
                let (tenant, site) = (try r.id(), try r.id())
                let begun = try r.i64()
                guard let start = Int(exactly: try r.u64()), start >= Self.size else { throw TransferRecord.damaged }
                return Header(tenant: tenant, site: site, begun: begun, start: start, salt: try r.raw(8))
            }
        }

        init(tenant: ShortID, site: ShortID, begun: Int64, start: Int, salt: [UInt8]) {
            (self.tenant, self.site, self.begun, self.start, self.salt) = (tenant, site, begun, start, salt)
        }
    }

    /// An object that is at the site.
    struct Row: Equatable {
        var bytes: UInt64
        var place: UInt16
    }

    static let rowSize = 24
    private static let rowByteLimit: UInt64 = 1 << 48

    private(set) var header: Header
    private(set) var places: [TransferPlace] = []
    private var numbers: [TransferPlace: UInt16] = [:]
    private(set) var cells: [TransferCell: TransferSums] = [:]
    /// What the journal says already.
    private(set) var journaled = TransferSums()
    /// Deletions of objects that are not in the ledger: their sizes are not known.
    private(set) var foreignDeletions: UInt64 = 0
    /// Notes that cannot be read.
    private(set) var torn: UInt64 = 0
    /// Puts and deletions of which nobody knows the outcome yet, by id.
    private(set) var open: [UInt64: TransferRecord] = [:]

    private let file: MappedFile?
    private var rows: UnsafeRawBufferPointer
    private(set) var added: [ShortID: Row] = [:]
    private(set) var removed: Set<ShortID> = []

    /// A ledger in which nothing stands.
    init(_ header: Header) {
        self.header = header
        file = nil
        rows = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// Reads the file from its beginning to where it ends now. `onlyOpen`: only what has no outcome yet is wanted; the rest is empty. Throws `.damaged` where
    /// the folded part is not what was written.
    init(_ file: File, onlyOpen: Bool = false) throws {
        let mapped: MappedFile
        do { mapped = try MappedFile(file) } catch let error as SystemError { throw error.failure(.failed, "mmap") }
        self.file = mapped
        rows = UnsafeRawBufferPointer(start: nil, count: 0)
        header = try Header(decoding: Array(mapped.bytes.prefix(Header.size)))
        guard header.start <= mapped.bytes.count else { throw TransferRecord.damaged }
        if !onlyOpen { try readFolded(UnsafeRawBufferPointer(rebasing: mapped.bytes[..<header.start])) }
        var at = header.start
        while at + TransferRecord.size <= mapped.bytes.count {
            let bytes = UnsafeRawBufferPointer(rebasing: mapped.bytes[at..<at + TransferRecord.size])
            if let record = try? TransferRecord(decoding: bytes, salt: header.salt) { apply(record, onlyOpen: onlyOpen) } else { torn &+= 1 }
            at += TransferRecord.size
        }
        if at < mapped.bytes.count { torn &+= 1 }
    }

    // MARK: the folded part

    private static let placeLimit = 4096
    private static let cellLimit = 1 << 20

    private mutating func readFolded(_ bytes: UnsafeRawBufferPointer) throws {
        if bytes.count == Header.size { return }
        let end = bytes.count - 32
        guard end >= Header.size, sha256(UnsafeRawBufferPointer(rebasing: bytes[..<end])) == Digest(loading: bytes.baseAddress! + end) else {
            throw TransferRecord.damaged
        }
        var r = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[..<end]), from: Header.size)
        for _ in 0..<(try r.count(limit: Self.placeLimit, "places")) {
            _ = number(try TransferPlace(reading: r.counted(limit: TransferPlace.limit, "place")))
        }
        for _ in 0..<(try r.count(limit: Self.cellLimit, "sums")) {
            let month = TransferMonth(number: try r.u32())
            let place = Int(try r.u16())
            guard places.indices.contains(place) else { throw TransferRecord.damaged }
            cells[TransferCell(month: month, place: places[place])] = try Self.sums(&r)
        }
        journaled = try Self.sums(&r)
        foreignDeletions = try r.varint()
        torn = try r.varint()
        let count = try r.u64()
        guard count <= UInt64(r.remaining / Self.rowSize), Int(count) * Self.rowSize == r.remaining else { throw TransferRecord.damaged }
        rows = try r.view(r.remaining)
        for index in 0..<rowCount where row(at: index).place >= places.count || index > 0 && name(at: index) <= name(at: index - 1) {
            throw TransferRecord.damaged
        }
    }

    private static func sums(_ r: inout ByteReader) throws -> TransferSums {
        func count() throws -> TransferCount { TransferCount(objects: try r.varint(), bytes: try r.varint()) }
        return TransferSums(written: try count(), deleted: try count(), gone: try count())
    }

    private static func write(_ sums: TransferSums, to w: inout ByteWriter) {
        for count in [sums.written, sums.deleted, sums.gone] {
            w.varint(count.objects)
            w.varint(count.bytes)
        }
    }

    /// The same ledger as a file in which everything that is decided is folded; what has no outcome yet follows as notes.
    func folded() -> [UInt8] {
        var body = ByteWriter(capacity: 4096 + rows.count + added.count * Self.rowSize)
        body.varint(UInt64(places.count))
        for place in places { body.counted(Array(place.text.utf8)) }
        body.varint(UInt64(cells.count))
        for (cell, sums) in cells.sorted(by: { $0.key < $1.key }) {
            body.u32(cell.month.number)
            body.u16(numbers[cell.place]!)
            Self.write(sums, to: &body)
        }
        Self.write(journaled, to: &body)
        body.varint(foreignDeletions)
        body.varint(torn)
        body.u64(UInt64(rowCount - removed.count + added.count))
        forEachRow { name, row in
            body.id(name)
            body.raw((0..<6).map { UInt8(truncatingIfNeeded: row.bytes >> (8 * $0)) })
            body.u16(row.place)
        }
        var header = header
        header.start = Header.size + body.count + 32
        let all = header.encoded + body.bytes
        let records = open.values.sorted { ($0.seconds, $0.id) < ($1.seconds, $1.id) }
        return all + sha256(all).bytes + records.flatMap { $0.encoded(salt: header.salt) }
    }

    // MARK: notes

    private mutating func apply(_ record: TransferRecord, onlyOpen: Bool) {
        switch record.kind {
        case .put, .deletion: open[record.id] = record
        case .undone: open[record.id] = nil
        case .done:
            // An outcome counts once, however often it is noted.
            guard let intent = open.removeValue(forKey: record.id), !onlyOpen else { return }
            if intent.kind == .put { store(intent) } else { drop(intent.name, record.seconds, \.deleted) }
        case .gone: if !onlyOpen { drop(record.name, record.seconds, \.gone) }
        case .journaled: if !onlyOpen, let sums = TransferSums(journaled: record.key) { journaled = sums }
        }
    }

    private mutating func number(_ place: TransferPlace) -> UInt16 {
        if let number = numbers[place] { return number }
        // More places than a file holds: what comes is filed under the last.
        guard places.count < Self.placeLimit else { return UInt16(places.count - 1) }
        let number = UInt16(places.count)
        places.append(place)
        numbers[place] = number
        return number
    }

    private mutating func store(_ intent: TransferRecord) {
        guard let place = try? TransferPlace(reading: Array(intent.place.utf8)), intent.bytes < Self.rowByteLimit else { return torn &+= 1 }
        // It could be made again, so what was there had gone.
        if row(intent.name) != nil { drop(intent.name, intent.seconds, \.gone) }
        let number = number(place)
        added[intent.name] = Row(bytes: intent.bytes, place: number)
        cells[TransferCell(month: TransferMonth(seconds: intent.seconds), place: places[Int(number)]), default: .init()].written.add(intent.bytes)
    }

    private mutating func drop(_ name: ShortID, _ seconds: Int64, _ way: WritableKeyPath<TransferSums, TransferCount>) {
        guard let row = row(name) else { return foreignDeletions &+= 1 }
        if added.removeValue(forKey: name) == nil { removed.insert(name) }
        cells[TransferCell(month: TransferMonth(seconds: seconds), place: places[Int(row.place)]), default: .init()][keyPath: way].add(row.bytes)
    }

    // MARK: what is at the site

    private var rowCount: Int { rows.count / Self.rowSize }

    private func name(at index: Int) -> ShortID { ShortID(loading: rows.baseAddress! + index * Self.rowSize) }

    private func row(at index: Int) -> Row {
        let at = index * Self.rowSize
        let bytes = (0..<6).reduce(UInt64(0)) { $0 | UInt64(rows[at + 16 + $1]) << (8 * $1) }
        return Row(bytes: bytes, place: UInt16(rows[at + 22]) | UInt16(rows[at + 23]) << 8)
    }

    private func index(of name: ShortID) -> Int? {
        var (low, high) = (0, rowCount)
        while low < high {
            let middle = (low + high) / 2
            let found = self.name(at: middle)
            if found == name { return middle }
            if found < name { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    /// The object of that name; nil where it is not in the ledger.
    func row(_ name: ShortID) -> Row? {
        if let row = added[name] { return row }
        return removed.contains(name) ? nil : index(of: name).map(row(at:))
    }

    /// All objects, in the order of their names.
    func forEachRow(_ body: (ShortID, Row) -> Void) {
        let new = added.sorted { $0.key < $1.key }
        var next = 0
        for index in 0..<rowCount {
            let name = name(at: index)
            while next < new.count, new[next].key < name {
                body(new[next].key, new[next].value)
                next += 1
            }
            if next < new.count, new[next].key == name {
                body(name, new[next].value)
                next += 1
            } else if !removed.contains(name) {
                body(name, row(at: index))
            }
        }
        for (name, row) in new[next...] { body(name, row) }
    }

    /// Of all months and places.
    var sums: TransferSums { cells.values.reduce(TransferSums(), +) }
}

extension TransferSums {
    /// As a note holds it in place of a key.
    var journalText: String {
        [written.objects, written.bytes, deleted.objects, deleted.bytes, gone.objects, gone.bytes].map(String.init).joined(separator: " ")
    }

    init?(journaled text: String) {
        let numbers = text.split(separator: " ").compactMap { UInt64($0) }
        guard numbers.count == 6 else { return nil }
        written = TransferCount(objects: numbers[0], bytes: numbers[1])
        deleted = TransferCount(objects: numbers[2], bytes: numbers[3])
        gone = TransferCount(objects: numbers[4], bytes: numbers[5])
    }
}
