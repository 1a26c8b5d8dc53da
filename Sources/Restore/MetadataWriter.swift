import Base
import CLinux
import Glibc
import Synchronization

/// Gives files their owner, attributes, mode and time, in this order: a change of owner clears set-id bits
/// and capabilities, an ACL changes the mode, and all of it but the time touches no time that counts.
///
/// What cannot be set is reported, and the file stays. Any thread.
final class MetadataWriter: Sendable {
    private static let omitTime = Int((1 << 30) - 2)
    private static let accessACL = "system.posix_acl_access"

    let traits: TargetTraits
    private let keepsOwnOwner: Bool
    private let records: PlanRecords
    private let report: RestoreReport
    /// Giving files away was refused once; asking each time would only cost.
    private let mayNotGive = Atomic<Bool>(false)

    init(traits: TargetTraits, options: RestoreOptions, records: PlanRecords, report: RestoreReport) {
        self.traits = traits
        keepsOwnOwner = options.keepsOwnOwner
        self.records = records
        self.report = report
    }

    /// The mode to make a file with: its own where that is granted and nothing more is to come, otherwise
    /// one that nobody else can use.
    func creationMode(_ record: PlanRecord) -> UInt32 {
        let mode = record.mode
        return mode & ~traits.granted == 0 && record.header.pointee.attributeCount == 0 ? mode : 0o600
    }

    /// For a file that this restore has just made with `mode`.
    func finish(new descriptor: Int32, _ record: PlanRecord, mode created: UInt32) {
        let header = record.header.pointee
        var mode = record.mode
        if traits.isVaried || (header.uid != .max && header.uid != traits.uid) || (header.gid != .max && header.gid != traits.gid) {
            mode = setOwner(record, uid: traits.isVaried ? nil : traits.uid, gid: traits.isVaried ? nil : traits.gid) { fchown(descriptor, $0, $1) }
        }
        if traits.hasDefaultACL { clinux_removexattr(descriptor, Self.accessACL) }
        if header.attributeCount > 0 { setAttributes(record) { clinux_setxattr(descriptor, $0, $1, $2) } }
        if mode != created || traits.granted & created != created { setMode(record) { fchmod(descriptor, mode) } }
        setTime(descriptor, record)
    }

    /// For an open file or folder that was there before, or may have been changed by what was made in it.
    func finish(existing descriptor: Int32, _ record: PlanRecord) {
        var status = clinux_stat()
        guard clinux_fstatx(descriptor, &status) == 0 else { return problem(record, .modeNotSet(SystemError.last().reason)) }
        let mode = setOwner(record, uid: status.uid, gid: status.gid) { fchown(descriptor, $0, $1) }
        removeAttributes(descriptor, record)
        if record.header.pointee.attributeCount > 0 { setAttributes(record) { clinux_setxattr(descriptor, $0, $1, $2) } }
        // A change of owner may have cleared bits since the status was taken.
        clinux_fstatx(descriptor, &status)
        if UInt32(status.mode & 0o7777) != mode { setMode(record) { fchmod(descriptor, mode) } }
        setTime(descriptor, record)
    }

    /// For what cannot be opened like a file: links, pipes, sockets, devices; and files right but for this.
    func finish(named folder: Int32, _ record: PlanRecord) {
        var status = clinux_stat()
        guard clinux_statx(folder, record.name, &status) == 0, status.mode & UInt16(S_IFMT) == record.kind.typeBits else {
            return problem(record, .modeNotSet(systemError(ENOENT).reason))
        }
        let mode = setOwner(record, uid: status.uid, gid: status.gid) { fchownat(folder, record.name, $0, $1, AT_SYMLINK_NOFOLLOW) }
        if record.header.pointee.attributeCount > 0 {
            // There is no lsetxattrat; the folder's own descriptor makes a path that is short and safe.
            let path = RawName(Array("/proc/self/fd/\(folder)/".utf8) + record.nameBytes)
            setAttributes(record) { name, value, count in path.withCString { clinux_lsetxattr($0, name, value, count) } }
        }
        if record.kind != .symlink { setMode(record) { Self.chmod(folder, record.name, mode) } }
        let header = record.header.pointee
        if clinux_set_mtime(folder, record.name, AT_SYMLINK_NOFOLLOW, header.seconds, header.nanoseconds) != 0 {
            problem(record, .timeNotSet(SystemError.last().reason))
        }
    }

