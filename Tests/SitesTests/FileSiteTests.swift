import Base
import Glibc
import Sites
import TestSupport
import Testing

/// What a folder as a site has of its own: it may be absent, read-only, or hold what is being written.
@Suite struct FileSiteTests {
    private static let prefix = "00112233445566778899aabbccddeeff"
    private let folder: TemporaryFolder
    private let site: FileSite
    private var path: String { folder.path + "/disk" }
    private var tenant: String { path + "/" + Self.prefix }

    init() throws {
        folder = try TemporaryFolder()
        try Files.makeFolder(folder.path + "/disk", mode: 0o755)
        site = FileSite(name: "disk", path: folder.path + "/disk", prefix: Self.prefix)
    }

    @Test func anObjectIsTheFileOfItsKeyBelowTheTenantsFolder() throws {
        try site.create("packs/ab/x", [1, 2])
        #expect(try Files.read(tenant + "/packs/ab/x") == [1, 2])
        #expect(try File.open(RawName(tenant + "/packs/ab/x"), O_RDONLY).stat().mode & 0o7777 == 0o640)
    }

    @Test func anAbsentDiskIsUnreachableAndNothingIsMadeInItsPlace() throws {
        let absent = FileSite(name: "disk", path: folder.path + "/absent", prefix: Self.prefix)
        var part: [UInt8] = [0]
        #expect(try failureKind { try absent.create("packs/ab/x", [1]) } == .unreachable)
        #expect(try failureKind { _ = try absent.size("site") } == .unreachable)
        #expect(try failureKind { try part.withUnsafeMutableBytes { try absent.read("site", at: 0, into: $0) } } == .unreachable)
        #expect(try failureKind { _ = try absent.keys("") } == .unreachable)
        #expect(try failureKind { _ = try absent.keys("packs/") } == .unreachable)
        #expect(try failureKind { _ = try absent.freeSpace() } == .unreachable)
        #expect(try Files.names(folder.path) == ["disk"])
    }

    @Test func aDiskThatGoesAwayIsUnreachableAndComesBack() throws {
        try site.create("packs/ab/x", [1])
        #expect(rename(path, path + "-elsewhere") == 0)
        // What was open stays what it was, wherever it is now.
        #expect(try site.read("packs/ab/x", limit: 10) == [1])
        #expect(try failureKind { try site.create("packs/ab/y", [2]) } == .unreachable)
        #expect(try failureKind { _ = try site.keys("packs/") } == .unreachable)
        // An empty mount point, or another disk, is not written to.
        try Files.makeFolder(path)
        #expect(try failureKind { try site.create("packs/ab/y", [2]) } == .unreachable)
        try Files.makeFolder(tenant)
        #expect(try failureKind { try site.create("packs/ab/y", [2]) } == .unreachable)
        #expect(try failureKind { _ = try site.keys("packs/") } == .unreachable)
        #expect(try Files.names(tenant) == [])
        #expect(rmdir(tenant) == 0 && rmdir(path) == 0 && rename(path + "-elsewhere", path) == 0)
        try site.create("packs/ab/y", [2])
        #expect(try site.keys("packs/") == ["packs/ab/x", "packs/ab/y"])
    }

    @Test func whatIsBeingWrittenIsNeverListed() throws {
        try site.create("packs/ab/x", [1])
        try folder.write("disk/\(Self.prefix)/.tmp/leftover", [1])
        try folder.write("disk/\(Self.prefix)/packs/.hidden", [1])
        try folder.write("disk/\(Self.prefix)/packs/ab/.x.swp", [1])
        try folder.write("disk/\(Self.prefix)/.trash/y", [1])
        #expect(try site.keys("") == ["packs/ab/x"])
        #expect(try site.keys("packs/") == ["packs/ab/x"])
        #expect(try site.keys("packs/ab/") == ["packs/ab/x"])
    }

    @Test func nothingTemporaryStaysBehind() throws {
        for i in 0..<3 { try site.create("a/\(i)", [1]) }
        for i in 0..<3 { #expect(try failureKind { try site.create("a/\(i)", [2]) } == .exists) }
        #expect(try Files.names(tenant + "/.tmp") == [])
        #expect(try Files.names(tenant) == [".tmp", "a"])
    }

    @Test func tenantsOfOneDiskDoNotSeeEachOther() throws {
        let other = FileSite(name: "disk", path: path, prefix: "ffeeddccbbaa99887766554433221100")
        try site.create("a/b", [1])
        #expect(try other.keys("") == [])
        try other.create("a/b", [2])
        #expect(try site.read("a/b", limit: 10) == [1])
        #expect(try site.keys("") == ["a/b"])
    }

    @Test func twoProcessesAtOneDiskCreateEachObjectOnce() throws {
        let second = FileSite(name: "disk", path: path, prefix: Self.prefix)
        let created = Monitor(0)
        let site = site
        try Threads.run("process", count: 4) { number in
            for i in 0..<100 {
                let kind = try failureKind { try (number % 2 == 0 ? site : second).create("a/\(i)/\(i)", [UInt8(number)]) }
                #expect(kind == nil || kind == .exists)
                if kind == nil { created.look { $0 += 1 } }
            }
        }
        #expect(created.look { $0 } == 100)
    }

    @Test func freeSpaceIsTold() throws { #expect(try #require(try site.freeSpace()) > 0) }

    /// Root is refused nothing, so the acts are tried as nobody where the tests run as root.
    @Test func aFolderWithoutTheRightIsRefused() throws {
        try site.create("a/b", [1])
        try site.create("secret/c", [1])
        #expect(chmod(folder.path, 0o755) == 0)
        for name in [tenant + "/a", tenant + "/.tmp", tenant] { #expect(chmod(name, 0o555) == 0) }
        #expect(chmod(tenant + "/a/b", 0o444) == 0)
        #expect(chmod(tenant + "/secret", 0o000) == 0)
        let site = FileSite(name: "disk", path: path, prefix: Self.prefix)
        try Threads.run("nobody", count: 1) { (_: Int) throws -> Void in
            if geteuid() == 0 { becomeNobody() }
            #expect(try failureKind { try site.create("a/new", [1]) } == .refused)
            #expect(try failureKind { try site.create("other/new", [1]) } == .refused)
            #expect(try failureKind { try site.delete("a/b") } == .refused)
            #expect(try failureKind { _ = try site.read("secret/c", limit: 10) } == .refused)
            #expect(try failureKind { _ = try site.keys("secret/") } == .refused)
            #expect(try site.read("a/b", limit: 10) == [1])
        }
        #expect(chmod(tenant, 0o755) == 0)
        #expect(try Files.names(tenant) == [".tmp", "a", "secret"])
    }
}

/// Takes from this thread alone the rights of root over files: setfsuid(2), which Glibc's module does not show.
private func becomeNobody() {
    let setfsuid = unsafeBitCast(dlsym(nil, "setfsuid"), to: (@convention(c) (UInt32) -> Int32).self)
    _ = setfsuid(65_534)
}
