import Base
import Foundation
import Scheduling
import Sovereignty

/// A day as the tables write it.
func day(_ text: String) -> CalendarDay { CalendarDay(text: text) ?? CalendarDay(number: .min) }

func identifier<Kind>(_ text: String) -> Identifier<Kind> { Identifier(text) ?? Identifier("unfit")! }

func percentage(_ digits: String) -> Percentage { Percentage(digits) ?? Percentage(millionths: -1) }

/// Files of the repository and of this folder.
enum Folder {
    static let here = URL(filePath: #filePath).deletingLastPathComponent()
    static let etc = here.appending(path: "../../etc").standardizedFileURL

    static func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: here.appending(path: "Vectors/\(name)"))) }

    static func files(_ name: String) throws -> [(name: String, bytes: [UInt8])] {
        let folder = etc.appending(path: name)
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().filter { $0.hasSuffix(".json") }.map {
            ($0, Array(try Data(contentsOf: folder.appending(path: $0))))
        }
    }
}

/// The policies and the catalogue that are shipped: the tables test them as they are.
enum Shipped {
    static let book = Result { try PolicyBook(Folder.files("policies")) }
    static let catalogue = Result { try ProviderCatalogue(Folder.files("providers")) }
}

/// A site of a French company that is beyond reproach, and the papers for it. Each test changes one thing.
struct Sample {
    static let today = day("2026-11-27")
    static let company = LegalEntity(name: "Hébergeur d'essai SAS", siren: SIREN("123456782"))
    static let hospital = LegalEntity(name: "CHU d'essai", siren: SIREN("111111118"))
    static let host = LegalEntity(name: "Sauvegarde d'essai SAS")

    var site: SiteFacts
    var tenant = TenantFacts(id: identifier("chu-exemple"), kind: .thirdParty, entity: hospital)
    var operatorEvidence: [EvidenceID] = [identifier("ev-operator"), identifier("ev-tenant-contract")]
    var source: SourceFacts?
    var lockDays: Int? = 0
    var endpoint = EndpointFinding.clear([EndpointName("s3.fr1.example.org")!])
    /// Members of `evidence` and `waiver` objects, by id.
    var documents: [String: [String: String]] = [:]
    var waivers: [[String: String]] = []

    init() {
        site = SiteFacts(id: identifier("fr1"))
        site.driver = .s3
        site.endpoint = "https://s3.fr1.example.org"
        site.region = "fr1"
        site.service = "Object Storage"
        site.storageClasses = ["STANDARD"]
        var company = SiteFacts.Company(entity: Self.company)
        (company.seat, company.centralAdministration, company.mainEstablishment) = (Country("FR"), Country("FR"), Country("FR"))
        site.company = company
        var ownership = SiteFacts.Ownership()
        (ownership.ultimateParent, ownership.parentCountry) = ("Groupe d'essai", Country("FR"))
        (ownership.holdings, ownership.hasVeto, ownership.hasBoardMajority) = ([], false, false)
        site.ownership = ownership
        site.infrastructure = Self.infrastructure("Hébergeur d'essai SAS", ("fr1-a", "FR"))
        (site.remoteAccess, site.exposedLaws, site.residualRisks, site.mitigations) = ([], [], [], [])
        (site.subprocessors, site.technology) = ([], [])
        site.media = .object
        site.isOffline = false
        site.evidence = ["ev-hds", "ev-snc", "ev-contract", "ev-owner"].map { identifier($0) }
        documents["ev-hds"] = Self.certificate("HDS", "HDS-2.0")
        documents["ev-snc"] = Self.certificate("SecNumCloud", "SecNumCloud-3.2")
        documents["ev-contract"] = Self.paper("contractHDS", Self.company)
        documents["ev-owner"] = Self.paper("ownershipStatement", Self.company, issued: "2026-06-01")
        documents["ev-operator"] = Self.certificate("HDS", "HDS-2.0", Self.host, activities: ["backup"])
        documents["ev-tenant-contract"] = Self.paper("contractHDS", Self.hospital)
    }

    static func infrastructure(_ underlying: String, _ datacentres: (id: String, country: String)...) -> SiteFacts.Infrastructure {
        var infrastructure = SiteFacts.Infrastructure()
        infrastructure.underlyingOperator = underlying
        infrastructure.datacentres = datacentres.map { id, country in
            var datacentre = SiteFacts.Datacentre(id: id)
            datacentre.country = Country(country)
            return datacentre
        }
        return infrastructure
    }

    static func paper(_ kind: String, _ holder: LegalEntity, issued: String = "2026-01-01") -> [String: String] {
        let siren = holder.siren.map { ", \"siren\": \"\($0)\"" } ?? ""
        return [
            "kind": "\"\(kind)\"", "holder": "{\"name\": \"\(holder.name)\"\(siren)}", "issuedAt": "\"\(issued)\"", "status": "\"valid\"",
            "documentSHA256": "\"\(String(repeating: "0", count: 64))\"", "collectedBy": "\"alice\"", "verifiedBy": "\"bruno\"",
        ]
    }

    static func certificate(
        _ kind: String, _ referential: String, _ holder: LegalEntity = company,
        activities: [String] = ["physicalSites", "hardware", "virtualInfra", "appPlatform", "backup"]
    ) -> [String: String] {
        var members = paper(kind, holder)
        members["referential"] = "\"\(referential)\""
        members["activities"] = "[" + activities.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
        members["services"] = "[\"Object Storage\"]"
        members["regions"] = "[\"fr1\"]"
        members["validUntil"] = "\"2028-12-31\""
        return members
    }

    var register: EvidenceRegister {
        get throws {
            func text(_ kind: String, _ members: [String: String]) -> [UInt8] {
                let body = members.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ",\n")
                return Array("{\"\(kind)\": {\n\(body)\n}}".utf8)
            }
            var files = documents.map { id, members in
                TestApprovers.sign(id + ".json", text("evidence", members.merging(["id": "\"\(id)\""]) { first, _ in first }))
            }
            files += waivers.enumerated().map { TestApprovers.sign("waiver-\($0).json", text("waiver", $1)) }
            return EvidenceRegister(files, approvers: try TestApprovers.all.get())
        }
    }

    var placement: Placement {
        Placement(
            site: site, tenant: tenant, host: OperatorFacts(entity: Self.host, evidence: operatorEvidence), source: source, lockDays: lockDays,
            endpoint: endpoint)
    }

    func decide(_ profile: ProfileName, on day: CalendarDay = Self.today) throws -> Decision {
        let register = try register
        if let absent = register.absent.first { throw Unfit(file: absent.file, problems: "\(absent.reason.english) \(absent.problems)") }
        return try Shipped.book.get().evaluate(placement, profile: profile, register: register, catalogue: try Shipped.catalogue.get(), on: day)
    }

    struct Unfit: Error {
        let file: String
        let problems: String
    }

    /// The members of a waiver of `rules`, as its JSON has them.
    static func waiver(_ rules: String..., until: String, granted: String = "2026-01-01", approvers: [String] = ["alice", "bruno"]) -> [String:
        String]
    {
        func list(_ texts: [String]) -> String { "[" + texts.map { "\"\($0)\"" }.joined(separator: ", ") + "]" }
        return [
            "id": "\"w-1\"", "site": "\"fr1\"", "tenant": "\"chu-exemple\"", "rules": list(rules), "reason": "\"essai\"",
            "grantedAt": "\"\(granted)\"", "until": "\"\(until)\"", "approvers": list(approvers), "exitPlan": "\"retour sur fr2\"",
        ]
    }
}
