import Base
import Sovereignty
import Testing

/// EXI 28, 29, 30 and SecNumCloud 19.2.b: where it is, who reaches it, which law does.
@Suite struct LocationRulesTests {
    static let storage: [Row] =
        [
            ("FR", Verdict.holds, Outcome.allow), ("DE", .holds, .allow), ("NO", .holds, .allow), ("IS", .holds, .allow), ("LI", .holds, .allow),
            ("GB", .fails, .deny), ("CH", .fails, .deny), ("CA", .fails, .deny), ("US", .fails, .deny), ("XX", .fails, .deny),
        ].map { country, verdict, outcome in
            Row("a datacentre in \(country)", "storage.eea", "EXI 28", verdict, outcome, in: .hds) {
                $0.site.infrastructure = Sample.infrastructure("Hébergeur d'essai SAS", ("fr1-a", "FR"), ("x", country))
            }
        } + [
            Row("an unknown country", "storage.eea", "EXI 28", .unknown, .deny, in: .hds) {
                $0.site.infrastructure = Sample.infrastructure("Hébergeur d'essai SAS", ("fr1-a", "FR"), ("x", "?"))
            },
            Row("one outside decides, whatever is unknown", "storage.eea", "EXI 28", .fails, .deny, in: .hds) {
                $0.site.infrastructure = Sample.infrastructure("Hébergeur d'essai SAS", ("y", "?"), ("x", "GB"))
            },
            Row("no datacentre stated", "storage.eea", "EXI 28", .unknown, .deny, in: .hds) { $0.site.infrastructure = nil },
            Row("an empty list of datacentres", "storage.eea", "EXI 28", .unknown, .deny, in: .hds) { $0.site.infrastructure?.datacentres = [] },
            Row("Norway is in the EEA and not in the Union", "storage.eu", "19.2.b", .fails, .deny) {
                $0.site.infrastructure = Sample.infrastructure("Hébergeur d'essai SAS", ("x", "NO"))
            },
            Row("France is in the Union", "storage.eu", "19.2.b", .holds, .allow) { _ in },
            Row("an unknown country", "storage.eu", "19.2.b", .unknown, .deny) {
                $0.site.infrastructure = Sample.infrastructure("Hébergeur d'essai SAS", ("x", "?"))
            },
        ]

    @Test(arguments: storage) func `data is stored in the EEA, qualified data in the Union`(_ row: Row) throws { try row.check() }

    static func access(_ country: String?, _ basis: SiteFacts.TransferBasis?, actor: String? = nil) -> SiteFacts.RemoteAccess {
        var access = SiteFacts.RemoteAccess()
        (access.country, access.basis, access.actor) = (country.flatMap { Country($0) }, basis, actor)
        return access
    }

    static func subprocessor(_ seat: String?, reaches: Bool?) -> SiteFacts.Subprocessor {
        var subprocessor = SiteFacts.Subprocessor(name: "Support d'essai")
        (subprocessor.seat, subprocessor.canReachData) = (seat.flatMap { Country($0) }, reaches)
        return subprocessor
    }

