import Backup
import Base
import Journal

/// `backup --json`: one line a source.
package struct BackupRow: Codable, Sendable {
    package struct Site: Codable, Sendable {
        package let site: String
        package let committed: Bool
        package let stored_bytes: Int
        package let error: String?
    }
    package struct Problem: Codable, Sendable {
        package let path: PathFields
        package let message: String
    }
    package let source: String
    package let snapshot: String
    package let complete: Bool
    package let files: UInt64
    package let folders: UInt64
    package let bytes: UInt64
    package let read_bytes: UInt64
    package let stored_bytes: UInt64
    package let seconds: Double
    /// Content that no site had, and what sealing made of it.
    package let new_bytes: UInt64
    package let new_stored_bytes: UInt64
    /// Files by extension, the commonest, and how many others there are.
    package let extensions: [String: UInt64]
    package let other_extensions: UInt64
    package let sites: [Site]
    package let problems: [Problem]
    /// By site, since the command began.
    package let traffic: [String: TrafficRow]

    /// What the journal says of it: the snapshot, how much, and the sites where it is, as many as an entry holds.
    package var facts: [Word: EntryValue] {
        var facts: [Word: EntryValue] = [
            "files": .count(files), "bytes": .count(bytes), "stored": .count(stored_bytes), "problems": .count(problems.count),
            "complete": .count(complete ? 1 : 0),
        ]
        facts["snapshot"] = ShortID(hex: snapshot).map { .id($0) }
        for (number, site) in sites.filter(\.committed).prefix(16).enumerated() {
            if let name = Word("site.\(number + 1)") { facts[name] = .word(Word(fitting: site.site)) }
        }
        return facts
    }

    package init(_ name: String, _ result: BackupResult, _ traffic: [String: TrafficRow]) {
        self.traffic = traffic
        source = name
        snapshot = result.snapshot.hex
        complete = result.outline.isComplete
        files = result.outline.counts.files
        folders = result.outline.counts.folders
        bytes = result.outline.counts.bytes
        read_bytes = result.outline.counts.readBytes
        stored_bytes = result.outline.counts.storedBytes
        seconds = result.seconds
        new_bytes = result.census.newBytes
        new_stored_bytes = result.census.newStoredBytes
        extensions = result.census.extensions
        other_extensions = result.census.others
        sites = result.sites.map { Site(site: $0.site, committed: $0.isCommitted, stored_bytes: $0.storedBytes, error: $0.failure?.message.code) }
        problems = result.problems.map { Problem(path: PathFields($0.path), message: $0.message.code) }
    }
}
