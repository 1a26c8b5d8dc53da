import Base
import Sites
import TestSupport
import Testing

@testable import S3

/// What decides how much is asked of a store: without any store.
@Suite(.timeLimit(.minutes(1))) struct S3FlowTests {
    // MARK: bytes a second

    /// The limiter never sleeps in `take`: it says how long to wait, and what it says is exact.
    @Test func bytesPassAtTheConfiguredRate() {
        let limiter = RateLimiter { 1000 }
        let began = monotonicSeconds()
        for second in 1...100 {
            let wait = limiter.take(1000)
            let elapsed = monotonicSeconds() - began
            // After a pause, a quarter of a second passes ahead.
            #expect(wait <= Double(second) - 0.25 + 0.001)
            #expect(wait >= Double(second) - 0.25 - elapsed - 0.001)
        }
    }

    @Test func threadsShareOneRate() throws {
        let limiter = RateLimiter { 1 << 20 }
        let longest = Monitor(0.0)
        let began = monotonicSeconds()
        try Threads.run("taker", count: 50) { _ in
            for _ in 0..<20 {
                let wait = limiter.take(1 << 20)
                longest.look { $0 = max($0, wait) }
            }
        }
        let elapsed = monotonicSeconds() - began
        let wait = longest.look { $0 }
        #expect(wait <= 1000 - 0.25 + 0.001 && wait >= 1000 - 0.25 - elapsed - 0.001)
    }

    @Test func withoutALimitNothingWaits() {
        #expect(RateLimiter.unlimited.bytesPerSecond == nil)
        for _ in 0..<1000 { #expect(RateLimiter.unlimited.take(1 << 30) == 0) }
    }

    @Test func aLimitCountsFromWhenItsWindowBegins() {
        let rate = Monitor<Int?>(nil)
        let limiter = RateLimiter { rate.look { $0 } }
        #expect(limiter.take(1 << 40) == 0)
        rate.look { $0 = 1000 }
        // What passed before the window is not held against it.
        #expect(limiter.take(1000) <= 0.75 + 0.001)
        #expect(limiter.take(9000) > 8)
        rate.look { $0 = nil }
        #expect(limiter.take(1 << 40) == 0)
    }

    @Test(arguments: [1, 0, -5])
    func anImpossibleRateIsAsSlowAsAByteASecond(_ rate: Int) {
        let wait = RateLimiter { rate }.take(1000)
        #expect(wait > 990 && wait <= 1000)
    }

    /// The wait is longer than what a 32-bit number of microseconds holds.
    @Test func anHourlongWaitIsAskedForToo() {
        #expect(RateLimiter { 1 }.take(1 << 33) > 8e9)
    }

    // MARK: requests at once

    @Test func anOverloadHalvesTheGateOnce() {
        let gate = RequestGate(start: 16, most: 16)
        for _ in 0..<16 { gate.enter() }
        // One overload makes many requests fail at once: together they count as one.
        for _ in 0..<16 { gate.leave(isOverloaded: true) }
        #expect(gate.limit == 8)
    }

    @Test func theGateNeverClosesAltogether() {
        let gate = RequestGate(start: 2, most: 2)
        gate.enter()
        gate.leave(isOverloaded: true)
        #expect(gate.limit == 1)
        sleep(milliseconds: 1100)
        gate.enter()
        gate.leave(isOverloaded: true)
        #expect(gate.limit == 1)
        gate.enter()
        gate.leave(isOverloaded: false)
        #expect(gate.limit == 2)
    }

    @Test(arguments: [1, 2, 5, 16, 64])
    func theGateGrowsToItsBoundAndNoFurther(_ most: Int) {
        let gate = RequestGate(start: 4, most: most)
        #expect(gate.limit == min(4, most))
        var (active, before) = (0, gate.limit)
        for _ in 0..<200 {
            // Always as many at once as there may be, each of them ending once in a round.
            for _ in 0..<before {
                while active < gate.limit {
                    gate.enter()
                    active += 1
                }
                gate.leave(isOverloaded: false)
                active -= 1
            }
            // Additive: a round lets at most one more through.
            #expect(gate.limit >= before && gate.limit <= before + 1 && gate.limit <= most)
            before = gate.limit
        }
        #expect(gate.limit == most)
    }

    @Test func aGateThatIsNotFullLearnsNothing() {
        let gate = RequestGate(start: 4, most: 16)
        for _ in 0..<1000 {
            gate.enter()
            gate.leave(isOverloaded: false)
        }
        #expect(gate.limit == 4)
    }

    @Test func noWaiterOfFiftyIsForgottenAndNoneIsLetInAboveTheBound() throws {
        let gate = RequestGate(start: 1, most: 7)
        let inside = Monitor((now: 0, most: 0, passed: 0))
        try Threads.run("requester", count: 50) { number in
            for round in 0..<100 {
                gate.enter()
                inside.look {
                    $0.now += 1
                    $0.most = max($0.most, $0.now)
                }
                if round % 10 == 0 { sleep(milliseconds: 1) }
                inside.look {
                    $0.now -= 1
                    $0.passed += 1
                }
                gate.leave(isOverloaded: (number + round) % 97 == 0)
            }
        }
        let (now, most, passed) = inside.look { $0 }
        #expect(now == 0 && passed == 5000)
        #expect(most <= 7)
        #expect((1...7).contains(gate.limit))
    }

    // MARK: retries and the circuit

    @Test func retriesAreBoundAndEarnedBySuccesses() {
        let budget = RetryBudget()
        for _ in 0..<60 { #expect(budget.spend()) }
        #expect(!budget.spend())
        // Five successes pay for one retry.
        for _ in 0..<4 { budget.earn() }
        #expect(!budget.spend())
        for _ in 0..<2 { budget.earn() }
        #expect(budget.spend() && !budget.spend())
        for _ in 0..<10_000 { budget.earn() }
        for _ in 0..<60 { #expect(budget.spend()) }
        #expect(!budget.spend())
    }

    @Test func threeFailuresInARowOpenTheCircuitAndOneSuccessClosesIt() {
        let circuit = CircuitBreaker()
        for _ in 0..<2 { circuit.note(success: false) }
        circuit.note(success: true)
        for _ in 0..<2 {
            #expect(circuit.mayTry())
            circuit.note(success: false)
        }
        #expect(circuit.mayTry() && !circuit.isOpen)
        circuit.note(success: false)
        #expect(circuit.isOpen && !circuit.mayTry())
        sleep(milliseconds: 2100)
        // One at a time tries.
        #expect(circuit.mayTry() && !circuit.mayTry())
        circuit.note(success: false)
        #expect(!circuit.mayTry())
        circuit.note(success: true)
        #expect(!circuit.isOpen && circuit.mayTry() && circuit.mayTry())
    }
}
