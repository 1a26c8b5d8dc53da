import Operations

/// Overviews of a hospital that the tests of the page and of the metrics look at.
enum Sample {
    static let now: Int64 = 1_763_777_520  // 2025-11-22 02:12 UTC
    static let hour: Int64 = 3_600
    static let day: Int64 = 86_400
    static let gib = 1_073_741_824.0

    /// Characters that are markup, end an attribute, turn the direction of writing, or may not stand in a page at all.
    static let evil = "<script>alert(1)</script>\"'&amp;\u{202E}\u{0}\u{1B}[31m\\\n<img src=//evil.example/x onerror=alert(1)>"

    /// Five sources, four sites, one of them offline and away: all is well.
    static var calm: Overview {
        var overview = Overview()
        overview.node = "noeud-1"
        overview.version = "0.2.0"
        overview.now = now
        overview.started = now - 12 * day
        overview.configuration.loaded = now - 2 * day
        overview.tenants = [tenant]
        overview.running = [running("verify", "sbg", began: 1_490, bytes: UInt64(88 * gib))]
        overview.upcoming = [("backup", "pg-base", 2_900), ("verify", "gra", 6_300), ("backup", "laboratoire", 12_480)].map {
            upcoming($0.0, $0.1, in: $0.2)
        }
        overview.recent = [
            run("backup", "pg-base", ago: 700, 94, 0, "58,1 Gio, nouveau : 121 Mio ; local, gra"),
            run("replicate", "sbg", ago: 610, 31, 0, "122 Mio"),
            run("backup", "dpi", ago: 4_320, 1_402, 0, "412,3 Gio, nouveau : 1,9 Gio ; local, gra"),
            run("observe", "", ago: 4_500, 3.4, 0, "4 sites"),
        ]
        return overview
    }

    /// The same hospital on a bad night: each state that the page knows is somewhere in it.
    static var trouble: Overview {
        var overview = calm
        var sources = overview.tenants[0].sources
        sources[0].isLate = true
        sources[0].last = now - 31 * hour
        sources[0].lastExit = 6
        sources[0].copies = ["local"]
        sources[1].isComplete = false
        sources[1].lastExit = 3
        sources[1].copies = ["local", "sbg"]
        sources[2].restoreTest?.isGood = false
        sources[2].restoreTest?.failure = "2 fichiers diffèrent de l'instantané"
        sources[3].restoreTest?.wholeSeconds = 61_000
        var anomaly = Overview.Anomaly()
        anomaly.id = 17
        anomaly.time = now - 7_900
        anomaly.kind = "incompressible"
        anomaly.detail = "81 % des données nouvelles ne se compriment pas."
        sources[3].anomalies = [anomaly]
        var fresh = Overview.Source()
        fresh.name = "pharmacie"
        fresh.schedule = "daily at 04:00"
        fresh.next = now + 2_880
        fresh.rpo = day
        sources.append(fresh)
        overview.tenants[0].sources = sources
        overview.tenants[0].sites[1].isReachable = false
        overview.tenants[0].sites[1].failingSince = now - 3 * hour
        overview.tenants[0].sites[1].lastReached = now - 3 * hour - 60
        overview.tenants[0].sites[1].failure = "délai dépassé (30 s), 14 essais"
        overview.tenants[0].sites[1].lacks = 86
        overview.tenants[0].sites[1].lacksSince = now - 3 * hour
        overview.tenants[0].sites[2].damaged = 2
        overview.tenants[0].sites[2].coverage = 0.41
        overview.tenants[0].sites[2].isProbeGood = false
        overview.configuration.refused = "ligne 41 : attendu une durée, trouvé « 24 »"
        overview.alerts = [
            alert("warning", "site-failing:chu-exemple/gra", ago: 3 * hour, "Le site gra ne répond plus ; la réplication reprendra seule."),
            alert("critical", "backup-late:chu-exemple/dpi", ago: 7 * hour, "La source dpi est en retard. Lancez : hdsbackup backup dpi."),
        ]
        overview.recent.insert(run("backup", "dpi", ago: 4_320, 95, 6, "Le site gra n'est pas joignable"), at: 0)
        overview.recent.insert(run("backup", "imagerie", ago: 17_000, 9_801, 3, "3 fichiers illisibles"), at: 1)
        return overview
    }

