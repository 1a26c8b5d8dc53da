import Operations

/// The answer of `/metrics`: an overview in the text format of Prometheus, version 0.0.4.
///
/// Names have base units and say them; moments are `_timestamp_seconds`, so that an age is computed where it is needed.
/// A value that is not known is left out and never zero. Labels are tenants, sources and sites of the configuration, and
/// kinds and levels of the program: their number is bounded by the configuration, whatever runs.
package struct PrometheusText: Sendable {
    /// The value of `Content-Type`.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    package private(set) var text = ""

    package init(_ overview: Overview) {
        daemon(overview)
        sources(overview)
        restoreTests(overview)
        sites(overview)
    }

    /// A value and the labels it stands under.
    struct Sample {
        let labels: KeyValuePairs<StaticString, String>
        let value: Double

        init(_ labels: KeyValuePairs<StaticString, String>, _ value: Double) {
            self.labels = labels
            self.value = value
        }

        init(_ value: Double) { self.init([:], value) }
    }

    /// A family of gauges, which is all that an overview has; left out when no value of it is known.
    mutating func gauge(_ name: StaticString, _ help: StaticString, _ samples: [Sample]) {
        guard !samples.isEmpty else { return }
        text += "# HELP \(name) \(help)\n# TYPE \(name) gauge\n"
        for sample in samples {
            let labels = sample.labels.map { "\($0.key)=\"\(PrometheusText.escaped($0.value))\"" }.joined(separator: ",")
            text += "\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(PrometheusText.number(sample.value))\n"
        }
    }

    /// A label's value: backslash, quote and line feed are escaped; all other UTF-8 stands for itself.
    static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { out, scalar in
            switch scalar {
            case "\\": out += "\\\\"
            case "\"": out += "\\\""
            case "\n": out += "\\n"
            default: out.unicodeScalars.append(scalar)
            }
        }
    }

    /// A float as Go's `ParseFloat` takes it; whole numbers without point or exponent, which is easier to read.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value == value.rounded() && abs(value) < 9e15 ? "\(Int64(value))" : "\(value)"
    }
}

// MARK: The daemon
extension PrometheusText {
    private static let kinds = ["backup", "replicate", "verify", "restore-test", "probe", "renew", "retention", "collect", "observe"]

    /// A moment, unless it was never set.
    private static func known(_ moment: Int64) -> [Sample] { moment == 0 ? [] : [Sample(Double(moment))] }

    private mutating func daemon(_ overview: Overview) {
        gauge(
            "hdsbackup_build_info", "Version of the daemon and name of its node; always 1.",
            [Sample(["version": overview.version, "node": overview.node], 1)])
        gauge(
            "hdsbackup_heartbeat_timestamp_seconds", "When these values were put together; one that stands still is of a daemon that hangs.",
            [Sample(Double(overview.now))])
        gauge("process_start_time_seconds", "When the daemon started, in seconds since 1970.", PrometheusText.known(overview.started))
        gauge(
            "hdsbackup_config_last_reload_successful", "1 if the configuration file is in effect, 0 if its last change was refused.",
            [Sample(overview.configuration.refused == nil ? 1 : 0)])
        gauge(
            "hdsbackup_config_last_reload_success_timestamp_seconds", "When the configuration in effect was loaded.",
            PrometheusText.known(overview.configuration.loaded))
        gauge(
            "hdsbackup_alerts", "Open alerts of the daemon, by level.",
            ["critical", "warning"].map { level in
                Sample(["level": level], Double(overview.alerts.count { ($0.level == "warning") == (level == "warning") }))
            })
        gauge(
            "hdsbackup_running_jobs", "Jobs that run at this moment, by kind.",
            PrometheusText.kinds.map { kind in Sample(["kind": kind], Double(overview.running.count { $0.kind == kind })) })
        gauge(
            "hdsbackup_tenant_observed_timestamp_seconds", "When a tenant's sites were last looked at.",
            overview.tenants.compactMap { tenant in tenant.observed.map { Sample(["tenant": tenant.name], Double($0)) } })
        gauge(
            "hdsbackup_tenant_restore_tests_here", "1 if restore tests of the tenant run on this node, 0 if another one runs them.",
            overview.tenants.map { Sample(["tenant": $0.name], $0.testsRestores ? 1 : 0) })
    }
}
