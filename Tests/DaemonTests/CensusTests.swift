import Base
import TestSupport
import Testing

@testable import Operations

/// What earlier backups saw of a source, which a new one is judged by.
@Suite struct CensusTests {
    private func census(_ files: UInt64) -> SourceCensus {
        var census = SourceCensus()
        census.files = files
        return census
    }

    /// Backups may be quicker than a second: those of the same one count, that of the snapshot itself and later ones do not.
    @Test func `censuses of the same second are history, the snapshot's own is not`() throws {
        let folder = try TemporaryFolder()
        let history = try HistoryStore(path: folder.path + "/history.sqlite")
        for (snapshot, files, time) in [("a", 10, 4), ("b", 20, 5), ("c", 30, 5), ("d", 40, 6)] as [(String, UInt64, Int64)] {
            try history.note(census(files), [], tenant: "chu", source: "dpi", snapshot: snapshot, at: time)
        }
        try history.note(census(99), [], tenant: "chu", source: "other", snapshot: "e", at: 4)
        func files(before snapshot: String, at time: Int64, count: Int = 14) throws -> [UInt64] {
            try history.censuses(tenant: "chu", source: "dpi", before: snapshot, at: time, count: count).map(\.files)
        }
        #expect(Set(try files(before: "new", at: 5)) == [10, 20, 30])
        #expect(try files(before: "c", at: 5) == [20, 10])
        #expect(try files(before: "new", at: 6, count: 1) == [40])
        #expect(try files(before: "new", at: 3) == [])
    }
}
