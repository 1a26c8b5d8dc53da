import Base
import Scheduling
import Sovereignty
import Testing

/// 12.5.d and BP-100: which copies outlive which loss.
@Suite struct CopiesTests {
    /// A site by its operator, whose machines they are, the parent, the datacentre and its place.
    static func site(
        _ id: String, _ company: String?, on underlying: String? = nil, parent: String?, room: String?, at place: (Double, Double)? = nil,
        region: String? = nil
    ) -> SiteFacts {
        var site = SiteFacts(id: identifier(id))
        site.company = company.map { SiteFacts.Company(entity: LegalEntity(name: $0)) }
        site.region = region
        var ownership = SiteFacts.Ownership()
        ownership.ultimateParent = parent
        site.ownership = ownership
        var infrastructure = SiteFacts.Infrastructure()
        infrastructure.underlyingOperator = underlying ?? company
        infrastructure.datacentres = room.map { room in
            var datacentre = SiteFacts.Datacentre(id: room)
            datacentre.country = Country("FR")
            datacentre.place = place.flatMap { Coordinates(latitude: $0.0, longitude: $0.1) }
            return [datacentre]
        }
        site.infrastructure = infrastructure
        site.media = .object
        site.isOffline = false
        return site
    }

    static let own = site("local", "CHU d'essai", parent: "CHU d'essai", room: "salle-1")
    static let gravelines = site("gra", "OVHcloud", on: "OVH SAS", parent: "OVH Groupe", room: "gra1", region: "gra")

    static let pairs: [(title: String, a: SiteFacts, b: SiteFacts, truth: Truth, code: String)] = [
        ("two operators, parents and rooms", own, gravelines, .holds, "copies.independent-pair"),
        (
            "two regions of one operator", gravelines, site("rbx", "OVH SAS", parent: "OVH Groupe", room: "rbx1", region: "rbx"), .fails,
            "copies.shared-operator"
        ),
        (
            "two brands on one operator, as stated", gravelines,
            site("cellar", "Clever Cloud SAS", on: "OVHcloud", parent: "Clever Cloud", room: "rbx8", region: "fr-north-hds"), .fails,
            "copies.shared-operator"
        ),
        (
            "two brands on one operator, as the catalogue knows", gravelines,
            site("cellar", "Clever Cloud SAS", parent: "Clever Cloud", room: "rbx8", region: "fr-north-hds"), .fails, "copies.shared-operator"
        ),
        (
            "another zone of that brand", gravelines, site("cellar", "Clever Cloud SAS", parent: "Clever Cloud", room: "par9", region: "parhds"),
            .holds,
            "copies.independent-pair"
        ),
        (
            "NumSpot on Outscale", site("osc", "3DS Outscale", parent: "Dassault Systèmes", room: "par4", region: "cloudgouv-eu-west-1"),
            site("num", "NumSpot", parent: "NumSpot", room: "par5"), .fails, "copies.shared-operator"
        ),
        (
            "Free Pro and Scaleway, one parent", site("scw", "Scaleway", parent: "iliad", room: "dc3"),
            site("free", "Free Pro", parent: "Iliad SA", room: "dc9"), .fails,
            "copies.shared-parent"
        ),
        (
            "the same, though the statement names another parent", site("scw", "Scaleway", parent: "iliad", room: "dc3"),
            site("free", "Free Pro", parent: "Free Pro", room: "dc9"), .fails, "copies.shared-parent"
        ),
        ("one datacentre, two tenants of it", own, site("colo", "Autre SAS", parent: "Autre", room: "SALLE-1"), .fails, "copies.shared-datacentre"),
        ("the parent not stated", own, site("x", "Autre SAS", parent: nil, room: "r"), .unknown, "copies.independence-unknown"),
        ("the datacentre not stated", own, site("x", "Autre SAS", parent: "Autre", room: nil), .unknown, "copies.independence-unknown"),
        ("the operator not stated", own, site("x", nil, parent: "Autre", room: "r"), .unknown, "copies.independence-unknown"),
        ("one datacentre decides, whatever is unknown", own, site("x", nil, parent: nil, room: "salle-1"), .fails, "copies.shared-datacentre"),
    ]

