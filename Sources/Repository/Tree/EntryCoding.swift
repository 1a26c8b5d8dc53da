import Base

// One entry within a level-0 page (docs/FORMAT.md). Ids and owners stand in tables of the page, in order of
// first use; a number that is the next free one brings the next row into use.

/// An owner of entries, as a page's owner table names it.
struct Owner: Hashable, Sendable {
    enum Kind: UInt8 {
        case user = 0
        case group = 1
    }

    let kind: Kind
    let id: UInt32
    let name: [UInt8]?

    func encode(to writer: inout ByteWriter) {
        writer.u8(kind.rawValue)
        writer.varint(UInt64(id))
        writer.counted(name ?? [])
    }

    init(_ kind: Kind, _ id: UInt32, _ name: [UInt8]?) {
        self.kind = kind
        self.id = id
        self.name = name
    }

    private init(from reader: inout ByteReader) throws {
        guard let kind = Kind(rawValue: try reader.u8()) else { throw Failure(.damaged, .malformedRecord("owner kind")) }
        let id = UInt32(try reader.count(limit: Int(UInt32.max), "owner id"))
        let name = try reader.counted(limit: TreeLimits.nameBytes, "owner name")
        self.init(kind, id, name.isEmpty ? nil : name)
    }

    static func table(from reader: inout ByteReader) throws -> [Owner] {
        let count = try reader.count(limit: TreeLimits.ownersInPage, "owner count")
        var owners: [Owner] = []
        for _ in 0..<count { owners.append(try Owner(from: &reader)) }
        guard Set(owners).count == count else { throw Failure(.damaged, .malformedRecord("owner twice")) }
        return owners
    }
}

/// The bits of an entry's flag byte.
enum EntryFlags {
    static let linkGroup: UInt8 = 1 << 0
    static let attributes: UInt8 = 1 << 1
    static let holes: UInt8 = 1 << 2
    static let contentHash: UInt8 = 1 << 3
    /// Bits 4 to 6 hold the form of the content.
    static let contentShift: UInt8 = 4
}

enum ContentForm: UInt8 {
    case none = 0
    case inline = 1
    case bundle = 2
    case chunks = 3
    case list = 4
}

/// Numbers of the distinct values of a page, in order of first use.
struct FirstUse<Value: Hashable> {
    private(set) var values: [Value] = []
    private var numbers: [Value: Int] = [:]
    private var last: (value: Value, number: Int)?

    /// The number of `value`, and whether this is its first use.
    mutating func number(of value: Value) -> (number: Int, isNew: Bool) {
        if let last, last.value == value { return (last.number, false) }
        if let number = numbers[value] {
            last = (value, number)
            return (number, false)
        }
        let number = values.count
        values.append(value)
        numbers[value] = number
        last = (value, number)
        return (number, true)
    }

    mutating func removeAll() {
        values.removeAll(keepingCapacity: true)
        numbers.removeAll(keepingCapacity: true)
        last = nil
    }
}

/// Encodes the entries of one page, in order.
struct EntryEncoder {
    private(set) var body = ByteWriter()
    private(set) var ownerTable = ByteWriter()
    private(set) var ownerCount = 0
    var references: [Digest] { ids.values }
    private var ids = FirstUse<Digest>()
    private var users = FirstUse<Owner>()
    private var userNumbers: [Int] = []
    private var groups = FirstUse<Owner>()
    private var groupNumbers: [Int] = []
    private var previousKey: [UInt8] = []

    /// What the page holds so far, tables included.
    var byteCount: Int { body.count + ownerTable.count + 32 * ids.values.count }

    mutating func append(_ entry: Entry) {
        let shared = previousKey.commonPrefix(with: entry.key)
        body.varint(UInt64(shared))
        body.counted(entry.key[shared...])
        previousKey = entry.key
        body.u8(entry.kind.rawValue)
        body.u8(Self.flags(entry))
        body.varint(UInt64(entry.mode))
        user(entry)
        group(entry)
        body.zigzag(entry.mtime.seconds)
        body.varint(UInt64(entry.mtime.nanoseconds))
        if let linkGroup = entry.linkGroup { body.varint(linkGroup) }
        if !entry.xattrs.isEmpty { attributes(entry.xattrs) }
        switch entry.kind {
        case .file:
            body.varint(entry.size)
            if !entry.holes.isEmpty { holes(entry.holes) }
            if let hash = entry.contentHash { body.id(hash) }
            content(entry.content)
        case .symlink:
            body.counted(entry.linkTarget)
        case .charDevice, .blockDevice:
            body.varint(UInt64(entry.major))
            body.varint(UInt64(entry.minor))
        case .folder, .fifo, .socket:
            break
        }
    }

