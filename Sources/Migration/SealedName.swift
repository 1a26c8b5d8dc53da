import Base
import Repository
import Sites

/// The key of a sealed segment of the journal (docs/JOURNAL.md, "Files and objects"): `journal/<chain>/<ten digits>`, with `.1` to `.255` where another
/// object had taken the name. Each site has a sealing of its own; the stub beside it is the same everywhere.
struct SealedName {
    /// The key without an attempt's number.
    let segment: String

    /// Nil for any other key.
    init?(_ key: String) {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "journal", ShortID(hex: parts[1]) != nil else { return nil }
        let name = parts[2].split(separator: ".", omittingEmptySubsequences: false)
        guard name.count <= 2, name[0].utf8.count == 10, name[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        guard name.count == 1 || UInt8(name[1]) != nil else { return nil }
        segment = "journal/\(parts[1])/\(name[0])"
    }

    /// Stores a sealing under the first name of the segment that is free, unless it is there: what lies there may be anybody's, and nobody without the restore
    /// key can tell.
    func keep(_ bytes: [UInt8], at site: any Site) throws {
        for attempt in 0...255 {
            do {
                return try site.createOrConfirm(attempt == 0 ? segment : "\(segment).\(attempt)", bytes)
            } catch let failure as Failure where failure.kind == .exists && attempt < 255 { continue }
        }
    }

    static func stub(_ segment: String) -> String { segment + ".stub" }
}
