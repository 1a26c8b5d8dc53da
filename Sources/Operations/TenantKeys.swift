import Base
import Codec
import Glibc
import Keys
import Repository
import Sites

/// A tenant's folder below `node.keys`: the keys of the roles that this machine holds, and the tenant's
/// public records, from which an emptied site can be prepared again.
package struct TenantKeys: Sendable {
    package let folder: String

    package init(folder: String) { self.folder = folder }

    // MARK: public records

    package func fingerprint() throws -> Fingerprint? {
        guard let bytes = try Files.read(folder + "/fingerprint", limit: 256) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
        guard let fingerprint = Fingerprint(hex: text) else {
            throw Failure(.damaged, .malformedRecord("fingerprint"), object: folder + "/fingerprint")
        }
        return fingerprint
    }

    package func keep(fingerprint: Fingerprint) throws {
        try Files.replace(folder + "/fingerprint", Array((fingerprint.hex + "\n").utf8), mode: 0o644)
    }

    /// The bytes of the objects that every site holds, by key: descriptors, key wraps, and `site/<name>`
    /// for each site's marker.
    package func publicObjects() throws -> [String: [UInt8]] {
        var objects: [String: [UInt8]] = [:]
        for name in try Files.names(folder + "/public") {
            objects[name.replacing("~", with: "/")] = try Files.read(folder + "/public/" + name) ?? []
        }
        return objects
    }

    package func keep(publicObject key: String, _ bytes: [UInt8]) throws {
        try Files.makeFolder(folder + "/public")
        try Files.replace(folder + "/public/" + key.replacing("/", with: "~"), bytes, mode: 0o644)
    }

    /// The id that a site of this name had when it was prepared.
    package func siteID(_ name: String, tenant: ShortID) throws -> ShortID? {
        guard let bytes = try publicObjects()["site/" + name] else { return nil }
        return try SiteMarker(body: Statement(bytes, .marker, tenant: tenant).body).site
    }

    // MARK: private keys

    package struct Node: Sendable {
        package let signer: SigningKey
        package let domain: DomainKeys
        package let domainName: String
    }

    package struct Maintain: Sendable {
        package let signer: SigningKey
        package let catalogues: [CatalogueKey]
    }

    /// The content of a key: a systemd credential `hdsbackup.<tenant>.<name>` where there is one, else the
    /// file.
    private func read(_ name: String, _ kind: KeyFile.Kind, passphrase: () throws -> Secret?) throws -> Secret? {
        if let bytes = try credential(name) { return try KeyFile.decode(bytes, kind: kind, passphrase: passphrase) }
        return try KeyFile.read(path(name), kind: kind, passphrase: passphrase)
    }

    private func credential(_ name: String) throws -> [UInt8]? {
        guard let credentials = getenv("CREDENTIALS_DIRECTORY").map({ String(cString: $0) }) else { return nil }
        let tenant = folder.split(separator: "/").last ?? ""
        return try Files.read("\(credentials)/hdsbackup.\(tenant).\(name)", limit: 1 << 20)
    }

    /// Whether the restore key is on this machine, with or without a passphrase.
    package func holdsRestore() throws -> Bool { try credential("restore") != nil || KeyFile.needsPassphrase(path("restore")) != nil }

    /// Names of the keys that this machine has, in files or as credentials.
    package func present() -> Set<String> {
        let credentials = getenv("CREDENTIALS_DIRECTORY").map { String(cString: $0) }
        let tenant = String(folder.split(separator: "/").last ?? "")
        return Set(["node", "maintain", "verify", "restore"]).filter { name in
            access(path(name), F_OK) == 0 || credentials.map { access("\($0)/hdsbackup.\(tenant).\(name)", F_OK) == 0 } == true
        }
    }

    /// Whether the restore key is here and no passphrase protects it: its header says so, and it is not opened.
    package func opensWithoutPerson() -> Bool {
        let tenant = folder.split(separator: "/").last ?? ""
        let credential = getenv("CREDENTIALS_DIRECTORY").map { "\(String(cString: $0))/hdsbackup.\(tenant).restore" }
        // A file that cannot be read is no key; who uses it says so.
        return [credential, path("restore")].compactMap { $0 }.lazy.compactMap { try? KeyFile.needsPassphrase($0) }.first == false
    }

    package func path(_ name: String) -> String { folder + "/" + name + ".key" }

    package func node() throws -> Node? {
        guard let secret = try read("node", .node, passphrase: { nil }) else { return nil }
        return try secret.exposed.decode { r in
            let signer = try SigningKey(seed: Secret(r.raw(32)))
            let domain = DomainKeys(domain: try r.id(), secret: Secret(try r.raw(32)))
            return Node(signer: signer, domain: domain, domainName: try r.text(limit: 256, "domain"))
        }
    }

    package func create(node: Node) throws {
        var w = ByteWriter()
        w.raw(node.signer.seed.exposed)
        w.id(node.domain.domain)
        w.raw(node.domain.secret.exposed)
        w.text(node.domainName)
        try KeyFile.create(path("node"), kind: .node, Secret(w.bytes), passphrase: nil)
    }

    package func maintain() throws -> Maintain? {
        guard let secret = try read("maintain", .maintain, passphrase: { nil }) else { return nil }
        return try secret.exposed.decode { r in
            let signer = try SigningKey(seed: Secret(r.raw(32)))
            let catalogues = try (0..<r.count(limit: 65536, "domains")).map { _ in CatalogueKey(domain: try r.id(), key: Secret(try r.raw(32))) }
            return Maintain(signer: signer, catalogues: catalogues)
        }
    }

    package func create(maintain: Maintain) throws {
        var w = ByteWriter()
        w.raw(maintain.signer.seed.exposed)
        w.varint(UInt64(maintain.catalogues.count))
        for catalogue in maintain.catalogues {
            w.id(catalogue.domain)
            w.raw(catalogue.key.exposed)
        }
        try KeyFile.create(path("maintain"), kind: .maintain, Secret(w.bytes), passphrase: nil)
    }

    package func verify() throws -> SigningKey? {
        try read("verify", .verify, passphrase: { nil }).map { try SigningKey(seed: $0) }
    }

    package func create(verify: SigningKey) throws { try KeyFile.create(path("verify"), kind: .verify, verify.seed, passphrase: nil) }

    package func restore(passphrase: () throws -> Secret?) throws -> KeyBundle? {
        try read("restore", .restore, passphrase: passphrase).map { try KeyBundle(decoding: $0) }
    }

    package func create(restore: KeyBundle, passphrase: Secret?) throws {
        var bundle = restore
        bundle.authoritySeed = nil
        try KeyFile.create(path("restore"), kind: .restore, bundle.encoded(), passphrase: passphrase)
    }

    /// Which keys are here, and whether the restore key needs a passphrase.
    package func inventory() throws -> [(name: String, path: String, needsPassphrase: Bool)] {
        try ["node", "maintain", "verify", "restore"].compactMap { name in
            try KeyFile.needsPassphrase(path(name)).map { (name, path(name), $0) }
        }
    }
}
