import Base
import Glibc
import S3
import Sites
import TestSupport
import Testing

/// The stores that the contract of `Site` is tried on: every kind, and each real S3 store that the test run started.
enum Store: CaseIterable, Sendable, Hashable, CustomTestStringConvertible {
    case file, memory
    case s3(S3Store)

    static let allCases: [Store] = [.file, .memory] + S3Store.all.map(Store.s3)

    var testDescription: String {
        switch self {
        case .file: "file"
        case .memory: "memory"
        case .s3(let store): store.label
        }
    }

    /// Those whose objects may be deleted at once.
    static let unlocked = allCases.filter { store in
        if case .s3(let store) = store { store.lock == nil } else { true }
    }

    static let locked = allCases.filter { !unlocked.contains($0) }

    /// A new, empty site; `folder` is where a file site keeps it.
    func make(_ folder: TemporaryFolder, name: String = "site") throws -> any Site {
        switch self {
        case .memory: return MemorySite(name: name)
        case .s3(let store): return try store.make(name: name)
        case .file:
            try Files.makeFolder(folder.path + "/" + name)
            return FileSite(name: name, path: folder.path + "/" + name, prefix: "00112233445566778899aabbccddeeff")
        }
    }
}

/// What the comment of `Site` promises, tried on every store.
@Suite(.timeLimit(.minutes(1))) struct SiteContractTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    // MARK: create and read

    @Test(arguments: Store.allCases, [0, 1, 4095, 4096, 4097, 1 << 20])
    func whatWasCreatedIsReadBack(_ store: Store, _ size: Int) throws {
        let site = try store.make(folder)
        var random = SeededGenerator(UInt64(size))
        let bytes = random.bytes(size)
        try site.create("packs/ab/object", bytes)
        #expect(try site.size("packs/ab/object") == size)
        #expect(try site.read("packs/ab/object", limit: size) == bytes)
    }

    @Test(arguments: Store.allCases)
    func theWholeAndTheEndOfAnObjectOfUnknownSizeAreRead(_ store: Store) throws {
        let site = try store.make(folder)
        var random = SeededGenerator(3)
        let bytes = random.bytes(300_000)
        try site.create("packs/ab/object", bytes)
        var room = [UInt8](repeating: 0, count: 400_000)
        #expect(try room.withUnsafeMutableBytes { try site.readWhole("packs/ab/object", into: $0) } == bytes.count)
        #expect(Array(room.prefix(bytes.count)) == bytes)
        for count in [1, 65_536, bytes.count, 400_000] {
            let end = try site.readEnd("packs/ab/object", count)
            #expect(end.size == bytes.count)
            #expect(end.bytes == bytes.suffix(count))
        }
        var small = [UInt8](repeating: 0, count: bytes.count - 1)
        #expect(try failureKind { _ = try small.withUnsafeMutableBytes { try site.readWhole("packs/ab/object", into: $0) } } == .damaged)
        #expect(try failureKind { _ = try site.readEnd("packs/ab/nothing", 16) } == .missing)
    }

    @Test(arguments: Store.allCases)
    func anObjectIsNeverReplaced(_ store: Store) throws {
        let site = try store.make(folder)
        try site.create("a/b", [1, 2, 3])
        for other in [[4], [], [1, 2, 3]] as [[UInt8]] {
            #expect(try failureKind { try site.create("a/b", other) } == .exists)
            #expect(try site.read("a/b", limit: 10) == [1, 2, 3])
        }
        #expect(try site.keys("") == ["a/b"])
    }

    @Test(arguments: Store.allCases, 0..<5)
    func oneOfTwentyRacingCreatorsWins(_ store: Store, _ round: Int) throws {
        let site = try store.make(folder)
        let winners = Monitor<[Int]>([])
        try Threads.run("racer", count: 20) { number in
            let bytes = [UInt8](repeating: UInt8(number), count: 10_000 + number)
            do {
                try site.create("commits/\(round)", bytes)
                winners.look { $0.append(number) }
            } catch let failure as Failure where failure.kind == .exists {}
        }
        let won = winners.look { $0 }
        #expect(won.count == 1)
        #expect(try site.read("commits/\(round)", limit: 1 << 20) == [UInt8](repeating: UInt8(won[0]), count: 10_000 + won[0]))
    }

    @Test(arguments: Store.allCases)
    func createOrConfirmAcceptsOnesOwnBytesOnly(_ store: Store) throws {
        let site = try store.make(folder)
        try site.createOrConfirm("a/b", [1, 2])
        try site.createOrConfirm("a/b", [1, 2])
        #expect(try failureKind { try site.createOrConfirm("a/b", [1, 3]) } == .exists)
        #expect(try failureKind { try site.createOrConfirm("a/b", [1, 2, 3]) } == .exists)
        #expect(try site.read("a/b", limit: 10) == [1, 2])
    }

    @Test(arguments: Store.allCases)
    func rangesAreReadExactly(_ store: Store) throws {
        let site = try store.make(folder)
        var random = SeededGenerator(3)
        let bytes = random.bytes(100_000)
        try site.create("a/b", bytes)
        for _ in 0..<300 {
            let from = random.below(bytes.count + 1)
            let count = random.chance(4) ? bytes.count - from : random.below(bytes.count - from + 1)
            var part = [UInt8](repeating: 0xEE, count: count)
            try part.withUnsafeMutableBytes { try site.read("a/b", at: from, into: $0) }
            #expect(part == Array(bytes[from..<from + count]))
        }
    }

    @Test(arguments: Store.allCases, [(0, 11), (10, 1), (11, 1), (9, 2), (1_000_000, 1)])
    func anObjectShorterThanWhatIsAskedForIsDamaged(_ store: Store, _ range: (at: Int, count: Int)) throws {
        let site = try store.make(folder)
        try site.create("a/b", [UInt8](repeating: 1, count: 10))
        var part = [UInt8](repeating: 0, count: range.count)
        #expect(try failureKind { try part.withUnsafeMutableBytes { try site.read("a/b", at: range.at, into: $0) } } == .damaged)
    }

    @Test(arguments: Store.allCases)
    func anObjectLargerThanItsLimitIsDamaged(_ store: Store) throws {
        let site = try store.make(folder)
        try site.create("a/b", [UInt8](repeating: 1, count: 10))
        #expect(try failureKind { _ = try site.read("a/b", limit: 9) } == .damaged)
        #expect(try site.read("a/b", limit: 10).count == 10)
    }

    @Test(arguments: Store.allCases, ["absent", "a/absent", "absent/b/c", "a/b/c"])
    func aMissingObjectIsTold(_ store: Store, _ key: String) throws {
        let site = try store.make(folder)
        try site.create("a/b", [1])
        #expect(try failureKind { _ = try site.size(key) } == .missing)
        #expect(try failureKind { _ = try site.read(key, limit: 10) } == .missing)
        var part: [UInt8] = [0]
        #expect(try failureKind { try part.withUnsafeMutableBytes { try site.read(key, at: 0, into: $0) } } == .missing)
    }

    @Test(arguments: Store.allCases)
    func aSiteWithoutAnObjectAnswersToo(_ store: Store) throws {
        let site = try store.make(folder)
        #expect(try site.keys("") == [] && site.keys("packs/") == [])
        #expect(try failureKind { _ = try site.size("site") } == .missing)
        try site.delete("packs/ab/nothing")
    }

    // MARK: keys

    @Test(
        arguments: Store.unlocked,
        [
            "site", "a/b/c/d/e/f/g", "AZaz09._-/x",
            "packs/ab/" + String(repeating: "f", count: 64) + ".0000000000-" + String(repeating: "0", count: 32) + ".255",
            "x/" + String(repeating: "n", count: 200), "a-b", "a/b.c", "index/c0000000001-0", "a...", "-", "_",
        ])
    func everyKeyOfTheContractCanBeUsed(_ store: Store, _ key: String) throws {
        let site = try store.make(folder)
        try site.create(key, Array(key.utf8))
        #expect(try site.read(key, limit: 1000) == Array(key.utf8))
        #expect(try site.keys("") == [key])
        try site.delete(key)
        #expect(try site.keys("") == [])
    }

    // MARK: lists

    private static let keys = [
        "site", "a/1", "a/10", "a/2", "a/B", "a/b/x", "a-b/y", "ab/z", "packs/00/p", "packs/0f/p", "packs/ff/p", "packs/ff/q",
        "index/0000000000-0.1", "index/c0000000000-0.1",
    ]

    @Test(arguments: Store.allCases, ["", "a/", "a/b/", "packs/", "packs/ff/", "index/", "absent/", "a-b/"])
    func aListHasEverythingBelowItsPrefixAndNothingElse(_ store: Store, _ prefix: String) throws {
        let site = try store.make(folder)
        for (size, key) in Self.keys.enumerated() { try site.create(key, [UInt8](repeating: 1, count: size)) }
        var listed: [ObjectInfo] = []
        try site.list(prefix) { listed.append($0) }
        #expect(Set(listed.map(\.key)) == Set(Self.keys.filter { $0.hasPrefix(prefix) }))
        #expect(Set(listed.map(\.key)).count == listed.count)
        for info in listed {
            #expect(info.size == Self.keys.firstIndex(of: info.key)!)
            #expect(info.key.hasSuffix(String(info.name)) && !info.name.contains("/"))
        }
    }

    @Test(arguments: Store.allCases, 0..<5 as Range<UInt64>)
    func eachFolderIsListedInOrder(_ store: Store, _ seed: UInt64) throws {
        let site = try store.make(folder)
        var random = SeededGenerator(seed)
        var keys: Set<String> = []
        while keys.count < 120 {
            let name = String((0..<1 + random.below(4)).map { _ in random.pick(Array("aB0-_.z")) })
            if name.hasPrefix(".") { continue }
            keys.insert("\(random.pick(["x", "y", "x-"]))/\(name)")
        }
        for key in keys.shuffled(using: &random) { try site.create(key, []) }
        for folder in ["x", "y", "x-"] {
            let expected = keys.filter { $0.hasPrefix(folder + "/") }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            #expect(try site.keys(folder + "/") == expected)
            #expect(try site.keys("").filter { $0.hasPrefix(folder + "/") } == expected)
        }
    }

    @Test(arguments: Store.allCases)
    func aFailureOfTheCallerEndsTheList(_ store: Store) throws {
        let site = try store.make(folder)
        for i in 0..<5 { try site.create("a/\(i)", []) }
        var seen = 0
        #expect(
            try failureKind {
                try site.list("a/") { _ in
                    seen += 1
                    if seen == 2 { throw Failure(.interrupted, .noSpace) }
                }
            } == .interrupted)
        #expect(seen == 2)
    }

    @Test(arguments: Store.unlocked)
    func whatExistsDuringAListIsInIt(_ store: Store) throws {
        let site = try store.make(folder)
        let stays = (0..<50).map { "a/stay-\($0)" }
        for key in stays { try site.create(key, [1]) }
        let isDone = Monitor(false)
        try Threads.run("lister", count: 3) { number in
            if number == 0 {
                for _ in 0..<60 { #expect(try Set(stays).isSubset(of: site.keys("a/"))) }
                isDone.change { $0 = true }
            } else {
                var round = 0
                while !isDone.look({ $0 }) {
                    let key = "a/\(number == 1 ? "a" : "z")-\(round)"
                    try site.create(key, [2])
                    try site.delete(key)
                    round += 1
                }
            }
        }
    }

    // MARK: delete

    @Test(arguments: Store.unlocked)
    func deletingIsRepeatableAndTouchesNothingElse(_ store: Store) throws {
        let site = try store.make(folder)
        for key in ["a/b", "a/bc", "a/c"] { try site.create(key, Array(key.utf8)) }
        for _ in 0..<2 {
            try site.delete("a/b")
            #expect(try failureKind { _ = try site.size("a/b") } == .missing)
            #expect(try site.keys("a/") == ["a/bc", "a/c"])
        }
        try site.create("a/b", [9])
        #expect(try site.read("a/b", limit: 10) == [9])
    }

    @Test(arguments: Store.locked)
    func aLockedObjectStays(_ store: Store) throws {
        let site = try store.make(folder)
        try site.create("a/b", [1])
        #expect(try failureKind { try site.delete("a/b") } == .refused)
        #expect(try site.read("a/b", limit: 10) == [1])
        #expect(try site.keys("") == ["a/b"])
        // What writers decide by is not locked.
        try site.create("sessions/x", [2])
        try site.delete("sessions/x")
        #expect(try failureKind { _ = try site.size("sessions/x") } == .missing)
    }
}
