import Base
import TestSupport
import Testing

/// Queues, pools and monitors between threads.
@Suite(.timeLimit(.minutes(1))) struct ThreadsTests {
    // MARK: queues

    @Test func oneThreadGetsWhatItPutInInOrder() {
        let queue = BoundedQueue<Int>(capacity: 3)
        for round in 0..<5 {
            for i in 0..<3 { #expect(queue.push(round * 3 + i)) }
            for i in 0..<3 { #expect(queue.pop() == round * 3 + i) }
        }
    }

    @Test(arguments: [(1, 1, 1), (3, 1, 4), (1, 3, 4), (4, 4, 2)])
    func everythingPushedIsPoppedOnce(_ producers: Int, _ consumers: Int, _ capacity: Int) throws {
        let queue = BoundedQueue<(Int, Int)>(capacity: capacity)
        let each = 2000
        let got = Monitor<[[(Int, Int)]]>(Array(repeating: [], count: consumers))
        let left = Monitor(producers)
        try Threads.run("queue", count: producers + consumers) { number in
            if number < producers {
                for i in 0..<each { queue.push((number, i)) }
                if left.change({
                    $0 -= 1
                    return $0
                }) == 0 {
                    queue.close()
                }
            } else {
                var mine: [(Int, Int)] = []
                while let element = queue.pop() { mine.append(element) }
                got.look { $0[number - producers] = mine }
            }
        }
        let all = got.look { $0 }
        #expect(all.flatMap { $0 }.map { $0.0 * each + $0.1 }.sorted() == Array(0..<producers * each))
        // No consumer sees a producer's elements out of order.
        for mine in all {
            for producer in 0..<producers {
                let numbers = mine.filter { $0.0 == producer }.map(\.1)
                #expect(numbers == numbers.sorted())
            }
        }
    }

    @Test func aFullQueueMakesTheProducerWait() throws {
        let capacity = 4
        let queue = BoundedQueue<Int>(capacity: capacity)
        let pushed = Monitor(0)
        let popped = Monitor(0)
        try Threads.run("full", count: 2) { number in
            if number == 0 {
                for i in 0..<500 {
                    queue.push(i)
                    pushed.look { $0 += 1 }
                }
                queue.close()
            } else {
                while true {
                    popped.look { $0 += 1 }
                    guard queue.pop() != nil else { return }
                    let before = pushed.look { $0 }
                    #expect(before - popped.look { $0 } <= capacity)
                }
            }
        }
        #expect(pushed.look { $0 } == 500)
    }

    @Test func aClosedQueueGivesWhatItHoldsAndTakesNoMore() {
        let queue = BoundedQueue<Int>(capacity: 3)
        queue.push(1)
        queue.push(2)
        queue.close()
        #expect(!queue.push(3))
        #expect(queue.pop() == 1 && queue.pop() == 2 && queue.pop() == nil && queue.pop() == nil)
    }

    @Test func anAbandonedQueueDropsWhatItHolds() {
        let queue = BoundedQueue<Int>(capacity: 3)
        queue.push(1)
        queue.abandon()
        #expect(!queue.push(2))
        #expect(queue.pop() == nil)
    }

    @Test(arguments: [true, false])
    func whoWaitsIsWokenAtTheEnd(_ isFull: Bool) {
        let queue = BoundedQueue<Int>(capacity: 1)
        if isFull { queue.push(1) }
        let answers = Monitor<[Bool]>([])
        let threads = (0..<4).map { _ in
            Threads.start("waiter") {
                let answer = isFull ? queue.push(2) : queue.pop() != nil
                answers.look { $0.append(answer) }
            }
        }
        sleep(milliseconds: 30)
        #expect(answers.look { $0 }.isEmpty)
        queue.abandon()
        for thread in threads { thread.join() }
        #expect(answers.look { $0 } == [false, false, false, false])
    }

    // MARK: pools

    @Test func aPoolMakesNoMoreBuffersThanItMay() throws {
        let pool = BufferPool(count: 3, capacity: 4096)
        let out = Monitor((now: 0, most: 0))
        let seen = Monitor<Set<UInt>>([])
        try Threads.run("pool", count: 8) { _ in
            for _ in 0..<200 {
                let buffer = pool.take()!
                #expect(buffer.count == 0 && buffer.capacity == 4096)
                buffer.append([1, 2, 3])
                out.look {
                    $0.now += 1
                    $0.most = max($0.most, $0.now)
                }
                seen.look { _ = $0.insert(UInt(bitPattern: buffer.base)) }
                out.look { $0.now -= 1 }
                pool.give(buffer)
            }
        }
        #expect(out.look { $0.most } <= 3)
        #expect(seen.look { $0.count } <= 3)
    }

    @Test func aClosedPoolWakesWhoWaitsWithNothing() {
        let pool = BufferPool(count: 1, capacity: 64)
        let held = pool.take()!
        let answer = Monitor<Bool?>(nil)
        let thread = Threads.start("taker") {
            let isNothing = pool.take() == nil
            answer.look { $0 = isNothing }
        }
        sleep(milliseconds: 20)
        #expect(answer.look { $0 } == nil)
        pool.close()
        thread.join()
        #expect(answer.look { $0 } == true)
        pool.give(held)
        #expect(pool.take() == nil)
    }

    @Test func aBufferHoldsWhatIsAppended() {
        let buffer = Buffer(capacity: 10)
        buffer.append([1, 2, 3])
        buffer.append([])
        [UInt8]([4, 5]).withUnsafeBytes { buffer.append($0) }
        #expect(Array(buffer.bytes) == [1, 2, 3, 4, 5])
        #expect(buffer.space.count == 10)
    }

    // MARK: monitors and threads

    @Test func changesUnderAMonitorAreNeverLost() throws {
        let monitor = Monitor(0)
        try Threads.run("count", count: 8) { number in
            for _ in 0..<1000 { if number % 2 == 0 { monitor.look { $0 += 1 } } else { monitor.change { $0 += 1 } } }
        }
        #expect(monitor.look { $0 } == 8000)
    }

    @Test func threadsTakeTurnsThroughAMonitor() throws {
        let monitor = Monitor<[Int]>([])
        try Threads.run("turn", count: 4) { number in
            for round in 0..<100 {
                monitor.wait(until: { $0.count == round * 4 + number }) { $0.append(number) }
            }
        }
        #expect(monitor.look { $0 } == (0..<400).map { $0 % 4 })
    }

    @Test func aMonitorIsFreeAgainAfterAThrow() throws {
        struct Oops: Error {}
        let monitor = Monitor(1)
        #expect(throws: Oops.self) { try monitor.look { _ in throw Oops() } }
        #expect(throws: Oops.self) { try monitor.change { _ in throw Oops() } }
        #expect(throws: Oops.self) { try monitor.wait(until: { _ in true }) { _ in throw Oops() } }
        #expect(monitor.look { $0 } == 1)
    }

    @Test func aFailureOfOneThreadIsThrownWhenAllHaveEnded() throws {
        let ended = Monitor<Set<Int>>([])
        #expect(throws: SystemError(code: 3)) {
            try Threads.run("fail", count: 6) { number in
                if number == 2 { throw SystemError(code: 3) }
                sleep(milliseconds: 10)
                ended.look { _ = $0.insert(number) }
            }
        }
        #expect(ended.look { $0 } == [0, 1, 3, 4, 5])
    }
}
