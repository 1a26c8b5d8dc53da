import Base
import Scheduling

extension SiteFacts {
    /// Reads the object below `site`.
    static func read(_ section: DocumentSection) -> SiteFacts? {
        guard let id: SiteID = section.requiredIdentifier("id") else {
            section.keys.forEach { _ = section.node($0) }
            return nil
        }
        var site = SiteFacts(id: id)
        site.driver = section.choice("driver")
        site.endpoint = section.text("endpoint", .expectedEndpoint) { EndpointName(address: $0) == nil ? nil : $0 }
        site.region = section.text("region")
        site.service = section.text("service")
        site.storageClasses = section.texts("storageClasses")
        site.company = section.section("operator", Company.read) ?? nil
        site.ownership = section.section("ownership", Ownership.read)
        site.infrastructure = section.section("infrastructure", Infrastructure.read)
        site.remoteAccess = section.sections("remoteAccess", RemoteAccess.read)
        site.exposedLaws = section.texts("exposedLaws")
        site.residualRisks = section.texts("residualRisks")
        site.mitigations = section.texts("mitigations")
        site.subprocessors = section.sections("subprocessors", Subprocessor.read)
        site.technology = section.sections("technology", Technology.read)
        site.capabilities = section.section("capabilities", Capabilities.read)
        site.media = section.choice("media")
        site.isOffline = section.boolean("offline")
        site.evidence = section.identifiers("evidence") ?? []
        return site
    }
}

extension SiteFacts.Company {
    fileprivate static func read(_ section: DocumentSection) -> SiteFacts.Company? {
        let entity = LegalEntity.read(section)
        let (seat, administration, establishment) = (section.country("seat"), section.country("centralAdmin"), section.country("mainEstablishment"))
        guard let entity else { return nil }
        var company = SiteFacts.Company(entity: entity)
        (company.seat, company.centralAdministration, company.mainEstablishment) = (seat, administration, establishment)
        return company
    }
}

extension SiteFacts.Ownership {
    fileprivate static func read(_ section: DocumentSection) -> SiteFacts.Ownership {
        var ownership = SiteFacts.Ownership()
        ownership.ultimateParent = section.text("ultimateParent")
        ownership.parentCountry = section.country("parentCountry")
        ownership.holdings = section.sections("nonEU") { section in
            let holder = section.requiredText("holder")
            var holding = SiteFacts.Holding(holder: holder ?? "")
            holding.country = section.country("country")
            holding.capital = section.percentage("capitalPct")
            holding.votes = section.percentage("votesPct")
            holding.isIndirect = section.boolean("indirect")
            return holder == nil ? nil : holding
        }
        ownership.hasVeto = section.boolean("veto")
        ownership.hasBoardMajority = section.boolean("boardMajority")
        return ownership
    }
}

extension SiteFacts.Infrastructure {
    fileprivate static func read(_ section: DocumentSection) -> SiteFacts.Infrastructure {
        var infrastructure = SiteFacts.Infrastructure()
        infrastructure.underlyingOperator = section.text("underlyingOperator")
        infrastructure.datacentres = section.sections("datacentres") { section in
            let id = section.requiredText("id")
            var datacentre = SiteFacts.Datacentre(id: id ?? "")
            datacentre.country = section.country("country")
            datacentre.place = Coordinates.read(section)
            return id == nil ? nil : datacentre
        }
        return infrastructure
    }
}

extension Coordinates {
    /// Reads `lat` and `lon`, which go together.
    static func read(_ section: DocumentSection) -> Coordinates? {
        let latitude = section.number("lat", .expectedDegrees(90)) { Double($0).flatMap { abs($0) <= 90 ? $0 : nil } }
        let longitude = section.number("lon", .expectedDegrees(180)) { Double($0).flatMap { abs($0) <= 180 ? $0 : nil } }
        for (key, other) in [("lat", "lon"), ("lon", "lat")] where section.keys.contains(key) && !section.keys.contains(other) {
            section.problem(other, .configMissingKey(.expectedDegrees(other == "lat" ? 90 : 180)))
        }
        guard let latitude, let longitude else { return nil }
        return Coordinates(latitude: latitude, longitude: longitude)
    }
}

extension SiteFacts.RemoteAccess {
    fileprivate static func read(_ section: DocumentSection) -> SiteFacts.RemoteAccess? {
        var access = SiteFacts.RemoteAccess()
        access.country = section.country("country")
        access.actor = section.text("actor")
        access.basis = section.choice("basis")
        return access
    }
}

extension SiteFacts.Subprocessor {
    fileprivate static func read(_ section: DocumentSection) -> SiteFacts.Subprocessor? {
        let name = section.requiredText("name")
        var subprocessor = SiteFacts.Subprocessor(name: name ?? "")
        subprocessor.role = section.text("role")
        subprocessor.seat = section.country("seat")
        subprocessor.certification = section.choice("hds")
        subprocessor.canReachData = section.boolean("canReachData")
        return name == nil ? nil : subprocessor
    }
}

extension SiteFacts.Technology {
    fileprivate static func read(_ section: DocumentSection) -> SiteFacts.Technology? {
        let supplier = section.requiredText("supplier")
        var technology = SiteFacts.Technology(supplier: supplier ?? "")
        technology.country = section.country("country")
        technology.canReachData = section.boolean("canReachData")
        technology.autonomy = section.choice("autonomy")
        return supplier == nil ? nil : technology
    }
}

extension SiteFacts.Capabilities {
    fileprivate static func read(_ section: DocumentSection) -> SiteFacts.Capabilities {
        var capabilities = SiteFacts.Capabilities()
        capabilities.hasVersioning = section.boolean("versioning")
        capabilities.objectLock = section.choices("objectLock")
        capabilities.hasLifecycleRules = section.boolean("lifecycleRules")
        capabilities.hasBucketEncryption = section.boolean("bucketEncryption")
        capabilities.probedOn = section.text("probedAt", .expectedMoment, dayOfMoment)
        return capabilities
    }
}

/// The day of `2026-11-22T00:00:00Z`; nil for anything else.
private func dayOfMoment(_ text: String) -> CalendarDay? {
    let clock = Array(text.utf8.dropFirst(10))
    guard clock.count == 10, clock[0] == UInt8(ascii: "T"), clock[3] == UInt8(ascii: ":"), clock[6] == UInt8(ascii: ":"),
        clock[9] == UInt8(ascii: "Z")
    else { return nil }
    let parts = [clock[1...2], clock[4...5], clock[7...8]]
    guard parts.allSatisfy({ $0.allSatisfy { (0x30...0x39).contains($0) } }) else { return nil }
    let numbers = parts.compactMap { Int(String(decoding: $0, as: UTF8.self)) }
    guard numbers.count == 3, numbers[0] < 24, numbers[1] < 60, numbers[2] < 60 else { return nil }
    return CalendarDay(text: String(text.prefix(10)))
}
