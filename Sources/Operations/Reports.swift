import Base
import Codec
import FoundationEssentials
import Keys
import Repository
import Sites

/// A key of this machine, for `keys list`.
package struct KeyRow: Encodable, Sendable {
    package let tenant: String
    package let role: String
    /// Of a signing key: the first half of its id. Nil where a passphrase would be needed to know.
    package let id: String?
    package let passphrase: Bool
    package let path: String

    package static func all(_ workspace: Workspace) throws -> [KeyRow] {
        let keys = workspace.keys
        return try keys.inventory().map { name, path, needsPassphrase in
            let id: String? =
                switch name {
                case "node": try keys.node()?.signer.id.hex
                case "maintain": try keys.maintain()?.signer.id.hex
                case "verify": try keys.verify()?.id.hex
                default: nil
                }
            let role = name == "node" ? "write" : name
            return KeyRow(tenant: workspace.tenant.name, role: role, id: id.map { String($0.prefix(32)) }, passphrase: needsPassphrase, path: path)
        }
    }
}

/// A site, for `site list`.
package struct SiteRow: Encodable, Sendable {
    package let tenant: String
    package let site: String
    package let kind: String
    package let place: String
    package let reachable: Bool
    package let state: String
    package let snapshots: Int?
    package let packs: Int?
    package let stored_bytes: Int?
    /// When it was probed last, and whether everything was good.
    package let probe: ProbeReport?
    /// Requests and bytes of this command.
    package let traffic: TrafficRow?

    package static func all(_ workspace: Workspace, site: String?, language: Language) throws -> [SiteRow] {
        let ring = try workspace.keyRing(opening: false)
        return try workspace.configuration.sites(of: workspace.tenant, named: site).map { site in
            let place = site.place.address
            func row(_ failure: Failure?, _ snapshots: Int?, _ packs: Int?, _ bytes: Int?) -> SiteRow {
                SiteRow(
                    tenant: workspace.tenant.name, site: site.name, kind: site.place.kind, place: place, reachable: failure == nil,
                    state: failure?.message.text(language) ?? Message.stateReady.text(language), snapshots: snapshots, packs: packs,
                    stored_bytes: bytes,
                    probe: ProbeReport.last(workspace, site.name), traffic: workspace.traffic[site.name].map { TrafficRow($0) })
            }
            do {
                let opened = try workspace.open(site: site.name, keys: ring).sites[0]
                var packs = 0
                var bytes = 0
                try opened.repository.listPacks { _, size in
                    packs += 1
                    bytes += size
                }
                return row(nil, Set(opened.commits.map(\.key.snapshot)).count, packs, bytes)
            } catch { return row(failures(of: error).first ?? Failure(.failed, .objectMissing), nil, nil, nil) }
        }
    }
}

/// What a command asked of a site, for `--json`.
package struct TrafficRow: Codable, Sendable {
    package let requests: Int
    package let retries: Int
    package let failures: Int
    package let sent_bytes: Int
    package let received_bytes: Int
    /// Requests at once that the site was last found to take; nil where nothing limits them.
    package let concurrency: Int?

    package init(_ traffic: SiteTraffic) {
        requests = traffic.requests
        retries = traffic.retries
        failures = traffic.failures
        sent_bytes = traffic.sent
        received_bytes = traffic.received
        concurrency = traffic.concurrency > 0 ? traffic.concurrency : nil
    }
}

