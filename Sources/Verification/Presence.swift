import Base
import Codec
import Keys
import Replication
import Repository
import Sites

/// Checks that everything the visible snapshots need is there: manifests, then, with the catalogue key, every blob
/// that pack directories refer to, from the root pages down.
struct Presence {
    /// A snapshot whose root is known.
    struct Root {
        let snapshot: ShortID
        let domain: ShortID
        let page: Digest
    }

    let site: OpenSite
    let keys: KeyRing

    private(set) var roots: [Root] = []
    /// Snapshots of domains that no key here opens.
    private(set) var closed = 0

    init(_ site: OpenSite, keys: KeyRing) {
        self.site = site
        self.keys = keys
    }

    /// Reads every manifest as it is at the site and compares it with its commit.
    mutating func readManifests(found: (Finding) -> Void, unknown: (Failure) -> Void) {
        for commit in site.commits {
            let key = Manifest.key(commit.key.snapshot, commit.manifest)
            do {
                try site.site.readTwice(key, limit: Statement.Kind.manifest.bodyLimit + Statement.overhead) { bytes in
                    guard sha256(bytes) == commit.manifest else { throw Failure(.damaged, .wrongHash) }
                }
                let manifest = try site.repository.manifest(commit)
                if keys.catalogue(manifest.domain) == nil {
                    closed += 1
                } else {
                    let outline = try manifest.outline(keys)
                    guard outline.node == manifest.signer else { throw Failure(.refused, .badSignature) }
                    roots.append(Root(snapshot: manifest.snapshot, domain: manifest.domain, page: outline.root))
                }
            } catch {
                let failure = (error as? Failure ?? Failure(.failed, .system("read", "\(error)"))).of("\(site.name):\(key)")
                if var finding = Finding(failure, key, site: site.name) {
                    finding.snapshots = [commit.key.snapshot]
                    found(finding)
                } else {
                    unknown(failure)
                }
            }
        }
    }

    /// Walks the snapshots of the walker's domain. `lost` is called once a blob. Returns how many blobs are there.
    func walk(_ walker: Reachability, met: (Int) -> Void, lost: (Digest, Failure) -> Void) throws -> Int {
        var seen = SeenBlobs()
        var gone = 0
        for root in roots where root.domain == walker.holdings.domain {
            try walker.walk(
                from: root.page, seen: &seen, found: { _, _ in },
                lost: { id, failure in
                    gone += 1
                    lost(id, failure)
                })
            met(seen.count - gone)
        }
        return seen.count - gone
    }
}
