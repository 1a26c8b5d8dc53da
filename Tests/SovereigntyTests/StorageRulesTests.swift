import Base
import Scheduling
import Sovereignty
import Testing

/// GDPR 5 and 17, providers' conditions, authorisations.
@Suite struct StorageRulesTests {
    static func source(retention: Int?, until: String? = nil) -> SourceFacts {
        var source = SourceFacts(name: "dpi")
        source.retentionDays = retention
        source.authorisation = until.map { SourceFacts.Authorisation(id: "DR-2026-1", until: day($0)) }
        return source
    }

    static func lock(_ title: String, _ verdict: Verdict, _ lock: Int?, _ retention: Int?) -> Row {
        Row(title, "lock.retention", "GDPR 5(1)(e), 17", verdict, verdict == .holds ? .allow : .deny, in: .hds) {
            ($0.lockDays, $0.source) = (lock, source(retention: retention))
        }
    }

    /// A site of Scaleway, whose conditions the catalogue has.
    static func scaleway(_ change: @escaping @Sendable (inout SiteFacts) -> Void) -> @Sendable (inout Sample) -> Void {
        {
            $0.site.company?.entity = LegalEntity(name: "Scaleway SAS")
            var capabilities = SiteFacts.Capabilities()
            (capabilities.hasLifecycleRules, capabilities.hasBucketEncryption) = (false, true)
            $0.site.capabilities = capabilities
            change(&$0.site)
        }
    }

    static let rows: [Row] = [
        lock("a lock as long as the retention", .holds, 30, 30), lock("a lock of one day more", .fails, 31, 30),
        lock("no lock", .holds, 0, nil), lock("a lock, the retention not stated", .unknown, 30, nil),
        lock("nobody knows whether it locks", .unknown, nil, 30),
        Row("asked of the site alone", "lock.retention", "GDPR 5(1)(e), 17", .notApplicable, .allow, in: .hds) { $0.lockDays = 99_999 },
        Row("Standard", "class.allowed", "provider's HDS contract", .holds, .allow, in: .hds, scaleway { _ in }),
        Row(
            "Glacier", "class.allowed", "provider's HDS contract", .fails, .deny, in: .hds, scaleway { $0.storageClasses = ["STANDARD", "GLACIER"] }),
        Row("class not stated", "class.allowed", "provider's HDS contract", .unknown, .deny, in: .hds, scaleway { $0.storageClasses = nil }),
        Row("of a provider without conditions", "class.allowed", "provider's HDS contract", .notApplicable, .allow, in: .hds) { _ in },
        Row("no lifecycle rule", "lifecycle.forbidden", "provider's HDS contract", .holds, .allow, in: .hds, scaleway { _ in }),
        Row(
            "a lifecycle rule", "lifecycle.forbidden", "provider's HDS contract", .fails, .deny, in: .hds,
            scaleway { $0.capabilities?.hasLifecycleRules = true }),
        Row("never probed", "lifecycle.forbidden", "provider's HDS contract", .unknown, .deny, in: .hds, scaleway { $0.capabilities = nil }),
        Row("encryption on", "bucketEncryption.required", "provider's HDS contract", .holds, .allow, in: .hds, scaleway { _ in }),
        Row(
            "encryption off", "bucketEncryption.required", "provider's HDS contract", .fails, .deny, in: .hds,
            scaleway { $0.capabilities?.hasBucketEncryption = false }),
        Row("never probed", "bucketEncryption.required", "provider's HDS contract", .unknown, .deny, in: .hds, scaleway { $0.capabilities = nil }),
        Row("the authorisation's last day", "source.authorisation", "CNIL", .holds, .warn, in: .hds) {
            $0.source = source(retention: 30, until: "2026-11-27")
        },
        Row("the day after", "source.authorisation", "CNIL", .fails, .deny, in: .hds) { $0.source = source(retention: 30, until: "2026-11-26") },
        Row("none, and none is asked for", "source.authorisation", "CNIL", .notApplicable, .allow, in: .hds) { $0.source = source(retention: 30) },
        Row("no retention basis", "source.basis", "R.1112-7", .unknown, .warn, in: .hds) { $0.source = source(retention: 30) },
        Row("a retention basis", "source.basis", "R.1112-7", .holds, .allow, in: .hds) {
            $0.source = source(retention: 30)
            $0.source?.retentionBasis = "R.1112-7"
        },
        Row("no information notice", "source.notice", "GDPR 13, 14", .unknown, .warn, in: .hds) { $0.source = source(retention: 30) },
        Row("an information notice", "source.notice", "GDPR 13, 14", .holds, .allow, in: .hds) {
            $0.source = source(retention: 30)
            $0.source?.informationNotice = "https://chu.example.org/information"
        },
    ]

    @Test(arguments: rows) func `locks, storage conditions and authorisations`(_ row: Row) throws { try row.check() }
}
