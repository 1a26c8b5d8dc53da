import Testing

@testable import Restore

/// What a restore shows of itself, from many threads.
@Suite struct RestoreProgressTests {
    @Test func aThreadThatLookedAtTheClockBeforeAnotherOneShowedIsNotDue() {
        #expect(!RestoreRun.isDue(5, after: 7))
        #expect(!RestoreRun.isDue(99_999_999, after: 0))
        #expect(RestoreRun.isDue(100_000_000, after: 0))
    }
}