/// What `site probe` found.
package struct ProbeReport: Codable, Sendable {
    package struct Row: Codable, Sendable {
        package let check: String
        /// `good`, `warning`, `bad` or `none`.
        package let verdict: String
        package let detail: String
    }
    package let site: String
    package let time: String
    package let good: Bool
    /// Whether collection may run there while others write.
    package let coordinates: Bool
    package let checks: [Row]
    package let create_seconds: Double
    package let read_seconds: Double
    package let upload_bytes_per_second: Double
    package let download_bytes_per_second: Double
    package let free_bytes: UInt64?

    /// Probes the site, which must be the tenant's, with the credentials of `access`, and remembers the result.
    package init(_ workspace: Workspace, site name: String, as access: SiteAccess) throws {
        guard let site = try workspace.configuration.sites(of: workspace.tenant, named: name).first else {
            throw Failure(.usage, .unknownSite, object: name)
        }
        if let refusal = workspace.gate.refusal(of: site) { throw refusal }
        let opened = try SiteRepository(
            site: workspace.store(site, as: access), fingerprint: workspace.fingerprint, state: nil,
            expected: workspace.keys.siteID(name, tenant: workspace.fingerprint.tenant))
        let probe = try SiteProbe.run(opened.site)
        self.site = name
        time = Timestamp.now().localText
        good = probe.isGood
        coordinates = probe.canCoordinate
        checks = probe.outcomes.map { Row(check: $0.check.rawValue, verdict: $0.verdict.rawValue, detail: $0.detail) }
        create_seconds = probe.createSeconds
        read_seconds = probe.readSeconds
        upload_bytes_per_second = probe.upload
        download_bytes_per_second = probe.download
        free_bytes = probe.freeBytes
        try Files.replace(Self.path(workspace, name), JSONLine.encode(self))
    }

    package func measures(_ language: Language) -> [[String]] {
        func milliseconds(_ seconds: Double) -> String { "\((seconds * 10_000).rounded() / 10) ms" }
        return [
            ["create 3 B", milliseconds(create_seconds)], ["read 3 B", milliseconds(read_seconds)],
            ["create 8 MiB", language.rate(bytesPerSecond: upload_bytes_per_second)],
            ["read 8 MiB", language.rate(bytesPerSecond: download_bytes_per_second)],
            ["free", free_bytes.map { language.size($0) } ?? "-"],
        ]
    }

    private static func path(_ workspace: Workspace, _ site: String) -> String { workspace.state.folder + "/probe-" + site }

    /// What the last probe from this machine found; nil when there was none.
    package static func last(_ workspace: Workspace, _ site: String) -> ProbeReport? {
        (try? Files.read(path(workspace, site), limit: 1 << 20)).flatMap { $0 }.flatMap {
            try? JSONDecoder().decode(ProbeReport.self, from: Data($0))
        }
    }

    /// For a table: when, and what to know of it.
    package func summary(_ language: Language) -> String {
        let bad = checks.filter { $0.verdict == "bad" }.map(\.check)
        var words = [time]
        if !bad.isEmpty { words.append("! " + bad.joined(separator: ", ")) }
        if !coordinates { words.append(Message.exclusiveCollection.text(language)) }
        return words.joined(separator: "; ")
    }
}

