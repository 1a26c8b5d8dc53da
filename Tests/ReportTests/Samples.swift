import Base
import Foundation
import Keys

@testable import Report

/// Facts as a well-kept operator of two establishments would have them, and what can be wrong with them.
enum Samples {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func file(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: root.appending(path: path))) }
    static func sentences() throws -> Sentences { try Sentences(file("etc/report/sentences.json"), file: "sentences.json") }
    static func book() throws -> ClauseBook { try ClauseBook(file("etc/report/clauses.json"), file: "clauses.json") }

    static func report(_ facts: ReportFacts) throws -> AuditReport { try AuditReport(facts, sentences: sentences(), book: book()) }

    static func day(_ text: String) -> ReportDay { ReportDay(text)! }
    static func moment(_ text: String) -> ReportMoment { ReportMoment(text)! }
    static func hash(_ digit: String) -> String { String(repeating: digit, count: 64) }

    /// Nothing is known but the period.
    static func empty() throws -> ReportFacts { ReportFacts(period: try ReportPeriod(month: "2026-11"), made: moment("2026-12-01T06:00:00Z")) }

    /// Everything is recorded and nothing is wrong.
    static func complete() throws -> ReportFacts {
        var facts = try empty()
        facts.product.version = .known("0.1.0")
        facts.product.binaryHash = .known(hash("a"))
        facts.product.policyHash = .known(hash("b"))
        facts.product.configurationHash = .known(hash("c"))
        facts.product.nodes = .known(["noeud-1", "noeud-2"])
        facts.organisation = organisation()
        facts.tenants = [tenant("chu-exemple", "CHU d'Exemple", "130025265"), tenant("clinique-b", "Clinique Bellevue", "552100554")]
        facts.sources = [source("chu-exemple", "dpi"), source("chu-exemple", "base"), source("clinique-b", "imagerie")]
        facts.sites = [site("gra", "Hébergeur Un SAS", "roubaix-1"), site("par", "Hébergeur Deux SAS", "paris-5")]
        facts.certificates = .known(certificates())
        facts.decisions = .known(
            ["chu-exemple", "clinique-b"].flatMap { tenant in
                ["gra", "par"].map {
                    ReportFacts.Decision(
                        tenant: tenant, site: $0, profile: "hds", on: day("2026-11-30"), outcome: .allow, findings: [], policyHash: hash("b"),
                        inputsHash: hash("d"))
                }
            })
        facts.waivers = .known([])
        facts.policyChanges = .known([.init(on: day("2026-11-04"), summary: "Trois copies au lieu de deux", weakens: false, approvedBy: [])])
        facts.independence = .known([
            .init(
                "gra", "par", verdict: .holds,
                reason: LocalText(en: "other operator, parent and datacentre", fr: "autre opérateur, autre maison mère, autre centre"))
        ])
        facts.offlineMedia = .known([
            .init(
                id: "LTO-0042", site: "par", firstUsed: day("2025-01-10"), lastWritten: day("2026-11-28"), expires: day("2030-01-10"),
                place: "coffre, bâtiment C")
        ])
        facts.transfers = .known(
            ["chu-exemple", "clinique-b"].map { tenant in
                .init(
                    tenant: tenant, site: "gra", country: "FR", writtenBytes: 41_000_000_000, deletedBytes: 2_000_000_000,
                    storedBytes: 812_000_000_000)
            })
        facts.verifications = .known(["chu-exemple", "clinique-b"].flatMap { tenant in ["gra", "par"].map { verification(tenant, $0) } })
        facts.restores = .known([
            .init(
                tenant: "chu-exemple", source: "dpi", snapshotAt: moment("2026-11-11T02:00:00Z"), at: moment("2026-11-12T14:03:00Z"),
                performedBy: "a.martin", requestedBy: "service informatique", files: 1204, bytes: 3_400_000_000, isGood: true)
        ])
        facts.recoveryDrill = .known(.init(on: day("2026-09-15"), isGood: true, seconds: 7_260, performedBy: "a.martin, c.durand"))
        facts.cryptography = .known(cryptography())
        facts.access = .known(access())
        facts.journal = .known(journal())
        facts.incidents = .known([incident()])
        facts.retention = .known(retention())
        return facts
    }

    private static func organisation() -> ReportFacts.Organisation {
        var own = ReportFacts.Organisation()
        own.name = .known("Sauvegarde Santé SAS")
        own.siren = .known("732829320")
        own.contact = .known("conformite@sauvegarde-sante.example")
        own.certificates = .known(["ev-hds-op", "ev-contrat-chu", "ev-contrat-cli"])
        own.remoteAccess = .known([])
        own.exposedLaws = .known([])
        return own
    }

    private static func tenant(_ id: String, _ name: String, _ siren: String) -> ReportFacts.Tenant {
        var tenant = ReportFacts.Tenant(id: id)
        tenant.name = .known(name)
        tenant.siren = .known(siren)
        tenant.kind = .known(.third)
        tenant.profile = .known("hds")
        tenant.contract = .known(id == "chu-exemple" ? "ev-contrat-chu" : "ev-contrat-cli")
        tenant.contacts = .known([
            .init(role: "dpo", name: id == "chu-exemple" ? "Mme Lefèvre" : "M. Bernard", reach: "dpo@\(id).example"),
            .init(role: "security", name: id == "chu-exemple" ? "M. Petit" : "Mme Roux", reach: "rssi@\(id).example"),
        ])
        tenant.responsibilities = .known([.init(activity: "backup", actor: "Sauvegarde Santé SAS"), .init(activity: "adminOps", actor: name)])
        tenant.keysTogether = .known(false)
        return tenant
    }

    static func source(_ tenant: String, _ name: String) -> ReportFacts.Source {
        var source = ReportFacts.Source(tenant: tenant, name: name)
        source.kind = .known(name == "base" ? "command" : "paths")
        source.basis = .known("R.1112-7")
        source.retentionDays = .known(3_650)
        source.informationNotice = .known("livret d'accueil, p. 12")
        var plan = ReportFacts.Plan()
        plan.schedule = .known("daily at 02:00")
        plan.rpoSeconds = .known(90_000)
        plan.rtoSeconds = .known(14_400)
        plan.keep = .known("last 3, daily 14, weekly 8, monthly 12, yearly 10")
        plan.restoreOrder = .known(1)
        plan.restoreTestDays = .known(7)
        source.plan = .known(plan)
        var runs = ReportFacts.Execution(planned: 30, succeeded: 30, sourceBytes: 1_400_000_000_000, storedBytes: 61_000_000_000)
        runs.rpoMeasuredSeconds = .known(86_520)
        runs.lastSnapshot = .known(moment("2026-11-30T02:00:07Z"))
        source.execution = .known(runs)
        source.anomalies = .known([])
        let wanted: [(ReportFacts.Resilience.Kind, Int, Int)] = [
            (.copies, 3, 3), (.media, 2, 2), (.offSite, 1, 2), (.offline, 1, 1), (.immutable, 1, 2), (.unverified, 0, 0),
        ]
        source.resilience = .known(
            .init(
                snapshot: "9f2c41d07a",
                digits: wanted.map { .init($0.0, wanted: $0.1, known: $0.2, possible: $0.2, verdict: .holds, sites: ["gra", "par"]) }))
        var test = ReportFacts.RestoreSheet(
            snapshot: "9f2c41d07a", snapshotAt: moment("2026-11-21T02:00:05Z"), at: moment("2026-11-22T04:10:00Z"), performedBy: "preuve-1",
            requestedBy: "hdsbackupd", sites: ["gra"], files: 18_442, bytes: 23_000_000_000, share: 0.25, comparison: .good, check: .good,
            result: .good, seconds: 1_830, wholeSeconds: 7_320)
        test.sheetHash = .known(hash("e"))
        source.restoreTests = .known([test])
        return source
    }

    static func site(_ id: String, _ company: String, _ room: String) -> ReportFacts.Site {
        var site = ReportFacts.Site(id: id, tenants: ["chu-exemple", "clinique-b"])
        site.service = .known("Object Storage")
        site.region = .known(id)
        site.operatorName = .known(company)
        site.siren = .known("424761419")
        site.seat = .known("FR")
        site.parent = .known(company + " Groupe")
        site.parentCountry = .known("FR")
        site.underlyingOperator = .known(company)
        site.datacentres = .known([.init(id: room, country: "FR")])
        site.remoteAccess = .known([])
        site.exposedLaws = .known([])
        site.residualRisks = .known([])
        site.mitigations = .known(["chiffrement à la source"])
        var subprocessor = ReportFacts.Subprocessor(name: "Centre \(room)")
        subprocessor.role = .known("hébergement physique")
        subprocessor.seat = .known("FR")
        subprocessor.certified = .known("yes")
        subprocessor.canReachData = .known(false)
        site.subprocessors = .known([subprocessor])
        site.certificates = .known(["ev-hds-\(id)"])
        site.media = .known(id == "gra" ? "object" : "tape")
        site.isOffline = .known(id == "par")
        var probe = ReportFacts.Probe(at: moment("2026-11-29T05:00:00Z"), isGood: true)
        probe.deletionRefused = .known(true)
        site.probe = .known(probe)
        return site
    }

    static func certificate(
        _ id: String, _ kind: String, _ holder: String, services: [String] = [], regions: [String] = [], until: String = "2028-05-15"
    )
        -> ReportFacts.Certificate
    {
        var certificate = ReportFacts.Certificate(
            id: id, kind: kind, holder: holder, activities: kind == "HDS" ? ["physicalSites", "hardware", "virtualInfra", "backup"] : [],
            services: services, regions: regions, issuedOn: day("2025-05-16"), validUntil: day(until), documentHash: hash("f"))
        certificate.issuer = .known("Organisme certificateur")
        certificate.number = .known("2025-117")
        certificate.referential = .known(kind == "HDS" ? "HDS-2.0" : kind == "SecNumCloud" ? "SecNumCloud-3.2" : "–")
        return certificate
    }

    private static func certificates() -> [ReportFacts.Certificate] {
        [
            certificate("ev-hds-op", "HDS", "Sauvegarde Santé SAS"),
            certificate("ev-hds-gra", "HDS", "Hébergeur Un SAS", services: ["Object Storage"], regions: ["gra"]),
            certificate("ev-hds-par", "HDS", "Hébergeur Deux SAS", services: ["Object Storage"], regions: ["par"]),
            certificate("ev-contrat-chu", "contractHDS", "CHU d'Exemple"), certificate("ev-contrat-cli", "contractHDS", "Clinique Bellevue"),
        ]
    }

    private static func verification(_ tenant: String, _ site: String) -> ReportFacts.Verification {
        var one = ReportFacts.Verification(
            tenant: tenant, site: site, packs: 42_310, packBytes: 1_340_000_000_000, bytesRead: 1_340_000_000_000, faults: 1, repaired: 1,
            outstanding: 0,
            scrubDays: 30)
        one.coverage = .known(1)
        one.lastRead = .known(moment("2026-11-30T03:12:00Z"))
        return one
    }

    private static func cryptography() -> ReportFacts.Cryptography {
        var cryptography = ReportFacts.Cryptography()
        cryptography.algorithms = .known([
            .init(use: "sealing", name: "AES-256-GCM"), .init(use: "wrapping", name: "X25519 + ML-KEM-768 (X-Wing, HPKE)"),
            .init(use: "signing", name: "Ed25519 + ML-DSA-65"), .init(use: "hashing", name: "SHA-256"),
        ])
        cryptography.keys = .known(
            ["chu-exemple", "clinique-b"].map { tenant in
                var key = ReportFacts.Key(id: hash("7"), tenant: tenant, role: "restore", algorithm: "X-Wing", createdOn: day("2026-03-01"))
                key.headroom = .known(0.99)
                return key
            })
        cryptography.rotations = .known([.init(tenant: "chu-exemple", on: day("2026-11-02"), act: "rewrap")])
        cryptography.escrowDrill = .known(.init(on: day("2026-06-20"), isGood: true, seconds: 1_500, performedBy: "trois dépositaires"))
        cryptography.isPostQuantum = .known(true)
        return cryptography
    }

    private static func access() -> ReportFacts.Access {
        var access = ReportFacts.Access()
        access.accounts = .known([
            .init(id: "a.martin", roles: ["operator"], isNominative: true, hasSecondFactor: true),
            .init(id: "c.durand", roles: ["custodian"], isNominative: true, hasSecondFactor: true),
        ])
        access.review = .known(.init(on: day("2026-11-27"), reviewer: "c.durand"))
        access.consultations = .known([.init(tenant: "chu-exemple", count: 14), .init(tenant: "clinique-b", count: 3)])
        access.supportGrants = .known([])
        return access
    }

    private static func journal() -> ReportFacts.Journal {
        var journal = ReportFacts.Journal()
        journal.chains = .known(
            ["operations", "accesses"].map { ledger in
                var chain = ReportFacts.Chain(ledger: ledger, id: "3fd0a7129c55b0e1", tenant: nil, entries: 48_221)
                chain.head = .known("3fd0a7129c55b0e1:48221:\(hash("9"))")
                chain.verifiedOn = .known(day("2026-11-30"))
                chain.isWhole = .known(true)
                chain.retentionDays = .known(365)
                chain.copies = .known(["par", "journal-2"])
                return chain
            })
        journal.timeSource = .known(.init(name: "chrony, ntp.obspm.fr", isSynchronised: true))
        return journal
    }

    private static func incident() -> ReportFacts.Incident {
        var incident = ReportFacts.Incident(
            id: "INC-2026-07", tenants: ["chu-exemple", "clinique-b"], openedAt: moment("2026-11-18T08:20:00Z"),
            summary: "Site gra injoignable pendant 40 min")
        incident.isPersonalDataBreach = .known(false)
        incident.closedAt = moment("2026-11-18T10:00:00Z")
        return incident
    }

    private static func retention() -> ReportFacts.Retention {
        var retention = ReportFacts.Retention()
        retention.holds = .known([
            .init(
                tenant: "chu-exemple", source: "dpi", by: "direction juridique", since: day("2026-10-02"), until: nil, reason: "contentieux 2026-118")
        ])
        retention.applied = .known([.init(tenant: "chu-exemple", at: moment("2026-11-30T06:00:00Z"), kept: 47, forgotten: 1)])
        retention.collections = .known([
            .init(tenant: "chu-exemple", site: "gra", at: moment("2026-11-24T06:30:00Z"), condemned: 120, deleted: 97, freedBytes: 1_900_000_000)
        ])
        retention.erasures = .known([])
        retention.restitutions = .known([.init(tenant: "clinique-b", on: day("2026-11-10"), subject: "export d'essai", recordHash: hash("5"))])
        retention.destructions = .known([])
        retention.migrations = .known([
            .init(
                tenant: "clinique-b", from: "ancien", to: "par", on: day("2026-11-06"), objects: 9_120, bytes: 301_000_000_000,
                rootAtSource: hash("4"),
                rootAtTarget: hash("4"))
        ])
        return retention
    }

    /// As it may really look: some is missing, some is wrong.
    static func flawed() throws -> ReportFacts {
        var facts = try complete()
        facts.sources[0].restoreTests = .known([])
        facts.sources[1].resilience = .unknown
        if var runs = facts.sources[2].execution.value {
            runs.succeeded = 28
            runs.failed = 1
            runs.missed = [moment("2026-11-08T02:00:00Z"), moment("2026-11-09T02:00:00Z")]
            runs.rpoMeasuredSeconds = .known(259_300)
            facts.sources[2].execution = .known(runs)
        }
        facts.sites[1].exposedLaws = .unknown
        facts.sites[1].underlyingOperator = .known("Hébergeur Un SAS")
        facts.independence = .known([
            .init(
                "gra", "par", verdict: .fails, reason: LocalText(en: "the same machines (Hébergeur Un SAS)", fr: "mêmes machines (Hébergeur Un SAS)"))
        ])
        facts.certificates.change { if $0.id == "ev-hds-par" { $0.validUntil = day("2027-01-15") } }
        facts.decisions.change {
            guard $0.site == "par" else { return }
            $0.outcome = .readOnly
            $0.findings = [
                .init(
                    rule: "law.exposed", clause: "HDS v2 EXI 30", outcome: .readOnly,
                    reason: LocalText(en: "laws that it is subject to are not known", fr: "les lois applicables ne sont pas connues"),
                    remedy: LocalText(en: "state them", fr: "les déclarer"))
            ]
        }
        facts.waivers = .known([
            .init(
                id: "der-3", tenant: "chu-exemple", site: "par", rules: ["tech.autonomy"], reason: "remplacement en cours",
                grantedOn: day("2026-09-01"),
                until: day("2027-02-28"), approvers: ["a.martin", "c.durand"], exitPlan: "copie vers gra-2 avant janvier")
        ])
        facts.recoveryDrill = .unknown
        facts.offlineMedia = .unknown
        facts.access = .unknown
        facts.actions = [.init(gap: "restore-test.none:chu-exemple/dpi", owner: "a.martin", due: day("2026-12-15"))]
        return facts
    }
}
