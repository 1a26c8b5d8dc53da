import Base

extension PlanRecord {
    /// The bytes that lie in no hole.
    var dataLength: UInt64 {
        guard let last = holes.last else { return size }
        return last.dataBefore + (size - (last.offset + last.length))
    }

    /// Where `count` bytes of the data stream from `position` lie in the file: calls `body` with each offset in
    /// the file and the range of the bytes that go there.
    func forEachSegment(position: UInt64, count: Int, _ body: (Int64, Range<Int>) throws -> Void) rethrows {
        guard header.pointee.holeCount > 0 else { return try body(Int64(position), 0..<count) }
        let holes = holes
        var next = firstHole(after: position)
        var done = 0
        while done < count {
            let at = position + UInt64(done)
            let skipped = next == 0 ? 0 : holes[next - 1].offset + holes[next - 1].length - holes[next - 1].dataBefore
            let until = next < holes.count ? holes[next].dataBefore : .max
            let length = Int(min(UInt64(count - done), until - at))
            if length > 0 { try body(Int64(at + skipped), done..<done + length) }
            done += length
            next += 1
        }
    }

    /// The number of the first hole that comes after the data byte at `position`.
    private func firstHole(after position: UInt64) -> Int {
        let holes = holes
        var low = 0
        var high = holes.count
        while low < high {
            let middle = (low + high) / 2
            if holes[middle].dataBefore > position { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
