import Base
import CLinux
import Glibc
import Repository

/// Makes the further paths of files with several, once the first is there.
final class LinkMaker {
    private let context: RestoreContext
    // The two ends of a link may be far apart: each has its own folders open.
    private let firsts: FolderCache
    private let others: FolderCache
    private var made: UInt64 = 0

    init(_ context: RestoreContext) {
        self.context = context
        firsts = FolderCache(records: context.records, root: context.root)
        others = FolderCache(records: context.records, root: context.root)
    }

    func makeAll(_ followers: SpillMap) throws {
        for (i, offset) in followers.elements(UInt64.self).enumerated() {
            if i & 1023 == 0 { try context.run.check() }
            let record = context.records[offset]
            let first = context.records[record.header.pointee.held]
            if first.disposition == .keep || first.state & PlanState.done != 0 {
                _ = try context.attempt(record) { try link(record, to: first) }
            } else if let failure = context.report.failure(first.offset) {
                context.report.lost(failure, path: context.records.path(record))
            } else {
                context.report.problem(Failure(.partial, .cannotRestore(context.records.path(first)), object: context.records.path(record)))
            }
        }
        context.report.add { $0.links += made }
    }

    private func link(_ record: PlanRecord, to first: PlanRecord) throws {
        let from = try firsts.descriptor(first.header.pointee.parent)
        let to = try others.descriptor(record.header.pointee.parent)
        guard let wanted = try Beneath.status(from, first.name), wanted.mode & UInt16(S_IFMT) == record.kind.typeBits else {
            throw systemError(ENOENT)
        }
        if record.disposition != .fresh {
            if let there = try Beneath.status(to, record.name) {
                if there.ino == wanted.ino, there.dev_major == wanted.dev_major, there.dev_minor == wanted.dev_minor { return }
                try context.removeInTheWay(to, record.name)
            }
        }
        if linkat(from, first.name, to, record.name, 0) != 0 {
            // Too many links, or a file system without them: a copy has the same content.
            guard [EPERM, EMLINK, EXDEV, EOPNOTSUPP].contains(errno), record.kind == .file else { throw SystemError.last() }
            try copy(from, first, to, record)
        }
        made += 1
    }

    private func copy(_ from: Int32, _ first: PlanRecord, _ to: Int32, _ record: PlanRecord) throws {
        let source = File(descriptor: try Beneath.open(from, first.name, O_RDONLY | O_NONBLOCK))
        let mode = context.metadata.creationMode(record)
        let target = File(descriptor: try Beneath.open(to, record.name, O_WRONLY | O_CREAT | O_EXCL, mode: mode))
        do {
            try retrying { ftruncate(target.descriptor, Int(record.size)) }
            try copyData(source, target)
        } catch {
            unlinkat(to, record.name, 0)
            throw error
        }
        context.metadata.finish(new: target.descriptor, record, mode: mode)
    }

    private func copyData(_ source: File, _ target: File) throws {
        let buffer = Buffer(capacity: 1 << 20)
        var at: Int64 = 0
        while true {
            let data = clinux_seek_data(source.descriptor, at)
            if data < 0, errno == ENXIO { return }
            at = data < 0 ? at : data
            let n = try source.read(at: at, into: buffer.space)
            if n == 0 { return }
            try target.write(UnsafeRawBufferPointer(start: buffer.base, count: n), at: at)
            at += Int64(n)
        }
    }
}
