import Base

/// Sorts rows of a fixed size in bounded memory: what does not fit goes to a spill file in sorted runs,
/// which are merged while they are read. One thread at a time.
final class ExternalSorter<Row: BitwiseCopyable & Comparable> {
    private let capacity: Int
    private let makeSpill: () throws -> SpillFile
    private var rows: [Row] = []
    private var spill: SpillFile?
    private var runs: [Range<Int>] = []
    private(set) var count = 0

    /// `memory`: bytes of rows held at most; sorting takes half as much again for a moment.
    init(memory: Int, makeSpill: @escaping () throws -> SpillFile) {
        capacity = max(16, memory / MemoryLayout<Row>.stride)
        self.makeSpill = makeSpill
    }

    func append(_ row: Row) throws {
        // All at once, because growing by copying would double the peak; untouched pages cost nothing.
        if rows.capacity == 0 { rows.reserveCapacity(capacity) }
        rows.append(row)
        count += 1
        if rows.count == capacity { try flush() }
    }

    private func flush() throws {
        rows.sort()
        let spill = try self.spill ?? makeSpill()
        self.spill = spill
        let start = spill.count / MemoryLayout<Row>.stride
        try rows.withUnsafeBytes { try spill.append($0) }
        runs.append(start..<start + rows.count)
        rows.removeAll(keepingCapacity: true)
    }

    /// The rows in order. The sorter is empty afterwards.
    func finish() throws -> SortedRows<Row> {
        defer { rows = [] }
        guard spill != nil else {
            rows.sort()
            return SortedRows(rows)
        }
        if !rows.isEmpty { try flush() }
        return SortedRows(try spill!.map(), runs)
    }
}

/// Sorted rows, each given once. One thread at a time.
final class SortedRows<Row: BitwiseCopyable & Comparable> {
    private var rows: [Row]
    private var index = 0
    private let map: SpillMap?
    private var base: UnsafeMutableBufferPointer<Row>
    /// What is left of each run, as a heap: the run with the least row first.
    private var heap: [Range<Int>] = []
    private var given = 0
    /// Rows that are given before the pages that held them are let go.
    private static var kept: Int { 1 << 16 }

    init(_ rows: [Row]) {
        self.rows = rows
        map = nil
        base = UnsafeMutableBufferPointer(start: nil, count: 0)
    }

    init(_ map: SpillMap, _ runs: [Range<Int>]) {
        rows = []
        self.map = map
        base = map.elements(Row.self)
        for run in runs where !run.isEmpty {
            heap.append(run)
            rise(heap.count - 1)
        }
    }

    /// The row that `next` will give.
    var peek: Row? {
        if map == nil { return index < rows.count ? rows[index] : nil }
        return heap.first.map { base[$0.lowerBound] }
    }

    func next() -> Row? {
        guard map != nil else {
            guard index < rows.count else { return nil }
            index += 1
            return rows[index - 1]
        }
        guard let first = heap.first else { return nil }
        given += 1
        if given % Self.kept == 0 { map?.release() }
        let row = base[first.lowerBound]
        let rest = first.lowerBound + 1..<first.upperBound
        if rest.isEmpty {
            heap[0] = heap[heap.count - 1]
            heap.removeLast()
        } else {
            heap[0] = rest
        }
        sink()
        return row
    }

    private func isLess(_ a: Int, _ b: Int) -> Bool { base[heap[a].lowerBound] < base[heap[b].lowerBound] }

    private func rise(_ start: Int) {
        var at = start
        while at > 0, isLess(at, (at - 1) / 2) {
            heap.swapAt(at, (at - 1) / 2)
            at = (at - 1) / 2
        }
    }

    private func sink() {
        var at = 0
        while true {
            var least = at
            for child in [2 * at + 1, 2 * at + 2] where child < heap.count && isLess(child, least) { least = child }
            if least == at { return }
            heap.swapAt(at, least)
            at = least
        }
    }
}
