import Base
import Codec
import Keys
import Replication
import Repository

/// Checks a pack from the inside with the restore key: every blob's seal, frame and id, every page's references
/// against the directory, every row of the index against both.
///
/// A pack of a good hash that fails here was written wrong: by faulty memory, or by a stolen node.
final class PackOpening: Sendable {
    let keys: KeyRing
    private let site: OpenSite
    /// Rows that the index has of each pack that will be opened.
    private let indexed: [PackKey: Int]

    init(_ site: OpenSite, keys: KeyRing, packs: [ListedPack]) throws {
        self.site = site
        self.keys = keys
        let wanted = Set(packs.map(\.key))
        var indexed: [PackKey: Int] = [:]
        for domain in keys.catalogueDomains {
            try site.index(domain).forEachRow { _, pack in if wanted.contains(pack.key) { indexed[pack.key, default: 0] += 1 } }
        }
        self.indexed = indexed
    }

    /// Throws what concerns the pack as a whole; a bad blob is a finding of its own.
    func check(_ pack: ListedPack, _ bytes: UnsafeRawBufferPointer, _ opener: BlobOpener) throws -> PackScrubber.Outcome {
        let directory = try PackDirectory(whole: bytes, tenant: keys.tenant, keys: keys)
        var findings: [Finding] = []
        for row in directory.rows {
            do { try check(row, directory.header, bytes, opener) } catch let failure as Failure where failure.kind == .damaged {
                let object = "\(pack.key.key)#\(row.id.hex)"
                var finding = Finding(.damaged, object, site: site.name, failure.of("\(site.name):\(object)"))
                finding.blob = row.id
                findings.append(finding)
            }
        }
        if let failure = try compareIndex(pack.key, directory) {
            findings.append(Finding(.damaged, "\(pack.key.key)#index", site: site.name, failure))
        }
        return findings.isEmpty ? .good(blobs: directory.rows.count) : .bad(findings)
    }

    private func check(_ row: PackRow, _ header: PackHeader, _ bytes: UnsafeRawBufferPointer, _ opener: BlobOpener) throws {
        let end = Int(row.offset) + Int(row.length)
        guard end <= bytes.count else { throw Failure(.damaged, .truncatedRecord) }
        let sealed = UnsafeRawBufferPointer(rebasing: bytes[Int(row.offset)..<end])
        let limit = row.kind == .data ? PackLimits.chunkBytes : PackLimits.pageBytes
        try opener.open(sealed, row: row, header: header, limit: limit) { plain in
            switch row.kind {
            case .treePage:
                guard try TreePage(decoding: Array(plain)).references == row.references else { throw Failure(.damaged, .referencesDiffer) }
            case .listPage:
                _ = try ListPage(decoding: Array(plain))
                guard row.references.isEmpty else { throw Failure(.damaged, .referencesDiffer) }
            default:
                guard row.references.isEmpty else { throw Failure(.damaged, .referencesDiffer) }
            }
        }
    }

    /// A pack that no segment lists is nobody's business; one that is listed is listed wholly and rightly.
    private func compareIndex(_ pack: PackKey, _ directory: PackDirectory) throws -> Failure? {
        guard let count = indexed[pack] else { return nil }
        let index = try site.index(directory.header.domain)
        let isListed = directory.rows.allSatisfy { row in
            index.places(row.id).contains { $0.pack.key == pack && $0.offset == row.offset && $0.length == row.length }
        }
        return isListed && count == directory.rows.count ? nil : Failure(.damaged, .indexDiffers, object: "\(site.name):\(pack.key)")
    }
}
