import Base
import Journal
import Keys
import Sites

/// The copies of a ledger's chains at a site, to verify: the stubs and the erasures. The segments beside them are sealed.
package struct SiteLedgerSource: LedgerSource {
    /// The folder of all chains at a site.
    package static let root = "journal/"

    private let site: any Site
    private let objects: [ChainID: [String]]

    /// Lists what the site has. `isWanted`: whether a chain of that name and origin belongs to what is looked at; nil where what lies under the name
    /// does not tell, or tells another name.
    package init(_ site: any Site, where isWanted: (ChainID, ChainOrigin?) -> Bool) throws {
        self.site = site
        var all: [ChainID: [String]] = [:]
        for key in try site.keys(Self.root) {
            let parts = key.dropFirst(Self.root.count).split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, let chain = ShortID(hex: parts[0]), !Self.isSealed(String(parts[1])) else { continue }
            all[chain, default: []].append(String(parts[1]))
        }
        let unfiltered = SiteLedgerSource(site: site, objects: all)
        objects = try all.filter { isWanted($0.key, try LedgerVerification.peek($0.key, in: unfiltered)) }
    }

    private init(site: any Site, objects: [ChainID: [String]]) {
        self.site = site
        self.objects = objects
    }

    package static func key(_ chain: ChainID, _ name: String) -> String { "\(root)\(chain.hex)/\(name)" }

    /// Ten digits, or those and an attempt.
    package static func isSealed(_ name: String) -> Bool {
        name.utf8.count >= 10 && name.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E }
    }

    package func chains() throws -> [ChainID] { objects.keys.sorted() }

    package func names(_ chain: ChainID) throws -> [String] {
        (objects[chain] ?? []).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    package func read(_ chain: ChainID, _ name: String, limit: Int) throws -> [UInt8] {
        try site.read(Self.key(chain, name), limit: limit)
    }
}
