/// What the daemon knows, at one moment: a part of the answer of `GET /v1/status`, and all that `status`, the dashboard and
/// `/metrics` show. Times are seconds since 1970, durations are seconds, sizes are bytes.
///
/// It is made from what runs reported and what was last seen at the sites; nothing asks a site to fill it.
package struct Overview: Codable, Sendable, Equatable {
    package var node = ""
    package var version = ""
    /// When this was put together.
    package var now: Int64 = 0
    /// When the daemon started.
    package var started: Int64 = 0
    package var configuration = ConfigurationState()
    package var tenants: [Tenant] = []
    /// What runs at this moment.
    package var running: [Running] = []
    /// What comes next, soonest first.
    package var upcoming: [Upcoming] = []
    /// What needs a person, the gravest first.
    package var alerts: [Alert] = []
    /// What needed one and is over, youngest first.
    package var past: [PastAlert] = []
    /// The last runs, youngest first.
    package var recent: [Run] = []

    package init() {}

    /// Which configuration is in effect.
    package struct ConfigurationState: Codable, Sendable, Equatable {
        package var file = ""
        package var loaded: Int64 = 0
        /// Why a later one was refused; nil when the file is in effect.
        package var refused: String?
        package init() {}
    }

    package struct Tenant: Codable, Sendable, Equatable {
        package var name = ""
        /// The write role and opening keys are on this machine.
        package var keysTogether = false
        /// When its sites were last looked at; nil before the first time.
        package var observed: Int64?
        /// Whether restore tests run on this machine; else another one, with the opening keys, runs them.
        package var testsRestores = false
        package var sources: [Source] = []
        package var sites: [Site] = []
        package init() {}
    }

    package struct Source: Codable, Sendable, Equatable {
        package var name = ""
        /// As the configuration writes it; nil where a person starts it.
        package var schedule: String?
        package var next: Int64?
        /// When the last snapshot that some site holds was begun; nil when there is none.
        package var last: Int64?
        package var lastSnapshot: String?
        package var isComplete = false
        package var files: UInt64 = 0
        package var bytes: UInt64 = 0
        package var snapshots = 0
        /// What the last try ended with: an exit status; nil before the first.
        package var lastExit: Int32?
        package var lastTry: Int64?
        /// Promised: the age that the last snapshot may have, and how long a restore may take.
        package var rpo: Int64?
        package var rto: Int64?
        package var isLate = false
        /// Names of the tenant's sites that hold the last snapshot.
        package var copies: [String] = []
        package var restoreTest: RestoreTest?
        /// Unusual changes that no person has released yet.
        package var anomalies: [Anomaly] = []
        /// Its last snapshots taken here, oldest first.
        package var history: [Point] = []
        package init() {}
    }

    /// One snapshot in a source's history.
    package struct Point: Codable, Sendable, Equatable {
        package var time: Int64 = 0
        package var seconds: Double = 0
        /// Of the source.
        package var bytes: UInt64 = 0
        /// Added to each site.
        package var storedBytes: UInt64 = 0
        package init() {}
    }

    package struct RestoreTest: Codable, Sendable, Equatable {
        package var time: Int64 = 0
        package var isGood = false
        package var site = ""
        /// How long the test took, and how long a whole restore would at that rate.
        package var seconds: Double = 0
        package var wholeSeconds: Double = 0
        package var bytes: UInt64 = 0
        /// Part of the snapshot that was restored, 0 to 1.
        package var share: Double = 0
        /// Nil when it was good.
        package var failure: String?
        package init() {}
    }

    package struct Anomaly: Codable, Sendable, Equatable {
        package var id: Int64 = 0
        package var time: Int64 = 0
        /// `files`, `volume`, `new`, `incompressible` or `extensions`.
        package var kind = ""
        /// A sentence for a person.
        package var detail = ""
        package init() {}
    }

    package struct Site: Codable, Sendable, Equatable {
        package var name = ""
        package var kind = ""
        /// Expected to be absent most of the time.
        package var isOffline = false
        /// Nil before it was first looked at.
        package var isReachable: Bool?
        package var lastReached: Int64?
        package var failingSince: Int64?
        package var failure: String?
        package var snapshots = 0
        /// Snapshots and packs that it lacks, as noted, and since when.
        package var lacks = 0
        package var lacksSince: Int64?
        package var packs = 0
        package var packBytes: UInt64 = 0
        /// Part of the packs that was read whole and found good within the period, 0 to 1; nil before the first verification.
        package var coverage: Double?
        package var neverRead = 0
        package var oldestRead: Int64?
        package var lastVerified: Int64?
        /// Every pack is to be read again within so many seconds.
        package var scrubPeriod: Int64 = 30 * 86_400
        /// Packs or other objects found damaged or missing and not yet brought back.
        package var damaged = 0
        package var lastProbe: Int64?
        package var isProbeGood: Bool?
        package init() {}
    }

    package struct Running: Codable, Sendable, Equatable {
        package var id: Int64 = 0
        /// `backup`, `replicate`, `verify`, `restore-test`, `probe`, `renew`, `retention`, `collect` or `observe`.
        package var kind = ""
        package var tenant = ""
        /// Source or site; empty where it concerns all.
        package var subject = ""
        package var since: Int64 = 0
        /// Bytes handled so far.
        package var bytes: UInt64 = 0
        package init() {}
    }

    package struct Upcoming: Codable, Sendable, Equatable {
        package var kind = ""
        package var tenant = ""
        package var subject = ""
        package var at: Int64 = 0
        package init() {}
    }

    package struct Alert: Codable, Sendable, Equatable {
        /// Stable name, such as `backup-late:chu/dpi`.
        package var key = ""
        /// `critical` or `warning`.
        package var level = ""
        package var since: Int64 = 0
        /// What happened, and what to do, in one or two sentences.
        package var text = ""
        package init() {}
    }

    /// An alert that is over.
    package struct PastAlert: Codable, Sendable, Equatable {
        package var key = ""
        package var level = ""
        package var since: Int64 = 0
        package var until: Int64 = 0
        package var text = ""
        package init() {}
    }

    /// A run that ended.
    package struct Run: Codable, Sendable, Equatable {
        package var id: Int64 = 0
        package var kind = ""
        package var tenant = ""
        package var subject = ""
        package var started: Int64 = 0
        package var seconds: Double = 0
        /// An exit status of the program; 130 for a run that was interrupted.
        package var exit: Int32 = 0
        /// One line.
        package var summary = ""
        package init() {}
    }
}
