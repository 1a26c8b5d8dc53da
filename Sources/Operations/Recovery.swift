import Base
import Codec
import Keys
import Repository
import Sites

/// `hdsbackup recover`: on a bare machine, from the kit and one site, a configuration ready to restore.
package struct Recovery {
    private let kit: RecoveryKit

    package init(_ kit: RecoveryKit) { self.kit = kit }

    /// Writes `config.toml`, the keys and an empty state below `folder`. `site`: a site's name on the kit,
    /// a path, or an address as the kit prints it. An object store's credentials come from the environment, as does
    /// its private authority (`AWS_CA_BUNDLE`). Returns the path of the configuration.
    ///
    /// Throws `.key` when the kit's code opens nothing there, `.refused` when the site is not the tenant's.
    package func run(site: String, into folder: String, passphrase: Secret?) throws -> String {
        let (name, place) = try place(site)
        let store = try SiteConnector(keys: folder + "/keys", tenantPrefix: kit.fingerprint.prefix)
            .store(Configuration.Site(name: name, place: place), as: .restore)
        let repository = try SiteRepository(site: store, fingerprint: kit.fingerprint, state: nil)
        let recovery = try kit.code.sealingKey(tenant: kit.fingerprint.tenant)
        let bundle = try open(repository, with: recovery)

        let keys = TenantKeys(folder: folder + "/keys/" + kit.tenant)
        try Files.makeFolder(keys.folder)
        try keys.create(restore: bundle, passphrase: passphrase)
        try keys.keep(fingerprint: kit.fingerprint)
        let configuration = folder + "/config.toml"
        try Files.create(configuration, Array(text(folder: folder, name: name, place: place).utf8))
        return configuration
    }

    /// Every key wrap that the code opens, merged; checked against the descriptor.
    private func open(_ repository: SiteRepository, with recovery: SealingKey) throws -> KeyBundle {
        var bundle: KeyBundle?
        var last = Failure(.key, .wrongKey, object: repository.name + ":keys/")
        for key in try repository.site.keys("keys/") {
            do {
                let wrap = try repository.site.readTwice(key, limit: 16 << 20) { try KeyWrap(decoding: $0) }
                guard wrap.tenant == repository.tenant else { throw Failure(.wrongPlace, .foreignObject) }
                guard wrap.recipient == recovery.publicKey.id else { continue }
                let found = try wrap.open(with: recovery)
                try check(found, repository.trust.descriptor)
                if bundle == nil { bundle = found } else { bundle!.merge(found) }
            } catch let failure as Failure {
                if failure.kind == .unreachable { throw failure }
                last = failure.of("\(repository.name):\(key)")
            }
        }
        guard let bundle else { throw last }
        return bundle
    }

    /// A wrap is not signed: its keys count only if they are those that the authority published.
    private func check(_ bundle: KeyBundle, _ descriptor: Descriptor) throws {
        for (number, key) in bundle.epochs {
            guard descriptor.epochs.contains(where: { $0.number == number && $0.key == key.publicKey }) else {
                throw Failure(.refused, .badSignature)
            }
        }
        for domain in bundle.domains {
            guard descriptor.domains.contains(where: { $0.id == domain.keys.domain && $0.commitment == domain.keys.commitment }) else {
                throw Failure(.refused, .badSignature)
            }
        }
    }

    private func place(_ site: String) throws -> (name: String, place: Configuration.Site.Place) {
        if let known = kit.sites.first(where: { $0.name == site }) { return (known.name, try parse(known.place)) }
        let place = try parse(site)
        return (kit.sites.first { Configuration.Site.Place(address: $0.place) == place }?.name ?? "site", place)
    }

    private func parse(_ address: String) throws -> Configuration.Site.Place {
        guard var place = Configuration.Site.Place(address: address.contains(":") ? address : absolute(address)) else {
            throw Failure(.usage, .addressUnreadable, object: address)
        }
        if case .s3(var s3) = place, let file = environmentVariables()["AWS_CA_BUNDLE"] {
            s3.authorityFile = absolute(file)
            place = .s3(s3)
        }
        return place
    }

    private func text(folder: String, name: String, place: Configuration.Site.Place) -> String {
        let others = kit.sites.filter { $0.name != name }.compactMap { site in
            (try? parse(site.place)).map { (name: site.name, place: $0) }
        }
        var lines = [
            "[node]", "name = \"recovery\"", "roles = []", "state = \(quotedText(folder + "/state"))", "keys = \(quotedText(folder + "/keys"))", "",
        ]
        for (site, place) in [(name, place)] + others { lines += ["[site.\(site)]"] + place.configurationLines + [""] }
        lines += [
            "[tenant.\(kit.tenant)]", "fingerprint = \"\(kit.fingerprint.hex)\"",
            "sites = [\(([name] + others.map(\.name)).map(quotedText).joined(separator: ", "))]",
        ]
        return lines.joined(separator: "\n") + "\n"
    }
}
