import Base
import CLinux
import Codec
import Glibc
import Repository

/// Compares what a snapshot says with what is in a folder, reading every byte of it from there.
///
/// It follows no link, changes nothing, and names paths in `details` only. Memory does not grow with the tree, but for 32
/// bytes for each group of hard links, `groupLimit` of them at most.
package final class SnapshotComparison {
    /// What the folder is.
    package enum Subject: Sendable {
        /// Restored by this process: everything must be as the snapshot says, but for what `Rights` does not allow.
        case restored
        /// The source itself: files whose size and time are as in the snapshot must have its content.
        case live
    }

    package struct Result: Sendable, Equatable {
        /// Entries that were compared, and the bytes read of them.
        package var compared: UInt64 = 0
        package var bytes: UInt64 = 0
        package var differing: UInt64 = 0
        /// Live: files that changed since, or are gone.
        package var changed: UInt64 = 0
        /// Live: files that this process may not read.
        package var unread: UInt64 = 0
        package var lacking = RestoreSheet.Lacking()

        package init() {}

        package mutating func add(_ other: Result) {
            compared += other.compared
            bytes = bytes.saturating(other.bytes)
            differing += other.differing
            changed += other.changed
            unread += other.unread
        }
    }

    private static let groupLimit = 1 << 20
    private static let detailLimit = 1000

    private let tree: TreeReader
    private let base: [UInt8]
    private let subject: Subject
    private let rights: Rights
    private let check: () throws -> Void
    private let content: FileContentCheck
    private var probe: TargetProbe
    /// Lengths of the keys of the folders that the probe has pushed.
    private var ends: [Int]
    private var lastKey: [UInt8] = []
    private var owners = OwnerMap(.byName)
    private var inodes: [UInt64: (inode: UInt64, device: UInt64)] = [:]
    private var result = Result()
    /// Each path that differs, with the reason; a thousand at most.
    package private(set) var details: [Failure] = []

    /// `folder`: where the entry of the key `base` is. `check` is asked often and may throw to end it.
    package init(
        reader: BlobReader, root: Digest, folder: File, base: [UInt8] = [], as subject: Subject, rights: Rights = .current(),
        check: @escaping () throws -> Void = {}
    ) throws {
        tree = TreeReader(source: reader, root: root)
        self.subject = subject
        self.rights = rights
        self.check = check
        content = FileContentCheck(reader: reader, tree: tree)
        probe = try TargetProbe(root: folder, end: base.count)
        ends = [base.count]
        self.base = base
    }

    /// Compares the entries of `prefix` and below it that are in `range`. Throws what reading the snapshot throws, and
    /// what `check` does; never for what is in the folder.
    package func compare(under prefix: [UInt8] = [], _ range: RestoreRange = RestoreRange()) throws -> Result {
        var stream = try tree.entries(under: prefix, from: range.from)
        var meter = RestoreRange.Meter(range)
        while let entry = try stream.next(), meter.takes(entry) {
            // The folder itself: what is in it counts.
            if entry.key.count <= ends[0] { continue }
            try check()
            try compare(entry)
        }
        return result
    }

    private func compare(_ entry: Entry) throws {
        let nameStart = enter(entry.key)
        let status = probe.status(entry.key, nameStart: nameStart)
        if subject == .live {
            if entry.kind == .file { try compareLive(entry, nameStart, status) }
            return
        }
        result.compared += 1
        guard let status else {
            if entry.kind == .charDevice || entry.kind == .blockDevice, !rights.makesDevices {
                result.lacking.devices += 1
                return
            }
            return differs(entry, "missing")
        }
        guard status.mode & UInt16(S_IFMT) == entry.kind.typeBits else { return differs(entry, "kind") }
        if let difference = metadata(entry, nameStart, status) { return differs(entry, difference) }
        if entry.kind == .folder, status.mode & 0o500 != 0o500, status.uid == geteuid(), status.uid != 0 {
            // A folder that its owner may not enter: its mode was compared, now what is below is.
            probe.change(mode: 0o700, entry.key, nameStart: nameStart)
        }
        guard entry.kind == .file else { return }
        guard let file = open(entry, nameStart, status) else { return differs(entry, "unreadable") }
        guard try content.isSame(entry, file, check) else { return differs(entry, "content") }
        result.bytes = result.bytes.saturating(entry.size)
    }

    /// Opens a restored file; one that its owner may not read gets the right for as long as that takes.
    private func open(_ entry: Entry, _ nameStart: Int, _ status: clinux_stat) -> File? {
        if let file = try? probe.open(entry.key, nameStart: nameStart) { return file }
        guard status.uid == geteuid() else { return nil }
        probe.change(mode: 0o600, entry.key, nameStart: nameStart)
        defer { probe.change(mode: UInt32(status.mode & 0o7777), entry.key, nameStart: nameStart) }
        return try? probe.open(entry.key, nameStart: nameStart)
    }

    /// Follows the walk with the probe; where the name of `key` begins.
    private func enter(_ key: [UInt8]) -> Int {
        let shared = lastKey.commonPrefix(with: key)
        while ends.count > 1, let end = ends.last, !(end <= shared && end < key.count && key[end] == 0) { ends.removeLast() }
        probe.pop(to: ends.count)
        let nameStart = (key.lastIndex(of: 0) ?? -1) + 1
        var at = ends[ends.count - 1] == 0 ? 0 : ends[ends.count - 1] + 1
        while at < nameStart {
            if key[at] == 0 {
                probe.push(end: at)
                ends.append(at)
            }
            at += 1
        }
        lastKey = key
        return nameStart
    }

    private func differs(_ entry: Entry, _ what: String) {
        result.differing += 1
        if details.count < Self.detailLimit { details.append(Failure(.damaged, .testDiffers(what), object: printable(entry.path))) }
    }

    // MARK: what was restored

    /// What of size, owner, mode, time, target, attributes and links is not as it should be; nil for nothing.
    private func metadata(_ entry: Entry, _ nameStart: Int, _ status: clinux_stat) -> String? {
        if entry.kind == .file, status.size != entry.size { return "size" }
        if status.mtime_sec != entry.mtime.seconds || status.mtime_nsec != entry.mtime.nanoseconds { return "time" }
        if entry.kind == .symlink, !probe.isLink(entry.key, nameStart: nameStart, to: entry.linkTarget) { return "target" }
        let user = owners.user(entry)
        let group = owners.group(entry)
        let hasOwner = status.uid == user && status.gid == group
        if !hasOwner {
            if rights.givesAway { return "owner" }
            result.lacking.owners += 1
        }
        if entry.kind != .symlink, status.mode & 0o7777 != entry.mode {
            // Set-id bits are not given to another's program.
            guard !hasOwner, (status.mode ^ entry.mode) & 0o1777 == 0, status.mode & 0o6000 & ~entry.mode == 0 else { return "mode" }
            result.lacking.modes += 1
        }
        if entry.kind == .charDevice || entry.kind == .blockDevice, status.rdev_major != entry.major || status.rdev_minor != entry.minor {
            return "device"
        }
        return attributes(entry, nameStart) ?? links(entry, status)
    }

    private func attributes(_ entry: Entry, _ nameStart: Int) -> String? {
        var isLacking = false
        for attribute in entry.xattrs {
            do {
                guard try probe.attribute(entry.key, nameStart: nameStart, attribute.name) == attribute.value else { return "attribute" }
            } catch {
                // This file system takes none, or this process may not set such a one.
                let code = (error as? SystemError)?.code ?? 0
                guard code == EOPNOTSUPP || !rights.sets(attribute.name) else { return "attribute" }
                isLacking = true
            }
        }
        if isLacking { result.lacking.attributes += 1 }
        return nil
    }

    private func links(_ entry: Entry, _ status: clinux_stat) -> String? {
        guard let group = entry.linkGroup else { return nil }
        let device = UInt64(status.dev_major) << 32 | UInt64(status.dev_minor)
        if let first = inodes[group] { return first == (status.ino, device) ? nil : "link" }
        if inodes.count < Self.groupLimit { inodes[group] = (status.ino, device) }
        return nil
    }

    // MARK: the source

    private func compareLive(_ entry: Entry, _ nameStart: Int, _ status: clinux_stat?) throws {
        guard Self.isUnchanged(entry, status) else {
            result.changed += 1
            return
        }
        let file: File
        do { file = try probe.open(entry.key, nameStart: nameStart) } catch {
            result.unread += 1
            return
        }
        let isSame = try content.isSame(entry, file, check)
        // Written to while it was read: not the same file any more.
        guard Self.isUnchanged(entry, probe.status(entry.key, nameStart: nameStart)) else {
            result.changed += 1
            return
        }
        result.compared += 1
        if !isSame { return differs(entry, "source") }
        result.bytes = result.bytes.saturating(entry.size)
    }

    private static func isUnchanged(_ entry: Entry, _ status: clinux_stat?) -> Bool {
        guard let status, status.mode & UInt16(S_IFMT) == UInt16(S_IFREG) else { return false }
        return status.size == entry.size && status.mtime_sec == entry.mtime.seconds && status.mtime_nsec == entry.mtime.nanoseconds
    }
}