    @Test(arguments: pairs) func `copies are independent by operator, parent and datacentre, not by name`(
        _ row: (title: String, a: SiteFacts, b: SiteFacts, truth: Truth, code: String)
    ) throws {
        let independence = Independence(minimumKilometres: 0, catalogue: try Shipped.catalogue.get())
        for (a, b) in [(row.a, row.b), (row.b, row.a)] {
            let found = independence.between(a, b)
            #expect(found.truth == row.truth && found.reason.code == row.code, "\(row.title): \(found.reason.english)")
        }
    }

    @Test func `distance counts where the risk analysis asks for some`() throws {
        let paris = Self.site("a", "A", parent: "A", room: "a", at: (48.8566, 2.3522))
        let lyon = Self.site("b", "B", parent: "B", room: "b", at: (45.7640, 4.8357))
        let nowhere = Self.site("c", "C", parent: "C", room: "c")
        let here = try #require(Coordinates(latitude: 48.8566, longitude: 2.3522))
        let there = try #require(Coordinates(latitude: 45.7640, longitude: 4.8357))
        #expect(abs(here.kilometres(to: there) - 391.5) < 1.5)
        for (kilometres, truth) in [(391, Truth.holds), (393, .fails)] {
            #expect(Independence(minimumKilometres: kilometres, catalogue: try Shipped.catalogue.get()).between(paris, lyon).truth == truth)
        }
        #expect(Independence(minimumKilometres: 1, catalogue: try Shipped.catalogue.get()).between(paris, nowhere).truth == .unknown)
        #expect(Independence(minimumKilometres: 0, catalogue: try Shipped.catalogue.get()).between(paris, nowhere).truth == .holds)
    }

    @Test func `the largest set of independent copies is counted, not the number of sites`() throws {
        let independence = Independence(minimumKilometres: 0, catalogue: try Shipped.catalogue.get())
        let roubaix = Self.site("rbx", "OVH", parent: "OVH Groupe", room: "rbx1", region: "rbx")
        let scaleway = Self.site("scw", "Scaleway", parent: "iliad", room: "dc3")
        #expect(independence.count([]) == (0, 0))
        #expect(independence.count([Self.gravelines, roubaix]) == (1, 1))
        #expect(independence.count([Self.gravelines, roubaix, Self.own, scaleway]) == (3, 3))
        // One that shares with two others is not the one to keep.
        let bridge = Self.site("num", "NumSpot", parent: "iliad", room: "x")
        let outscale = Self.site("osc", "Outscale", parent: "Dassault Systèmes SE", room: "par4")
        #expect(independence.count([bridge, scaleway, outscale]) == (2, 2))
        #expect(independence.count([Self.own, Self.site("y", nil, parent: nil, room: nil)]) == (1, 2))
        #expect(independence.count((0..<60).map { Self.site("s\($0)", "Societe \($0)", parent: "Mere \($0)", room: "r\($0)") }) == (60, 60))
    }

    static func copy(_ site: SiteFacts, _ outcome: Outcome = .allow, _ change: (inout CopyFacts) -> Void = { _ in }) -> CopyFacts {
        var copy = CopyFacts(site: site, outcome: outcome)
        (copy.verifiedOn, copy.isLocked) = (day("2026-11-20"), false)
        change(&copy)
        return copy
    }

    static func locked(_ site: SiteFacts, probed: String = "2026-11-22") -> CopyFacts {
        copy(site) {
            var capabilities = SiteFacts.Capabilities()
            (capabilities.hasVersioning, capabilities.objectLock, capabilities.probedOn) = (true, [.compliance], day(probed))
            ($0.site.capabilities, $0.isLocked) = (capabilities, true)
        }
    }

