import Base
import Operations
import Scheduling

extension Engine {
    /// The command that does a task of the schedule.
    func arguments(_ name: TaskName, _ now: Int64) -> [String] {
        let tenant = ["--tenant", name.tenant]
        switch name.kind {
        case .backup: return ["backup", name.subject] + tenant
        case .replicate: return ["replicate"] + tenant
        case .verify: return ["verify", "--site", name.subject, "--read", reading(name, now)] + tenant
        case .restoreTest: return ["restore-test", name.subject] + tenant
        case .probe: return ["site", "probe", name.subject] + tenant
        case .renew: return ["site", "renew"] + tenant
        case .retention: return ["retention", "apply"] + tenant
        case .collect: return ["collect"] + tenant
        case .observe: return ["status"] + tenant
        }
    }

    /// How much of a site to read this time: `spread:SHARE:BEFORE:BUDGET`.
    private func reading(_ name: TaskName, _ now: Int64) -> String {
        guard let tenant = configuration.tenants.first(where: { $0.name == name.tenant }), let task = task(name) else { return "due" }
        let last = knowledge.verified[Knowledge.Place(tenant: name.tenant, name: name.subject)]?.time
        let plan = ReadingPlan(
            period: TaskList.scrubPeriod(tenant), interval: task.rule.schedule.period, elapsed: last.map { max(0, now - $0) }, now: now,
            rate: tenant.policy.scrubRate.map { Int64($0.bytes) })
        return "spread:\(plan.share):\(plan.before):\(plan.budget ?? 0)"
    }
}
