extension ReportFacts {
    /// One source: what was promised, what happened in the period, and what is there.
    package struct Source: Codable, Sendable, Equatable, Titled {
        package var tenant: String
        package var name: String
        /// `paths` or `command`.
        package var kind: Recorded<String> = .unknown
        /// Why it may be kept that long, such as `R.1112-7`.
        package var basis: Recorded<String> = .unknown
        package var retentionDays: Recorded<Int> = .unknown
        package var informationNotice: Recorded<String> = .unknown
        package var plan: Recorded<Plan> = .unknown
        package var execution: Recorded<Execution> = .unknown
        package var anomalies: Recorded<[Anomaly]> = .unknown
        package var resilience: Recorded<Resilience> = .unknown
        /// Those of the period; empty: none was done.
        package var restoreTests: Recorded<[RestoreSheet]> = .unknown

        package init(tenant: String, name: String) { (self.tenant, self.name) = (tenant, name) }
        var title: String { "\(tenant)/\(name)" }
    }

    package struct Plan: Codable, Sendable, Equatable {
        /// As the configuration writes it.
        package var schedule: Recorded<String> = .unknown
        package var rpoSeconds: Recorded<Int64> = .unknown
        package var rtoSeconds: Recorded<Int64> = .unknown
        /// As the configuration writes it.
        package var keep: Recorded<String> = .unknown
        /// Where it comes in the order of restores, 1 first.
        package var restoreOrder: Recorded<Int> = .unknown
        package var restoreTestDays: Recorded<Int> = .unknown
        package init() {}
    }

    /// Runs of the period.
    package struct Execution: Codable, Sendable, Equatable {
        package var planned: Int
        package var succeeded: Int
        package var partial: Int
        package var failed: Int
        /// Slots of the schedule without a run that was done.
        package var missed: [ReportMoment]
        package var sourceBytes: UInt64
        package var storedBytes: UInt64
        /// The longest time between two snapshots, the end of the period included.
        package var rpoMeasuredSeconds: Recorded<Int64> = .unknown
        package var lastSnapshot: Recorded<ReportMoment> = .unknown

        package init(
            planned: Int, succeeded: Int, partial: Int = 0, failed: Int = 0, missed: [ReportMoment] = [], sourceBytes: UInt64 = 0,
            storedBytes: UInt64 = 0
        ) {
            (self.planned, self.succeeded, self.partial, self.failed) = (planned, succeeded, partial, failed)
            (self.missed, self.sourceBytes, self.storedBytes) = (missed, sourceBytes, storedBytes)
        }
    }

    package struct Anomaly: Codable, Sendable, Equatable {
        package var at: ReportMoment
        package var kind: String
        package var detail: LocalText
        /// Who looked; nil: nobody yet.
        package var releasedBy: String?
        package init(at: ReportMoment, kind: String, detail: LocalText, releasedBy: String? = nil) {
            (self.at, self.kind, self.detail, self.releasedBy) = (at, kind, detail, releasedBy)
        }
    }

    /// 3-2-1-1-0 of the last snapshot, digit by digit.
    package struct Resilience: Codable, Sendable, Equatable {
        package var snapshot: String
        package var digits: [Digit]
        package init(snapshot: String, digits: [Digit]) { (self.snapshot, self.digits) = (snapshot, digits) }

        package struct Digit: Codable, Sendable, Equatable {
            package var kind: Kind
            package var wanted: Int
            /// As far as is known, and as far as could be.
            package var known: Int
            package var possible: Int
            package var verdict: Verdict
            package var sites: [String]
            package init(_ kind: Kind, wanted: Int, known: Int, possible: Int, verdict: Verdict, sites: [String]) {
                (self.kind, self.wanted, self.known) = (kind, wanted, known)
                (self.possible, self.verdict, self.sites) = (possible, verdict, sites)
            }
        }

        package enum Kind: String, Codable, Sendable, CaseIterable { case copies, media, offSite, offline, immutable, unverified }
    }

    package enum Verdict: String, Codable, Sendable, CaseIterable { case holds, fails, unknown }

    /// The sheet of one restore test (PGSSI-S 7.4.5.3).
    package struct RestoreSheet: Codable, Sendable, Equatable {
        package var snapshot: String
        package var snapshotAt: Recorded<ReportMoment>
        package var at: ReportMoment
        /// Who or what ran it, and for whom.
        package var performedBy: String
        package var requestedBy: Recorded<String>
        package var sites: [String]
        package var files: UInt64
        package var bytes: UInt64
        /// Part of the snapshot's bytes.
        package var share: Double
        package var comparison: CheckState
        /// The source's own check of what was restored.
        package var check: CheckState
        package var result: Result
        /// How long it took, and how long the whole would.
        package var seconds: Double
        package var wholeSeconds: Double
        /// Of the signed sheet at the sites.
        package var sheetHash: Recorded<String> = .unknown

        package init(
            snapshot: String, snapshotAt: ReportMoment?, at: ReportMoment, performedBy: String, requestedBy: String?, sites: [String], files: UInt64,
            bytes: UInt64, share: Double, comparison: CheckState, check: CheckState, result: Result, seconds: Double, wholeSeconds: Double
        ) {
            (self.snapshot, self.snapshotAt, self.at) = (snapshot, Recorded(snapshotAt), at)
            (self.performedBy, self.requestedBy, self.sites) = (performedBy, Recorded(requestedBy), sites)
            (self.files, self.bytes, self.share) = (files, bytes, share)
            (self.comparison, self.check, self.result) = (comparison, check, result)
            (self.seconds, self.wholeSeconds) = (seconds, wholeSeconds)
        }

        package enum Result: String, Codable, Sendable, CaseIterable { case good, late, failed }
    }

    package enum CheckState: String, Codable, Sendable, CaseIterable { case good, failed, skipped }
}
