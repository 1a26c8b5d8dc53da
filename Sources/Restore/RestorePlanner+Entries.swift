import Base
import CLinux
import Glibc
import Repository

extension RestorePlanner {
    /// Plans one entry. False when nothing below it can be restored.
    func add(_ entry: Entry, isAncestor: Bool = false) throws -> Bool {
        // The target's own record is there already.
        if entry.key.count == stack[0].end { return true }
        let separator = entry.key.lastIndex(of: 0)
        let parentEnd = separator ?? 0
        let nameStart = separator.map { $0 + 1 } ?? 0
        while stack.count > 1, stack[stack.count - 1].end > parentEnd { stack.removeLast() }
        if let depth = probe?.depth, depth > stack.count { probe?.pop(to: stack.count) }
        totals.entries += 1
        guard Self.isSafe(entry.key, from: nameStart) else { throw Failure(.damaged, .unsafeName, object: printable(entry.path)) }
        let parent = stack[stack.count - 1]
        if parent.isCleaned {
            try entry.key.withUnsafeBytes {
                try names?.append(NameRow(folder: parent.record, name: UnsafeRawBufferPointer(rebasing: $0[nameStart...])))
            }
        }
        let status = parent.exists ? probe?.status(entry.key, nameStart: nameStart) : nil
        if entry.kind == .folder { return try addFolder(entry, nameStart, status, isAncestor) }
        if status != nil, options.overwrite == .never {
            totals.kept += 1
            return true
        }
        try addOther(entry, nameStart, status)
        return true
    }

    /// The reader has checked names before; a path that leaves the target must be impossible, so they are
    /// looked at once more where they are used.
    private static func isSafe(_ key: [UInt8], from start: Int) -> Bool {
        let count = key.count - start
        guard count > 0, count <= TreeLimits.nameBytes else { return false }
        let dot = UInt8(ascii: ".")
        if key[start] == dot, count == 1 || (count == 2 && key[start + 1] == dot) { return false }
        for i in start..<key.count where key[i] == 0 || key[i] == UInt8(ascii: "/") { return false }
        return true
    }

    private func addFolder(_ entry: Entry, _ nameStart: Int, _ status: clinux_stat?, _ isAncestor: Bool) throws -> Bool {
        let exists = status.map { $0.mode & UInt16(S_IFMT) == UInt16(S_IFDIR) } ?? false
        if status != nil, !exists, options.overwrite == .never {
            report.problem(Failure(.partial, .keptAnotherKind, object: printable(entry.path)))
            totals.kept += 1
            return false
        }
        var isMount = false
        if exists, let status { isMount = probe?.noteFolder(entry.key, nameStart: nameStart, status) ?? false }
        let isCleaned = exists && options.delete && !isAncestor && !isMount && isRoot(entry.key)
        let (user, group, own) = (owners.user(entry), owners.group(entry), geteuid())
        let parent = stack[stack.count - 1].record
        let record = try records.append(entry, nameStart: nameStart) { header in
            header.parent = parent
            header.disposition = (exists ? Disposition.keep : status == nil ? .fresh : .replace).rawValue
            (header.uid, header.gid) = (user, group)
            if isAncestor { header.flags |= PlanFlags.ancestor }
            if exists { header.flags |= PlanFlags.existed }
            if exists, isAncestor || options.overwrite == .never {
                header.flags |= PlanFlags.bare
            } else if let status, exists, status.mode & 0o700 != 0o700, status.uid == own, own != 0 {
                header.flags |= PlanFlags.closed
            }
            if !isCleaned { header.flags |= PlanFlags.notCleaned }
        }
        try folders.append(record)
        stack.append(Level(end: entry.key.count, record: record, exists: exists, isCleaned: isCleaned))
        folderKey = entry.key
        if exists {
            probe?.push(end: entry.key.count)
            if !isAncestor { totals.right += 1 }
        } else {
            totals.folders += 1
            totals.inodes += 1
            totals.need(PlanTotals.block)
        }
        return true
    }