    static let accesses: [Row] = [
        Row("nobody from outside", "access.basis", "EXI 29", .holds, .allow, in: .hds) { _ in },
        Row("not stated", "access.basis", "EXI 29", .unknown, .deny, in: .hds) { $0.site.remoteAccess = nil },
        Row("from Germany without a basis", "access.basis", "EXI 29", .holds, .allow, in: .hds) { $0.site.remoteAccess = [access("DE", nil)] },
        Row("from Canada under adequacy", "access.basis", "EXI 29", .holds, .allow, in: .hds) { $0.site.remoteAccess = [access("CA", .adequacy)] },
        Row("from the United Kingdom under adequacy", "access.basis", "EXI 29", .holds, .allow, in: .hds) {
            $0.site.remoteAccess = [access("GB", .adequacy)]
        },
        Row("from Switzerland under adequacy", "access.basis", "EXI 29", .holds, .allow, in: .hds) {
            $0.site.remoteAccess = [access("CH", .adequacy)]
        },
        Row("from Canada without a basis", "access.basis", "EXI 29", .fails, .deny, in: .hds) { $0.site.remoteAccess = [access("CA", nil)] },
        Row("from the United States under an adequacy that is not listed", "access.basis", "EXI 29", .fails, .deny, in: .hds) {
            $0.site.remoteAccess = [access("US", .adequacy)]
        },
        Row("from India under safeguards", "access.basis", "EXI 29", .holds, .allow, in: .hds) { $0.site.remoteAccess = [access("IN", .safeguards)] },
        Row("from nobody knows where", "access.basis", "EXI 29", .unknown, .deny, in: .hds) { $0.site.remoteAccess = [access(nil, .adequacy)] },
        Row("one of two without a basis", "access.basis", "EXI 29", .fails, .deny, in: .hds) {
            $0.site.remoteAccess = [access("CA", .adequacy), access("IN", nil)]
        },
        Row("sub-processors not stated", "access.basis", "EXI 29", .unknown, .deny, in: .hds) { $0.site.subprocessors = nil },
        Row("a sub-processor outside that reaches data, undeclared", "access.basis", "EXI 29", .fails, .deny, in: .hds) {
            $0.site.subprocessors = [subprocessor("IN", reaches: true)]
        },
        Row("the same, declared with its basis", "access.basis", "EXI 29", .holds, .allow, in: .hds) {
            $0.site.subprocessors = [subprocessor("IN", reaches: true)]
            $0.site.remoteAccess = [access("IN", .safeguards, actor: "Support d'essai")]
        },
        Row("a sub-processor outside that reaches nothing", "access.basis", "EXI 29", .holds, .allow, in: .hds) {
            $0.site.subprocessors = [subprocessor("IN", reaches: false)]
        },
        Row("a sub-processor of unknown reach", "access.basis", "EXI 29", .unknown, .deny, in: .hds) {
            $0.site.subprocessors = [subprocessor("IN", reaches: nil)]
        },
        Row("a sub-processor inside", "access.basis", "EXI 29", .holds, .allow, in: .hds) {
            $0.site.subprocessors = [subprocessor("FR", reaches: true)]
        },
    ]

    @Test(arguments: accesses) func `remote access from outside has a basis`(_ row: Row) throws { try row.check() }

    static let laws: [Row] = [
        Row("none, as stated", "law.declared", "EXI 30", .holds, .allow, in: .hds) { _ in },
        Row("not stated", "law.declared", "EXI 30", .unknown, .deny, in: .hds) { $0.site.exposedLaws = nil },
        Row("declared with risks and mitigations", "law.declared", "EXI 30", .holds, .warn, in: .hds) {
            ($0.site.exposedLaws, $0.site.residualRisks, $0.site.mitigations) = (["US CLOUD Act"], ["accès"], ["chiffrement"])
        },
        Row("declared without risks", "law.declared", "EXI 30", .unknown, .deny, in: .hds) {
            ($0.site.exposedLaws, $0.site.mitigations) = (["US CLOUD Act"], ["chiffrement"])
        },
        Row("none, from a US parent: a contradiction", "law.declared", "EXI 30", .unknown, .deny, in: .hds) {
            $0.site.ownership?.parentCountry = Country("US")
        },
        Row("none, as stated", "law.exposed", "EXI 30", .holds, .allow, in: .sovereign) { _ in },
        Row("the CLOUD Act, declared with all that is asked", "law.exposed", "EXI 30", .fails, .deny, in: .sovereign) {
            ($0.site.exposedLaws, $0.site.residualRisks, $0.site.mitigations) = (["US CLOUD Act"], ["accès"], ["chiffrement"])
        },
        Row("not stated", "law.exposed", "EXI 30", .unknown, .deny, in: .sovereign) { $0.site.exposedLaws = nil },
        Row("none, and the parent unknown", "law.exposed", "EXI 30", .unknown, .deny, in: .sovereign) { $0.site.ownership = nil },
    ]

    @Test(arguments: laws) func `laws from outside are declared, and under sovereign there are none`(_ row: Row) throws { try row.check() }

    @Test func `an adequacy decision that falls changes every site at once, from its day on`() throws {
        var files = try Folder.files("policies")
        let index = try #require(files.firstIndex { $0.name == "countries.json" })
        let text = String(decoding: files[index].bytes, as: UTF8.self)
        files[index].bytes = Array(text.replacing("\"country\": \"CH\",", with: "\"country\": \"CH\", \"until\": \"2026-11-26\",").utf8)
        let book = try PolicyBook(files)
        #expect(try book.hash != Shipped.book.get().hash)
        var sample = Sample()
        sample.site.remoteAccess = [Self.access("CH", .adequacy)]
        let catalogue = try Shipped.catalogue.get()
        func verdict(_ text: String) throws -> Verdict? {
            book.evaluate(sample.placement, profile: .hds, register: try sample.register, catalogue: catalogue, on: day(text)).result("access.basis")?
                .verdict
        }
        #expect(try verdict("2026-11-26") == .holds)
        #expect(try verdict("2026-11-27") == .fails)
    }
}
