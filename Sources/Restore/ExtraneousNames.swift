import Base
import CLinux
import Glibc
import Repository

/// Removes from the restored folders the names that the snapshot does not have. It stays within folders that
/// were backed up wholly and on their file system, and follows no link.
final class ExtraneousNames {
    private let context: RestoreContext
    private let names: UnsafeMutableBufferPointer<NameRow>
    private let folders: FolderCache
    private var removed: UInt64 = 0

    init(_ context: RestoreContext, names: SpillMap) {
        self.context = context
        self.names = names.elements(NameRow.self)
        folders = FolderCache(records: context.records, root: context.root)
    }

    func removeAll(from list: SpillMap) throws {
        defer { context.report.add { $0.removed += removed } }
        for offset in list.elements(UInt64.self) {
            let record = context.records[offset]
            if record.has(PlanFlags.notCleaned) { continue }
            _ = try context.attempt(record) { try clean(record) }
        }
    }

    private func clean(_ record: PlanRecord) throws {
        let path = try folders.descriptor(record.offset)
        let folder = File(descriptor: try retrying { clinux_openat(path, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) })
        while true {
            try context.run.check()
            // Not while listing: what a listing shows after changes is nobody's promise.
            var found: [[UInt8]] = []
            var isWhole = true
            lseek(folder.descriptor, 0, SEEK_SET)
            do {
                try folder.forEachEntry { entry in
                    guard !isKnown(entry.name, in: record.offset) else { return }
                    found.append(entry.name)
                    if found.count == 4096 { throw Enough() }
                }
            } catch is Enough { isWhole = false }
            var progress = false
            for name in found { if remove(name, from: folder, record) { progress = true } }
            if isWhole || !progress { return }
        }
    }

    private func isKnown(_ name: [UInt8], in folder: UInt64) -> Bool {
        let wanted = name.withUnsafeBytes { NameRow(folder: folder, name: $0) }
        var low = 0
        var high = names.count
        while low < high {
            let middle = (low + high) / 2
            if names[middle] < wanted { low = middle + 1 } else { high = middle }
        }
        return low < names.count && !(wanted < names[low])
    }

    private func remove(_ name: [UInt8], from folder: File, _ record: PlanRecord) -> Bool {
        do {
            try RawName(name).withCString { try FolderRemoval.removeAny(folder.descriptor, $0) }
            removed += 1
            return true
        } catch {
            let reason = (error as? SystemError)?.reason ?? "\(error)"
            let path = context.records.path(record)
            context.report.problem(Failure(.partial, .notRemoved(reason), object: path + "/" + printable(name)))
            return false
        }
    }

    private struct Enough: Error {}
}