/// One screen: what is protected, what is late, what needs a person.
package struct StatusReport: Codable, Sendable {
    package struct Source: Codable, Sendable {
        package let source: String
        package let snapshots: Int
        package let last: String?
        package let last_id: String?
        /// The same as `last`, in seconds since 1970.
        package let last_time: Int64?
        package let complete: Bool
        package let files: UInt64
        package let bytes: UInt64
        package let sites: [String]
        package let missing_at: [String]
        /// The last snapshots, oldest first.
        package let history: [Past]
        /// 3-2-1-1-0 of the last snapshot; nil for a tenant without a profile.
        package var digits: [DigitRow]?
    }
    /// A snapshot of a source's history.
    package struct Past: Codable, Sendable {
        /// When it was begun, in seconds since 1970.
        package let time: Int64
        package let seconds: Double
        package let bytes: UInt64
        package let stored_bytes: UInt64

        init(_ outline: Manifest.Outline) {
            time = outline.started.seconds
            let (from, to) = (outline.started, outline.finished)
            seconds = max(0, Double(to.seconds - from.seconds) + (Double(to.nanoseconds) - Double(from.nanoseconds)) / 1e9)
            bytes = outline.counts.bytes
            stored_bytes = outline.counts.storedBytes
        }
    }
    package struct Site: Codable, Sendable {
        package let site: String
        package let reachable: Bool
        package let snapshots: Int
        package let detail: String?
        /// Snapshots and packs that it lacks, as last noted; since when, and what hinders.
        package let lacks: Int
        package let lacks_since: String?
        package let lacks_since_time: Int64?
        package let lacks_why: String?
        package let traffic: TrafficRow?
    }
    package let tenant: String
    package let sources: [Source]
    package let sites: [Site]
    package let needs: [String]
    package let keys_together: Bool
    /// What policy says of each site that is not in order, and of all copies together; nil for a tenant without a profile.
    package let policy: [PolicyRow]?
    package let exit: Int32

    package var status: ExitStatus { ExitStatus(rawValue: exit) ?? .failed }

    private static let historyKept = 60

    package init(_ workspace: Workspace, site: String?, language: Language) throws {
        let view = try TenantView(workspace, site: site, opening: false)
        var needs: [Message] = []
        var status = ExitStatus.done
        tenant = workspace.tenant.name
        let names = workspace.configuration.sources.filter { $0.tenant == workspace.tenant.name && $0.content != .standardInput }.map(\.name)
        var bySource: [String: [Snapshot]] = [:]
        for snapshot in view.snapshots { bySource[view.sourceName(snapshot), default: []].append(snapshot) }
        let reachable = view.opened.sites.map(\.name)
        let all = try workspace.configuration.sites(of: workspace.tenant, named: site).map(\.name)
        let copies = try SnapshotCopies(view)
        sources = (names + bySource.keys.filter { !names.contains($0) }.sorted()).map { name in
            let snapshots = bySource[name] ?? []
            guard let last = snapshots.last else {
                needs.append(.statusNoSnapshot(name))
                status = status.combined(with: .partial)
                return Source(
                    source: name, snapshots: 0, last: nil, last_id: nil, last_time: nil, complete: false, files: 0, bytes: 0, sites: [],
                    missing_at: all, history: [])
            }
            let missing = reachable.filter { !last.sites.contains($0) }
            if !missing.isEmpty {
                needs.append(.statusMissingAt(name, missing.joined(separator: ", ")))
                status = status.combined(with: .partial)
            }
            if !last.outline.isComplete {
                needs.append(.statusPartial(name))
                status = status.combined(with: .partial)
            }
            return Source(
                source: name, snapshots: snapshots.count, last: last.outline.started.localText, last_id: String(last.id.hex.prefix(12)),
                last_time: last.outline.started.seconds, complete: last.outline.isComplete, files: last.outline.counts.files,
                bytes: last.outline.counts.bytes, sites: last.sites,
                missing_at: all.filter { !last.sites.contains($0) && view.left[$0] == nil },
                history: snapshots.suffix(Self.historyKept).map { Past($0.outline) },
                digits: copies?.digits(of: last))
        }
        sites = try all.map { name in
            let opened = view.opened.sites.first { $0.name == name }
            let failure = view.opened.absences.first { $0.site == name }?.failure
            let lacks = try workspace.siteID(name).map { try workspace.replicationStore().lacks($0) } ?? []
            return Site(
                site: name, reachable: opened != nil || view.left[name] != nil,
                snapshots: opened.map { Set($0.commits.map(\.key.snapshot)).count } ?? 0,
                detail: opened == nil ? view.left[name].map { Message.siteLeftFor($0).text(language) } ?? failure?.message.text(language) : nil,
                lacks: lacks.count,
                lacks_since: lacks.first.map { Timestamp(seconds: $0.since).localText }, lacks_since_time: lacks.first?.since,
                lacks_why: lacks.lazy.compactMap(\.failure).first,
                traffic: workspace.traffic[name].map { TrafficRow($0) })
        }
        var words = needs.map { $0.text(language) }
        for failure in view.opened.failures + view.problems {
            words.append(failure.text(language))
            status = status.combined(with: failure.exitStatus)
        }
        policy = try PolicyRow.all(workspace, site: site, language: language)
        for row in policy ?? [] where !row.mayWrite {
            words.append(Message.statusPolicy(row.site ?? tenant, row.rule, row.reason).text(language))
            status = status.combined(with: .refused)
        }
        self.needs = words
        let holdsWrite = try workspace.keys.node() != nil
        let holdsRestore = try KeyFile.needsPassphrase(workspace.keys.path("restore")) != nil
        keys_together = holdsWrite && holdsRestore
        exit = status.rawValue
    }

    /// 3-2-1-1-0 of each source's last snapshot; nothing without a profile.
    package func digitLines(_ l: Language) -> [String] {
        let lines = sources.flatMap { source in source.digits.map { ["\(source.source)\(l.colon)" + DigitRow.line($0, l)] } ?? [] }
        return lines.isEmpty ? [] : lines + [""]
    }

    package func lines(_ l: Language) -> [String] {
        var lines = [Message.statusTenant(tenant).text(l), ""]
        var table = ConsoleTable([
            (Message.headSource.text(l), .left), (Message.headLast.text(l), .left), (Message.headFiles.text(l), .right),
            (Message.headSize.text(l), .right),
            (Message.headSnapshots.text(l), .right), (Message.headCopies.text(l), .left), (Message.headState.text(l), .left),
        ])
        for source in sources {
            table.add([
                source.source, source.last ?? Message.never.text(l), l.count(source.files), l.size(source.bytes), l.count(source.snapshots),
                source.sites.joined(separator: ","), source.last == nil ? "-" : (source.complete ? Message.stateComplete : .statePartial).text(l),
            ])
        }
        lines += table.lines + [""]
        var places = ConsoleTable([
            (Message.headSite.text(l), .left), (Message.headSnapshots.text(l), .right), (Message.headLacks.text(l), .right),
            (Message.headSince.text(l), .left), (Message.headRequests.text(l), .right), (Message.headState.text(l), .left),
        ])
        for site in sites {
            places.add([
                site.site, l.count(site.snapshots), l.count(site.lacks), site.lacks_since ?? "-",
                site.traffic.map { l.count($0.requests) + ($0.retries > 0 ? " (+\(l.count($0.retries)))" : "") } ?? "-",
                site.detail ?? Message.stateReady.text(l),
            ])
        }
        lines += places.lines + [""] + digitLines(l)
        if keys_together { lines.append(Message.statusKeysTogether.text(l)) }
        if needs.isEmpty { return lines + [Message.statusAllGood.text(l)] }
        return lines + [Message.statusNeeds.text(l)] + needs.map { "  - " + $0 }
    }
}
