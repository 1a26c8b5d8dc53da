import Base
import Sovereignty
import Testing

@Suite struct CatalogueTests {
    @Test func `every entry loads, each fact with its source and date, and each is denied without evidence`() throws {
        let catalogue = try Shipped.catalogue.get()
        #expect(catalogue.providers.count >= 27)
        for provider in catalogue.providers {
            #expect(!provider.remarks.isEmpty, "\(provider.id)")
            var sample = Sample()
            sample.documents = [:]
            sample.site.company?.entity = provider.entity
            for profile in [ProfileName.hds, .sovereign, .secnumcloud] { #expect(try sample.decide(profile).outcome == .deny, "\(provider.id)") }
        }
    }

    @Test(arguments: ["OVHcloud", "ovh", "OVH SAS", "3DS Outscale", "Clever Cloud Cellar", "S3NS", "Docaposte", "Free Pro", "Oodrive", "Leviia"])
    func `a provider is found by its brands`(_ name: String) throws { #expect(try Shipped.catalogue.get().provider(named: name) != nil) }

    @Test func `a press name is nobody's`() throws { #expect(try Shipped.catalogue.get().provider(named: "Sens") == nil) }

    static let entry = """
        {"provider": {"id": "x", "standing": "denied, no evidence",
          "entity": {"name": "X SAS", "country": "FR", "mark": "P", "source": "s", "date": "2026-11"},
          "facts": [{"about": "hds", "text": {"en": "yes", "fr": "oui"}, "mark": "D", "source": "s", "date": "2026-11-22"}]}}
        """

    @Test(arguments: [
        ("denied, no evidence", "allowed", "provider.standing"), (", \"date\": \"2026-11-22\"", "", "provider.facts[0].date"),
        ("\"date\": \"2026-11-22\"", "\"date\": \"2026-13\"", "provider.facts[0].date"),
        ("\"mark\": \"D\", \"source\": \"s\"", "\"mark\": \"D\"", "provider.facts[0].source"),
        (", \"fr\": \"oui\"", "", "provider.facts[0].text.fr"), ("\"about\"", "\"abuot\"", "provider.facts[0].abuot"),
    ])
    func `no entry gives trust, and no fact is without source and date`(_ text: String, _ other: String, _ key: String) throws {
        #expect(try ProviderCatalogue([("x.json", Array(Self.entry.utf8))]).providers.count == 1)
        let changed = Array(Self.entry.replacing(text, with: other, maxReplacements: 1).utf8)
        do {
            _ = try ProviderCatalogue([("x.json", changed)])
            Issue.record("it was read")
        } catch let error as DocumentProblems {
            #expect(error.all.contains { $0.key == key }, "\(error.all.map(\.key))")
        }
    }

    @Test func `one name is one provider's`() {
        let second = Self.entry.replacing("\"id\": \"x\"", with: "\"id\": \"y\"")
        #expect(throws: Failure.self) { try ProviderCatalogue([("x.json", Array(Self.entry.utf8)), ("y.json", Array(second.utf8))]) }
    }
}
