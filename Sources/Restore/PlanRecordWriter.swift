import Base
import Repository

/// Appends records to a plan's file.
final class PlanRecordWriter {
    /// More than any record takes: attributes and holes are limited by the format.
    private static let largest = 1 << 20

    let file: SpillFile
    private let scratch = Buffer(capacity: largest)

    init(_ file: SpillFile) { self.file = file }

    /// Appends the record of `entry`, whose name starts at `nameStart` of its key (its end: no name). The
    /// caller fills in what depends on the plan. Returns where it is.
    func append(_ entry: Entry, nameStart: Int, _ fill: (inout PlanHeader) -> Void) throws -> UInt64 {
        let offset = UInt64(file.count)
        var header = PlanHeader()
        header.kind = entry.kind.rawValue
        header.mode = entry.mode
        header.seconds = entry.mtime.seconds
        header.nanoseconds = entry.mtime.nanoseconds
        header.size = entry.size
        header.major = entry.major
        header.minor = entry.minor
        header.nameLength = UInt16(entry.key.count - nameStart)
        scratch.count = PlanRecord.headerBytes
        entry.key.withUnsafeBytes { terminated(UnsafeRawBufferPointer(rebasing: $0[nameStart...])) }
        if case .inline(let bytes) = entry.content {
            header.payloadLength = UInt32(bytes.count)
            bytes.withUnsafeBytes { terminated($0) }
        } else {
            header.payloadLength = UInt32(entry.linkTarget.count)
            entry.linkTarget.withUnsafeBytes { terminated($0) }
        }
        if !entry.holes.isEmpty { header.holeCount = append(entry.holes) }
        if !entry.xattrs.isEmpty { header.attributeCount = append(entry.xattrs) }
        fill(&header)
        header.length = UInt32(scratch.count)
        scratch.base.storeBytes(of: header, as: PlanHeader.self)
        try file.append(scratch.bytes)
        return offset
    }

    /// The bytes and a NUL, filled up to a multiple of eight.
    private func terminated(_ bytes: UnsafeRawBufferPointer) {
        let start = scratch.count
        let end = start + aligned(bytes.count + 1)
        // The last eight bytes first: what the copy leaves of them is the NUL and the filling.
        (scratch.base + (end - 8)).storeBytes(of: 0, as: UInt64.self)
        if let from = bytes.baseAddress { (scratch.base + start).copyMemory(from: from, byteCount: bytes.count) }
        scratch.count = end
    }

    private func append(_ holes: [Entry.Hole]) -> UInt32 {
        var held: UInt64 = 0
        for hole in holes {
            withUnsafeBytes(of: PlanHole(offset: hole.offset, length: hole.length, dataBefore: hole.offset - held)) { scratch.append($0) }
            held += hole.length
        }
        return UInt32(holes.count)
    }

    private func append(_ attributes: [Entry.Attribute]) -> UInt32 {
        for attribute in attributes {
            let end = scratch.count + aligned(8 + attribute.name.count + 1 + attribute.value.count)
            withUnsafeBytes(of: UInt32(attribute.name.count)) { scratch.append($0) }
            withUnsafeBytes(of: UInt32(attribute.value.count)) { scratch.append($0) }
            scratch.append(attribute.name)
            scratch.append([0])
            scratch.append(attribute.value)
            (scratch.base + scratch.count).initializeMemory(as: UInt8.self, repeating: 0, count: end - scratch.count)
            scratch.count = end
        }
        return UInt32(attributes.count)
    }
}
