import Base
import CLinux
import Foundation
import Repository
import Sites
import Synchronization
import Testing

@testable import Restore

/// Counts the bytes read of packs, and may begin to fail.
final class CountingSite: Site {
    let inner: any Site
    let name: String
    let packBytes = Atomic<Int>(0)
    let requests = Atomic<Int>(0)
    /// Answers after which the site is gone; negative: never.
    let left: Atomic<Int>

    init(_ inner: any Site, left: Int = -1) {
        self.inner = inner
        name = inner.name
        self.left = Atomic(left)
    }

    func create(_ key: String, _ bytes: UnsafeRawBufferPointer) throws { try inner.create(key, bytes) }
    func size(_ key: String) throws -> Int { try inner.size(key) }
    func list(_ prefix: String, _ body: (ObjectInfo) throws -> Void) throws { try inner.list(prefix, body) }
    func delete(_ key: String) throws { try inner.delete(key) }
    func freeSpace() throws -> UInt64? { nil }

    func read(_ key: String, at offset: Int, into: UnsafeMutableRawBufferPointer) throws {
        if key.hasPrefix("packs/") {
            if left.load(ordering: .relaxed) == 0 { throw Failure(.unreachable, .objectMissing, object: name) }
            left.wrappingSubtract(1, ordering: .relaxed)
            packBytes.wrappingAdd(into.count, ordering: .relaxed)
            requests.wrappingAdd(1, ordering: .relaxed)
        }
        try inner.read(key, at: offset, into: into)
    }
}

@Suite("Restoring into what is there")
struct RestoreResumeTests {
    private let big = noise(300_000, seed: 9)

    private func sample() throws -> (SampleRepository, Digest) {
        let repository = try SampleRepository()
        let root = try repository.snapshot { tree in
            tree.folder("d")
            tree.bundle((0..<20).map { ("d/small-\($0)", Array("content \($0)".utf8)) })
            try tree.file("d/big", big, chunk: 10_000)
            try tree.file("d/one", noise(5000), chunk: 10_000)
        }
        return (repository, root)
    }

    @Test("a second restore writes nothing")
    func again() throws {
        let (repository, root) = try sample()
        let target = TemporaryFolder()
        try restore(repository, root, to: target)
        let inode = target.status("d/small-3")!.ino
        let site = CountingSite(repository.sites[0])
        let result = try restore(repository, root, to: target, reader: repository.open([site]))
        #expect(result.files == 0 && result.bytes == 0 && result.right == 23 && result.exitStatus == .done)
        #expect(target.status("d/small-3")!.ino == inode)
    }

    @Test("after an interruption only what lacks is written")
    func resume() throws {
        let (repository, root) = try sample()
        let target = TemporaryFolder()
        // As an interrupted restore leaves it: the first half is there, the mode tells that it is not finished.
        target.folder("d")
        try target.write("d/big", Array(big[..<150_000]) + [UInt8](repeating: 0, count: 150_000))
        chmod(target.at("d/big"), mode_t(RestorePlanner.unfinishedMode))
        let inode = target.status("d/big")!.ino
        let result = try restore(repository, root, to: target)
        #expect(result.exitStatus == .done && target.read("d/big") == big)
        #expect(result.bytes == 150_000 + 5000 + 190)
        #expect(target.status("d/big")!.ino == inode && target.status("d/big")!.mode & 0o7777 == 0o644)
        #expect(target.status("d/big")!.mtime_sec == SampleTree.time.seconds)
    }

    @Test("a cancelled restore throws, and the next one goes on")
    func cancelled() throws {
        let repository = try SampleRepository()
        let root = try repository.snapshot(blobsPerPack: 3) { tree in try tree.file("big", big, chunk: 10_000) }
        let target = TemporaryFolder()
        let calls = Counter()
        var options = RestoreOptions(target: RawName(target.path))
        options.threads = 1
        let restorer = Restorer(reader: try repository.open(), root: root, options: options, isCancelled: { calls.next() > 5 })
        #expect(kind { _ = try restorer.restore() } == .interrupted)
        #expect(target.status("big")!.mode & 0o7777 == 0o1600)
        let result = try restore(repository, root, to: target)
        #expect(target.read("big") == big && result.bytes < 300_000 && result.bytes > 0)
    }

