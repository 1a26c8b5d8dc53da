import Base

// `[tenant.NAME]` and its policy.
extension Configuration {
    static func readTenant(_ name: String, _ section: ConfigurationSection, sites known: [String]) -> Tenant? {
        let fingerprint = section.text("fingerprint", .expectedFingerprint) { Digest(hex: $0.lowercased()) }
        let sites = section.required("sites", .expectedList(of: .expectedSiteName)) {
            section.list("sites", of: .expectedSiteName) { $0 }
        }
        var tenant = Tenant(name: name, sites: sites ?? [])
        tenant.fingerprint = fingerprint
        if let sites {
            let place = section.path.appending("sites")
            if sites.isEmpty { section.problem("sites", .configNoSite) }
            for (index, site) in sites.enumerated() {
                if !known.contains(site) {
                    let near = nearest(to: site, in: known).map(Message.didYouMean)
                    section.findings.problem(place.appending(index), .configUnknownSite(printable(site.utf8)), remedy: near)
                } else if sites[..<index].contains(site) {
                    section.findings.problem(place.appending(index), .configTwice(site))
                }
            }
        }
        let limit = sites.map { max(1, $0.count) } ?? .max
        tenant.writeQuorum = section.integer("write_quorum", in: 1...limit) ?? 1
        let expected = Message.expectedOne(of: ["\"refused\"", "\"accepted\""])
        tenant.acceptsKeysTogether =
            section.text("keys_together", expected) { ["refused": false, "accepted": true][$0] } ?? false
        readParty(section, &tenant)
        if let policy = section.section("policy") { tenant.policy = readPolicy(policy) }
        section.finish()
        return sites == nil ? nil : tenant
    }

    private static func readPolicy(_ section: ConfigurationSection) -> Policy {
        var policy = Policy()
        policy.profile = section.choice("profile")
        policy.copies = section.integer("copies", in: 1...1_000)
        policy.immutable = section.integer("immutable", in: 0...1_000)
        policy.keep = section.section("keep").map(readKeep)
        policy.quarantine = section.durationOrZero("quarantine")
        policy.patience = section.durationOrZero("patience")
        policy.coolOff = section.durationOrZero("cool_off")
        if let verify = section.section("verify") {
            policy.scrub = verify.duration("scrub")
            policy.restoreTest = verify.duration("restore_test")
            policy.scrubRate = verify.rate("rate")
            verify.finish()
        }
        section.finish()
        return policy
    }

    static func readKeep(_ section: ConfigurationSection) -> Keep {
        var keep = Keep()
        keep.last = section.integer("last", in: 0...1_000_000)
        keep.hourly = section.integer("hourly", in: 0...1_000_000)
        keep.daily = section.integer("daily", in: 0...1_000_000)
        keep.weekly = section.integer("weekly", in: 0...1_000_000)
        keep.monthly = section.integer("monthly", in: 0...1_000_000)
        keep.yearly = section.integer("yearly", in: 0...1_000_000)
        keep.within = section.duration("within")
        section.finish()
        return keep
    }
}
