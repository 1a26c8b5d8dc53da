import Base

/// One file of the register: evidence, a waiver, the statement about a site, or a record.
package enum RegisterDocument: Sendable, Equatable {
    case evidence(Evidence)
    case waiver(Waiver)
    case site(SiteFacts)
    case record(Record)

    /// Reads `bytes`, which `file` is the name of. Throws `DocumentProblems` with everything that is wrong.
    package init(_ bytes: [UInt8], file: String) throws {
        self = try readDocument(bytes, file: file) { root in
            let known = ["evidence", "waiver", "site"] + Record.Kind.allCases.map(\.rawValue)
            guard root.keys.filter(known.contains).count == 1 else {
                known.forEach { _ = root.node($0) }
                root.findings.problem(root.line, "", .configWrongValue(.expectedOneDocument))
                return nil
            }
            let evidence = root.section("evidence", Evidence.read) ?? nil
            let waiver = root.section("waiver", Waiver.read) ?? nil
            let site = root.section("site", SiteFacts.read) ?? nil
            let records = Record.Kind.allCases.compactMap { kind in root.section(kind.rawValue) { Record.read($0, kind) } ?? nil }
            if root.keys.contains(where: { known.contains($0) && root.node($0) == nil }) {
                root.findings.problem(root.line, "", .configWrongValue(.expectedOneDocument))
            }
            return evidence.map(Self.evidence) ?? waiver.map(Self.waiver) ?? site.map(Self.site) ?? records.first.map(Self.record)
        }
    }
}
