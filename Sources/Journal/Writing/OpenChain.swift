import Base
import CLinux
import Codec
import Glibc
import Keys

/// A chain as its writer has it: the last closing, and the open segment. Used while the ledger's lock is held only.
struct OpenChain {
    /// A torn tail that was cut off.
    struct Torn {
        let segment: UInt32
        let count: Int
        let digest: Digest
    }

    private struct Segment {
        let file: File
        /// Device and inode: whether it is still the one at its name.
        let place: [UInt64]
        let header: SegmentHeader
        var size: Int
        var link: Digest
        var count: UInt64
        var earliest: Timestamp
        var latest: Timestamp
        /// Bytes after `size` that a crash left.
        var torn = 0
    }

    let path: String
    let origin: ChainOrigin
    /// The chains that were beside it when it was looked up, itself among them.
    let siblings: [ChainID]
    private let id: ChainID
    private let folder: File
    private var last: Closing?
    private var open: Segment?

    var hasOpen: Bool { open != nil }

    var head: LedgerHead? {
        if let open { return LedgerHead(chain: id, count: open.header.first + open.count, hash: open.link) }
        return last?.head
    }

    func isFull(_ limits: LedgerWriter.Limits) -> Bool { open.map { $0.size >= limits.bytes } ?? false }

    func isDue(_ limits: LedgerWriter.Limits, _ now: Timestamp) -> Bool {
        open.map { $0.header.opened.adding(seconds: limits.seconds) <= now } ?? false
    }

    private var next: UInt32 { last.map { $0.number + 1 } ?? 0 }

