import Base
import Codec

/// What a catalogue key of a domain gives: directories, index segments, outlines.
package struct CatalogueKey: Sendable {
    package let domain: ShortID
    package let key: Secret

    package init(domain: ShortID, key: Secret) {
        self.domain = domain
        self.key = key
    }
}

/// A domain's secret and the keys derived from it, each for one use.
package struct DomainKeys: Sendable {
    package let domain: ShortID
    package let secret: Secret
    /// Keys the ids of chunks, pages and contents.
    package let id: Secret
    /// 2048 bytes for the gear table, then 16 each for bundle edges and page edges.
    package let cut: Secret
    package let catalogue: CatalogueKey
    /// Mixed into every run's secret: a site must break the KEM and steal a node.
    package let seal: Secret
    /// Keys the node's local files.
    package let local: Secret
    /// Published in the descriptor: tells a wrong secret from a right one.
    package let commitment: [UInt8]

    package init(domain: ShortID, secret: Secret) {
        self.domain = domain
        self.secret = secret
        func key(_ label: String, count: Int = 32) -> Secret { derive(secret, salt: domain.bytes, label: label, count: count) }
        id = key("domain id")
        cut = derive(key("domain cut"), salt: [], label: "cut tables", count: 2048 + 32)
        catalogue = CatalogueKey(domain: domain, key: key("domain catalogue"))
        seal = key("domain seal")
        local = key("domain local")
        commitment = key("domain commitment").exposed
    }

    package static func generate() -> DomainKeys { DomainKeys(domain: .random(), secret: .random()) }

    package var gear: [UInt8] { Array(cut.exposed[..<2048]) }
    package var bundleEdgeKey: [UInt8] { Array(cut.exposed[2048..<2064]) }
    package var pageEdgeKey: [UInt8] { Array(cut.exposed[2064..<2080]) }

    package func hasher() -> KeyedHasher { id.withBytes { KeyedHasher(key: $0) } }

    /// The id of a source of this domain, from its name in the configuration.
    package func sourceID(_ name: String) -> ShortID {
        let bytes = Array(name.utf8)
        return ShortID(bytes.withUnsafeBytes { hasher().hash(prefix: IDKind.source.rawValue, $0) })
    }
}

/// The first byte of what an id key hashes: ids of different kinds never meet.
package enum IDKind: UInt8, Sendable {
    case data = 1
    case treePage = 2
    case listPage = 3
    case content = 16
    case source = 17
}
