import Base
import Repository

/// What came of one source's restore test: a line of `restore-test --json`, and of `restore-test --list --json`. It names no
/// path of the source. Its properties are named as in JSON.
package struct RestoreTestRow: Codable, Sendable, Equatable {
    /// One thing that was looked at.
    package struct Part: Codable, Sendable, Equatable {
        /// `good`, `failed` or `skipped`.
        package var result = "skipped"
        /// Why it failed or was skipped, a stable word.
        package var reason: String?
        package var compared: UInt64 = 0
        package var differing: UInt64 = 0
        package var changed: UInt64 = 0
    }

    package var tenant = ""
    package var source = ""
    package var snapshot: String?
    /// The machine that tested.
    package var host = ""
    /// Seconds since 1970.
    package var started: Int64 = 0
    package var finished: Int64 = 0
    /// Sites that were read from, and those that a drill did as if they were gone.
    package var sites: [String] = []
    package var without: [String] = []
    /// Of the restore itself, and of a whole one at this rate.
    package var seconds: Double = 0
    package var whole_seconds: Double = 0
    package var bytes: UInt64 = 0
    package var files: UInt64 = 0
    /// Part of the snapshot's bytes that was restored, 0 to 1, and from where to where.
    package var share: Double = 0
    package var share_from: Double = 0
    package var share_to: Double = 0
    package var round_complete = false
    /// `good`, `late` or `failed`.
    package var result = "failed"
    package var restored = Part()
    package var manifest = Part()
    package var live = Part()
    package var check = Part()
    /// Copies found damaged or missing that another copy healed.
    package var healed: UInt64 = 0
    /// What was compared with the manifest only, for want of the right to set it: paths by `owners`, `modes`, `attributes`, `devices`.
    package var lacking: [String: UInt64] = [:]
    package var promised_rto_seconds: UInt64?
    /// Name of the signed sheet; nil where nothing was tested. The sites that hold it.
    package var sheet: String?
    package var sheet_sites: [String] = []
    /// An exit status of the program.
    package var status: Int32 = 0
    /// Code of the sentence that says why nothing was tested.
    package var error: String?

    package init() {}

    package init(_ sheet: RestoreSheet, name: String, tenant: String) {
        self.tenant = tenant
        self.sheet = name
        source = sheet.sourceName
        snapshot = sheet.snapshot.hex
        host = sheet.host
        (started, finished) = (sheet.started.seconds, sheet.finished.seconds)
        (sites, without) = (sheet.sites, sheet.without)
        (seconds, whole_seconds) = (Double(sheet.restoreTime) / 1000, Double(sheet.wholeTime) / 1000)
        (bytes, files) = (sheet.bytes, sheet.files)
        let whole = Double(RestoreSheet.whole)
        (share, share_from, share_to) = (Double(sheet.to - sheet.from) / whole, Double(sheet.from) / whole, Double(sheet.to) / whole)
        round_complete = sheet.isRoundComplete
        result = sheet.result.word
        (restored, manifest, live, check) = (Part(sheet.restored), Part(sheet.comparison), Part(sheet.live), Part(sheet.check))
        healed = sheet.healed
        let counts = [
            "owners": sheet.lacking.owners, "modes": sheet.lacking.modes, "attributes": sheet.lacking.attributes, "devices": sheet.lacking.devices,
        ]
        lacking = counts.filter { $0.value > 0 }
        promised_rto_seconds = sheet.promised
        status = sheet.exitStatus.rawValue
    }

    /// A source of which nothing was tested.
    package init(tenant: String, source: String, _ failure: Failure) {
        (self.tenant, self.source) = (tenant, source)
        status = failure.exitStatus.rawValue
        error = failure.message.code
    }

    package var exitStatus: ExitStatus { ExitStatus(rawValue: status) ?? .failed }
}

extension RestoreTestRow.Part {
    init(_ part: RestoreSheet.Part) {
        switch part.outcome {
        case .good: result = "good"
        case .failed: result = "failed"
        case .skipped: result = "skipped"
        }
        reason = part.reason.isEmpty ? nil : part.reason
        (compared, differing, changed) = (part.compared, part.differing, part.changed)
    }
}

extension RestoreSheet.Result {
    var word: String {
        switch self {
        case .good: "good"
        case .late: "late"
        case .failed: "failed"
        }
    }
}

extension Overview.RestoreTest {
    /// What the overview shows of a test.
    package init(_ row: RestoreTestRow, at time: Int64) {
        self.init()
        self.time = time
        isGood = row.result != "failed"
        site = row.sites.joined(separator: ", ")
        (seconds, wholeSeconds, bytes, share) = (row.seconds, row.whole_seconds, row.bytes, row.share)
        guard !isGood else { return }
        let parts = [("restored", row.restored), ("manifest", row.manifest), ("live", row.live), ("check", row.check)]
        let failed = parts.filter { $0.1.result == "failed" }.map { "\($0.0): \($0.1.reason ?? "?")" }
        failure = row.error ?? failed.joined(separator: ", ")
    }
}
