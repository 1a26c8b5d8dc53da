import Base
import Glibc
import TestSupport
import Testing

/// Small files of the program's own, and opening below a folder.
@Suite struct FilesTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func path(_ name: String) -> String { folder.path + "/" + name }
    private func mode(_ path: String) throws -> UInt16 { try File.open(RawName(path), O_RDONLY).stat().mode & 0o7777 }

    // MARK: replace and create

    @Test func aReaderSeesTheOldContentOrTheNewOneWhole() throws {
        let target = path("state")
        let sizes = [0, 1, 4096, 100_000]
        try Files.replace(target, [])
        let isDone = Monitor(false)
        let folder = folder
        try Threads.run("replace", count: 2) { number in
            if number == 0 {
                for round in 1...60 {
                    try Files.replace(target, [UInt8](repeating: UInt8(round), count: sizes[round % 4]))
                }
                isDone.change { $0 = true }
            } else {
                while !isDone.look({ $0 }) {
                    let bytes = try #require(try Files.read(target))
                    #expect(sizes.contains(bytes.count) && Set(bytes).count <= 1)
                }
            }
        }
        #expect(try Files.names(folder.path) == ["state"])
        #expect(try mode(target) == 0o600)
    }

    @Test func aReplaceThatFailsLeavesEverythingAsItWas() throws {
        try folder.write("taken/inside", [1])
        #expect(try failureKind { try Files.replace(path("taken"), [1, 2, 3]) } == .failed)
        #expect(try Files.names(folder.path) == ["taken"])
        #expect(try Files.names(path("taken")) == ["inside"])
        #expect(try failureKind { try Files.replace(path("nowhere/file"), [1]) } == .failed)
        #expect(try Files.names(folder.path) == ["taken"])
    }

    @Test func createNeverReplaces() throws {
        try Files.create(path("key"), [1, 2])
        #expect(try failureKind { try Files.create(path("key"), [3]) } == .exists)
        #expect(try Files.read(path("key")) == [1, 2])
        #expect(try mode(path("key")) == 0o600)
    }

    // MARK: reading

    @Test func whatIsNotThereReadsAsNothing() throws {
        try folder.write("file", [1])
        #expect(try Files.read(path("absent")) == nil)
        #expect(try Files.read(path("absent/below")) == nil)
        #expect(try Files.read(path("file/below")) == nil)
        #expect(try Files.names(path("absent")) == [])
    }

    @Test(arguments: [(0, 0), (10, 10), (9, 10), (10, 9), (0, 1), (4096, 4095)])
    func aFileLongerThanItsLimitIsRefused(_ limit: Int, _ count: Int) throws {
        try folder.write("file", [UInt8](repeating: 7, count: count))
        if count <= limit {
            #expect(try Files.read(path("file"), limit: limit)?.count == count)
        } else {
            #expect(try failureKind { _ = try Files.read(path("file"), limit: limit) } == .failed)
        }
    }

    @Test func namesComeSortedAsBytes() throws {
        let names = ["b", "a", "a.b", "B", "é", "z", "a-b", "10", "9"]
        for name in names { try folder.write(name, []) }
        #expect(try Files.names(folder.path) == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    }

    @Test func aFolderIsMadeWithThoseAboveIt() throws {
        try Files.makeFolder(path("a/b/c"))
        try Files.makeFolder(path("a/b/c"))
        #expect(try Files.names(path("a/b")) == ["c"])
        try folder.write("file", [])
        #expect(try failureKind { try Files.makeFolder(path("file/below")) } == .failed)
    }

    // MARK: raw files

    @Test func aMappedFileIsItsBytes() throws {
        try folder.write("empty", [])
        try folder.write("full", [UInt8](0...255))
        #expect(try MappedFile(File.open(RawName(path("empty")), O_RDONLY)).bytes.count == 0)
        // The memory goes with the object: it has to outlive what looks at its bytes.
        let full = try MappedFile(File.open(RawName(path("full")), O_RDONLY))
        let bytes = withExtendedLifetime(full) { Array(full.bytes) }
        #expect(bytes == [UInt8](0...255))
    }

    @Test func readingPastTheEndGivesWhatThereIs() throws {
        try folder.write("file", [1, 2, 3])
        let file = try File.open(RawName(path("file")), O_RDONLY)
        var room = [UInt8](repeating: 9, count: 10)
        #expect(try room.withUnsafeMutableBytes { try file.read(at: 1, into: $0) } == 2)
        #expect(room[..<3] == [2, 3, 9])
        #expect(try room.withUnsafeMutableBytes { try file.read(at: 100, into: $0) } == 0)
    }

    @Test func aFolderGivesEveryNameButItsOwn() throws {
        let names: Set<[UInt8]> = [[0xFF, 0xFE], Array("..a".utf8), Array(".a".utf8), Array("x y\n".utf8), [UInt8](repeating: 0x61, count: 255)]
        for name in names { _ = try File.open(RawName(folder.path).appending(name), O_WRONLY | O_CREAT) }
        var seen: Set<[UInt8]> = []
        try File.open(RawName(folder.path), O_RDONLY | O_DIRECTORY).forEachEntry { seen.insert($0.name) }
        #expect(seen == names)
    }

    // MARK: below a folder

    @Test func whatLiesBelowCanBeOpened() throws {
        try folder.write("a/b/file", [5])
        let root = try File.open(RawName(folder.path), O_PATH | O_DIRECTORY)
        for name in ["a/b/file", "a//b/./file"] as [RawName] {
            #expect(try File.openBeneath(name, in: root, O_RDONLY).readAll(limit: 10) == [5])
        }
        try File.openBeneath("a/new", in: root, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600).write([6])
        #expect(try Files.read(path("a/new")) == [6])
    }

    @Test(arguments: ["..", "../outside", "a/../../outside", "/etc/passwd", "/", "link", "link/file", "a/link/file", "out/passwd", "a/loop"])
    func nothingElseCan(_ name: String) throws {
        try folder.write("a/b/file", [5])
        try folder.write("outside", [1])
        try Files.makeFolder(path("root/a"))
        try folder.write("root/file", [1])
        for (target, link) in [("a", "root/link"), ("../file", "root/a/link"), ("/etc", "root/out"), ("loop", "root/a/loop")] {
            #expect(symlink(target, path(link)) == 0)
        }
        let root = try File.open(RawName(path("root")), O_PATH | O_DIRECTORY)
        #expect(throws: SystemError.self) { try File.openBeneath(RawName(name), in: root, O_RDONLY) }
        #expect(throws: SystemError.self) { try File.openBeneath(RawName(name + "/x"), in: root, O_WRONLY | O_CREAT, mode: 0o600) }
    }
}
