import Base
import Synchronization

/// A pooled buffer that several jobs read parts of: it goes back to the pool when the last one is done.
final class Slab: Sendable {
    static let bytes = 8 << 20

    let buffer: Buffer
    private let pool: BufferPool
    private let holders = Atomic<Int>(1)

    /// Nil when the pool was closed.
    init?(_ pool: BufferPool) {
        guard let buffer = pool.take() else { return nil }
        self.buffer = buffer
        self.pool = pool
    }

    func retain() { holders.add(1, ordering: .relaxed) }

    func release() {
        if holders.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { pool.give(buffer) }
    }

    func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: buffer.base + range.lowerBound, count: range.count)
    }
}