    /// Fifty sources, eight sites with names as long as they may be, and lists longer than any page shows.
    static var large: Overview {
        var overview = trouble
        let sources = overview.tenants[0].sources
        overview.tenants[0].sources = (0..<50).map { index in
            var source = sources[index % 5]
            source.name = "\(source.name)-etablissement-\(index)"
            return source
        }
        overview.tenants[0].sites += (0..<4).map { site(String(repeating: "site-\($0)-", count: 9) + "\($0)", "s3") }
        overview.tenants[0].sources[0].name = String(repeating: "s", count: 64)
        overview.alerts = (0..<80).map { alert("critical", "k:\($0)", ago: hour, "Le site gra ne répond plus ; la réplication reprendra seule.") }
        overview.recent = (0..<300).map { run("backup", "dpi", ago: Int64($0) * 60, 94, 0, "58,1 Gio, nouveau : 121 Mio ; local, gra") }
        return overview
    }

    /// Every text that came from elsewhere is an attack; and there is a second tenant, with nothing in it.
    static var hostile: Overview {
        var overview = trouble
        overview.node = evil
        overview.version = evil
        overview.configuration.refused = evil
        overview.tenants[0].name = evil
        for index in overview.tenants[0].sources.indices {
            overview.tenants[0].sources[index].name = "\(index)\(evil)"
            overview.tenants[0].sources[index].schedule = evil
            overview.tenants[0].sources[index].lastSnapshot = evil
            overview.tenants[0].sources[index].copies = [evil]
            overview.tenants[0].sources[index].restoreTest?.site = evil
            overview.tenants[0].sources[index].restoreTest?.failure = evil
        }
        overview.tenants[0].sources[3].anomalies[0].kind = evil
        overview.tenants[0].sources[3].anomalies[0].detail = evil
        overview.tenants[0].sites[1].name = evil
        overview.tenants[0].sites[1].kind = evil
        overview.tenants[0].sites[1].failure = evil
        overview.alerts = [alert(evil, evil, ago: hour, evil)]
        overview.running = [running(evil, evil, began: 1, bytes: 1)]
        overview.upcoming = [upcoming(evil, evil, in: 1)]
        overview.recent = [run(evil, evil, ago: 1, 1, 0, evil)]
        var second = Overview.Tenant()
        second.name = "clinique"
        second.keysTogether = true
        overview.tenants.append(second)
        return overview
    }
}

// MARK: Parts
extension Sample {
    private static var tenant: Overview.Tenant {
        var tenant = Overview.Tenant()
        tenant.name = "chu-exemple"
        tenant.observed = now - 240
        tenant.testsRestores = true
        tenant.sources = [
            source("dpi", "daily at 02:00", gib: 412, files: 3_412_889, ago: 4_320, next: 82_080, rpo: day, rto: 4 * hour, whole: 9_800),
            source("imagerie", "daily at 22:30", gib: 8_640, files: 41_220_310, ago: 17_000, next: 69_480, rpo: day, rto: 48 * hour, whole: 142_000),
            source("laboratoire", "every 6h", gib: 96, files: 812_400, ago: 9_100, next: 12_480, rpo: 8 * hour, rto: 2 * hour, whole: 2_900),
            source("messagerie", "daily at 01:00", gib: 740, files: 9_120_004, ago: 7_900, next: 78_480, rpo: day, rto: 12 * hour, whole: 21_000),
            source("pg-base", "every 1h", gib: 58, files: 1, ago: 700, next: 2_900, rpo: 2 * hour, rto: hour, whole: 1_300),
        ]
        tenant.sources[3].copies.append("coffre")
        tenant.sites = [site("local", "file"), site("gra", "s3"), site("sbg", "s3"), site("coffre", "file")]
        tenant.sites[3].isOffline = true
        tenant.sites[3].isReachable = false
        tenant.sites[3].lastReached = now - 9 * day
        tenant.sites[3].lacks = 412
        tenant.sites[3].lacksSince = now - 9 * day + 7_200
        tenant.sites[3].lastProbe = nil
        tenant.sites[3].isProbeGood = nil
        return tenant
    }

