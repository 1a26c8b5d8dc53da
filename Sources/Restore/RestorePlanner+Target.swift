import Base
import CLinux
import Glibc
import Repository

extension RestorePlanner {
    /// A file of ours that is not finished: a bit that means nothing on a file, and no rights for others.
    /// It tells an interrupted restore from a file that somebody made.
    static let unfinishedMode: UInt32 = 0o1600

    /// What to do about a path that is no folder, given what is there.
    func disposition(
        _ entry: Entry, _ nameStart: Int, _ status: clinux_stat?, _ user: UInt32, _ group: UInt32, _ flags: inout UInt16
    ) -> Disposition {
        guard let status else { return .fresh }
        let isSameKind = status.mode & UInt16(S_IFMT) == entry.kind.typeBits
        if isSameKind { flags |= PlanFlags.existed }
        if entry.kind != .file {
            guard isSameKind, isSame(entry, nameStart, status) else { return .replace }
            return hasMetadata(entry, status, user, group) && hasTime(entry, status) ? .keep : .metadata
        }
        if isSameKind, options.overwrite == .changed, status.size == entry.size, hasTime(entry, status) {
            return hasMetadata(entry, status, user, group) ? .keep : .metadata
        }
        // A small file is replaced at one go, once its content is at hand.
        guard entry.content.chunkCount > 1 else { return .replace }
        if isSameKind, status.nlink == 1 {
            return UInt32(status.mode & 0o7777) == Self.unfinishedMode && status.uid == geteuid() ? .partial : .update
        }
        flags |= PlanFlags.newInode
        flags &= ~PlanFlags.existed
        return .update
    }

    /// Whether what is no file is what the entry says, but for its metadata.
    private func isSame(_ entry: Entry, _ nameStart: Int, _ status: clinux_stat) -> Bool {
        switch entry.kind {
        case .symlink: probe?.isLink(entry.key, nameStart: nameStart, to: entry.linkTarget) ?? false
        case .charDevice, .blockDevice: status.rdev_major == entry.major && status.rdev_minor == entry.minor
        default: true
        }
    }

    private func hasTime(_ entry: Entry, _ status: clinux_stat) -> Bool {
        status.mtime_sec == entry.mtime.seconds && status.mtime_nsec == entry.mtime.nanoseconds
    }

    private func hasMetadata(_ entry: Entry, _ status: clinux_stat, _ user: UInt32, _ group: UInt32) -> Bool {
        (entry.kind == .symlink || status.mode & 0o7777 == entry.mode) && (user == .max || status.uid == user)
            && (group == .max || status.gid == group)
    }
}

extension Entry.Kind {
    /// The S_IF bits of st_mode.
    var typeBits: UInt16 {
        switch self {
        case .file: UInt16(S_IFREG)
        case .folder: UInt16(S_IFDIR)
        case .symlink: UInt16(S_IFLNK)
        case .fifo: UInt16(S_IFIFO)
        case .socket: UInt16(S_IFSOCK)
        case .charDevice: UInt16(S_IFCHR)
        case .blockDevice: UInt16(S_IFBLK)
        }
    }
}
