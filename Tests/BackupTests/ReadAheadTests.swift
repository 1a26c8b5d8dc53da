import Base
import CLinux
import Codec
import Glibc
import Keys
import Repository
import TestSupport
import Testing

@testable import Backup

@Suite(.serialized) struct ReadAheadTests {
    private static let keys = BackupFixture.tenant.domain
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// What becomes of `names`, each with what was known of it.
    private func outcomes(_ names: [(String, FileIdentity?)], readsContent: Bool = true) throws -> (
        outcomes: [ReadAhead.Outcome], batch: ReadAhead.Batch
    ) {
        let ahead = ReadAhead(keys: Self.keys, readsContent: readsContent)
        defer { ahead.stop() }
        let batch = ReadAhead.Batch(
            names.map { .init(bytes: Array($0.0.utf8), known: $0.1) }, in: try File.open(RawName(folder.path), O_RDONLY | O_DIRECTORY),
            buffer: Buffer(capacity: ReadAhead.Batch.bytes))
        ahead.submit(batch)
        return (batch.outcomes, batch)
    }

    private func outcome(_ name: String, known: FileIdentity? = nil, readsContent: Bool = true) throws -> ReadAhead.Outcome {
        try outcomes([(name, known)], readsContent: readsContent).outcomes[0]
    }

    private func identity(_ name: String) throws -> FileIdentity {
        FileIdentity(try File.open(RawName(folder.path + "/" + name), O_PATH | O_NOFOLLOW).stat())
    }

    private func path(_ name: String) -> String { folder.path + "/" + name }

    @Test(arguments: [(1, true), (2, true), (4096, true), (131_071, true), (131_072, false), (131_073, false), (0, false)])
    func `small files are read, empty ones and those of the bundle limit are not`(_ size: Int, _ isRead: Bool) throws {
        #expect(ContentReader.bundleLimit == 131_072)
        var random = SeededGenerator(UInt64(size))
        let bytes = random.bytes(size)
        try folder.write("f", bytes)
        let (outcomes, batch) = try outcomes([("f", nil)])
        guard case .read(let stat, let isUncertain, let place, let hash) = outcomes[0] else {
            #expect(!isRead)
            return
        }
        #expect(isRead && Int(stat.size) == size && isUncertain, "it was written just now")
        #expect(Array(batch.bytes(place)) == bytes)
        #expect(hash == ShortID(bytes.withUnsafeBytes { Self.keys.hasher().hash(prefix: IDKind.content.rawValue, $0) }))
    }

    @Test func `whatever is odd is left to the scanner`() throws {
        try folder.write("plain", [1, 2, 3])
        try folder.write("linked", [1, 2, 3])
        link(path("linked"), path("second"))
        symlink("plain", path("symlink"))
        mkfifo(path("fifo"), 0o600)
        try Files.makeFolder(path("folder"))
        // All hole.
        try folder.write("sparse", [])
        truncate(path("sparse"), 50_000)
        let names = ["vanished", "linked", "second", "symlink", "fifo", "folder", "sparse", "plain"]
        for (name, outcome) in zip(names, try outcomes(names.map { ($0, nil) }).outcomes) {
            switch outcome {
            case .other: #expect(name != "plain")
            case .read: #expect(name == "plain")
            case .unchanged: Issue.record("\(name) is not known")
            }
        }
        // What was known does not make an odd name plain.
        for name in ["linked", "symlink", "fifo", "folder"] {
            guard case .other = try outcome(name, known: identity(name)) else {
                Issue.record("\(name) was taken for unchanged")
                continue
            }
        }
    }

    @Test func `a file with attributes is left to the scanner`() throws {
        try folder.write("f", [1, 2, 3])
        let isKept = clinux_lsetxattr(path("f"), "user.note", "x", 1) == 0
        guard isKept else { return }  // this file system keeps none
        guard case .other = try outcome("f") else {
            Issue.record("its attributes would be lost")
            return
        }
    }

    @Test func `a file is unchanged only if everything about it is`() throws {
        try folder.write("f", [1, 2, 3])
        let known = try identity("f")
        guard case .unchanged(let stat) = try outcome("f", known: known) else {
            Issue.record("it is as it was")
            return
        }
        #expect(FileIdentity(stat) == known)
        var others = Array(repeating: known, count: 5)
        others[0].inode += 1
        others[1].device += 1
        others[2].size += 1
        others[3].modified = Timestamp(seconds: known.modified.seconds, nanoseconds: (known.modified.nanoseconds + 1) % 1_000_000_000)
        others[4].changed = known.changed.adding(seconds: -1)
        for (number, other) in others.enumerated() {
            guard case .read = try outcome("f", known: other) else {
                Issue.record("difference \(number) was not seen")
                continue
            }
        }
    }

    @Test func `where only the status is wanted, nothing is read`() throws {
        try folder.write("f", [1, 2, 3])
        guard case .other = try outcome("f", readsContent: false) else {
            Issue.record("it was read")
            return
        }
        guard case .unchanged = try outcome("f", known: identity("f"), readsContent: false) else {
            Issue.record("its status was not looked at")
            return
        }
    }

