import Base
import Glibc
import TestSupport
import Testing

/// Programs that this one starts.
@Suite(.timeLimit(.minutes(1))) struct ChildProcessTests {
    private func shell(_ script: String, capturesOutput: Bool = true) throws -> ChildProcess {
        try ChildProcess(["sh", "-c", script], capturesOutput: capturesOutput)
    }

    private func output(_ child: ChildProcess) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 65_536)
        while true {
            let n = try room.withUnsafeMutableBytes { try child.output!.read(into: $0) }
            if n == 0 { return bytes }
            bytes += room[..<n]
        }
    }

    @Test(arguments: [0, 1, 7, 127, 255] as [Int32])
    func itsExitStatusIsGiven(_ status: Int32) throws {
        #expect(try shell("exit \(status)").wait() == status)
        #expect(try shell("exit \(status)").wait(timeout: 20) == status)
        #expect(try shell("exit \(status)").wait(timeout: nil) == status)
    }

    @Test(arguments: [(SIGTERM, "TERM"), (SIGKILL, "KILL")])
    func aSignalIs128AndItsNumber(_ signal: Int32, _ name: String) throws {
        #expect(try shell("kill -\(name) $$").wait() == 128 + signal)
    }

    @Test func theStatusCanBeAskedForTwice() throws {
        let child = try shell("exit 3")
        #expect(child.wait() == 3)
        #expect(child.wait() == 3)
    }

    @Test func allOfItsOutputIsReadable() throws {
        let child = try shell("seq 1 50000")
        let text = String(decoding: try output(child), as: UTF8.self)
        #expect(text == (1...50_000).map { "\($0)\n" }.joined())
        #expect(child.wait() == 0)
    }

    @Test func itsStandardInputIsEmpty() throws {
        let child = try shell("cat; echo end")
        #expect(try output(child) == Array("end\n".utf8))
        #expect(child.wait() == 0)
    }

    @Test func aProgramThatIsNotThereIsTold() {
        #expect(throws: SystemError(code: ENOENT)) { try ChildProcess(["hdsbackup-no-such-program"], capturesOutput: true) }
    }

    @Test func waitingForOutputEndsAtItsDeadline() throws {
        let child = try shell("sleep 60")
        let begun = monotonicSeconds()
        #expect(!child.waitForOutput(until: begun + 0.2))
        #expect(monotonicSeconds() - begun >= 0.19)
        child.terminate()
        #expect(child.waitForOutput(until: nil))
        #expect(try output(child) == [])
    }

    @Test(arguments: ["", "trap '' TERM; "])
    func aTimeOutEndsWhatItStartedToo(_ trap: String) throws {
        let child = try shell("\(trap)sleep 60 & echo $!; wait; sleep 60")
        #expect(child.waitForOutput(until: monotonicSeconds() + 20))
        var room = [UInt8](repeating: 0, count: 32)
        let n = try room.withUnsafeMutableBytes { try child.output!.read(into: $0) }
        let grandchild = try #require(Int32(String(decoding: room[..<(n - 1)], as: UTF8.self)))
        #expect(isAlive(grandchild))
        #expect(child.wait(timeout: 0.1) == 124)
        for _ in 0..<100 where isAlive(grandchild) { sleep(milliseconds: 20) }
        #expect(!isAlive(grandchild))
    }

    /// Whether the process runs; one that only waits for its parent to ask does not.
    private func isAlive(_ pid: Int32) -> Bool {
        guard let stat = try? Files.read("/proc/\(pid)/stat"), let end = stat.lastIndex(of: UInt8(ascii: ")")) else { return false }
        return stat[end + 2] != UInt8(ascii: "Z")
    }
}
