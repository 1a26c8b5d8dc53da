import Base
import CLinux
import Glibc
import Repository

/// Unfinished files held open by one thread. A file that falls out is opened again when its next piece
/// comes; another thread may have it open as well.
final class OpenFiles {
    private static let size = 32
    private var keys = Array(repeating: UInt64.max, count: size)
    private var descriptors = Array(repeating: Int32(-1), count: size)

    deinit { closeAll() }

    private func slot(_ record: UInt64) -> Int { Int(truncatingIfNeeded: (record &* 0x9E37_79B9_7F4A_7C15) >> 40) & (Self.size - 1) }

    func descriptor(_ record: UInt64) -> Int32? {
        let slot = slot(record)
        return keys[slot] == record ? descriptors[slot] : nil
    }

    /// Keeps `descriptor` open until its place is needed.
    func keep(_ descriptor: Int32, _ record: UInt64) {
        let slot = slot(record)
        if descriptors[slot] >= 0 { close(descriptors[slot]) }
        (keys[slot], descriptors[slot]) = (record, descriptor)
    }

    func drop(_ record: UInt64) {
        let slot = slot(record)
        guard keys[slot] == record else { return }
        close(descriptors[slot])
        (keys[slot], descriptors[slot]) = (.max, -1)
    }

    func closeAll() {
        for slot in 0..<Self.size where descriptors[slot] >= 0 {
            close(descriptors[slot])
            (keys[slot], descriptors[slot]) = (.max, -1)
        }
    }
}

extension RestoreWorker {
    /// Writes a piece of a file in several, under its own name: until its last step the file's mode tells that
    /// it is not finished.
    func writePart(_ record: PlanRecord, _ data: UnsafeRawBufferPointer, at position: UInt64) throws {
        if record.state & PlanState.failed == 0 {
            let isDone = try context.attempt(record) {
                let descriptor = try unfinished(record)
                try record.forEachSegment(position: position, count: data.count) { offset, range in
                    try Beneath.write(descriptor, UnsafeRawBufferPointer(rebasing: data[range]), at: offset)
                }
            }
            if isDone { bytes += UInt64(data.count) } else { record.set(PlanState.failed) }
        }
        try finishPiece(record)
    }

    func writeWaiting(_ record: PlanRecord, _ data: UnsafeRawBufferPointer, at position: UInt64) throws {
        do { try context.waiting.write(data, at: Int64(position)) } catch let error as SystemError {
            throw error.failure(.failed, "write", object: records.path(record))
        }
        bytes += UInt64(data.count)
        try finishPiece(record)
    }

    func finishPiece(_ record: PlanRecord) throws {
        if record.finishPiece() { try finishFile(record) }
    }

    /// The unfinished file, made or prepared by whichever thread comes first.
    private func unfinished(_ record: PlanRecord) throws -> Int32 {
        if let known = openFiles.descriptor(record.offset) { return known }
        let folder = try folders.descriptor(record.header.pointee.parent)
        let descriptor: Int32
        if record.beginPreparing() {
            do { descriptor = try prepare(record, in: folder) } catch {
                record.set(PlanState.failed)
                throw error
            }
            record.set(PlanState.ready)
        } else {
            while record.state & (PlanState.ready | PlanState.failed) == 0 { sched_yield() }
            // The other thread has reported why.
            guard record.state & PlanState.ready != 0 else { throw Skipped() }
            descriptor = try Beneath.open(folder, record.name, O_WRONLY)
        }
        openFiles.keep(descriptor, record.offset)
        return descriptor
    }

    private func prepare(_ record: PlanRecord, in folder: Int32) throws -> Int32 {
        if record.disposition == .partial {
            let descriptor = try Beneath.open(folder, record.name, O_WRONLY | O_NONBLOCK)
            do { try fit(descriptor, record) } catch {
                close(descriptor)
                throw error
            }
            return descriptor
        }
        if record.disposition == .replace { try context.removeInTheWay(folder, record.name) }
        let descriptor = try Beneath.open(folder, record.name, O_WRONLY | O_CREAT | O_EXCL, mode: RestorePlanner.unfinishedMode)
        do { try retrying { ftruncate(descriptor, Int(record.size)) } } catch {
            close(descriptor)
            unlinkat(folder, record.name, 0)
            throw error
        }
        return descriptor
    }

    /// Gives an existing file the length and the holes of the new one.
    private func fit(_ descriptor: Int32, _ record: PlanRecord) throws {
        var status = clinux_stat()
        try retrying { clinux_fstatx(descriptor, &status) }
        // It was looked at when the plan was made; a file with other names must not be changed in place.
        guard status.mode & UInt16(S_IFMT) == UInt16(S_IFREG), status.nlink == 1 else { throw systemError(EBUSY) }
        try retrying { ftruncate(descriptor, Int(record.size)) }
        for hole in record.holes where clinux_punch_hole(descriptor, Int64(hole.offset), Int64(hole.length)) != 0 {
            guard errno == EOPNOTSUPP else { throw SystemError.last() }
            try zero(descriptor, hole)
        }
    }

