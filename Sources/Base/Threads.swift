import CLinux
import Glibc

/// A queue between threads that holds at most `capacity` elements: the producer waits when it is full,
/// so a slow consumer slows the producer instead of filling memory. Each element wakes one thread.
package final class BoundedQueue<Element: Sendable>: @unchecked Sendable {
    // Unchecked: every access to the variables below happens with `mutex` held.
    private var elements: [Element?]
    private var head = 0
    private var count = 0
    private var isClosed = false
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let filled = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let emptied = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    package init(capacity: Int) {
        elements = Array(repeating: nil, count: capacity)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(filled, nil)
        pthread_cond_init(emptied, nil)
    }

    deinit {
        for condition in [filled, emptied] {
            pthread_cond_destroy(condition)
            condition.deallocate()
        }
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Waits for room and appends. Returns false, without appending, when the queue is closed.
    @discardableResult
    package func push(_ element: Element) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !isClosed, count == elements.count { pthread_cond_wait(emptied, mutex) }
        guard !isClosed else { return false }
        elements[(head + count) % elements.count] = element
        count += 1
        pthread_cond_signal(filled)
        return true
    }

    /// Waits for an element. Returns nil when the queue is closed and empty.
    package func pop() -> Element? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !isClosed, count == 0 { pthread_cond_wait(filled, mutex) }
        guard count > 0 else { return nil }
        let element = elements[head]
        elements[head] = nil
        head = (head + 1) % elements.count
        count -= 1
        pthread_cond_signal(emptied)
        return element
    }

    /// No more pushes; pops go on until it is empty.
    package func close() { end(dropping: false) }

    /// No more pushes, and what was waiting is dropped: for a pipeline that failed.
    package func abandon() { end(dropping: true) }

    private func end(dropping: Bool) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        isClosed = true
        if dropping {
            count = 0
            elements = Array(repeating: nil, count: elements.count)
        }
        pthread_cond_broadcast(filled)
        pthread_cond_broadcast(emptied)
    }
}

/// A value under a lock, with a condition to wait on. Waking is broadcast: the few threads of a
/// pipeline do not justify finer signals.
package final class Monitor<State>: @unchecked Sendable {
    // Unchecked: every access to `state` happens with `mutex` held.
    private var state: State
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    package init(_ state: sending State) {
        self.state = state
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// Runs `body` alone with the state, without waking anybody.
    package func look<T>(_ body: (inout State) throws -> T) rethrows -> T {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state)
    }

    /// Runs `body` alone with the state, then wakes those that wait.
    @discardableResult
    package func change<T>(_ body: (inout State) throws -> T) rethrows -> T {
        pthread_mutex_lock(mutex)
        defer {
            pthread_cond_broadcast(changed)
            pthread_mutex_unlock(mutex)
        }
        return try body(&state)
    }

    /// Waits until `condition` holds, for so many seconds at most; whether it does.
    package func wait(atMost seconds: Double, until condition: (borrowing State) -> Bool) -> Bool {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        let nanoseconds = deadline.tv_nsec + Int((seconds * 1e9).rounded())
        deadline.tv_sec += nanoseconds / 1_000_000_000
        deadline.tv_nsec = nanoseconds % 1_000_000_000
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !condition(state) {
            if pthread_cond_timedwait(changed, mutex, &deadline) == ETIMEDOUT { return condition(state) }
        }
        return true
    }

    /// Waits until `condition` holds, then runs `body` alone with the state and wakes the others.
    package func wait<T>(until condition: (borrowing State) -> Bool, _ body: (inout State) throws -> T) rethrows -> T {
        pthread_mutex_lock(mutex)
        defer {
            pthread_cond_broadcast(changed)
            pthread_mutex_unlock(mutex)
        }
        while !condition(state) { pthread_cond_wait(changed, mutex) }
        return try body(&state)
    }
}

/// Threads of the program's own, for work that blocks or computes for long: the cooperative pool has
/// one thread a core and must not wait.
package enum Threads {
    /// Cores that this process may use.
    package static let cores: Int = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))

    package struct Handle: @unchecked Sendable {
        // Unchecked: pthread_t is an opaque number, used for joining only.
        fileprivate let thread: pthread_t
        /// Waits for the end of the thread; to be called once.
        package func join() { pthread_join(thread, nil) }
    }

    private final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Starts a thread that runs `body`. `name` (15 bytes at most) shows in ps and perf.
    package static func start(_ name: String, _ body: @escaping @Sendable () -> Void) -> Handle {
        var thread = pthread_t()
        let name = String(name.prefix(15))
        let box = Unmanaged.passRetained(
            Box {
                clinux_name_thread(name)
                body()
            })
        let status = pthread_create(
            &thread, nil,
            { argument in
                let box = Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue()
                box.body()
                return nil
            }, box.toOpaque())
        guard status == 0 else { fatalError("pthread_create: \(String(cString: strerror(status)))") }
        return Handle(thread: thread)
    }

    /// Runs `body` on `count` threads, numbered from zero, and waits for all. Throws the first failure.
    package static func run(_ name: String, count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
        let failure = Monitor<(any Error)?>(nil)
        let handles = (0..<count).map { index in
            start("\(name)-\(index)") {
                do { try body(index) } catch { failure.look { if $0 == nil { $0 = error } } }
            }
        }
        for handle in handles { handle.join() }
        if let error = failure.look({ $0 }) { throw error }
    }

    /// What `body` makes of each element, or throws, in the order of `elements`; up to `atOnce` at a time.
    package static func map<T: Sendable, R: Sendable>(
        _ name: String, _ elements: [T], atOnce: Int, _ body: @escaping @Sendable (T) throws -> R
    ) -> [Result<R, any Error>] {
        guard atOnce > 1, elements.count > 1 else { return elements.map { element in Result { try body(element) } } }
        let results = Monitor([Result<R, any Error>?](repeating: nil, count: elements.count))
        let next = Monitor(0)
        // The body's failures are results: no thread ends by one.
        try? run(name, count: min(atOnce, elements.count)) { _ in
            while true {
                let number = next.look { next in
                    defer { next += 1 }
                    return next
                }
                guard number < elements.count else { return }
                let result = Result { try body(elements[number]) }
                results.look { $0[number] = result }
            }
        }
        return results.look { $0.map { $0! } }
    }
}