    @Test func `more files than fit a batch's memory are left to the scanner, not cut`() throws {
        var random = SeededGenerator(2)
        let names = (0..<ReadAhead.Batch.most).map { "f\(100 + $0)" }
        var contents: [String: [UInt8]] = [:]
        for name in names {
            contents[name] = random.bytes(100_000 + random.below(31_000))
            try folder.write(name, contents[name]!)
        }
        let (outcomes, batch) = try outcomes(names.map { ($0, nil) })
        var (end, read) = (0, 0)
        for (name, outcome) in zip(names, outcomes) {
            guard case .read(_, _, let place, _) = outcome else { continue }
            #expect(place.lowerBound == end && place.upperBound < ReadAhead.Batch.bytes)
            #expect(Array(batch.bytes(place)) == contents[name])
            end = place.upperBound
            read += 1
        }
        #expect(read >= ReadAhead.Batch.fewest && read < names.count)
        #expect(ReadAhead.Batch.names(after: outcomes) == ReadAhead.Batch.fewest)
        #expect(ReadAhead.Batch.names(after: [.other]) == ReadAhead.Batch.most)
    }

    // MARK: in a run

    @Test func `a thousand files of one folder come back in order and right`() throws {
        let fixture = try BackupFixture()
        var random = SeededGenerator(3)
        var contents: [String: [UInt8]] = [:]
        for number in 0..<1000 {
            let name = "f\(number)"  // not in the order of numbers
            contents[name] = random.bytes(number % 50 == 0 ? 100_000 + random.below(40_000) : random.below(3_000))
            try fixture.source.write(name, contents[name]!)
        }
        // Odd names among them: each of the files around them is still itself.
        link(fixture.source.path + "/f10", fixture.source.path + "/f10-again")
        symlink("f10", fixture.source.path + "/f11-link")
        try fixture.source.write("f12-sparse", [])
        truncate(fixture.source.path + "/f12-sparse", 300_000)
        try Files.makeFolder(fixture.source.path + "/f13-folder")
        contents["f10-again"] = contents["f10"]
        contents["f12-sparse"] = [UInt8](repeating: 0, count: 300_000)
        for _ in 0..<2 {
            let taken = try fixture.run()
            #expect(taken.result.problems.isEmpty)
            #expect(taken.order == taken.entries.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
            #expect(taken.order.count == 1004)
            #expect(try fixture.wrong(taken, contents) == [])
            #expect(taken.entries["f10"]!.linkGroup != nil && taken.entries["f10"]!.linkGroup == taken.entries["f10-again"]!.linkGroup)
            #expect(taken.entries["f11-link"]!.linkTarget == Array("f10".utf8))
            #expect(taken.entries["f12-sparse"]!.holes.reduce(0) { $0 + $1.length } == 300_000)
        }
    }

    @Test func `what is left out of a few files is left out of many`() throws {
        // Few names are visited one by one, many in batches.
        for count in [5, 200] {
            let fixture = try BackupFixture()
            for number in 0..<count {
                for name in ["keep\(number).txt", "drop\(number).tmp", "sub/keep\(number).txt", "cache/x\(number)"] {
                    try fixture.source.write(name, [UInt8(number % 256)])
                }
            }
            let taken = try fixture.run(exclude: ["*.tmp", "cache/", "/sub/keep1*", "!/sub/keep1.txt"])
            #expect(taken.entries.keys.allSatisfy { !$0.hasSuffix(".tmp") && !$0.hasPrefix("cache") })
            let below = taken.entries.keys.filter { $0.hasPrefix("sub/keep1") }
            #expect(below.sorted() == ["sub/keep1.txt"])
            #expect(taken.entries.keys.filter { $0.hasPrefix("keep") }.count == count)
        }
    }

    @Test func `files that come, go and change size during a run never make a snapshot that contradicts itself`() throws {
        let fixture = try BackupFixture()
        var random = SeededGenerator(4)
        for number in 0..<600 { try fixture.source.write("f\(1000 + number)", random.bytes(500 + random.below(4_000))) }
        let ends = Monitor(false)
        let path = fixture.source.path
        let disturber = Threads.start("disturber") {
            var random = SeededGenerator(5)
            while !ends.look({ $0 }) {
                let name = path + "/f\(1000 + random.below(600))"
                switch random.below(4) {
                case 0: unlink(name)
                case 1: truncate(name, Int(random.below(9_000)))
                case 2: if let file = try? File.open(RawName(name), O_WRONLY | O_APPEND) { try? file.write(random.bytes(random.below(3_000))) }
                default:
                    if let file = try? File.open(RawName(name), O_WRONLY | O_CREAT | O_TRUNC) { try? file.write(random.bytes(random.below(200_000))) }
                }
                sleep(milliseconds: 1)
            }
        }
        var problems = 0
        for _ in 0..<3 {
            let taken = try fixture.run()
            problems += taken.result.problems.count
            #expect(taken.result.status == (taken.result.problems.isEmpty ? .done : .partial))
            let reader = try fixture.reader()
            for (name, entry) in taken.entries where entry.kind == .file {
                #expect(try UInt64(fixture.content(entry, reader).count) == entry.size, "\(name)")
            }
        }
        ends.change { $0 = true }
        disturber.join()
        // Once it is quiet, everything is as it stands there.
        let taken = try fixture.run()
        var contents: [String: [UInt8]] = [:]
        for name in try Files.names(path) { contents[name] = try Files.read(path + "/" + name) }
        #expect(try fixture.wrong(taken, contents) == [])
        #expect(taken.entries.count == contents.count)
    }
}
