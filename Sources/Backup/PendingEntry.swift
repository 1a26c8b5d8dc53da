import Base
import Repository
import Synchronization

/// An entry on its way into the tree: complete once every piece of its content has an id.
final class PendingEntry: Sendable {
    private struct State {
        var record: CatalogueRecord
        var chunks: [ChunkReference] = []
        var missing = 0
        var isOpen: Bool
        var isDropped = false
    }
    // One for each file on its way: a mutex of four bytes, not one with a condition to wait on.
    private let state: Mutex<State>

    /// `isOpen`: more chunks may still come.
    init(_ record: CatalogueRecord, isOpen: Bool = false) { state = Mutex(State(record: record, isOpen: isOpen)) }

    var isComplete: Bool { state.withLock { !$0.isOpen && $0.missing == 0 } }

    /// Announces one more chunk of `length` bytes; returns its number.
    func expect(_ length: Int) -> Int {
        state.withLock { state in
            state.missing += 1
            state.chunks.append(ChunkReference(id: .zero, length: UInt32(length)))
            return state.chunks.count - 1
        }
    }

    func setChunk(_ number: Int, _ id: Digest) {
        state.withLock { state in
            state.chunks[number].id = id
            state.missing -= 1
        }
    }

    /// Announces that the content will be a range of a bundle.
    func expectBundle() { state.withLock { $0.missing += 1 } }

    func setBundle(_ id: Digest, offset: Int, length: Int) {
        state.withLock { state in
            state.record.entry.content = .bundle(id: id, offset: UInt32(offset), length: UInt32(length))
            state.missing -= 1
        }
    }

    /// The content is at its end; `change` sets what only reading could tell.
    func close(_ change: (inout CatalogueRecord) -> Void = { _ in }) {
        state.withLock { state in
            change(&state.record)
            state.isOpen = false
        }
    }

    /// It could not be read: it goes into no tree.
    func drop() {
        state.withLock { state in
            state.isDropped = true
            state.isOpen = false
        }
    }

    var isDropped: Bool { state.withLock { $0.isDropped } }

    /// The finished record, and its chunks in order.
    var finished: (record: CatalogueRecord, chunks: [ChunkReference]) { state.withLock { ($0.record, $0.chunks) } }
}
