import Base
import CLinux
import Foundation
import Repository
import Testing

@testable import Restore

@Suite("Restoring each kind of path")
struct RestoreKindsTests {
    @Test("content of every form comes back, with mode and time")
    func content() throws {
        let repository = try SampleRepository()
        let big = noise(40 * 4096 + 17)
        let root = try repository.snapshot { tree in
            tree.folder("a", mode: 0o750)
            tree.folder("a/b")
            tree.bundle([("a/one", Array("one".utf8)), ("a/b/two", Array("two!".utf8)), ("a/b/none", [])])
            tree.add("a/inline", .file, mode: 0o4711) { entry in
                entry.size = 5
                entry.content = .inline(Array("hello".utf8))
            }
            try tree.file("a/single", noise(3000, seed: 2))
            try tree.file("a/list", big, chunk: 4096)
            try tree.file("a/few", noise(10_000, seed: 3), chunk: 4096) { $0.mtime = Timestamp(seconds: -5, nanoseconds: 7) }
        }
        let target = TemporaryFolder()
        let result = try restore(repository, root, to: target)
        #expect(result.exitStatus == .done && result.problems.isEmpty && result.lost.isEmpty)
        #expect(result.files == 7 && result.folders == 2)
        #expect(target.read("a/one") == Array("one".utf8))
        #expect(target.read("a/b/two") == Array("two!".utf8))
        #expect(target.read("a/b/none") == [])
        #expect(target.read("a/inline") == Array("hello".utf8))
        #expect(target.read("a/single") == noise(3000, seed: 2))
        #expect(target.read("a/list") == big)
        #expect(target.read("a/few") == noise(10_000, seed: 3))
        #expect(target.status("a/inline")!.mode & 0o7777 == 0o4711)
        #expect(target.status("a")!.mode & 0o7777 == 0o750)
        for name in ["a", "a/b", "a/one", "a/list", "a/single", "a/inline"] {
            let status = target.status(name)!
            #expect(status.mtime_sec == SampleTree.time.seconds && status.mtime_nsec == SampleTree.time.nanoseconds, "\(name)")
        }
        #expect(target.status("a/few")!.mtime_sec == -5 && target.status("a/few")!.mtime_nsec == 7)
        #expect(target.status("a/list")!.mode & 0o7777 == 0o644)
    }

    @Test("links, pipes, sockets, hard links, attributes and names that are not text")
    func others() throws {
        let repository = try SampleRepository()
        let root = try repository.snapshot { tree in
            tree.folder("d")
            tree.add("d/link", .symlink, mode: 0o777) { $0.linkTarget = Array("../nowhere/at all".utf8) }
            tree.add("d/pipe", .fifo, mode: 0o640)
            tree.add("d/socket", .socket, mode: 0o755)
            let data = noise(9000)
            for path in ["d/first", "d/second", "d/third"] { try tree.file(path, data, chunk: 4096) { $0.linkGroup = 7 } }
            for path in ["d/s1", "d/s2"] {
                tree.add(path, .file) { entry in
                    entry.linkGroup = 8
                    entry.size = 2
                    entry.content = .inline([1, 2])
                }
            }
            tree.add("d/tagged", .file) { $0.xattrs = [.init(name: Array("user.note".utf8), value: [0, 1, 2])] }
            tree.add("d/x", .file) { $0.key = Entry.key([Array("d".utf8), [0xFF, 0xFE, 0x41]]) }
        }
        let target = TemporaryFolder()
        let result = try restore(repository, root, to: target)
        #expect(result.exitStatus == .done, "\(result.problems)")
        #expect(target.link("d/link") == "../nowhere/at all")
        #expect(target.status("d/link")!.mtime_sec == SampleTree.time.seconds)
        #expect(target.status("d/pipe")!.mode == UInt16(S_IFIFO) | 0o640)
        #expect(target.status("d/socket")!.mode == UInt16(S_IFSOCK) | 0o755)
        #expect(target.status("d/first")!.ino == target.status("d/third")!.ino && target.status("d/first")!.nlink == 3)
        #expect(target.read("d/second") == noise(9000))
        #expect(target.status("d/s1")!.ino == target.status("d/s2")!.ino)
        #expect(target.attribute("d/tagged", "user.note") == [0, 1, 2])
        var strange = clinux_stat()
        let found = RawName(Array(target.at("d/").utf8) + [0xFF, 0xFE, 0x41]).withCString { clinux_statx(AT_FDCWD, $0, &strange) }
        #expect(found == 0)
        #expect(target.status("d")!.mtime_sec == SampleTree.time.seconds)
        #expect(result.links == 3)
    }

    @Test("devices as root, reported otherwise", .enabled(if: geteuid() == 0))
    func devices() throws {
        let repository = try SampleRepository()
        let root = try repository.snapshot { tree in
            tree.add("null", .charDevice, mode: 0o666) { ($0.major, $0.minor) = (1, 3) }
        }
        let target = TemporaryFolder()
        let result = try restore(repository, root, to: target)
        if result.exitStatus == .done {
            #expect(target.status("null")!.rdev_major == 1 && target.status("null")!.rdev_minor == 3)
        } else {
            #expect(result.exitStatus == .partial && result.problemCount == 1)
        }
    }