    /// chmod(2) that follows no link: through a descriptor of the very inode.
    static func chmod(_ folder: Int32, _ name: UnsafePointer<CChar>, _ mode: UInt32) -> Int32 {
        if clinux_chmod(folder, name, mode) == 0 { return 0 }
        guard errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM else { return -1 }
        let descriptor = clinux_openat(folder, name, TargetProbe.pathOnly | O_NOFOLLOW | O_CLOEXEC, 0)
        guard descriptor >= 0 else { return -1 }
        defer { close(descriptor) }
        return Glibc.chmod("/proc/self/fd/\(descriptor)", mode)
    }

    // MARK: each of them

    /// Returns the mode that may be given then: a program must not run as somebody it was not made for.
    private func setOwner(_ record: PlanRecord, uid: UInt32?, gid: UInt32?, _ change: (UInt32, UInt32) -> Int32) -> UInt32 {
        let header = record.header.pointee
        let user = header.uid == uid ? UInt32.max : header.uid
        let group = header.gid == gid ? UInt32.max : header.gid
        if user == .max, group == .max { return record.mode }
        var code = EPERM
        if user == .max || !mayNotGive.load(ordering: .relaxed) {
            if change(user, group) == 0 { return record.mode }
            code = errno
            if user != .max, code == EPERM { mayNotGive.store(true, ordering: .relaxed) }
        }
        ownerKept(record, code)
        // A group that one belongs to may be given without the user.
        let hasGroup = group == .max || (user != .max && change(.max, group) == 0)
        let mode = user == .max ? record.mode : record.mode & ~0o4000
        return hasGroup || record.kind == .folder ? mode : mode & ~0o2000
    }

    private func ownerKept(_ record: PlanRecord, _ code: Int32) {
        if keepsOwnOwner, code == EPERM { return report.add { $0.ownersKept += 1 } }
        problem(record, .ownerNotSet(systemError(code).reason))
    }

    private func setAttributes(_ record: PlanRecord, _ set: (UnsafePointer<CChar>, UnsafeRawPointer?, Int) -> Int32) {
        record.forEachAttribute { name, value in
            if set(name, value.baseAddress, value.count) != 0 {
                let reason = SystemError.last().reason
                problem(record, .attributeNotSet(printable(UnsafeRawBufferPointer(start: name, count: strlen(name))), reason))
            }
        }
    }

    /// Removes the attributes that the snapshot does not have, of the kinds that people set.
    private func removeAttributes(_ descriptor: Int32, _ record: PlanRecord) {
        let count = clinux_listxattr(descriptor, nil, 0)
        guard count > 0 else { return }
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 4096) { list in
            let count = clinux_listxattr(descriptor, list.baseAddress, list.count)
            var at = 0
            while at < count {
                let name = list.baseAddress! + at
                at += strlen(name) + 1
                guard strncmp(name, "user.", 5) == 0 || strncmp(name, "system.posix_acl_", 17) == 0 else { continue }
                var isKept = false
                record.forEachAttribute { wanted, _ in if strcmp(wanted, name) == 0 { isKept = true } }
                if !isKept { clinux_removexattr(descriptor, name) }
            }
        }
    }

    private func setMode(_ record: PlanRecord, _ set: () -> Int32) {
        if set() != 0 { problem(record, .modeNotSet(SystemError.last().reason)) }
    }

    private func setTime(_ descriptor: Int32, _ record: PlanRecord) {
        let header = record.header.pointee
        var times = (timespec(tv_sec: 0, tv_nsec: Self.omitTime), timespec(tv_sec: Int(header.seconds), tv_nsec: Int(header.nanoseconds)))
        let status = withUnsafeBytes(of: &times) { futimens(descriptor, $0.bindMemory(to: timespec.self).baseAddress) }
        if status != 0 { problem(record, .timeNotSet(SystemError.last().reason)) }
    }

    private func problem(_ record: PlanRecord, _ message: Message) {
        report.problem(Failure(.partial, message, object: records.path(record)))
    }
}
