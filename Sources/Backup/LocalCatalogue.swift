import Base
import Codec
import Glibc
import Keys
import Repository

/// A node's sealed memory of one source's last snapshot: enough to recognise what has not changed, no
/// content. A cache: when it is missing or damaged, the next run reads everything again.
///
///     magic "HDSBLCAT" · salt 32 · blocks: length u32, sealed (nonce: the block's number)
///     a block's text: last u8, then records; each block begins with a record whose key is whole
enum LocalCatalogue {
    static let magic = Array("HDSBLCAT".utf8)
    static let blockBytes = 1 << 20

    static func path(_ folder: String, _ source: ShortID) -> String { folder + "/catalogue-" + source.hex }

    static func key(_ keys: DomainKeys, salt: [UInt8]) -> Secret { derive(keys.local, salt: salt, label: "local catalogue") }
}

/// Writes a catalogue in the order of entries; nothing is under the final name before `finish`.
final class CatalogueWriter {
    private let path: String
    private let temporary: String
    private let file: File
    private let key: Secret
    private let aead = AEAD()
    private var block = ByteWriter()
    private var number: UInt32 = 0
    private var previous: [UInt8] = []

    /// Bytes alive in each bundle, for the next run to decide which to write again.
    private(set) var alive: [Digest: UInt64] = [:]

    init(folder: String, source: ShortID, keys: DomainKeys) throws {
        path = LocalCatalogue.path(folder, source)
        temporary = path + ".new"
        unlink(temporary)
        let salt = randomBytes(32)
        key = LocalCatalogue.key(keys, salt: salt)
        do {
            file = try File.create(RawName(temporary), O_WRONLY)
            try file.write(LocalCatalogue.magic + salt)
        } catch let error as SystemError { throw error.failure(.failed, "write", object: temporary) }
        block.u8(0)
    }

    func append(_ record: CatalogueRecord) throws {
        if case .bundle(let id, _, let length) = record.entry.content { alive[id, default: 0] += UInt64(length) }
        record.write(to: &block, after: previous)
        previous = record.entry.key
        if block.count >= LocalCatalogue.blockBytes { try flush(isLast: false) }
    }

    private func flush(isLast: Bool) throws {
        block.bytes[0] = isLast ? 1 : 0
        let count = block.count
        var sealed = block.bytes + [UInt8](repeating: 0, count: AEAD.overhead)
        key.withBytes { key in
            sealed.withUnsafeMutableBytes {
                aead.seal(
                    key: key, nonce: AEAD.Nonce(number), context: UnsafeRawBufferPointer(start: nil, count: 0), inPlace: $0.baseAddress!, count: count
                )
            }
        }
        var length = ByteWriter()
        length.u32(UInt32(sealed.count))
        do { try file.write(length.bytes + sealed) } catch let error as SystemError { throw error.failure(.failed, "write", object: temporary) }
        number += 1
        block = ByteWriter(capacity: LocalCatalogue.blockBytes + 4096)
        block.u8(0)
        previous = []
    }

    /// Makes the catalogue the source's, durably. `totals`: the plain length of each bundle known.
    func finish(totals: [Digest: UInt32]) throws {
        // The bundles come last: the reader finds them by reading on after the entries.
        try flush(isLast: true)
        block.varint(UInt64(alive.count))
        for (id, bytes) in alive {
            block.digest(id)
            block.u64(bytes)
            block.u32(totals[id] ?? 0)
        }
        try flush(isLast: true)
        do {
            try file.sync()
            try retrying { rename(temporary, path) }
        } catch let error as SystemError { throw error.failure(.failed, "rename", object: path) }
    }

    /// Leaves the old catalogue as it was.
    func discard() { unlink(temporary) }
}

/// Reads a catalogue in the order of its entries.
final class CatalogueReader {
    private let file: MappedFile
    private let key: Secret
    private let aead = AEAD()
    private var offset: Int
    private var number: UInt32 = 0
    private var block: [UInt8] = []
    private var at = 0
    private var isLast = false

    /// The record at hand; nil at the end.
    private(set) var current: CatalogueRecord?
    /// Plain length of the bundles of the last snapshot.
    let totals: [Digest: UInt32]
    /// Bundles less than half alive: their files are read again, and bundled anew.
    let weakBundles: Set<Digest>

