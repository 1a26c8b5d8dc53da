import Base
import CLinux
import Glibc
import Repository

/// Makes the folders before their content, and gives them their metadata after it.
struct FolderMaker {
    let context: RestoreContext
    let folders: UnsafeMutableBufferPointer<UInt64>
    private let cache: FolderCache

    init(_ context: RestoreContext, folders: SpillMap) {
        self.context = context
        self.folders = folders.elements(UInt64.self)
        cache = FolderCache(records: context.records, root: context.root)
    }

    /// In the order of paths, each above before what is below. One that cannot be made is reported; what is
    /// below it will be too.
    func makeAll() throws {
        var made: UInt64 = 0
        for (i, offset) in folders.enumerated() where offset != PlanRecord.root {
            if i & 1023 == 0 { try context.run.check() }
            let record = context.records[offset]
            if record.has(PlanFlags.closed), let parent = try? cache.descriptor(record.header.pointee.parent) {
                _ = MetadataWriter.chmod(parent, record.name, 0o700)
            }
            guard record.disposition != .keep else { continue }
            let isDone = try context.attempt(record) {
                let parent = try cache.descriptor(record.header.pointee.parent)
                if record.disposition == .replace { try context.removeInTheWay(parent, record.name) }
                try retrying { mkdirat(parent, record.name, 0o700) }
                if context.metadata.traits.hasDefaultACL { try removeInheritedACLs(record, in: parent) }
            }
            if isDone { made += 1 } else { record.set(PlanState.failed) }
        }
        context.report.add { $0.folders += made }
    }

    /// Once gone here, nothing below inherits them.
    private func removeInheritedACLs(_ record: PlanRecord, in parent: Int32) throws {
        let folder = File(descriptor: try Beneath.open(parent, record.name, O_RDONLY | O_DIRECTORY))
        clinux_removexattr(folder.descriptor, "system.posix_acl_default")
        clinux_removexattr(folder.descriptor, "system.posix_acl_access")
    }

    /// The deepest first: the rights of a folder are taken away only when nothing is left to do below it.
    func finishAll() throws {
        for offset in folders.reversed() {
            let record = context.records[offset]
            guard !record.has(PlanFlags.bare), record.state & PlanState.failed == 0 else { continue }
            _ = try context.attempt(record) {
                if offset == PlanRecord.root { return try finish(record, try File.open(".", in: context.root, O_RDONLY | O_DIRECTORY)) }
                let parent = try cache.descriptor(record.header.pointee.parent)
                do {
                    try finish(record, File(descriptor: try Beneath.open(parent, record.name, O_RDONLY | O_DIRECTORY)))
                } catch let error as SystemError where error.code == EACCES {
                    // An own folder without rights: by its name.
                    context.metadata.finish(named: parent, record)
                }
            }
        }
    }

    private func finish(_ record: PlanRecord, _ folder: File) throws { context.metadata.finish(existing: folder.descriptor, record) }
}