    /// Plans a path that is no folder, and the pieces of its content.
    private func addOther(_ entry: Entry, _ nameStart: Int, _ status: clinux_stat?) throws {
        let (user, group) = (owners.user(entry), owners.group(entry))
        var flags: UInt16 = entry.linkGroup == nil ? 0 : PlanFlags.linked
        let disposition = disposition(entry, nameStart, status, user, group, &flags)
        if disposition == .keep || disposition == .metadata { totals.right += 1 }
        if disposition == .keep, entry.linkGroup == nil { return }
        let needsContent = disposition != .keep && disposition != .metadata
        // Pieces are held where the target, or the other paths of the inode, decide which are needed.
        let chunkCount = entry.content.chunkCount
        guard chunkCount < UInt64(UInt32.max) else { throw Failure(.damaged, .malformedRecord("chunk list"), object: printable(entry.path)) }
        let isHeld = needsContent && chunkCount > 0 && (entry.linkGroup != nil || disposition == .partial || disposition == .update)
        let parent = stack[stack.count - 1].record
        let first = heldCount
        let record = try records.append(entry, nameStart: nameStart) { header in
            header.parent = parent
            header.disposition = disposition.rawValue
            (header.uid, header.gid) = (user, group)
            header.flags = flags
            if isHeld {
                header.held = first
                header.heldCount = chunkCount
            } else if chunkCount > 1 {
                header.remaining = UInt32(chunkCount)
            }
        }
        if let linkGroup = entry.linkGroup { try links.append(LinkRow(group: linkGroup, record: record)) }
        if isHeld {
            try heldRecords.append(record)
            try addPieces(entry, record, isHeld: true)
        } else if entry.linkGroup == nil {
            try count(entry, status, needsContent)
            if needsContent, chunkCount > 0 { try addPieces(entry, record, isHeld: false) } else { try pieces.append(PlanPiece(record: record)) }
        }
    }

    private func count(_ entry: Entry, _ status: clinux_stat?, _ needsContent: Bool) throws {
        guard needsContent else { return }
        if status == nil { totals.inodes += 1 }
        guard entry.kind == .file else {
            totals.others += 1
            return
        }
        totals.files += 1
        let data = entry.dataLength ?? 0
        totals.write(data)
        // What a small file replaces is removed before it is written.
        totals.need(data > (status?.size ?? 0) ? data - (status?.size ?? 0) : 0)
    }

    private func addPieces(_ entry: Entry, _ record: UInt64, isHeld: Bool) throws {
        func add(_ piece: PlanPiece) throws {
            if isHeld {
                try held.append(HeldPiece(piece: piece, waiting: HeldPiece.unneeded))
                heldCount += 1
            } else {
                try pieces.append(piece)
            }
        }
        if case .bundle(let id, let offset, let length) = entry.content {
            return try add(PlanPiece(record: record, id: id, location: location(of: id), start: offset, count: length, isWholeBlob: false))
        }
        let isOne = entry.content.chunkCount == 1
        var stream = tree.chunks(of: entry)
        var position: UInt64 = 0
        while let chunk = try stream.next() {
            var piece = PlanPiece(record: record, id: chunk.id, location: location(of: chunk.id), start: 0, count: chunk.length, isWholeBlob: true)
            piece.position = position
            piece.target = isOne ? PlanPiece.Target.whole : PlanPiece.Target.stream
            try add(piece)
            position += UInt64(chunk.length)
        }
    }
}

extension Entry.Content {
    /// Blobs that the content is in; 0 when it is in the entry itself.
    var chunkCount: UInt64 {
        switch self {
        case .none, .inline: 0
        case .bundle: 1
        case .chunks(let chunks): UInt64(chunks.count)
        case .list(_, _, let count, _): count
        }
    }
}
