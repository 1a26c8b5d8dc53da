import Base
import Glibc
import Keys

/// One tenant's ledgers in a folder for an auditor or the tenant: the objects as they are signed, the public keys, and the entries as
/// lines of JSON. Nothing in it is of another tenant.
///
///     operations/<chain>/…   accesses/<chain>/…   keys/<key id>.pub   operations.jsonl   accesses.jsonl
package struct JournalExport: Sendable {
    /// What was written, and what was found in it and where it came from.
    package struct Result: Sendable {
        package internal(set) var reports: [Ledger: LedgerReport] = [:]
        /// Objects in the tenant's folder that are not shown to be the tenant's: they were left out.
        package internal(set) var leftOut: [LedgerFinding] = []
        package internal(set) var entries: UInt64 = 0
    }

    private let folder: LedgerFolder
    private let tenant: ShortID?
    private let keys: [VerifyingKey]

    /// `keys`: those that are trusted, which go along as far as a chain of the export needs them.
    package init(_ folder: LedgerFolder, tenant: ShortID?, keys: [VerifyingKey]) {
        self.folder = folder
        self.tenant = tenant
        self.keys = keys
    }

    /// Writes to the folder at `target`, which must be absent or empty, for its owner alone to read.
    package func write(to target: String, ledgers: [Ledger] = Ledger.allCases, remembered: [LedgerHead] = []) throws -> Result {
        guard try Files.names(target).isEmpty else { throw Failure(.exists, .journalExportExists, object: target) }
        try Files.makeFolder(target)
        var result = Result()
        var writers: Set<KeyID> = []
        for ledger in ledgers {
            let source = folder.source(tenant, ledger)
            let copy = FolderLedgerSource(target + "/" + ledger.word)
            for chain in try source.chains() { try copyChain(chain, from: source, to: copy, ledger, &writers, &result) }
            result.reports[ledger] = try writeLines(copy, ledger, to: "\(target)/\(ledger.word).jsonl", remembered: remembered, &result)
        }
        for key in keys where writers.contains(key.id) {
            try Files.makeFolder(target + "/keys")
            try Files.create("\(target)/keys/\(key.id.hex).pub", key.bytes)
        }
        return result
    }

    /// Copies what is of the chain, and the chain of the tenant and the ledger.
    private func copyChain(
        _ chain: ChainID, from source: FolderLedgerSource, to copy: FolderLedgerSource, _ ledger: Ledger, _ writers: inout Set<KeyID>,
        _ result: inout Result
    ) throws {
        for name in try source.names(chain) {
            if ObjectName(name) == .own { continue }
            do {
                let bytes = try source.read(chain, name, limit: LedgerVerification.objectLimit)
                guard let origin = try origin(of: bytes, ObjectName(name)), origin.id == chain, origin.tenant == tenant, origin.ledger == ledger
                else {
                    throw Failure(.wrongPlace, .foreignObject)
                }
                writers.insert(origin.writer)
                try Files.makeFolder(copy.path + "/" + chain.hex)
                try Files.create("\(copy.path)/\(chain.hex)/\(name)", bytes)
            } catch let failure as Failure where [.damaged, .format, .wrongPlace, .missing].contains(failure.kind) {
                result.leftOut.append(
                    LedgerFinding(failure.kind == .wrongPlace ? .foreign : .damagedSegment, chain, object: printable(Array(name.utf8))))
            }
        }
    }

    private func origin(of bytes: [UInt8], _ name: ObjectName) throws -> ChainOrigin? {
        switch name {
        case .open, .segment: try bytes.withUnsafeBytes { try SegmentHeader($0).origin }
        case .stub: try SignedClosing(stub: bytes).closing.origin
        case .erasure: try SignedErasure(bytes).erasure.origin
        case .own, .unknown: nil
        }
    }

    /// Verifies the copy, and writes its entries as lines while it reads them.
    private func writeLines(
        _ copy: FolderLedgerSource, _ ledger: Ledger, to path: String, remembered: [LedgerHead], _ result: inout Result
    ) throws -> LedgerReport {
        let verification = LedgerVerification(trusted: keys, remembered: remembered, ledger: ledger, tenant: .some(tenant))
        do {
            let file = try File.create(RawName(path), O_WRONLY)
            var lines: [UInt8] = []
            var entries: UInt64 = 0
            let report = try verification.run(copy) { entry, link, place in
                lines += EntryText.line(entry, link, place).utf8
                lines.append(UInt8(ascii: "\n"))
                entries += 1
                if lines.count > 1 << 20 {
                    try file.write(lines)
                    lines = []
                }
            }
            try file.write(lines)
            try file.sync()
            result.entries += entries
            return report
        } catch let error as SystemError { throw error.failure(.failed, "write", object: path) }
    }
}
