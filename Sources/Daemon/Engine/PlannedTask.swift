import Base
import Operations
import Scheduling

/// What a run of a kind takes of the machine, about: measured on two cores, rounded up.
package struct JobCost: Sendable, Equatable {
    package let bytes: UInt64
    package let cores: Int
    /// It waits for its like only.
    package let isUrgent: Bool

    init(mebibytes: UInt64, cores: Int, isUrgent: Bool = false) {
        bytes = mebibytes << 20
        self.cores = cores
        self.isUrgent = isUrgent
    }

    static func of(_ kind: TaskName.Kind) -> JobCost {
        switch kind {
        case .backup: JobCost(mebibytes: 176, cores: 2, isUrgent: true)
        case .restoreTest: JobCost(mebibytes: 176, cores: 2, isUrgent: true)
        case .replicate: JobCost(mebibytes: 128, cores: 1)
        case .verify: JobCost(mebibytes: 72, cores: 1)
        case .probe, .renew, .retention: JobCost(mebibytes: 64, cores: 1)
        case .collect: JobCost(mebibytes: 192, cores: 1)
        case .observe: JobCost(mebibytes: 48, cores: 0)
        }
    }
}

/// A task of the configuration, with its schedule.
package struct PlannedTask: Sendable {
    package let name: TaskName
    package let rule: SlotRule
    /// Lower ones go first.
    let rank: Int

    init(_ name: TaskName, _ schedule: Schedule) {
        self.name = name
        rule = SlotRule(schedule, name: name.description)
        let order: [TaskName.Kind] = [.backup, .replicate, .restoreTest, .verify, .retention, .collect, .renew, .probe, .observe]
        rank = order.firstIndex(of: name.kind)!
    }

    /// Runs that share a word never run at one time.
    var exclusive: String {
        switch name.kind {
        // One scratch place; sites are verified one after the other.
        case .restoreTest: "restore-test"
        case .verify: "verify:" + name.tenant
        default: name.description
        }
    }
}

/// Which roles a tenant has on this machine.
package struct TenantRoles: Sendable, Equatable {
    package var writes = false
    package var maintains = false
    /// The verify key is here, and the keys that open content can be had without a person.
    package var testsRestores = false

    package init(writes: Bool = false, maintains: Bool = false, testsRestores: Bool = false) {
        self.writes = writes
        self.maintains = maintains
        self.testsRestores = testsRestores
    }
}

/// What the configuration asks the daemon to do by itself. Pure.
package struct TaskList: Sendable {
    package let tasks: [PlannedTask]

    /// `roles`: of each tenant, by name; one that is not there is left alone.
    package init(_ configuration: Configuration, roles: [String: TenantRoles]) {
        var tasks: [PlannedTask] = []
        for tenant in configuration.tenants {
            guard let roles = roles[tenant.name] else { continue }
            let sources = configuration.sources.filter { $0.tenant == tenant.name && $0.content != .standardInput }
            let scheduled = sources.filter { $0.schedule != nil }
            if roles.writes { tasks += scheduled.map { PlannedTask(TaskName(.backup, tenant.name, $0.name), $0.schedule!) } }
            // The pace of the tenant: every three hours, faster where its sources are; each look reads every slot. A backup is followed by one in any case.
            let pace = max(5, min(10_800, scheduled.map { $0.schedule!.period }.min() ?? 10_800))
            tasks.append(PlannedTask(TaskName(.observe, tenant.name), Schedule(.every(pace))))
            if roles.maintains {
                // Once a day all is compared; what is seen to lack is brought at once.
                if tenant.sites.count > 1 { tasks.append(PlannedTask(TaskName(.replicate, tenant.name), Schedule(.every(8 * pace)))) }
                let interval = ReadingPlan.interval(period: Self.scrubPeriod(tenant))
                tasks += tenant.sites.map { PlannedTask(TaskName(.verify, tenant.name, $0), Schedule(.every(interval))) }
                if tenant.policy.keep != nil || sources.contains(where: { $0.keep != nil }) {
                    tasks.append(PlannedTask(TaskName(.retention, tenant.name), Schedule(.daily(minute: 240))))
                    tasks.append(PlannedTask(TaskName(.collect, tenant.name), Schedule(.daily(minute: 270))))
                }
                if tenant.sites.contains(where: { configuration.locks($0) }) {
                    tasks.append(PlannedTask(TaskName(.renew, tenant.name), Schedule(.daily(minute: 90))))
                }
            }
            if roles.writes {
                tasks += tenant.sites.map { PlannedTask(TaskName(.probe, tenant.name, $0), Schedule(.weekly(weekday: 6, minute: 660))) }
            }
            if roles.testsRestores {
                let period = Self.testPeriod(tenant)
                tasks += sources.map { PlannedTask(TaskName(.restoreTest, tenant.name, $0.name), Schedule(.every(max(1, period * 4 / 5)))) }
            }
        }
        self.tasks = tasks
    }

    /// Seconds within which every pack is read again at each site.
    package static func scrubPeriod(_ tenant: Configuration.Tenant) -> Int64 { tenant.policy.scrub.map { Int64(seconds($0)) } ?? 30 * 86_400 }

    /// Seconds within which every source is restored for real.
    package static func testPeriod(_ tenant: Configuration.Tenant) -> Int64 { tenant.policy.restoreTest.map { Int64(seconds($0)) } ?? 7 * 86_400 }
}

extension Configuration {
    /// Whether what is stored at the site is locked for a time.
    func locks(_ site: String) -> Bool {
        guard let site = sites.first(where: { $0.name == site }), case .s3(let s3) = site.place else { return false }
        return s3.objectLock != nil
    }

    func isOffline(_ site: String) -> Bool { sites.first { $0.name == site }?.isOffline ?? false }
}
