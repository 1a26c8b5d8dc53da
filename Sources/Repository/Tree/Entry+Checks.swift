import Base

extension Entry {
    /// Which rule of the format the entry breaks; nil when it may be stored. The part of the key before
    /// `keyStart` is taken for good.
    package func problem(keyFrom keyStart: Int = 0) -> StaticString? {
        if let problem = Entry.keyProblem(key, from: keyStart) { return problem }
        if key.isEmpty, kind != .folder { return "root that is no folder" }
        guard mode <= 0o7777 else { return "mode" }
        guard mtime.nanoseconds < 1_000_000_000 else { return "nanoseconds" }
        guard Entry.isName(userName), Entry.isName(groupName) else { return "owner name" }
        guard linkGroup == nil || kind != .folder else { return "link group of a folder" }
        if major != 0 || minor != 0, kind != .charDevice, kind != .blockDevice { return "device numbers" }
        if kind == .symlink {
            guard !linkTarget.isEmpty, linkTarget.count <= TreeLimits.linkTargetBytes, !linkTarget.contains(0) else { return "link target" }
        } else if !linkTarget.isEmpty {
            return "link target"
        }
        if !xattrs.isEmpty, let problem = attributeProblem { return problem }
        if kind != .file {
            guard size == 0, holes.isEmpty, contentHash == nil, content == .none else { return "content of what is no file" }
            return nil
        }
        return holes.isEmpty ? contentProblem : holeProblem ?? contentProblem
    }

    private static func isName(_ name: [UInt8]?) -> Bool {
        guard let name else { return true }
        return !name.isEmpty && name.count <= TreeLimits.nameBytes && !name.contains(0)
    }

    private var attributeProblem: StaticString? {
        guard xattrs.count <= TreeLimits.attributes else { return "attribute count" }
        var total = 0
        for (i, attribute) in xattrs.enumerated() {
            guard !attribute.name.isEmpty, attribute.name.count <= TreeLimits.attributeNameBytes, !attribute.name.contains(0) else {
                return "attribute name"
            }
            guard attribute.value.count <= TreeLimits.attributeValueBytes else { return "attribute value" }
            guard i == 0 || xattrs[i - 1].name.precedes(attribute.name) else { return "attribute order" }
            total += attribute.name.count + attribute.value.count
        }
        return total <= TreeLimits.attributeBytes ? nil : "attribute bytes"
    }

    private var holeProblem: StaticString? {
        guard holes.count <= TreeLimits.holes else { return "hole count" }
        var end: UInt64 = 0
        for (i, hole) in holes.enumerated() {
            guard hole.length > 0, i == 0 || hole.offset > end else { return "hole order" }
            let (next, overflow) = hole.offset.addingReportingOverflow(hole.length)
            guard !overflow, next <= size else { return "hole beyond the end" }
            end = next
        }
        return nil
    }

    private var contentProblem: StaticString? {
        guard size <= UInt64(Int64.max), let expected = dataLength else { return "size" }
        let length: UInt64
        switch content {
        case .none:
            length = 0
        case .inline(let bytes):
            guard !bytes.isEmpty, bytes.count <= TreeLimits.inlineBytes else { return "inline content" }
            length = UInt64(bytes.count)
        case .bundle(_, let offset, let count):
            guard count > 0, !offset.addingReportingOverflow(count).overflow else { return "bundle range" }
            length = UInt64(count)
        case .chunks(let chunks):
            guard !chunks.isEmpty, chunks.count <= TreeLimits.chunks, chunks.allSatisfy({ $0.length > 0 }) else { return "chunks" }
            length = chunks.reduce(0) { $0 + UInt64($1.length) }
        case .list(_, let level, let count, let bytes):
            guard level < TreeLimits.levels, count > TreeLimits.chunks, count <= bytes else { return "chunk list" }
            length = bytes
        }
        return length == expected ? nil : "content length"
    }
}
