import Operations

// What is known of each source, and of its restore tests.
extension PrometheusText {
    mutating func sources(_ overview: Overview) {
        func each(_ value: (Overview.Source) -> Double?) -> [Sample] { PrometheusText.each(overview, value) }
        gauge(
            "hdsbackup_source_last_success_timestamp_seconds", "When the last snapshot that some site holds was begun.",
            each { $0.last.map(Double.init) })
        gauge("hdsbackup_source_last_try_timestamp_seconds", "When a backup was last tried.", each { $0.lastTry.map(Double.init) })
        gauge(
            "hdsbackup_source_last_exit_status", "What the last try ended with: an exit status of hdsbackup, 0 when done wholly.",
            each { $0.lastExit.map(Double.init) })
        gauge("hdsbackup_source_next_run_timestamp_seconds", "When the next backup is planned.", each { $0.next.map(Double.init) })
        gauge("hdsbackup_source_late", "1 if the last snapshot is older than promised, else 0.", each { $0.isLate ? 1 : 0 })
        gauge("hdsbackup_source_rpo_seconds", "Promised age of the last snapshot, at most.", each { $0.rpo.map(Double.init) })
        gauge("hdsbackup_source_rto_seconds", "Promised length of a restore, at most.", each { $0.rto.map(Double.init) })
        gauge(
            "hdsbackup_source_complete", "1 if the last snapshot has all of the source, 0 if something could not be read.",
            each { $0.last == nil ? nil : $0.isComplete ? 1 : 0 })
        gauge("hdsbackup_source_size_bytes", "Size of the source in its last snapshot.", each { $0.last == nil ? nil : Double($0.bytes) })
        gauge("hdsbackup_source_files", "Files of the source in its last snapshot.", each { $0.last == nil ? nil : Double($0.files) })
        gauge(
            "hdsbackup_source_last_stored_bytes", "Bytes that the last snapshot taken here added to each site.",
            each { $0.history.last.map { Double($0.storedBytes) } })
        gauge(
            "hdsbackup_source_last_duration_seconds", "How long the last snapshot taken here took.", each { $0.history.last.map(\.seconds) })
        gauge("hdsbackup_source_snapshots", "Snapshots of the source that some site holds.", each { Double($0.snapshots) })
        gauge("hdsbackup_source_copies", "Sites that hold the last snapshot.", each { $0.last == nil ? nil : Double($0.copies.count) })
        gauge(
            "hdsbackup_source_anomalies_open", "Unusual changes that no person has released yet.", each { Double($0.anomalies.count) })
    }

    mutating func restoreTests(_ overview: Overview) {
        func each(_ value: (Overview.RestoreTest) -> Double?) -> [Sample] {
            PrometheusText.each(overview) { $0.restoreTest.flatMap(value) }
        }
        gauge("hdsbackup_restore_test_timestamp_seconds", "When the last restore test ended.", each { Double($0.time) })
        gauge("hdsbackup_restore_test_success", "1 if the last restore test was good, else 0.", each { $0.isGood ? 1 : 0 })
        gauge("hdsbackup_restore_test_duration_seconds", "How long the last restore test took.", each { $0.seconds })
        gauge(
            "hdsbackup_restore_test_whole_seconds", "How long a whole restore would take at the rate of the last good test.",
            each { $0.isGood && $0.wholeSeconds > 0 ? $0.wholeSeconds : nil })
        gauge("hdsbackup_restore_test_restored_ratio", "Part of the snapshot that the last test restored, 0 to 1.", each { $0.share })
    }

    private static func each(_ overview: Overview, _ value: (Overview.Source) -> Double?) -> [Sample] {
        overview.tenants.flatMap { tenant in
            tenant.sources.compactMap { source in value(source).map { Sample(["tenant": tenant.name, "source": source.name], $0) } }
        }
    }
}