    /// Begins a chain: its folder, with nothing in it. Another of that id cannot be.
    init(beginning origin: ChainOrigin, in ledger: String, siblings: [ChainID]) throws {
        self.origin = origin
        self.siblings = siblings.sorted()
        id = origin.id
        path = ledger + "/" + id.hex
        try Files.makeFolder(path)
        try File.open(RawName(ledger), O_RDONLY | O_DIRECTORY).sync()
        folder = try File.open(RawName(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }

    /// The chain in a folder. Throws `.damaged` where its last closing is not right, or the open segment is not what follows it.
    init(_ path: String, _ origin: ChainOrigin, siblings: [ChainID], key: VerifyingKey) throws {
        self.path = path
        self.origin = origin
        self.siblings = siblings
        id = origin.id
        folder = try File.open(RawName(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        let names = try Files.names(path)
        for name in names where name.hasPrefix("new-") { unlink(path + "/" + name) }
        let numbers = names.compactMap { name -> (UInt32, String)? in
            switch ObjectName(name) {
            case .segment(let number, attempt: 0), .stub(let number): (number, name)
            default: nil
            }
        }
        if let (number, name) = numbers.max(by: { $0.0 < $1.0 }) { last = try closing(number, name, key) }
        if names.contains(ObjectName.openName) { try load(key) }
    }

    private func closing(_ number: UInt32, _ name: String, _ key: VerifyingKey) throws -> Closing {
        let object = path + "/" + name
        do {
            let bytes = try FolderLedgerSource(String(path.dropLast(33))).read(id, name, limit: LedgerVerification.objectLimit)
            let signed = try name.hasSuffix("stub") ? SignedClosing(stub: bytes) : SignedClosing(segment: bytes)
            guard signed.closing.number == number, signed.closing.origin == origin, key.id != origin.writer || signed.verifies(key) else {
                throw Failure(.damaged, .badSignature)
            }
            return signed.closing
        } catch let failure as Failure {
            throw Failure(failure.kind, failure.message, object: object, remedy: .journalPutBackRemedy)
        }
    }

    /// Reads the open segment through.
    private mutating func load(_ key: VerifyingKey) throws {
        let name = path + "/" + ObjectName.openName
        let file = try File.open(RawName(ObjectName.openName), in: folder, O_RDWR | O_NOFOLLOW)
        let bytes = try file.readAll(limit: LedgerVerification.objectLimit)
        do {
            let result = try SegmentCheck(chain: id, name: ObjectName.openName, remembered: [:], visit: nil).check(bytes)
            guard let header = result.header, header.origin == origin, result.count > 0, result.brokenAt == nil,
                !result.findings.contains(where: { $0.kind != .clockWentBack && $0.kind != .personalData })
            else { throw Failure(.damaged, .journalOpenDamaged) }
            if let signed = result.closing { return try giveName(signed, key) }
            guard header.number == next, header.first == last?.end ?? 0, header.previous == last?.digest ?? .zero else {
                throw Failure(.damaged, .journalOpenElsewhere)
            }
            open = Segment(
                file: file, place: try Self.place(file.stat()), header: header, size: result.torn?.offset ?? bytes.count, link: result.link,
                count: result.count, earliest: result.earliest!, latest: result.latest!, torn: result.torn?.count ?? 0)
        } catch let failure as Failure {
            throw Failure(failure.kind, failure.message, object: name, remedy: .journalSetAsideRemedy)
        }
    }

    /// Reads what others have appended to the open segment since; false where something else has happened.
    mutating func catchUp() throws -> Bool {
        guard var segment = open, segment.torn == 0 else { return false }
        let stat = try segment.file.stat()
        var named = clinux_stat()
        guard clinux_statx(folder.descriptor, ObjectName.openName, &named) == 0, Self.place(named) == segment.place,
            stat.size > UInt64(segment.size), stat.size <= UInt64(LedgerVerification.objectLimit)
        else { return false }
        var bytes = [UInt8](repeating: 0, count: Int(stat.size) - segment.size)
        guard try bytes.withUnsafeMutableBytes({ try segment.file.read(at: Int64(segment.size), into: $0) }) == bytes.count else { return false }
        return bytes.withUnsafeBytes { bytes in
            var walker = FrameWalker(bytes, from: segment.size, after: segment.link)
            let start = segment.size
            while true {
                switch walker.next() {
                case .entry(let body, matches: true):
                    guard let entry = try? LedgerEntry(body), entry.sequence == segment.header.first + segment.count else { return false }
                    segment.size = start + walker.offset
                    segment.link = walker.link
                    segment.count += 1
                    segment.earliest = min(segment.earliest, entry.time)
                    segment.latest = max(segment.latest, entry.time)
                case .end:
                    open = segment
                    return true
                default: return false
                }
            }
        }
    }

    /// The writer died between closing a segment and giving it its name.
    private mutating func giveName(_ signed: SignedClosing, _ key: VerifyingKey) throws {
        let closing = signed.closing
        guard closing.number == next, closing.first == last?.end ?? 0, closing.previous == last?.digest ?? .zero,
            key.id != origin.writer || signed.verifies(key)
        else { throw Failure(.damaged, .journalOpenElsewhere) }
        try rename(ObjectName.openName, ObjectName.segmentName(closing.number))
        last = closing
    }

    private static func place(_ stat: clinux_stat) -> [UInt64] { [UInt64(stat.dev_major), UInt64(stat.dev_minor), stat.ino] }

    /// Whether nobody has written since.
    var isUnchanged: Bool {
        var stat = clinux_stat()
        let isThere = clinux_statx(folder.descriptor, ObjectName.openName, &stat) == 0
        if let open { return isThere && Self.place(stat) == open.place && stat.size == UInt64(open.size + open.torn) }
        if isThere { return false }
        let number = next
        return clinux_statx(folder.descriptor, ObjectName.segmentName(number), &stat) != 0
            && clinux_statx(folder.descriptor, ObjectName.stubName(number), &stat) != 0
    }

    // MARK: Writing

    /// Cuts off what a crash left, so that the next entry stands right after the last whole one.
    mutating func cutTorn() throws -> Torn? {
        guard let segment = open, segment.torn > 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: segment.torn)
        let count = try bytes.withUnsafeMutableBytes { try segment.file.read(at: Int64(segment.size), into: $0) }
        try retrying { ftruncate(segment.file.descriptor, segment.size) }
        try segment.file.sync()
        open!.torn = 0
        return Torn(segment: segment.header.number, count: count, digest: sha256(Array(bytes[..<count])))
    }

    /// Durable on return.
    mutating func append(_ event: LedgerEvent, at time: Timestamp) throws {
        guard let segment = open else { return try begin(event, at: time) }
        let body = try LedgerEntry(sequence: segment.header.first + segment.count, time: time, event: event).encoded()
        let link = body.withUnsafeBytes { LinkHasher().link(segment.link, $0) }
        let frame = SegmentFrame.encode(.entry, body, check: link)
        try extend(frame)
        open!.size += frame.count
        open!.link = link
        open!.count += 1
        open!.earliest = min(segment.earliest, time)
        open!.latest = max(segment.latest, time)
    }

    /// One write at the end of the open segment, and to the disk. What failed is taken back as far as the system lets us.
    private func extend(_ frame: [UInt8]) throws {
        let segment = open!
        do {
            try frame.withUnsafeBytes { try segment.file.write($0, at: Int64(segment.size)) }
            try segment.file.sync()
        } catch {
            _ = ftruncate(segment.file.descriptor, segment.size)
            throw error
        }
    }

    /// A segment comes to be with its first entry, in one act: the name.
    private mutating func begin(_ event: LedgerEvent, at time: Timestamp) throws {
        guard next < .max else { throw Failure(.failed, .journalTooLong("segments", limit: Int(UInt32.max))) }
        let header = SegmentHeader(
            origin: origin, number: next, first: last?.end ?? 0, previous: last?.digest ?? .zero, opened: time, salt: Digest(randomBytes(32))!)
        let body = try LedgerEntry(sequence: header.first, time: time, event: event).encoded()
        let hasher = LinkHasher()
        let start = header.encoded
        let link = body.withUnsafeBytes { body in start.withUnsafeBytes { hasher.link(hasher.start($0), body) } }
        let bytes = start + SegmentFrame.encode(.entry, body, check: link)
        let temporary = "new-" + hexString(randomBytes(6))
        let file = try File.create(RawName(temporary), in: folder, O_RDWR)
        do {
            try file.write(bytes)
            try file.sync()
            try rename(temporary, ObjectName.openName)
        } catch {
            unlinkat(folder.descriptor, temporary, 0)
            throw error
        }
        open = Segment(
            file: file, place: try Self.place(file.stat()), header: header, size: bytes.count, link: link, count: 1, earliest: time, latest: time)
    }

    private func rename(_ from: String, _ to: String) throws {
        try retrying { clinux_rename_noreplace(folder.descriptor, from, to) }
        try folder.sync()
    }

    /// Signs the open segment, after reading it again from its first byte: nothing is signed that was not looked at.
    @discardableResult
    mutating func close(by key: SigningKey, at time: Timestamp) throws -> Closing? {
        guard let segment = open else { return nil }
        var bytes = [UInt8](repeating: 0, count: segment.size)
        let count = try bytes.withUnsafeMutableBytes { try segment.file.read(at: 0, into: $0) }
        let check = SegmentCheck(chain: id, name: ObjectName.openName, remembered: [:], visit: nil)
        let result = try check.check(bytes)
        guard count == segment.size, result.header == segment.header, result.count == segment.count, result.link == segment.link,
            result.torn == nil, result.brokenAt == nil, result.closing == nil
        else { throw Failure(.damaged, .journalOpenDamaged, object: path + "/" + ObjectName.openName, remedy: .journalSetAsideRemedy) }
        let signed = try SignedClosing(
            Closing(
                segment.header, count: segment.count, hash: segment.link, contentCount: UInt64(segment.size), content: sha256(bytes), closed: time,
                earliest: segment.earliest, latest: segment.latest), by: key)
        try extend(signed.frame)
        try rename(ObjectName.openName, ObjectName.segmentName(segment.header.number))
        last = signed.closing
        open = nil
        return signed.closing
    }
}
