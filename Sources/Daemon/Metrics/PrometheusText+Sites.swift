import Operations

// What is known of each site.
extension PrometheusText {
    mutating func sites(_ overview: Overview) {
        func each(_ value: (Overview.Site) -> Double?) -> [Sample] {
            overview.tenants.flatMap { tenant in
                tenant.sites.compactMap { site in value(site).map { Sample(["tenant": tenant.name, "site": site.name], $0) } }
            }
        }
        gauge(
            "hdsbackup_site_info", "Kind of a site; always 1.",
            overview.tenants.flatMap { tenant in
                tenant.sites.map { Sample(["tenant": tenant.name, "site": $0.name, "kind": $0.kind], 1) }
            })
        gauge("hdsbackup_site_offline", "1 if the site is expected to be absent most of the time, else 0.", each { $0.isOffline ? 1 : 0 })
        gauge("hdsbackup_site_reachable", "1 if the site answered when last looked at, else 0.", each { $0.isReachable.map { $0 ? 1 : 0 } })
        gauge("hdsbackup_site_last_reached_timestamp_seconds", "When the site last answered.", each { $0.lastReached.map(Double.init) })
        gauge(
            "hdsbackup_site_failing_since_timestamp_seconds", "Since when the site does not answer; absent while it does.",
            each { $0.failingSince.map(Double.init) })
        gauge("hdsbackup_site_snapshots", "Snapshots that the site holds.", each { $0.isReachable == nil ? nil : Double($0.snapshots) })
        gauge("hdsbackup_site_lacks", "Snapshots and packs that the site lacks.", each { Double($0.lacks) })
        gauge(
            "hdsbackup_site_lacks_age_seconds", "For how long the site has lacked the oldest of them; absent while it lacks nothing.",
            each { site in site.lacks > 0 ? site.lacksSince.map { Double(overview.now) - Double($0) } : nil })
        gauge("hdsbackup_site_packs", "Packs that the site holds.", each { $0.isReachable == nil ? nil : Double($0.packs) })
        gauge("hdsbackup_site_pack_bytes", "Bytes of the packs that the site holds.", each { $0.isReachable == nil ? nil : Double($0.packBytes) })
        gauge(
            "hdsbackup_site_coverage_ratio", "Part of the packs read whole and found good within the period, 0 to 1.", each { $0.coverage })
        gauge(
            "hdsbackup_site_never_read_packs", "Packs that were never read whole since they were stored.",
            each { $0.coverage == nil ? nil : Double($0.neverRead) })
        gauge("hdsbackup_site_oldest_read_timestamp_seconds", "When the pack read longest ago was read.", each { $0.oldestRead.map(Double.init) })
        gauge("hdsbackup_site_scrub_period_seconds", "Every pack is to be read again within so long.", each { Double($0.scrubPeriod) })
        gauge(
            "hdsbackup_site_damaged", "Packs and other objects found damaged or missing and not yet brought back.", each { Double($0.damaged) })
        gauge("hdsbackup_site_last_verified_timestamp_seconds", "When the site was last verified.", each { $0.lastVerified.map(Double.init) })
        gauge("hdsbackup_site_last_probe_timestamp_seconds", "When the site was last probed.", each { $0.lastProbe.map(Double.init) })
        gauge("hdsbackup_site_probe_good", "1 if the last probe found the site as it should be, else 0.", each { $0.isProbeGood.map { $0 ? 1 : 0 } })
    }
}
