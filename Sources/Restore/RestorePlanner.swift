import Base
import CLinux
import Glibc
import Repository

/// Walks the snapshot's tree beside the target and writes down what is to be done. Creates nothing at the
/// target. Memory does not grow with the tree.
final class RestorePlanner {
    private static let sortMemory = 4 << 20

    let reader: BlobReader
    let tree: TreeReader
    let options: RestoreOptions
    let report: RestoreReport
    private let run: RestoreRun
    private let spillFolders: [File]

    let records: PlanRecordWriter
    let folders: SpillFile
    let held: SpillFile
    let heldRecords: SpillFile
    let pieces: ExternalSorter<PlanPiece>
    let links: ExternalSorter<LinkRow>
    let names: ExternalSorter<NameRow>?

    /// A folder above the entry at hand.
    struct Level {
        /// Length of its key.
        let end: Int
        let record: UInt64
        /// Whether it is at the target now, as a folder.
        let exists: Bool
        let isCleaned: Bool
    }
    var stack: [Level] = []
    /// Key of the folder met last: those on the stack are its beginnings.
    var folderKey: [UInt8] = []
    var probe: TargetProbe?
    var owners: OwnerMap
    var totals = PlanTotals()
    /// The first key that the range left out; nil where it took everything to the end.
    private var next: [UInt8]?
    /// Rows written to `held` so far.
    var heldCount: UInt64 = 0
    /// Neighbours share a bundle: its place is looked up once.
    private var lastLocation: (id: Digest, location: BlobLocation?)?
    private let target: File?

    /// `target`: the folder to restore into; nil when there is none yet. `near`: folders that can hold files
    /// without names, the best first.
    init(reader: BlobReader, root: Digest, options: RestoreOptions, report: RestoreReport, run: RestoreRun, target: File?, near: [File]) throws {
        self.reader = reader
        tree = TreeReader(source: reader, root: root)
        self.options = options
        self.report = report
        self.run = run
        self.target = target
        spillFolders = near
        let spill = { try SpillFile(in: near) }
        records = PlanRecordWriter(try spill())
        folders = try spill()
        held = try spill()
        heldRecords = try spill()
        pieces = ExternalSorter(memory: Self.sortMemory, makeSpill: spill)
        links = ExternalSorter(memory: Self.sortMemory, makeSpill: spill)
        names = options.delete ? ExternalSorter(memory: Self.sortMemory, makeSpill: spill) : nil
        owners = OwnerMap(options.owners)
    }

    /// Throws `.missing` for a chosen path that is not there, `.damaged` where the tree contradicts itself or
    /// no copy of a page is good, `.key`, `.unreachable`, `.noSpace` (of the plan itself), `.interrupted`.
    func plan() throws -> RestorePlan {
        let chosen = try chosenPaths()
        try beginTarget(chosen)
        var meter = options.range.map { RestoreRange.Meter($0) }
        for path in chosen where next == nil { try plan(path, &meter) }
        totals.rangeBytes = meter?.bytes ?? 0
        return try finish()
    }

    /// Walks one chosen path, as far as the range goes.
    private func plan(_ path: [UInt8], _ meter: inout RestoreRange.Meter?) throws {
        let from = options.range?.from ?? []
        if let first = from.isEmpty ? path : try tree.firstKey(under: path, from: from) { try addAncestors(of: first) }
        var stream = try tree.entries(under: path, from: from)
        var isThere = path.isEmpty || !from.isEmpty
        while let entry = try stream.next() {
            isThere = true
            if meter?.takes(entry) == false {
                next = entry.key
                return
            }
            if try !add(entry) { try stream.skipBelow() }
            if totals.entries & 255 == 0 { try run.planned(totals.entries) }
        }
        guard isThere else { throw Failure(.usage, .pathNotInSnapshot, object: printable(Entry.path(ofKey: path))) }
    }

    private func finish() throws -> RestorePlan {
        let records = PlanRecords(try self.records.file.map())
        let followers = try chooseFirstLinks(records)
        records.map.release()
        var cleaned: SpillMap?
        if let rows = try names?.finish() {
            let file = try SpillFile(in: spillFolders)
            while let row = rows.next() { try file.append(row) }
            cleaned = try file.map()
        }
        return RestorePlan(
            records: records, folders: try folders.map(), held: try held.map(), heldRecords: try heldRecords.map(), followers: followers,
            names: cleaned, pieces: pieces, totals: totals, next: next, isVaried: probe?.isVaried ?? false,
            hasDefaultACL: probe?.hasDefaultACL ?? false,
            spillFolders: spillFolders)
    }

    /// The first path of each group of hard links that is to be restored carries the content; the others
    /// are linked to it.
    private func chooseFirstLinks(_ records: PlanRecords) throws -> SpillMap {
        let rows = try links.finish()
        let followers = try SpillFile(in: spillFolders)
        var first: LinkRow?
        while let row = rows.next() {
            if let first, first.group == row.group {
                let header = records[row.record].header
                header.pointee.flags |= PlanFlags.follower
                header.pointee.held = first.record
                try followers.append(row.record)
            } else {
                first = row
                try countFirstLink(records[row.record])
            }
        }
        return try followers.map()
    }

    /// What `add` left out for a path of a group, because it was not known whether it carries the content.
    /// Files in pieces are counted when their pieces are.
    private func countFirstLink(_ record: PlanRecord) throws {
        guard record.disposition != .keep, record.header.pointee.heldCount == 0 else { return }
        if record.disposition == .fresh { totals.inodes += 1 }
        if record.disposition != .metadata {
            if record.kind == .file { totals.files += 1 } else { totals.others += 1 }
            totals.need(UInt64(record.header.pointee.payloadLength))
            if record.kind == .file { totals.write(UInt64(record.header.pointee.payloadLength)) }
        }
        try pieces.append(PlanPiece(record: record.offset))
    }

    func location(of id: Digest) -> BlobLocation? {
        if let lastLocation, lastLocation.id == id { return lastLocation.location }
        let location = reader.locate(id)
        lastLocation = (id, location)
        return location
    }

    /// Opens the walk at the target: its own record, and what is there now.
    private func beginTarget(_ chosen: [[UInt8]]) throws {
        let base = options.strip ? try tree.entry(at: chosen[0]) : nil
        // A chosen file keeps its name: it is its folder that becomes the target.
        let baseKey = options.strip ? base?.kind == .folder ? chosen[0] : Array(chosen[0][..<(chosen[0].lastIndex(of: 0) ?? 0)]) : []
        let own = base?.kind == .folder ? base : options.strip ? nil : try tree.entry(at: [])
        if let target { probe = try TargetProbe(root: target, end: baseKey.count) }
        let isCleaned = options.delete && own != nil && isRoot(baseKey)
        let entry = own ?? Entry(key: [], kind: .folder, mode: 0o700, uid: 0, gid: 0, mtime: Timestamp(seconds: 0))
        let (user, group) = (owners.user(entry), owners.group(entry))
        let record = try records.append(entry, nameStart: entry.key.count) { header in
            header.disposition = (target == nil ? Disposition.fresh : .keep).rawValue
            (header.uid, header.gid) = (user, group)
            if own == nil || (target != nil && options.overwrite == .never) { header.flags |= PlanFlags.bare }
            if target != nil { header.flags |= PlanFlags.existed }
            if !isCleaned { header.flags |= PlanFlags.notCleaned }
        }
        try folders.append(record)
        stack = [Level(end: baseKey.count, record: record, exists: target != nil, isCleaned: isCleaned)]
    }
}