    static func offline(level: String) -> CopyFacts {
        var site = site("coffre", "Coffre d'essai", parent: "Coffre d'essai", room: "coffre")
        (site.media, site.isOffline) = (.removable, true)
        return copy(site) { $0.levelOn = day(level) }
    }

    static var production: ProductionFacts {
        var production = ProductionFacts()
        (production.media, production.datacentre) = (.disk, SiteFacts.Datacentre(id: "salle-1"))
        return production
    }

    static func digits(_ copies: [CopyFacts], _ production: ProductionFacts = production) throws -> Resilience {
        Resilience(
            copies, production: production, terms: try Shipped.book.get().terms.resilience, catalogue: try Shipped.catalogue.get(), on: Sample.today)
    }

    @Test func `three, two, one, one, zero, each digit by itself`() throws {
        let whole = try Self.digits([Self.copy(Self.own), Self.locked(Self.gravelines), Self.offline(level: "2026-11-20")])
        #expect(whole.digits.map(\.kind) == [.copies, .media, .offSite, .offline, .immutable, .unverified])
        #expect(whole.digits.map(\.known) == [4, 3, 2, 1, 1, 0])
        #expect(whole.verdict == .holds)
    }

    @Test func `a copy where it may not be is no copy`() throws {
        let found = try Self.digits([Self.copy(Self.own), Self.copy(Self.gravelines, .deny)])
        #expect(found[.copies]?.known == 2 && found[.copies]?.verdict == .fails)
        #expect(found[.offSite]?.verdict == .fails)
        #expect(try Self.digits([Self.copy(Self.own), Self.copy(Self.gravelines, .readOnly)])[.copies]?.verdict == .holds)
    }

    @Test func `copies that are not independent are not counted as such`() throws {
        let roubaix = Self.site("rbx", "OVH", parent: "OVH Groupe", room: "rbx1", region: "rbx")
        #expect(try Self.digits([Self.copy(Self.gravelines), Self.copy(roubaix)])[.copies]?.known == 2)
    }

    static let immutables: [(title: String, truth: Truth, change: @Sendable (inout CopyFacts) -> Void)] = [
        ("compliance, versioned, probed, locked", .holds, { _ in }),
        ("governance only", .fails, { $0.site.capabilities?.objectLock = [.governance] }),
        ("no lock", .fails, { $0.site.capabilities?.objectLock = [] }), ("lock not known", .unknown, { $0.site.capabilities?.objectLock = nil }),
        ("no versions", .fails, { $0.site.capabilities?.hasVersioning = false }), ("these objects are not locked", .fails, { $0.isLocked = false }),
        ("whether they are is not known", .unknown, { $0.isLocked = nil }), ("never probed", .unknown, { $0.site.capabilities?.probedOn = nil }),
        ("probed thirty days ago", .holds, { $0.site.capabilities?.probedOn = day("2026-10-28") }),
        ("probed thirty-one days ago", .fails, { $0.site.capabilities?.probedOn = day("2026-10-27") }),
        ("probed tomorrow", .fails, { $0.site.capabilities?.probedOn = day("2026-11-28") }),
        ("nothing known of the store", .unknown, { $0.site.capabilities = nil }),
        ("damaged", .fails, { $0.isDamaged = true }),
        (
            "offline is not immutable", .fails,
            {
                $0.site.isOffline = true; $0.isLocked = false
            }
        ),
    ]

    @Test(arguments: immutables) func `immutable is proven, not configured (BP-100, BAK-5)`(
        _ row: (title: String, truth: Truth, change: @Sendable (inout CopyFacts) -> Void)
    ) throws {
        var copy = Self.locked(Self.gravelines)
        row.change(&copy)
        #expect(try Self.digits([copy])[.immutable]?.verdict == row.truth, "\(row.title)")
        let results = try Self.rules([copy])
        #expect(results["copies.immutable"]?.verdict == Verdict(rawValue: row.truth.rawValue), "\(row.title)")
        #expect(results["copies.immutable"]?.clause.contains("BP-100") == true)
    }

