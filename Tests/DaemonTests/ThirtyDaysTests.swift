import Base
import Foundation
import Operations
import TestSupport
import Testing
import Verification

@testable import Daemon

extension DaemonSuite {
    @Suite struct ThirtyDaysTests {
        private static let configuration = """
            [node]
            name = "noeud-1"
            state = "ROOT/state"
            keys = "ROOT/keys"
            [site.local]
            kind = "file"
            path = "ROOT/sites/local"
            [site.gra]
            kind = "file"
            path = "ROOT/sites/gra"
            [site.sbg]
            kind = "file"
            path = "ROOT/sites/sbg"
            [tenant.chu]
            sites = ["local", "gra", "sbg"]
            keys_together = "accepted"
            [tenant.chu.policy.verify]
            scrub = "10d"
            [source.dpi]
            tenant = "chu"
            paths = ["ROOT/data/dpi"]
            schedule = "daily at 02:00"
            rpo = "26h"
            [source.imagerie]
            tenant = "chu"
            paths = ["ROOT/data/imagerie"]
            schedule = "every 24h"
            [source.base]
            tenant = "chu"
            rpo = "72h"
            command = ["cat", "ROOT/data/dump.sql"]
            schedule = "daily at 03:00"
            """

        /// The month that the daemon is for. What must come of it: everything level, healed, covered, and an account of what happened.
        @Test func `thirty days with an outage, a clock jump, a corrupted pack and a failing source end well and are told as they were`() throws {
            let hospital = try Hospital(Self.configuration)
            try hospital.write("data/dump.sql", "CREATE TABLE patient ();\n")
            var day = 0
            func newDay() throws {
                day += 1
                for name in ["dpi", "imagerie"] {
                    try hospital.write("data/\(name)/day-\(day).txt", String(repeating: "\(name) \(day) ", count: 4_000))
                }
            }
            func days(_ count: Int) throws {
                for _ in 0..<count {
                    try newDay()
                    try hospital.runDays(1)
                }
            }
            // Days 1 to 5: all is calm.
            try days(5)
            #expect(hospital.keys == [])
            // Five nights, and the first at once: what is not protected yet is late.
            #expect(hospital.source("dpi").snapshots == 6)
            #expect(hospital.source("imagerie").snapshots == 6)

            // Days 6 to 12: gra does not answer.
            let gra = hospital.folder.path + "/sites/gra"
            try FileManager.default.moveItem(atPath: gra, toPath: gra + ".away")
            try days(2)
            #expect(hospital.keys == ["site-failing:chu/gra"])
            #expect(hospital.site("gra").isReachable == false)
            #expect(hospital.source("dpi").copies.sorted() == ["local", "sbg"])
            // Day 8: the source of the database fails, for two days.
            try FileManager.default.moveItem(atPath: hospital.folder.path + "/data/dump.sql", toPath: hospital.folder.path + "/data/dump.old")
            try days(2)
            #expect(Set(hospital.keys) == ["site-failing:chu/gra", "backup-failed:chu/base"])
            #expect(hospital.overview.alerts.allSatisfy { $0.level == "critical" })
            let tries = hospital.runner.started.filter { $0.task.subject == "base" && $0.exit != .done }
            // Retried with patience, not all the time: some five in the first hour, then hourly.
            #expect((20...80).contains(tries.count), "\(tries.count)")
            try FileManager.default.moveItem(atPath: hospital.folder.path + "/data/dump.old", toPath: hospital.folder.path + "/data/dump.sql")
            try days(3)
            #expect(hospital.keys == ["site-failing:chu/gra"])
            try FileManager.default.moveItem(atPath: gra + ".away", toPath: gra)
            try days(1)
            #expect(hospital.keys == [])
            #expect(hospital.site("gra").snapshots == hospital.site("local").snapshots)
            #expect(hospital.site("gra").lacks == 0)

            // Day 14: the clock jumps two days ahead, and back a day later.
            hospital.clock.jump(2 * 86_400)
            let before = hospital.runner.started.count
            try hospital.run(for: 600)
            #expect(hospital.keys.contains("clock"))
            // Made up for once each, and one slot at midnight: no storm.
            #expect(hospital.runner.started[before...].count { $0.task.kind == .backup } <= 4)
            try days(1)
            hospital.clock.jump(-2 * 86_400)
            let backups = hospital.runner.started.count
            let lastBeforeTheJumpBack = try hospital.history.recent(1)[0].id
            try days(3)
            #expect(hospital.runner.started[backups...].count { $0.task.subject == "dpi" && $0.task.kind == .backup } >= 1)
            try days(1)
            #expect(!hospital.keys.contains("clock"))

            // Day 19: a pack of sbg rots, and the daemon is restarted. It is found within 8.7 days: 0.8 of the period and two intervals.
            try Self.flip(in: hospital.folder.path + "/sites/sbg")
            try hospital.restart()
            try days(12)
            #expect(day == 30)

            // Everything is level, healed and covered.
            #expect(hospital.keys == [], "\(hospital.overview.alerts.map(\.text))")
            for name in ["local", "gra", "sbg"] {
                let site = hospital.site(name)
                #expect(site.isReachable == true && site.lacks == 0 && site.damaged == 0, "\(name)")
                #expect(site.coverage == 1, "\(name) \(site.coverage ?? -1)")
                #expect(site.snapshots == hospital.site("local").snapshots, "\(name)")
                #expect(hospital.clock.now() - site.oldestRead! <= 10 * 86_400, "\(name)")
            }
            for name in ["dpi", "imagerie", "base"] {
                let source = hospital.source(name)
                #expect(source.copies.count == 3, "\(name)")
                let test = try #require(source.restoreTest)
                #expect(test.isGood && hospital.clock.now() - test.time <= 7 * 86_400, "\(name)")
            }

            // And the status says what happened, and when.
            let past = hospital.overview.past.map(\.key)
            for key in ["site-failing:chu/gra", "backup-failed:chu/base", "clock", "damage:chu/sbg"] {
                #expect(past.contains(key), "\(key) of \(past)")
            }
            let outage = try #require(hospital.overview.past.last { $0.key == "site-failing:chu/gra" })
            #expect((outage.until - outage.since) / 86_400 == 6 || (outage.until - outage.since) / 86_400 == 7)
            #expect(hospital.overview.lines(.english).joined(separator: "\n").contains("nothing needs a person"))
            #expect(hospital.overview.lines(.french).joined(separator: "\n").contains("rien ne demande"))

            // No slot was run well twice, but for those that the clock went through twice, by two days.
            let runs = try hospital.history.recent(10_000).filter { $0.slot != nil && $0.exit == .done }
            for part in [runs.filter { $0.id <= lastBeforeTheJumpBack }, runs.filter { $0.id > lastBeforeTheJumpBack }] {
                let slots = part.map { "\($0.task) \($0.slot!)" }
                #expect(Set(slots).count == slots.count)
            }
            // Every snapshot restores: each blob of all sites opens.
            let workspace = try Workspace(hospital.configuration, tenant: nil) { nil }
            var options = VerificationOptions()
            options.selection = .all
            options.opens = true
            let outcome = try VerifyOperation.run(workspace, site: nil, options: options) { _ in }
            #expect(outcome.status == .done)
        }

        /// Turns over one bit in the middle of the largest pack.
        static func flip(in site: String) throws {
            let packs = try #require(FileManager.default.enumerator(atPath: site)).compactMap { $0 as? String }.filter { $0.contains("/packs/") }
                .map { site + "/" + $0 }.filter {
                    (try? FileManager.default.attributesOfItem(atPath: $0)[.type] as? FileAttributeType) == .typeRegular
                }
            let path = try #require(packs.sorted().first)
            var bytes = try #require(try Files.read(path))
            bytes[bytes.count / 2] ^= 1
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            let file = try File.open(RawName(path), 2)
            try file.write([bytes[bytes.count / 2]].withUnsafeBytes { $0 }, at: Int64(bytes.count / 2))
        }
    }
}