    /// Forgets everything, for the next page.
    mutating func removeAll() {
        body.bytes.removeAll(keepingCapacity: true)
        ownerTable.bytes.removeAll(keepingCapacity: true)
        ownerCount = 0
        ids.removeAll()
        users.removeAll()
        userNumbers.removeAll(keepingCapacity: true)
        groups.removeAll()
        groupNumbers.removeAll(keepingCapacity: true)
        previousKey = []
    }

    private static func flags(_ entry: Entry) -> UInt8 {
        var flags = entry.content.form.rawValue << EntryFlags.contentShift
        if entry.linkGroup != nil { flags |= EntryFlags.linkGroup }
        if !entry.xattrs.isEmpty { flags |= EntryFlags.attributes }
        if !entry.holes.isEmpty { flags |= EntryFlags.holes }
        if entry.contentHash != nil { flags |= EntryFlags.contentHash }
        return flags
    }

    // Users and groups share one table; they are looked up apart so that each has its own last one.
    private mutating func user(_ entry: Entry) {
        let owner = Owner(.user, entry.uid, entry.userName)
        let (number, isNew) = users.number(of: owner)
        if isNew { userNumbers.append(add(owner)) }
        body.varint(UInt64(userNumbers[number]))
    }

    private mutating func group(_ entry: Entry) {
        let owner = Owner(.group, entry.gid, entry.groupName)
        let (number, isNew) = groups.number(of: owner)
        if isNew { groupNumbers.append(add(owner)) }
        body.varint(UInt64(groupNumbers[number]))
    }

    private mutating func add(_ owner: Owner) -> Int {
        owner.encode(to: &ownerTable)
        ownerCount += 1
        return ownerCount - 1
    }

    private mutating func reference(_ id: Digest) { body.varint(UInt64(ids.number(of: id).number)) }

    private mutating func attributes(_ attributes: [Entry.Attribute]) {
        body.varint(UInt64(attributes.count))
        for attribute in attributes {
            body.counted(attribute.name)
            body.counted(attribute.value)
        }
    }

    private mutating func holes(_ holes: [Entry.Hole]) {
        body.varint(UInt64(holes.count))
        var end: UInt64 = 0
        for hole in holes {
            body.varint(hole.offset - end)
            body.varint(hole.length)
            end = hole.offset + hole.length
        }
    }

    private mutating func content(_ content: Entry.Content) {
        switch content {
        case .none:
            break
        case .inline(let bytes):
            body.counted(bytes)
        case .bundle(let id, let offset, let length):
            reference(id)
            body.varint(UInt64(offset))
            body.varint(UInt64(length))
        case .chunks(let chunks):
            body.varint(UInt64(chunks.count))
            for chunk in chunks {
                reference(chunk.id)
                body.varint(UInt64(chunk.length))
            }
        case .list(let root, let level, let chunkCount, let length):
            reference(root)
            body.u8(level)
            body.varint(chunkCount)
            body.varint(length)
        }
    }
}

extension Entry.Content {
    fileprivate var form: ContentForm {
        switch self {
        case .none: .none
        case .inline: .inline
        case .bundle: .bundle
        case .chunks: .chunks
        case .list: .list
        }
    }
}

/// Decodes the entries of one page, in order.
struct EntryDecoder {
    private let owners: [Owner]
    private let references: [Digest]
    private var ownersUsed = 0
    private var referencesUsed = 0
    private var key: [UInt8] = []
    private var isFirst = true

    init(owners: [Owner], references: [Digest]) {
        self.owners = owners
        self.references = references
    }

