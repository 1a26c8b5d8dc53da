import Base

/// The rows of an index at one moment: each id has a position, so that a set of ids is a few bits an id.
package struct IndexRows: Sendable {
    private let runs: [IndexRun]
    /// Position of each run's first row.
    private let starts: [Int]
    /// Positions that there are.
    package let count: Int
    package let packs: [IndexedPack]
    package let isPresent: [Bool]

    init(runs: [IndexRun], packs: [IndexedPack], isPresent: [Bool]) {
        self.runs = runs
        self.packs = packs
        self.isPresent = isPresent
        var (starts, next) = ([Int](), 0)
        for run in runs {
            starts.append(next)
            next += run.count
        }
        self.starts = starts
        count = next
    }

    /// The one position that stands for `id`; nil where no segment lists it.
    package func position(_ id: Digest) -> Int? {
        for (run, start) in zip(runs, starts) {
            if let at = run.position(id) { return start + at }
        }
        return nil
    }

    /// Every row of `id`.
    package func rows(of id: Digest) -> [IndexRow] {
        var found: [IndexRow] = []
        for run in runs {
            _ = run.find(id) { row in
                found.append(row)
                return false
            }
        }
        return found
    }

    /// Calls `body` with each id's position and all its rows, in the order of ids. One buffer is used for all.
    package func forEachID(_ body: (Int, [IndexRow]) throws -> Void) rethrows {
        var at = [Int](repeating: 0, count: runs.count)
        var group: [IndexRow] = []
        while true {
            var least: Digest?
            for (run, i) in zip(runs, at) where i < run.count {
                let id = run.id(i)
                if least.map({ id < $0 }) ?? true { least = id }
            }
            guard let least else { return }
            group.removeAll(keepingCapacity: true)
            var position: Int?
            for (number, run) in runs.enumerated() {
                while at[number] < run.count, run.id(at[number]) == least {
                    position = position ?? starts[number] + at[number]
                    group.append(run.row(at[number]))
                    at[number] += 1
                }
            }
            try body(position!, group)
        }
    }
}
