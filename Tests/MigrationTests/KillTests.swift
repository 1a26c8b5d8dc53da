import Base
import Codec
import Foundation
import Repository
import Sites
import Testing

@testable import Migration

/// Real processes that end by SIGKILL in the middle of a migration between two folders.
@Suite struct KillTests {
    /// Goes on with the migration in `folder`, and dies at its `life`-th act at either site once it is in `phase`, or beyond.
    @Sendable static func migrate(_ secret: [UInt8], _ folder: String, phase: String, life: Int) throws {
        let tenant = try MovingTenant(secret: secret, folder: folder)
        let left = Monitor(Int.max)
        func site(_ name: String) -> ProxySite {
            let site = ProxySite(tenant.fileSite(at: folder + "/place-" + name, name))
            site.setHook { _ in
                let isOver = left.look { left in
                    left -= 1
                    return left < 0
                }
                if isOver { kill(getpid(), SIGKILL) }
            }
            return site
        }
        let (from, to) = (site("a"), site("b"))
        var now = Timestamp.now()
        while true {
            let context = tenant.context(from, to, now: now)
            let migration = try Migration.open(folder: folder + "/move", plan: .init(doubleRun: 60, samples: 2), context)
            if migration.state.phase.rawValue == phase { left.look { $0 = min($0, life) } }
            switch try migration.advance(context) {
            case .moved: break
            case .waiting: now = .now().adding(seconds: 100_000)
            case .samples:
                try migration.add(
                    migration.state.snapshots.map { .init(snapshot: ShortID(hex: $0)!, isGood: true, finished: .now(), sheet: "") })
            case .done: return
            case let outcome: throw Failure(.failed, .system("migrate", "\(outcome)"))
            }
        }
    }

    @Test func killedTenTimesItGivesTheSameRoot() async throws {
        let tenant = try MovingTenant()
        let from = try tenant.fileSite("a", place: tenant.folder + "/place-a")
        let to = try tenant.fileSite("b", place: tenant.folder + "/place-b")
        for seed in 1...3 { try tenant.take(UInt64(seed), chunks: 9, at: [from]) }
        try tenant.attest(1, at: [from])
        try tenant.wrap(at: from)
        try tenant.leavePack(9, at: from)
        let reference = try CopyInventory(
            tenant.open(from), log: ReadingLog(path: tenant.folder + "/reference", migration: .zero, site: .zero)
        ).read().root
        let deaths: [(phase: MigrationPhase, life: Int)] = [
            (.copying, 20), (.copying, 40), (.copying, 70), (.proving, 25), (.proving, 45), (.sampling, 15), (.sampling, 30), (.sampling, 45),
            (.deleting, 170), (.deleting, 110),
        ]
        for death in deaths {
            let (phase, life) = (death.phase.rawValue, death.life)
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [secret = tenant.secret as [UInt8], folder = tenant.folder as String, phase = phase as String, life = life as Int] in
                try KillTests.migrate(secret, folder, phase: phase, life: life)
            }
            #expect(try MigrationState.read(tenant.folder + "/move")?.phase == death.phase)
        }
        let half = try #require(try MigrationState.read(tenant.folder + "/move"))
        let left = UInt64(try from.keys("").count)
        #expect(half.deletionBegan != nil && half.held > left && left > 0)
        try Self.migrate(tenant.secret, tenant.folder, phase: "", life: .max)
        let state = try #require(try MigrationState.read(tenant.folder + "/move"))
        #expect(state.phase == .done && state.firstProof?.root == reference.hex && state.proof?.root == reference.hex)
        #expect(try from.keys("").isEmpty)
        #expect(try tenant.open(to).commits.count == 3)
        #expect(try tenant.repository(to).migrations().map(\.act) == [.leaving, .agreed, .deleted])
        try expectPythonAgrees(tenant, reference)
    }

    /// Another program reads the copy and comes to the same root.
    private func expectPythonAgrees(_ tenant: MovingTenant, _ root: Digest) throws {
        let tool = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../docs/tools/merkle.py").path
        func run(_ folder: String) throws -> (status: Int32, text: String) {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["python3", tool, tenant.folder + "/move/leaves-to.txt", "--folder", folder]
            let pipe = Pipe()
            process.standardOutput = pipe
            try process.run()
            let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            return (process.terminationStatus, text)
        }
        let copy = tenant.folder + "/place-b/" + tenant.fingerprint.prefix
        let good = try run(copy)
        #expect(good.status == 0 && good.text.contains("root \(root.hex)"), "\(good.text)")
        // Nothing is left where it was.
        #expect(try run(tenant.folder + "/place-a/" + tenant.fingerprint.prefix).status == 4)
    }
}
