import Glibc

/// A block of memory that goes round the pipeline. One owner at a time writes to it; who hands it on
/// stops using it. Not cleared on reuse.
///
/// Its pages are its own: those never touched cost nothing, and all go back to the system with it. malloc keeps what was
/// freed, and buffers that grow step by step would leave their smaller selves behind.
package final class Buffer: @unchecked Sendable {
    // Unchecked: exclusive use is passed from stage to stage through queues; shared use is read-only.
    package let base: UnsafeMutableRawPointer
    package let capacity: Int
    /// Bytes in use, from the start.
    package var count = 0

    package init(capacity: Int) {
        self.capacity = capacity
        guard let base = mmap(nil, max(capacity, 1), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), base != MAP_FAILED else {
            fatalError("no memory for a buffer of \(capacity) bytes")
        }
        self.base = base
    }

    deinit { munmap(base, max(capacity, 1)) }

    /// The bytes in use.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// All of it, for writing.
    package var space: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: base, count: capacity) }

    package func append(_ more: UnsafeRawBufferPointer) {
        precondition(count + more.count <= capacity)
        if let from = more.baseAddress { (base + count).copyMemory(from: from, byteCount: more.count) }
        count += more.count
    }

    package func append(_ more: [UInt8]) { more.withUnsafeBytes { append($0) } }
}

/// A fixed number of equal buffers: whoever needs one waits until one comes back, which is what keeps
/// memory flat whatever the sites' speed.
package final class BufferPool: Sendable {
    private struct State {
        var free: [Buffer] = []
        var made = 0
        var isClosed = false
    }
    private let monitor = Monitor(State())
    private let limit: Int
    package let bufferCapacity: Int

    package init(count: Int, capacity: Int) {
        limit = count
        bufferCapacity = capacity
    }

    /// An empty buffer; waits for one. Nil when the pool was closed.
    package func take() -> Buffer? {
        monitor.wait(until: { $0.isClosed || !$0.free.isEmpty || $0.made < self.limit }) { state in
            if state.isClosed { return nil }
            if let buffer = state.free.popLast() {
                buffer.count = 0
                return buffer
            }
            state.made += 1
            return Buffer(capacity: bufferCapacity)
        }
    }

    package func give(_ buffer: Buffer) { monitor.change { $0.free.append(buffer) } }

    /// Wakes everybody that waits, with nothing: the pipeline failed.
    package func close() { monitor.change { $0.isClosed = true } }
}
