import Base
import CLinux
import Glibc
import Repository

extension RestoreWorker {
    /// Makes a file whose content is all here: created, written, given its metadata and closed at once.
    func writeWhole(_ record: PlanRecord, _ data: UnsafeRawBufferPointer) throws {
        let isDone = try context.attempt(record) {
            let folder = try folders.descriptor(record.header.pointee.parent)
            if record.disposition == .replace { try context.removeInTheWay(folder, record.name) }
            let mode = context.metadata.creationMode(record)
            let descriptor = try Beneath.open(folder, record.name, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
            defer { close(descriptor) }
            do {
                try fill(descriptor, record, data)
            } catch {
                unlinkat(folder, record.name, 0)
                throw error
            }
            context.metadata.finish(new: descriptor, record, mode: mode)
        }
        if isDone { done(record, bytes: data.count) }
    }

    private func fill(_ descriptor: Int32, _ record: PlanRecord, _ data: UnsafeRawBufferPointer) throws {
        if record.header.pointee.holeCount == 0 {
            if data.count > 0 { try Beneath.write(descriptor, data) }
            return
        }
        try retrying { ftruncate(descriptor, Int(record.size)) }
        try record.forEachSegment(position: 0, count: data.count) { offset, range in
            try Beneath.write(descriptor, UnsafeRawBufferPointer(rebasing: data[range]), at: offset)
        }
    }

    func done(_ record: PlanRecord, bytes count: Int = 0) {
        if record.has(PlanFlags.linked) { record.set(PlanState.done) }
        bytes += UInt64(count)
        if record.kind == .file { files += 1 } else { others += 1 }
    }

    /// Makes a path that needs no blob.
    func make(_ record: PlanRecord) throws {
        if record.disposition == .metadata {
            let isDone = try context.attempt(record) {
                context.metadata.finish(named: try folders.descriptor(record.header.pointee.parent), record)
            }
            // Its content was right: it counts as such already.
            if isDone, record.has(PlanFlags.linked) { record.set(PlanState.done) }
            return
        }
        if record.kind == .file {
            if record.disposition == .partial || record.disposition == .update { return try finishFile(record) }
            return try writeWhole(record, record.payload)
        }
        let isDone = try context.attempt(record) {
            let folder = try folders.descriptor(record.header.pointee.parent)
            if record.disposition == .replace { try context.removeInTheWay(folder, record.name) }
            try makeNode(record, in: folder)
            context.metadata.finish(named: folder, record)
        }
        if isDone { done(record) }
    }

    private func makeNode(_ record: PlanRecord, in folder: Int32) throws {
        let header = record.header.pointee
        switch record.kind {
        case .symlink:
            try retrying { symlinkat(record.linkTarget, folder, record.name) }
        case .charDevice, .blockDevice:
            do {
                try retrying { clinux_mknodat(folder, record.name, UInt32(record.kind.typeBits) | 0o600, header.major, header.minor) }
            } catch let error as SystemError where error.code == EPERM {
                throw Failure(.partial, .deviceNotAllowed)
            }
        default:
            try retrying { clinux_mknodat(folder, record.name, UInt32(record.kind.typeBits) | 0o600, 0, 0) }
        }
    }
}