    mutating func next(from reader: inout ByteReader) throws -> Entry {
        let keyStart = try nextKey(after: &key, isFirst: isFirst, from: &reader)
        isFirst = false
        guard let kind = Entry.Kind(rawValue: try reader.u8()) else { throw Failure(.damaged, .malformedRecord("entry kind")) }
        let flags = try reader.u8()
        guard let form = ContentForm(rawValue: flags >> EntryFlags.contentShift),
            kind == .file || (form == .none && flags & (EntryFlags.holes | EntryFlags.contentHash) == 0)
        else { throw Failure(.damaged, .malformedRecord("entry flags")) }
        let mode = UInt16(try reader.count(limit: 0o7777, "mode"))
        let user = try owner(.user, from: &reader)
        let group = try owner(.group, from: &reader)
        let seconds = try reader.zigzag()
        let nanoseconds = UInt32(try reader.count(limit: 999_999_999, "nanoseconds"))
        var entry = Entry(
            key: key, kind: kind, mode: mode, uid: user.id, gid: group.id, userName: user.name, groupName: group.name,
            mtime: Timestamp(seconds: seconds, nanoseconds: nanoseconds))
        if flags & EntryFlags.linkGroup != 0 { entry.linkGroup = try reader.varint() }
        if flags & EntryFlags.attributes != 0 { entry.xattrs = try attributes(from: &reader) }
        switch kind {
        case .file:
            entry.size = try reader.varint()
            if flags & EntryFlags.holes != 0 { entry.holes = try holes(from: &reader) }
            if flags & EntryFlags.contentHash != 0 { entry.contentHash = try reader.id() }
            entry.content = try content(form, from: &reader)
        case .symlink:
            entry.linkTarget = try reader.counted(limit: TreeLimits.linkTargetBytes, "link target")
        case .charDevice, .blockDevice:
            entry.major = UInt32(try reader.count(limit: Int(UInt32.max), "device"))
            entry.minor = UInt32(try reader.count(limit: Int(UInt32.max), "device"))
        case .folder, .fifo, .socket:
            break
        }
        if let problem = entry.problem(keyFrom: keyStart) { throw Failure(.damaged, .malformedRecord("\(problem)")) }
        return entry
    }

    /// Throws unless both tables were used up: a row that nothing uses would be a second spelling.
    func finish() throws {
        guard ownersUsed == owners.count, referencesUsed == references.count else {
            throw Failure(.damaged, .malformedRecord("unused table row"))
        }
    }

    private mutating func owner(_ kind: Owner.Kind, from reader: inout ByteReader) throws -> Owner {
        let number = try reader.count(limit: ownersUsed, "owner number")
        if number == ownersUsed { ownersUsed += 1 }
        guard number < owners.count, owners[number].kind == kind else { throw Failure(.damaged, .malformedRecord("owner number")) }
        return owners[number]
    }

    private mutating func reference(from reader: inout ByteReader) throws -> Digest {
        let number = try reader.count(limit: referencesUsed, "reference number")
        guard number < references.count else { throw Failure(.damaged, .malformedRecord("reference number")) }
        if number == referencesUsed { referencesUsed += 1 }
        return references[number]
    }

    private func attributes(from reader: inout ByteReader) throws -> [Entry.Attribute] {
        let count = try reader.count(limit: TreeLimits.attributes, "attribute count")
        guard count > 0 else { throw Failure(.damaged, .malformedRecord("attribute count")) }
        var attributes: [Entry.Attribute] = []
        for _ in 0..<count {
            attributes.append(
                Entry.Attribute(
                    name: try reader.counted(limit: TreeLimits.attributeNameBytes, "attribute name"),
                    value: try reader.counted(limit: TreeLimits.attributeValueBytes, "attribute value")))
        }
        return attributes
    }

    private func holes(from reader: inout ByteReader) throws -> [Entry.Hole] {
        let count = try reader.count(limit: TreeLimits.holes, "hole count")
        guard count > 0 else { throw Failure(.damaged, .malformedRecord("hole count")) }
        var holes: [Entry.Hole] = []
        var end: UInt64 = 0
        for _ in 0..<count {
            let (offset, tooFar) = end.addingReportingOverflow(try reader.varint())
            let length = try reader.varint()
            let (next, tooLong) = offset.addingReportingOverflow(length)
            guard !tooFar, !tooLong else { throw Failure(.damaged, .malformedRecord("hole order")) }
            holes.append(Entry.Hole(offset: offset, length: length))
            end = next
        }
        return holes
    }

    private mutating func content(_ form: ContentForm, from reader: inout ByteReader) throws -> Entry.Content {
        switch form {
        case .none:
            return .none
        case .inline:
            return .inline(try reader.counted(limit: TreeLimits.inlineBytes, "inline content"))
        case .bundle:
            return .bundle(id: try reference(from: &reader), offset: try length(from: &reader), length: try length(from: &reader))
        case .chunks:
            let count = try reader.count(limit: TreeLimits.chunks, "chunk count")
            var chunks: [ChunkReference] = []
            chunks.reserveCapacity(count)
            for _ in 0..<count {
                chunks.append(ChunkReference(id: try reference(from: &reader), length: try length(from: &reader)))
            }
            return .chunks(chunks)
        case .list:
            return .list(
                root: try reference(from: &reader), level: try reader.u8(), chunkCount: try reader.varint(),
                length: try reader.varint())
        }
    }

    private func length(from reader: inout ByteReader) throws -> UInt32 {
        UInt32(try reader.count(limit: Int(UInt32.max), "chunk range"))
    }
}