    /// Nil when there is no catalogue, or it is not whole.
    init?(folder: String, source: ShortID, keys: DomainKeys) throws {
        guard let opened = try? File.open(RawName(LocalCatalogue.path(folder, source)), O_RDONLY), let mapped = try? MappedFile(opened),
            mapped.bytes.count > 40, Array(mapped.bytes[..<8]) == LocalCatalogue.magic
        else { return nil }
        file = mapped
        let key = LocalCatalogue.key(keys, salt: Array(mapped.bytes[8..<40]))
        self.key = key
        offset = 40
        guard let (totals, weak) = try? Self.bundles(mapped.bytes, key) else { return nil }
        self.totals = totals
        weakBundles = weak
        do { try advance() } catch { return nil }
    }

    /// Checks the whole file's shape and opens its last block.
    private static func bundles(_ bytes: UnsafeRawBufferPointer, _ key: Secret) throws -> ([Digest: UInt32], Set<Digest>) {
        var at = 40
        var last = 40
        var number: UInt32 = 0
        while at < bytes.count {
            guard at + 4 <= bytes.count else { throw Failure(.damaged, .truncatedRecord) }
            last = at
            at += 4 + Int(bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
            number += 1
        }
        guard at == bytes.count, number >= 2 else { throw Failure(.damaged, .truncatedRecord) }
        let text = try open(UnsafeRawBufferPointer(rebasing: bytes[(last + 4)...]), key, number - 1, AEAD())
        return try text.decode { r in
            guard try r.u8() == 1 else { throw Failure(.damaged, .truncatedRecord) }
            var totals: [Digest: UInt32] = [:]
            var weak: Set<Digest> = []
            for _ in 0..<(try r.count(limit: r.remaining / 44, "bundles")) {
                let id = try r.digest()
                let alive = try r.u64()
                let total = try r.u32()
                totals[id] = total
                if alive * 2 < UInt64(total) { weak.insert(id) }
            }
            return (totals, weak)
        }
    }

    private static func open(_ sealed: UnsafeRawBufferPointer, _ key: Secret, _ number: UInt32, _ aead: AEAD) throws -> [UInt8] {
        guard sealed.count > AEAD.overhead else { throw Failure(.damaged, .truncatedRecord) }
        var text = [UInt8](repeating: 0, count: sealed.count - AEAD.overhead)
        let good = key.withBytes { key in
            text.withUnsafeMutableBytes {
                aead.open(key: key, nonce: AEAD.Nonce(number), context: UnsafeRawBufferPointer(start: nil, count: 0), sealed, into: $0.baseAddress!)
            }
        }
        guard good else { throw Failure(.damaged, .badTag) }
        return text
    }

    /// Moves to the next record.
    func advance() throws {
        if at == block.count {
            if isLast {
                current = nil
                return
            }
            try nextBlock()
            current = nil
            if at == block.count { return try advance() }
        }
        let previous = current
        try block.withUnsafeBytes { bytes in
            var r = ByteReader(bytes, from: at)
            current = try CatalogueRecord(&r, after: at == 1 ? [] : previous?.entry.key ?? [], like: previous)
            at = r.offset
        }
    }

    private func nextBlock() throws {
        let length = Int(file.bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        block = try Self.open(UnsafeRawBufferPointer(rebasing: file.bytes[(offset + 4)..<(offset + 4 + length)]), key, number, aead)
        file.release()
        offset += 4 + length
        number += 1
        isLast = block[0] == 1
        at = 1
    }

    /// Calls `body` for the content of each small file from here to the end, until it returns false. Of no use
    /// for anything else afterwards.
    func forEachSmallContent(_ body: (ShortID, Entry.Content) -> Bool) throws {
        while true {
            while at < block.count {
                let found = try block.withUnsafeBytes { bytes in
                    var r = ByteReader(bytes, from: at)
                    defer { at = r.offset }
                    return try CatalogueRecord.skim(&r)
                }
                if let found, !body(found.hash, found.content) { return }
            }
            if isLast { return }
            try nextBlock()
        }
    }

    /// The record of `key`, skipping those before it; nil when there is none.
    func record(_ key: [UInt8]) throws -> CatalogueRecord? {
        while let record = current {
            let order = compare(record.entry.key, key)
            if order == 0 { return record }
            if order > 0 { return nil }
            try advance()
        }
        return nil
    }
}

/// Negative, zero or positive as `a` comes before, is, or comes after `b`, byte by byte.
func compare(_ a: [UInt8], _ b: [UInt8]) -> Int {
    let order = memcmp(a, b, min(a.count, b.count))
    return order != 0 ? Int(order) : a.count - b.count
}
