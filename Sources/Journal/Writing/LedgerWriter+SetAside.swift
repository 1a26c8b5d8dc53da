import Base
import Codec
import Glibc
import Keys

extension LedgerWriter {
    /// Goes on where the open segment is damaged: the file is kept under a name of its own, the entries before the damage stay, and an entry
    /// tells of it. For a person to decide: what was after the damage is then missing from the chain, and whoever remembers
    /// a head in there will say so.
    ///
    /// The name under which the damaged segment is kept; nil where it is whole, or where there is none.
    package func setAside() throws -> String? {
        do {
            return try alone { _ in nil }
        } catch let failure as Failure where failure.kind == .damaged { return try setAsideDamaged() }
    }

    private func setAsideDamaged() throws -> String? {
        let name: String?
        do {
            name = try LedgerFolder.alone(folder, atMost: 30) {
                let source = FolderLedgerSource(folder)
                for id in try source.chains() {
                    guard let origin = try LedgerVerification.peek(id, in: source), origin.writer == key.id || origin.tenant == tenant,
                        try source.names(id).contains(ObjectName.openName)
                    else { continue }
                    if let name = try setAside(source, id) { return name }
                }
                return nil
            }
        } catch let error as SystemError { throw error.failure(.failed, "write", object: folder) }
        guard let name else { return nil }
        let bytes = try Files.read(name, limit: LedgerVerification.objectLimit) ?? []
        try append(
            LedgerEvent(
                .recovery, .failed, by: identity, reason: "damaged",
                details: ["bytes": .count(bytes.count), "sha256": .digest(sha256(bytes))]))
        return name
    }

    /// Puts the good beginning of a damaged open segment in its place.
    private func setAside(_ source: FolderLedgerSource, _ id: ChainID) throws -> String? {
        let path = folder + "/" + id.hex
        let bytes = try source.read(id, ObjectName.openName, limit: LedgerVerification.objectLimit)
        let result = try SegmentCheck(chain: id, name: ObjectName.openName, remembered: [:], visit: nil).check(bytes)
        guard result.header == nil || result.brokenAt != nil || result.count == 0 else { return nil }
        let aside = "\(path)/aside-\(ObjectName.digits(result.header?.number ?? 0))-\(hexString(randomBytes(4)))"
        try Files.create(aside, bytes)
        if let end = result.brokenAt, result.count > 0 {
            try Files.replace(path + "/" + ObjectName.openName, Array(bytes[..<end]))
        } else {
            try retrying { unlink(path + "/" + ObjectName.openName) }
            try File.open(RawName(path), O_RDONLY | O_DIRECTORY).sync()
        }
        return aside
    }
}