    private static func source(
        _ name: String, _ schedule: String, gib size: Double, files: UInt64, ago: Int64, next: Int64, rpo: Int64, rto: Int64, whole: Double
    ) -> Overview.Source {
        var source = Overview.Source()
        source.name = name
        source.schedule = schedule
        source.next = now + next
        source.last = now - ago
        source.lastSnapshot = "7f3a91c2e0d85b44"
        source.isComplete = true
        source.files = files
        source.bytes = UInt64(size * gib)
        source.snapshots = 46
        source.lastExit = 0
        source.lastTry = now - ago
        source.rpo = rpo
        source.rto = rto
        source.copies = ["local", "gra", "sbg"]
        source.history = history(40, last: now - ago, size: size * gib)
        var test = Overview.RestoreTest()
        test.time = now - 2 * day
        test.isGood = true
        test.site = "gra"
        test.seconds = whole / 8
        test.wholeSeconds = whole
        test.bytes = UInt64(size * gib / 8)
        test.share = 0.125
        source.restoreTest = test
        return source
    }

    /// A slow growth with a week's rhythm; the same in each run.
    static func history(_ count: Int, last: Int64, size: Double) -> [Overview.Point] {
        (0..<count).map { index in
            var point = Overview.Point()
            point.time = last - Int64(count - 1 - index) * day
            point.bytes = UInt64(size * (0.94 + 0.0015 * Double(index) + 0.004 * Double(index * 7 % 5)))
            point.storedBytes = UInt64(size * 0.004 * (0.5 + Double(index * 37 % 19) / 12 + (index % 7 == 6 ? 2 : 0)))
            point.seconds = size / gib * (2.6 + Double(index * 29 % 17) / 12)
            return point
        }
    }

    private static func site(_ name: String, _ kind: String) -> Overview.Site {
        var site = Overview.Site()
        site.name = name
        site.kind = kind
        site.isReachable = true
        site.lastReached = now - 240
        site.snapshots = 212
        site.packs = 18_432
        site.packBytes = UInt64(1_220 * gib)
        site.coverage = kind == "file" ? 1 : 0.973
        site.neverRead = kind == "file" ? 0 : 212
        site.oldestRead = now - 27 * day
        site.lastVerified = now - 30_000
        site.lastProbe = now - 3 * day
        site.isProbeGood = true
        return site
    }

    static func alert(_ level: String, _ key: String, ago: Int64, _ text: String) -> Overview.Alert {
        var alert = Overview.Alert()
        alert.level = level
        alert.key = key
        alert.since = now - ago
        alert.text = text
        return alert
    }

    private static func running(_ kind: String, _ subject: String, began ago: Int64, bytes: UInt64) -> Overview.Running {
        var job = Overview.Running()
        job.kind = kind
        job.tenant = "chu-exemple"
        job.subject = subject
        job.since = now - ago
        job.bytes = bytes
        return job
    }

    private static func upcoming(_ kind: String, _ subject: String, in seconds: Int64) -> Overview.Upcoming {
        var job = Overview.Upcoming()
        job.kind = kind
        job.tenant = "chu-exemple"
        job.subject = subject
        job.at = now + seconds
        return job
    }

    private static func run(
        _ kind: String, _ subject: String, ago: Int64, _ seconds: Double, _ exit: Int32, _ summary: String
    ) -> Overview.Run {
        var run = Overview.Run()
        run.kind = kind
        run.tenant = "chu-exemple"
        run.subject = subject
        run.started = now - ago
        run.seconds = seconds
        run.exit = exit
        run.summary = summary
        return run
    }
}
