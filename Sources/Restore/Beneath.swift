import Base
import CLinux
import Glibc
import Synchronization

/// Calls on one name in a folder that is held open: nothing outside the target can be reached with them,
/// whatever links the target or the snapshot hold. Names have no slash; the planner has seen to that.
enum Beneath {
    // Some containers forbid openat2, with ENOSYS or EPERM.
    private static let lacksOpenat2 = Atomic<Bool>(false)

    /// Opens `name`, never a link. Throws `SystemError`.
    static func open(_ folder: Int32, _ name: UnsafePointer<CChar>, _ flags: Int32, mode: UInt32 = 0) throws -> Int32 {
        let flags = flags | O_NOFOLLOW | O_CLOEXEC
        while !lacksOpenat2.load(ordering: .relaxed) {
            let descriptor = clinux_openat2_beneath(folder, name, flags, mode)
            if descriptor >= 0 { return descriptor }
            if errno == EINTR || errno == EAGAIN { continue }
            if errno != ENOSYS && errno != EPERM { throw SystemError.last() }
            let isForbidden = errno == ENOSYS
            // One name without a slash and no link followed is as safe by openat.
            let plain = try retrying { clinux_openat(folder, name, flags, mode) }
            if isForbidden || plain >= 0 { lacksOpenat2.store(true, ordering: .relaxed) }
            return plain
        }
        return try retrying { clinux_openat(folder, name, flags, mode) }
    }

    static func status(_ folder: Int32, _ name: UnsafePointer<CChar>) throws -> clinux_stat? {
        var status = clinux_stat()
        do { try retrying { clinux_statx(folder, name, &status) } } catch let error as SystemError where error.code == ENOENT { return nil }
        return status
    }

    /// Writes all of `bytes` at the current position.
    static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws {
        var done = 0
        while done < bytes.count { done += Int(try retrying { Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done) }) }
    }

    static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
        var done = 0
        while done < bytes.count {
            done += Int(try retrying { pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, Int(offset) + done) })
        }
    }

    /// Up to `into.count` bytes at `offset`; fewer only at the end of the file.
    static func read(_ descriptor: Int32, at offset: Int64, into: UnsafeMutableRawBufferPointer) throws -> Int {
        var done = 0
        while done < into.count {
            let n = Int(try retrying { pread(descriptor, into.baseAddress! + done, into.count - done, Int(offset) + done) })
            if n == 0 { break }
            done += n
        }
        return done
    }
}

/// Folders of the target held open by one thread, found by their records. However deep a folder is, it is
/// reached name by name from the nearest one that is open: no path is ever too long.
final class FolderCache {
    private let records: PlanRecords
    private let root: File
    private var keys: [UInt64]
    private var descriptors: [Int32]
    private let mask: Int

    /// `size`: folders held open, a power of two.
    init(records: PlanRecords, root: File, size: Int = 128) {
        self.records = records
        self.root = root
        keys = Array(repeating: .max, count: size)
        descriptors = Array(repeating: -1, count: size)
        mask = size - 1
    }

    deinit { for descriptor in descriptors where descriptor >= 0 { close(descriptor) } }

    private func slot(_ record: UInt64) -> Int { Int(truncatingIfNeeded: (record &* 0x9E37_79B9_7F4A_7C15) >> 40) & mask }

    /// The folder of `record`, open for what `*at` calls need; valid until the next call.
    func descriptor(_ record: UInt64) throws -> Int32 {
        if record == PlanRecord.root { return root.descriptor }
        let slot = slot(record)
        if keys[slot] == record { return descriptors[slot] }
        return try open(record)
    }

    private func open(_ record: UInt64) throws -> Int32 {
        var missing: [UInt64] = []
        var at = record
        while at != PlanRecord.root, keys[slot(at)] != at {
            missing.append(at)
            at = records[at].header.pointee.parent
        }
        var descriptor = at == PlanRecord.root ? root.descriptor : descriptors[slot(at)]
        for each in missing.reversed() {
            let next = try Beneath.open(descriptor, records[each].name, TargetProbe.folderFlags)
            let slot = slot(each)
            if descriptors[slot] >= 0 { close(descriptors[slot]) }
            (keys[slot], descriptors[slot]) = (each, next)
            descriptor = next
        }
        return descriptor
    }
}

/// The error of a system call that was not made, or not by us.
func systemError(_ code: Int32) -> SystemError {
    errno = code
    return .last()
}
