import Base
import Codec
import Keys
import Repository
import Sites

/// Looks for snapshots that are gone without a record. A node counts its manifests in each domain from 1; each
/// names by hash the one that was its last visible snapshot, and the last that it saw of others. Whatever is named
/// so was visible once: over all sites together it still is, or a signed record says that it was forgotten.
///
/// A manifest that nobody names and no commit makes visible is a run that died. A number twice is no finding either:
/// a node that cannot reach the site with its last manifest counts on from what it sees.
package enum CounterGaps {
    private struct Line: Hashable {
        let domain: ShortID
        let node: KeyID
    }

    /// What is known of one node in one domain.
    private struct Known {
        /// Numbers of which there is a manifest, visible or not.
        var numbers: Set<UInt64> = []
        /// Hash of the manifest before, by number.
        var previous: [UInt64: Digest] = [:]
        /// Numbers whose manifest was visible once, and is not.
        var gone: Set<UInt64> = []
        var highest: UInt64 = 0
    }

    /// `absent`: sites that could not be opened; while there are any, a gap is only a note. Domains whose catalogue
    /// key is not here are passed over.
    package static func check(_ sites: [OpenSite], absent: [String] = [], keys: KeyRing) throws -> (findings: [Finding], notes: [Message]) {
        var manifests: [Digest: (line: Line, outline: Manifest.Outline)] = [:]
        var explained: Set<Digest> = []
        var forgotten: Set<Digest> = []
        for site in sites {
            explained.formUnion(site.commits.map(\.manifest))
            forgotten.formUnion(try forgottenManifests(site))
            for (manifest, digest) in try signedManifests(site, keys) {
                guard let outline = try? manifest.outline(keys), outline.node == manifest.signer else { continue }
                manifests[digest] = (Line(domain: manifest.domain, node: outline.node), outline)
            }
        }
        explained.formUnion(forgotten)
        var lines: [Line: Known] = [:]
        for (line, outline) in manifests.values {
            var named = outline.heads.map { (line: Line(domain: $0.domain, node: $0.node), number: $0.counter, manifest: $0.manifest) }
            if outline.previous != .zero { named.append((line, outline.counter &- 1, outline.previous)) }
            var known = lines[line] ?? Known()
            known.numbers.insert(outline.counter)
            known.previous[outline.counter] = outline.previous
            known.highest = max(known.highest, outline.counter)
            lines[line] = known
            for each in named {
                var known = lines[each.line] ?? Known()
                known.highest = max(known.highest, each.number)
                if !explained.contains(each.manifest) { known.gone.insert(manifests[each.manifest]?.outline.counter ?? each.number) }
                lines[each.line] = known
            }
        }
        return judge(lines, forgotten, sites: sites.map(\.name), absent: absent)
    }

    private static func judge(_ lines: [Line: Known], _ forgotten: Set<Digest>, sites: [String], absent: [String]) -> ([Finding], [Message]) {
        var findings: [Finding] = []
        for (line, known) in lines.sorted(by: { $0.key.node < $1.key.node }) {
            let gaps = known.gone.union(holes(known, forgotten)).sorted()
            if gaps.isEmpty { continue }
            let object = "node \(line.node.hex.prefix(16)), domain \(line.domain.hex.prefix(16))"
            let failure = Failure(.damaged, .snapshotsGone(ranges(gaps)), object: object)
            findings.append(Finding(.tampering, object, site: sites.joined(separator: ", "), failure))
        }
        guard !absent.isEmpty, !findings.isEmpty else { return (findings, []) }
        return ([], [.gapsNotJudged(absent.joined(separator: ", "))])
    }

    /// Numbers without any manifest that no forget record accounts for. The record names a manifest by hash, which the
    /// next one repeats; of several missing in a row only the last can be told by it: the others are let pass as far as
    /// there are forgotten manifests that nothing else matches.
    private static func holes(_ known: Known, _ forgotten: Set<Digest>) -> Set<UInt64> {
        guard known.highest > 0 else { return [] }
        var spare = forgotten.subtracting(known.previous.values).count
        var gaps: Set<UInt64> = []
        for number in stride(from: known.highest, through: 1, by: -1) where !known.numbers.contains(number) {
            if let digest = known.previous[number + 1] {
                if !forgotten.contains(digest) { gaps.insert(number) }
            } else if spare > 0 {
                spare -= 1
            } else {
                gaps.insert(number)
            }
            // A hostile number must not make this run for ever.
            if gaps.count == 10_000 { break }
        }
        return gaps
    }

    private static func ranges(_ numbers: [UInt64]) -> String {
        var parts: [String] = []
        var (start, last) = (numbers[0], numbers[0])
        for number in numbers.dropFirst().map(Optional.some) + [nil] {
            if let number, number == last + 1 {
                last = number
                continue
            }
            parts.append(start == last ? "\(start)" : "\(start)-\(last)")
            if let number { (start, last) = (number, number) }
        }
        return parts.joined(separator: ", ")
    }

    /// Every validly signed manifest at the site, visible or not.
    private static func signedManifests(_ site: OpenSite, _ keys: KeyRing) throws -> [(Manifest, Digest)] {
        var found: [(Manifest, Digest)] = []
        for key in try site.site.keys("snapshots/") {
            do {
                found.append(try site.repository.signedManifest(key))
            } catch let failure as Failure where failure.kind == .unreachable { throw failure } catch is Failure { continue }
        }
        return found
    }

    private static func forgottenManifests(_ site: OpenSite) throws -> Set<Digest> {
        var digests: Set<Digest> = []
        for key in try site.site.keys("forget/") {
            do {
                let statement = try site.repository.statement(key, .forget)
                let record = try ForgetRecord(body: statement.body)
                try site.repository.trust.verify(statement, roles: [.maintain], at: record.created.seconds)
                digests.formUnion(record.dropped.map(\.manifest))
            } catch let failure as Failure where failure.kind == .unreachable { throw failure } catch is Failure { continue }
        }
        return digests
    }
}
