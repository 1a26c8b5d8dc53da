import Base
import Repository

/// A directory that finds a row by its id.
package final class SortedDirectory: Sendable {
    package let header: PackHeader
    /// By id.
    package let rows: [PackRow]
    /// Whether any blob refers to others.
    package let holdsPages: Bool
    /// About how much memory it takes.
    let weight: Int

    package init(_ directory: PackDirectory) {
        header = directory.header
        rows = directory.rows.sorted { $0.id < $1.id }
        holdsPages = rows.contains { $0.kind != .data }
        weight = 1024 + rows.count * 120 + rows.reduce(0) { $0 + $1.references.count * 32 }
    }

    package func row(_ id: Digest) -> PackRow? {
        var low = 0
        var high = rows.count
        while low < high {
            let middle = (low + high) / 2
            if rows[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < rows.count && rows[low].id == id ? rows[low] : nil
    }
}

/// Directories read lately, within a bound of memory. Any thread.
package final class DirectoryCache: Sendable {
    private struct State {
        var held: [Digest: (directory: SortedDirectory, used: UInt64)] = [:]
        var weight = 0
        var clock: UInt64 = 0
    }
    private let state = Monitor(State())
    private let limit: Int

    package init(limit: Int = 8 << 20) { self.limit = limit }

    package subscript(_ pack: Digest) -> SortedDirectory? {
        state.look { state in
            guard let directory = state.held[pack]?.directory else { return nil }
            state.clock += 1
            state.held[pack]?.used = state.clock
            return directory
        }
    }

    package func keep(_ directory: SortedDirectory, _ pack: Digest) {
        state.look { state in
            state.clock += 1
            if let old = state.held.updateValue((directory, state.clock), forKey: pack) { state.weight -= old.directory.weight }
            state.weight += directory.weight
            guard state.weight > limit else { return }
            // Down to half at once, so that sorting by age is rare.
            for (pack, entry) in state.held.sorted(by: { $0.value.used < $1.value.used }) {
                if state.weight <= limit / 2 || state.held.count == 1 { break }
                state.held[pack] = nil
                state.weight -= entry.directory.weight
            }
        }
    }
}