    @Test("somebody's changed file becomes the snapshot's, and only what differs is fetched", arguments: [false, true])
    func update(isLinked: Bool) throws {
        let (repository, root) = try sample()
        let target = TemporaryFolder()
        try restore(repository, root, to: target)
        var changed = big
        changed[150_000] ^= 1
        try target.write("d/big", changed)
        if isLinked { link(target.at("d/big"), target.at("outside")) }
        let result = try restore(repository, root, to: target)
        #expect(target.read("d/big") == big && target.status("d/big")!.mode & 0o7777 == 0o644)
        #expect(target.status("d/big")!.mtime_sec == SampleTree.time.seconds)
        #expect(result.bytes == (isLinked ? 300_000 : 10_000))
        // A file that is somebody's under another name as well is not changed there.
        if isLinked { #expect(target.read("outside") == changed) }
    }

    @Test("longer and shorter files", arguments: [299_999, 1, 0, 400_000])
    func lengths(_ count: Int) throws {
        let (repository, root) = try sample()
        let target = TemporaryFolder()
        target.folder("d")
        try target.write("d/big", Array((big + big)[..<count]))
        try target.write("d/one", Array((big + big)[..<count]))
        let result = try restore(repository, root, to: target)
        #expect(result.exitStatus == .done && target.read("d/big") == big && target.read("d/one") == noise(5000))
    }

    @Test("overwrite: always, changed, never")
    func overwrite() throws {
        let (repository, root) = try sample()
        let target = TemporaryFolder()
        try restore(repository, root, to: target)
        // The same size and time, other bytes: only "always" sees it.
        try target.write("d/small-1", Array("CONTENT 1".utf8))
        clinux_set_mtime(AT_FDCWD, target.at("d/small-1"), 0, SampleTree.time.seconds, SampleTree.time.nanoseconds)
        try target.write("d/small-2", Array("other".utf8))
        try restore(repository, root, to: target) { $0.overwrite = .never }
        #expect(target.read("d/small-2") == Array("other".utf8))
        try restore(repository, root, to: target)
        #expect(target.read("d/small-1") == Array("CONTENT 1".utf8) && target.read("d/small-2") == Array("content 2".utf8))
        let result = try restore(repository, root, to: target) { $0.overwrite = .always }
        #expect(target.read("d/small-1") == Array("content 1".utf8) && result.exitStatus == .done)
        #expect(result.files == 22)
    }

    @Test("right content with other metadata is given its metadata only")
    func metadataOnly() throws {
        let (repository, root) = try sample()
        let target = TemporaryFolder()
        try restore(repository, root, to: target)
        chmod(target.at("d/small-4"), 0o600)
        let inode = target.status("d/small-4")!.ino
        let result = try restore(repository, root, to: target)
        #expect(target.status("d/small-4")!.mode & 0o7777 == 0o644 && target.status("d/small-4")!.ino == inode && result.bytes == 0)
    }

    @Test("other kinds in the way are replaced, full folders only with delete")
    func kinds() throws {
        let (repository, root) = try sample()
        let target = TemporaryFolder()
        target.folder("d")
        target.folder("d/small-1")
        target.folder("d/small-2")
        try target.write("d/small-2/kept", [1])
        mkfifo(target.at("d/small-3"), 0o600)
        symlink("/etc/passwd", target.at("d/big"))
        let result = try restore(repository, root, to: target)
        #expect(result.exitStatus == .partial && result.problemCount == 1)
        #expect(target.read("d/small-1") == Array("content 1".utf8) && target.read("d/small-3") == Array("content 3".utf8))
        #expect(target.read("d/big") == big && target.read("d/small-2/kept") == [1])
        var options = RestoreOptions(target: RawName(target.path))
        options.delete = true
        let other = try Restorer(reader: repository.open(), root: root, options: options).restore()
        #expect(other.exitStatus == .done && target.read("d/small-2") == Array("content 2".utf8))
    }

    @Test("delete removes what the snapshot lacks, within the restored folders only")
    func delete() throws {
        let repository = try SampleRepository()
        let root = try repository.snapshot { tree in
            tree.folder("srv")
            tree.folder("srv/data")
            tree.folder("srv/data/sub")
            tree.bundle([("srv/data/a", [1]), ("srv/data/sub/b", [2])])
        }
        let target = TemporaryFolder()
        let outside = TemporaryFolder()
        try outside.write("precious", [1])
        for folder in ["srv", "srv/data", "srv/data/sub", "srv/other", "srv/data/old", "srv/data/old/deeper"] { target.folder(folder) }
        try target.write("srv/other/kept", [3])
        try target.write("srv/data/old/deeper/gone", [3])
        try target.write("srv/data/sub/gone", [3])
        try target.write("top", [3])
        symlink(outside.path, target.at("srv/data/link"))
        let result = try restore(repository, root, to: target) { options in
            options.delete = true
            options.roots = [Entry.key(path: Array("/srv/data".utf8))]
        }
        #expect(result.exitStatus == .done && result.removed == 3, "\(result)")
        #expect(target.read("srv/other/kept") == [3] && target.read("top") == [3] && outside.read("precious") == [1])
        #expect(target.status("srv/data/old") == nil && target.status("srv/data/sub/gone") == nil && target.status("srv/data/link") == nil)
        #expect(target.read("srv/data/a") == [1] && target.status("srv/data")!.mtime_sec == SampleTree.time.seconds)
    }

    @Test("chosen paths, with and without the folders above")
    func chosen() throws {
        let repository = try SampleRepository()
        let root = try repository.snapshot { tree in
            tree.folder("a", mode: 0o700)
            tree.folder("a/b", mode: 0o711)
            tree.folder("a/c")
            tree.bundle([("a/b/x", [1]), ("a/b/y", [2]), ("a/c/z", [3]), ("a/w", [4])])
        }
        func key(_ path: String) -> [UInt8] { Entry.key(path: Array(path.utf8)) }
        let some = TemporaryFolder()
        try restore(repository, root, to: some) { $0.paths = [key("/a/c/z"), key("/a/b"), key("/a/b/y")] }
        #expect(some.read("a/b/x") == [1] && some.read("a/b/y") == [2] && some.read("a/c/z") == [3] && some.status("a/w") == nil)
        #expect(some.status("a")!.mode & 0o777 == 0o700 && some.status("a/b")!.mode & 0o777 == 0o711)
        let stripped = TemporaryFolder()
        try restore(repository, root, to: stripped) { ($0.paths, $0.strip) = ([key("/a/b")], true) }
        #expect(stripped.names == ["x", "y"] && stripped.status(".")!.mode & 0o777 == 0o711)
        let one = TemporaryFolder()
        try restore(repository, root, to: one) { ($0.paths, $0.strip) = ([key("/a/b/y")], true) }
        #expect(one.names == ["y"] && one.read("y") == [2])
        #expect(kind { try restore(repository, root, to: one) { $0.paths = [key("/a/none")] } } == .usage)
        #expect(kind { try restore(repository, root, to: one) { $0.strip = true } } == .usage)
    }

    @Test("an estimate says what a restore would do and changes nothing")
    func estimate() throws {
        let (repository, root) = try sample()
        let target = TemporaryFolder()
        let reader = try repository.open()
        let estimate = try Restorer(reader: reader, root: root, options: RestoreOptions(target: RawName(target.at("new/er")))).estimate()
        #expect(estimate.files == 22 && estimate.folders == 1 && estimate.bytes == 305_190 && estimate.packs == 1 && estimate.problems.isEmpty)
        #expect(target.names.isEmpty)
        let locked = KeyRing(tenant: repository.tenant, catalogues: [repository.domain.catalogue])
        let place = try repository.place(repository.anyData)
        #expect(throws: Failure.self) { try repository.open(keys: locked).checkPack(site: 0, number: place.number) }
    }

    @Test("too little space is said before anything is written")
    func space() throws {
        let repository = try SampleRepository()
        let root = try repository.snapshot { tree in
            let id = tree.blob(.data, [1])
            _ = id
            // As long as the file system is large, all of it data: the list is never read, for the plan comes first.
            for i in 0..<40 {
                var list = ListBuilder(edgeKey: repository.domain.pageEdgeKey) { kind, plain, references in tree.blob(.listPage, plain, references) }
                for _ in 0..<40 { try! list.append(ChunkReference(id: id, length: .max)) }
                let result = try! list.finish()
                tree.add("f\(i)", .file) { entry in
                    entry.size = result.length
                    entry.content = .list(root: result.root, level: result.level, chunkCount: result.chunkCount, length: result.length)
                }
            }
        }
        let target = TemporaryFolder()
        #expect(kind { try restore(repository, root, to: target) } == .noSpace)
        #expect(target.names.isEmpty)
    }
}

/// The kind of failure that `body` throws; nil for none.
func kind(_ body: () throws -> Void) -> Failure.Kind? {
    do { try body() } catch { return (error as? Failure)?.kind }
    return nil
}

func kind(_ body: () throws -> RestoreResult) -> Failure.Kind? { kind { _ = try body() } }

final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    func next() -> Int { count.wrappingAdd(1, ordering: .relaxed).newValue }
}
