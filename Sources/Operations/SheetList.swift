import Base
import Codec
import Repository

/// The sheets of restore tests, from every site that answers and from this machine's own copies: `restore-test --list`, and
/// who asks when a source was last restored well.
package struct SheetList: Sendable {
    package struct Item: Sendable {
        package let name: String
        package let sheet: RestoreSheet
        /// SHA-256 of the signed sheet as it is stored.
        package let hash: Digest
        /// Names of the sites that hold it.
        package var sites: [String]
    }

    /// Youngest first.
    package let items: [Item]
    /// Sheets that are void, and sites that could not be asked.
    package let problems: [Failure]

    /// Needs the catalogue key alone. Throws `.key` where no key here opens a catalogue, `.unreachable` when no site answers.
    package init(_ workspace: Workspace, site: String? = nil) throws {
        let ring = try workspace.keyRing(opening: false)
        guard !ring.catalogueDomains.isEmpty else {
            throw Failure(.key, .noCatalogueKey, object: workspace.tenant.name)
        }
        let opened = try workspace.open(site: site, keys: ring)
        var found: [String: Item] = [:]
        var problems = opened.failures
        for site in opened.sites {
            do {
                for item in try site.repository.sheets(ring, besides: Set(found.keys)) {
                    found[item.name] = Item(name: item.name, sheet: item.sheet, hash: sha256(item.bytes), sites: [])
                }
                for key in try site.site.keys(SheetRecord.folder) { found[String(key.dropFirst(SheetRecord.folder.count))]?.sites.append(site.name) }
            } catch let failure as Failure { problems.append(failure.of(site.name)) }
            problems += site.repository.voidObjects.filter { $0.object?.hasPrefix("\(site.name):\(SheetRecord.folder)") == true }
        }
        if site == nil, let trust = opened.sites.first?.repository.trust {
            let folder = workspace.state.folder + "/sheets"
            for name in (try? Files.names(folder)) ?? [] where found[name] == nil {
                guard let bytes = try? Files.read(folder + "/" + name, limit: 1 << 17),
                    let item = try? FoundSheet(bytes, name: name, trust: trust, keys: ring)
                else { continue }
                found[name] = Item(name: name, sheet: item.sheet, hash: sha256(item.bytes), sites: [])
            }
        }
        items = found.values.sorted { ($0.sheet.finished, $0.name) > ($1.sheet.finished, $1.name) }
        self.problems = problems
    }

    /// The youngest test of the source with which everything was restored well, in time or not.
    package func lastGood(_ source: ShortID) -> Item? {
        items.first { $0.sheet.source == source && $0.sheet.result != .failed && $0.sheet.isRoundComplete }
    }
}