    /// Where a file system has no holes.
    private func zero(_ descriptor: Int32, _ hole: PlanHole) throws {
        let zeros = [UInt8](repeating: 0, count: 64 << 10)
        var at: UInt64 = 0
        while at < hole.length {
            let count = Int(min(hole.length - at, UInt64(zeros.count)))
            try zeros.withUnsafeBytes { try Beneath.write(descriptor, UnsafeRawBufferPointer(rebasing: $0[..<count]), at: Int64(hole.offset + at)) }
            at += UInt64(count)
        }
    }

    // MARK: the last step

    /// All pieces of the file went by: it is given its metadata, or removed where a piece is lost.
    func finishFile(_ record: PlanRecord) throws {
        if record.state & PlanState.failed != 0 { return try discard(record) }
        let isDone = try context.attempt(record) {
            if record.disposition == .update {
                try update(record)
            } else if record.disposition == .partial {
                let descriptor = try unfinished(record)
                context.metadata.finish(existing: descriptor, record)
            } else {
                let descriptor = try unfinished(record)
                context.metadata.finish(new: descriptor, record, mode: RestorePlanner.unfinishedMode)
            }
        }
        openFiles.drop(record.offset)
        if isDone { done(record) }
    }

    /// A file that was not there before does not stay half made, unless the next run may finish it; one that
    /// was stays as it was.
    private func discard(_ record: PlanRecord) throws {
        openFiles.drop(record.offset)
        let failure = context.report.takeFailure(record.offset)
        if record.disposition != .update, record.state & PlanState.ready != 0, failure?.isPassing != true,
            let folder = try? folders.descriptor(record.header.pointee.parent)
        {
            unlinkat(folder, record.name, 0)
        }
        // Without a failure of its content, what failed at the target was reported when it did.
        if let failure { try context.lost(record, failure) }
    }

    /// Changes somebody's file into the snapshot's, now that all that differs is at hand.
    private func update(_ record: PlanRecord) throws {
        let folder = try folders.descriptor(record.header.pointee.parent)
        let descriptor: Int32
        let isNew = record.has(PlanFlags.newInode)
        if isNew {
            try context.removeInTheWay(folder, record.name)
            descriptor = try Beneath.open(folder, record.name, O_WRONLY | O_CREAT | O_EXCL, mode: RestorePlanner.unfinishedMode)
        } else {
            descriptor = try openForChange(record, in: folder)
        }
        defer { close(descriptor) }
        // From here an interruption leaves a file that is neither: the next run takes it for unfinished.
        if !isNew { try retrying { fchmod(descriptor, RestorePlanner.unfinishedMode) } }
        try fit(descriptor, record)
        try copyWaiting(record, to: descriptor)
        if isNew {
            context.metadata.finish(new: descriptor, record, mode: RestorePlanner.unfinishedMode)
        } else {
            context.metadata.finish(existing: descriptor, record)
        }
    }

    /// An own file that its owner may not write is made writable first.
    private func openForChange(_ record: PlanRecord, in folder: Int32) throws -> Int32 {
        do { return try Beneath.open(folder, record.name, O_WRONLY | O_NONBLOCK) } catch let error as SystemError where error.code == EACCES {
            guard MetadataWriter.chmod(folder, record.name, RestorePlanner.unfinishedMode) == 0 else { throw error }
            return try Beneath.open(folder, record.name, O_WRONLY | O_NONBLOCK)
        }
    }

    private func copyWaiting(_ record: PlanRecord, to descriptor: Int32) throws {
        let rows = context.held.elements(HeldPiece.self)
        let first = Int(record.header.pointee.held)
        let buffer = Buffer(capacity: 1 << 20)
        for row in rows[first..<first + Int(record.header.pointee.heldCount)] where row.waiting != HeldPiece.unneeded {
            try record.forEachSegment(position: row.piece.position, count: Int(row.piece.count)) { offset, range in
                var done = 0
                while done < range.count {
                    let into = UnsafeMutableRawBufferPointer(start: buffer.base, count: min(range.count - done, buffer.capacity))
                    let from = Int64(row.waiting) + Int64(range.lowerBound + done)
                    guard try context.waiting.read(at: from, into: into) == into.count else { throw systemError(EIO) }
                    try Beneath.write(descriptor, UnsafeRawBufferPointer(into), at: offset + Int64(done))
                    done += into.count
                }
            }
        }
    }
}