    @Test("holes stay holes", arguments: [1 << 20, 4096])
    func sparse(chunk: Int) throws {
        let repository = try SampleRepository()
        let data = noise(24 << 10)
        let holes = [
            Entry.Hole(offset: 0, length: 1 << 20), Entry.Hole(offset: (1 << 20) + 8192, length: 1 << 20),
            Entry.Hole(offset: (2 << 20) + (24 << 10), length: 5 << 20),
        ]
        let root = try repository.snapshot { tree in
            try tree.file("sparse", data, chunk: chunk, holes: holes)
            tree.add("empty", .file) { entry in
                entry.size = 1 << 20
                entry.holes = [Entry.Hole(offset: 0, length: 1 << 20)]
            }
        }
        let target = TemporaryFolder()
        #expect(try restore(repository, root, to: target).exitStatus == .done)
        let expected =
            [UInt8](repeating: 0, count: 1 << 20) + data[..<8192] + [UInt8](repeating: 0, count: 1 << 20) + data[8192...]
            + [UInt8](repeating: 0, count: 5 << 20)
        #expect(target.read("sparse") == expected)
        #expect(target.status("sparse")!.blocks * 512 <= 64 << 10)
        #expect(target.read("empty") == [UInt8](repeating: 0, count: 1 << 20))
        #expect(target.status("empty")!.blocks * 512 <= 8 << 10)
    }

    @Test("a path far beyond PATH_MAX")
    func deep() throws {
        let repository = try SampleRepository()
        let name = [UInt8](repeating: UInt8(ascii: "n"), count: 200)
        let depth = 120
        let root = try repository.snapshot { tree in
            for level in 1...depth { tree.add("x", .folder, mode: 0o755) { $0.key = Entry.key(Array(repeating: name, count: level)) } }
            tree.add("x", .file) { entry in
                entry.key = Entry.key(Array(repeating: name, count: depth) + [Array("leaf".utf8)])
                entry.size = 3
                entry.content = .inline([1, 2, 3])
            }
        }
        let target = TemporaryFolder()
        let result = try restore(repository, root, to: target)
        #expect(result.exitStatus == .done && result.folders == UInt64(depth) && result.files == 1)
        // Again, now that all of it is there.
        let again = try restore(repository, root, to: target)
        #expect(again.right == UInt64(depth) + 1 && again.files == 0, "\(again)")
    }

    @Test("owners by name, by number and not at all", .enabled(if: geteuid() == 0))
    func owners() throws {
        let repository = try SampleRepository()
        let root = try repository.snapshot { tree in
            tree.add("named", .file, mode: 0o4755) { entry in
                (entry.uid, entry.gid) = (12_345, 23_456)
                (entry.userName, entry.groupName) = (Array("daemon".utf8), Array("no such group".utf8))
            }
        }
        let byName = TemporaryFolder()
        try restore(repository, root, to: byName)
        #expect(byName.status("named")!.uid == UInt32(clinux_user_id("daemon")) && byName.status("named")!.gid == 23_456)
        #expect(byName.status("named")!.mode & 0o7777 == 0o4755)
        let byNumber = TemporaryFolder()
        try restore(repository, root, to: byNumber) { $0.owners = .byNumber }
        #expect(byNumber.status("named")!.uid == 12_345)
        let none = TemporaryFolder()
        try restore(repository, root, to: none) { $0.owners = .none }
        #expect(none.status("named")!.uid == 0)
    }
}

@Suite("Restoring as a common user", .enabled(if: geteuid() != 0))
struct CommonUserTests {
    @Test("what one may not own is counted, and its set-id bits are not given")
    func owners() throws {
        let repository = try SampleRepository()
        let root = try repository.snapshot { tree in
            tree.add("other", .file, mode: 0o6755) { ($0.uid, $0.gid) = (0, 0) }
            tree.add("own", .file, mode: 0o4755)
            tree.add("device", .charDevice) { ($0.major, $0.minor) = (1, 3) }
        }
        let target = TemporaryFolder()
        let result = try restore(repository, root, to: target) { $0.keepsOwnOwner = true }
        #expect(result.ownersKept == 1 && result.problemCount == 1 && result.exitStatus == .partial)
        #expect(target.status("other")!.mode & 0o7777 == 0o755 && target.status("other")!.uid == geteuid())
        #expect(target.status("own")!.mode & 0o7777 == 0o4755)
    }

    @Test("a folder that its owner may not write is restored, and restored again")
    func readOnly() throws {
        let repository = try SampleRepository()
        let root = try repository.snapshot { tree in
            tree.folder("d", mode: 0o555)
            tree.folder("d/e", mode: 0o500)
            tree.bundle([("d/f", [1]), ("d/e/g", [2])]) { $0.mode = 0o400 }
        }
        let target = TemporaryFolder()
        #expect(try restore(repository, root, to: target).exitStatus == .done)
        chmod(target.at("d"), 0o755)
        unlink(target.at("d/f"))
        chmod(target.at("d"), 0o555)
        let result = try restore(repository, root, to: target)
        #expect(result.exitStatus == .done && target.read("d/f") == [1] && target.status("d")!.mode & 0o777 == 0o555, "\(result.problems)")
        chmod(target.at("d"), 0o755)
        chmod(target.at("d/e"), 0o755)
    }
}