    static func rules(_ copies: [CopyFacts], _ wishes: CopyWishes = CopyWishes()) throws -> [String: RuleResult] {
        let results = try Shipped.book.get().evaluate(
            copies: copies, wishes: wishes, profile: .hds, catalogue: try Shipped.catalogue.get(), on: Sample.today)
        return Dictionary(results.map { ($0.rule.text, $0) }, uniquingKeysWith: { first, _ in first })
    }

    @Test func `a locked copy online is not offline (BP-100)`() throws {
        let found = try Self.digits([Self.locked(Self.gravelines)])
        #expect(found[.offline]?.verdict == .fails)
        #expect(try Self.rules([Self.locked(Self.gravelines)])["copies.offline"]?.verdict == .fails)
    }

    @Test(arguments: [("2026-10-23", Truth.holds), ("2026-10-22", .fails)]) func `an offline copy is late after its days (BP-100)`(
        _ level: String, _ truth: Truth
    ) throws {
        #expect(try Self.digits([Self.offline(level: level)])[.offline]?.verdict == truth)
        let results = try Self.rules([Self.offline(level: level)])
        #expect(results["copies.offlineAge"]?.verdict == Verdict(rawValue: truth.rawValue))
        #expect(results["copies.offline"]?.verdict == .holds)
    }

    @Test func `off site is elsewhere than the data itself, and unknown where nobody says where that is`() throws {
        #expect(try Self.digits([Self.copy(Self.own)])[.offSite]?.verdict == .fails)
        #expect(try Self.digits([Self.copy(Self.gravelines)])[.offSite]?.verdict == .holds)
        #expect(try Self.digits([Self.copy(Self.gravelines)], ProductionFacts())[.offSite]?.verdict == .unknown)
    }

    @Test func `a copy that was not verified, or long ago, or badly, spoils the zero`() throws {
        #expect(try Self.digits([Self.copy(Self.own) { $0.verifiedOn = nil }])[.unverified]?.verdict == .fails)
        #expect(try Self.digits([Self.copy(Self.own) { $0.verifiedOn = day("2026-10-28") }])[.unverified]?.verdict == .holds)
        #expect(try Self.digits([Self.copy(Self.own) { $0.verifiedOn = day("2026-10-27") }])[.unverified]?.verdict == .fails)
        #expect(try Self.digits([Self.copy(Self.own) { $0.isDamaged = true }])[.unverified]?.sites == [identifier("local")])
    }

    @Test func `two sites of one operator fail 12.5.d, and the sentence names both`() throws {
        let roubaix = Self.site("rbx", "OVH", parent: "OVH Groupe", room: "rbx1", region: "rbx")
        let result = try #require(try Self.rules([Self.copy(Self.gravelines), Self.copy(roubaix)])["copies.independent"])
        #expect(result.verdict == .fails && result.outcome == .deny && result.clause.contains("12.5.d"))
        #expect(result.reason.french == "gra et rbx ont un même opérateur")
        #expect(try Self.rules([Self.copy(Self.gravelines), Self.copy(Self.own)])["copies.independent"]?.verdict == .holds)
    }

    @Test func `a tenant raises a number and lowers none`() throws {
        let copies = [Self.copy(Self.gravelines), Self.copy(Self.own)]
        #expect(try Self.rules(copies, CopyWishes(independent: 3))["copies.independent"]?.verdict == .fails)
        #expect(try Self.rules([copies[0]], CopyWishes(independent: 1))["copies.independent"]?.verdict == .fails)
        #expect(try Self.rules(copies, CopyWishes(immutable: 0))["copies.immutable"]?.verdict == .fails)
    }
}
