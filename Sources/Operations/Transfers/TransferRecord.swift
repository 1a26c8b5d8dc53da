import Base
import Codec

/// Where a site's machines stand, as the signed statement about it says when something is written: countries, then the datacentres'
/// ids. `unknown` where nothing is stated.
package struct TransferPlace: Hashable, Sendable {
    /// Largest length, in bytes.
    static let limit = 64
    static let unknown = TransferPlace(countries: [], datacentres: [])

    /// Countries joined by `+`, then, after a space, datacentres joined by `,`.
    let text: String

    /// A country that is nil is one that is not stated. Datacentres for which there is no room are left out, countries never.
    init(countries: [String?], datacentres: [String]) {
        let names = Set(countries.map { $0 ?? "unknown" }).sorted()
        var text = String((names.isEmpty ? "unknown" : names.joined(separator: "+")).prefix(Self.limit))
        var separator = " "
        for id in datacentres.map({ Self.plain($0) }).sorted() where text.utf8.count + separator.utf8.count + id.utf8.count <= Self.limit {
            text += separator + id
            separator = ","
        }
        self.text = text
    }

    /// Throws `.damaged` for what this program never wrote.
    init(reading bytes: [UInt8]) throws {
        guard !bytes.isEmpty, bytes.count <= Self.limit, bytes.allSatisfy({ (0x20...0x7E).contains($0) }) else { throw TransferRecord.damaged }
        text = String(decoding: bytes, as: UTF8.self)
    }

    private static func plain(_ id: String) -> String {
        String(decoding: id.utf8.map { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ",") ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
    }

    /// Such as `FR`, `DE+FR`, `unknown`.
    package var country: String { String(text.prefix { $0 != " " }) }

    package var datacentres: [String] {
        text.split(separator: " ", maxSplits: 1).dropFirst().first.map { $0.split(separator: ",").map(String.init) } ?? []
    }
}

/// One note of a transfer ledger. All have the same size and carry a check: what a crash tore is told from what was written.
struct TransferRecord: Equatable {
    enum Kind: UInt8 {
        /// An object is about to be sent, or deleted.
        case put = 1
        case deletion = 2
        /// What became of the one with the same id.
        case done = 3
        case undone = 4
        /// An object of this machine that another one with the right took away.
        case gone = 5
        /// So much is in the journal; the four numbers stand in place of the key.
        case journaled = 6
    }

    static let size = 320
    static let keyLimit = 192
    private static let checked = size - 8

    var kind: Kind
    /// Of the put or the deletion: the process's random number, then its count.
    var id: UInt64
    var seconds: Int64
    var bytes: UInt64 = 0
    /// Half of the SHA-256 of the key.
    var name = ShortID(.zero)
    var key = ""
    var place = ""

    static func name(_ key: String) -> ShortID { ShortID(sha256(Array(key.utf8))) }

    static var damaged: Failure { Failure(.damaged, .transfersUnreadable) }

    /// `salt`: of the ledger; a note of another one is none here.
    func encoded(salt: [UInt8]) -> [UInt8] {
        var w = ByteWriter(capacity: Self.size)
        w.u8(kind.rawValue)
        w.u8(UInt8(key.utf8.count))
        w.u8(UInt8(place.utf8.count))
        w.raw([UInt8](repeating: 0, count: 5))
        w.u64(id)
        w.i64(seconds)
        w.u64(bytes)
        w.id(name)
        w.raw(Self.padded(key, Self.keyLimit))
        w.raw(Self.padded(place, TransferPlace.limit))
        w.u64(0)
        return w.bytes + Self.check(w.bytes, salt)
    }

    /// Throws `.damaged` for anything that `encoded` does not give.
    init(decoding record: UnsafeRawBufferPointer, salt: [UInt8]) throws {
        let all = Array(record)
        guard all.count == Self.size, Self.check(Array(all[..<Self.checked]), salt) == Array(all[Self.checked...]) else { throw Self.damaged }
        self = try all.decode { r in
            guard let kind = Kind(rawValue: try r.u8()) else { throw Self.damaged }
            let (keyCount, placeCount) = (Int(try r.u8()), Int(try r.u8()))
            guard keyCount <= Self.keyLimit, placeCount <= TransferPlace.limit, try r.raw(5).allSatisfy({ $0 == 0 }) else { throw Self.damaged }
            var record = TransferRecord(kind: kind, id: try r.u64(), seconds: try r.i64())
            record.bytes = try r.u64()
            record.name = try r.id()
            let (key, place) = (Array(try r.raw(Self.keyLimit).prefix(keyCount)), Array(try r.raw(TransferPlace.limit).prefix(placeCount)))
            guard (key + place).allSatisfy({ (0x20...0x7E).contains($0) }), kind != .put || !place.isEmpty else { throw Self.damaged }
            record.key = String(decoding: key, as: UTF8.self)
            record.place = String(decoding: place, as: UTF8.self)
            _ = try r.raw(16)
            return record
        }
    }

    init(kind: Kind, id: UInt64, seconds: Int64) {
        self.kind = kind
        self.id = id
        self.seconds = seconds
    }

    private static func padded(_ text: String, _ size: Int) -> [UInt8] {
        Array(text.utf8) + [UInt8](repeating: 0, count: size - text.utf8.count)
    }

    private static func check(_ bytes: [UInt8], _ salt: [UInt8]) -> [UInt8] { Array(sha256(salt + bytes).bytes.prefix(8)) }
}
