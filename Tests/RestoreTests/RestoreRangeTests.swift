import Base
import CLinux
import Foundation
import Repository
import Testing

@testable import Restore

@Suite("Restoring ranges of keys")
struct RestoreRangeTests {
    private static let folders = ["a", "a/b", "a/b/c", "d", "d/e", "f"]

    /// A random tree of folders, files of every form, links and hard links; its entries' paths and sizes, in order.
    private func sample(_ repository: SampleRepository, seed: UInt64) throws -> (root: Digest, entries: [Entry]) {
        var entries: [Entry] = []
        var numbers = noise(4000, seed: seed).map(Int.init)[...]
        func next(_ limit: Int) -> Int { numbers.removeFirst() % limit }
        let root = try repository.snapshot { tree in
            for folder in Self.folders { entries.append(tree.add(folder, .folder, mode: 0o750)) }
            let bundled = (0..<next(6) + 1).map { number in
                (path: "\(Self.folders[next(Self.folders.count)])/bundled-\(number)", data: noise(next(200), seed: UInt64(number) + seed))
            }
            tree.bundle(bundled) { entries.append($0) }
            for number in 0..<next(20) + 2 {
                let path = "\(Self.folders[next(Self.folders.count)])/n\(number)"
                switch next(5) {
                case 0: entries.append(tree.add(path, .symlink, mode: 0o777) { $0.linkTarget = Array("../x".utf8) })
                case 1:
                    try tree.file(path, noise(8192, seed: 77), chunk: 4096) {
                        $0.linkGroup = 5
                        entries.append($0)
                    }
                case 2:
                    try tree.file(path, noise(4096, seed: seed), holes: [.init(offset: 4096, length: 8192)]) { entries.append($0) }
                case 3: entries.append(tree.add(path, .file))
                default: try tree.file(path, noise(1 + 37 * next(250), seed: UInt64(number)), chunk: 1000) { entries.append($0) }
                }
            }
        }
        return (root, entries.sorted(by: Entry.precedes))
    }

    private func restore(_ reader: BlobReader, _ root: Digest, _ range: RestoreRange, to path: String) throws -> RestoreResult {
        var options = RestoreOptions(target: RawName(path))
        options.range = range
        return try Restorer(reader: reader, root: root, options: options).restore()
    }

    private func compare(_ reader: BlobReader, _ root: Digest, _ folder: TemporaryFolder, _ range: RestoreRange = RestoreRange()) throws
        -> (result: SnapshotComparison.Result, details: [Failure])
    {
        let comparison = try SnapshotComparison(
            reader: reader, root: root, folder: .open(RawName(folder.path), O_RDONLY | O_DIRECTORY), as: .restored)
        return (try comparison.compare(range), comparison.details)
    }

    @Test("ranges that follow each other restore everything once, each with the folders above", arguments: 1...25 as ClosedRange<UInt64>)
    func union(seed: UInt64) throws {
        let repository = try SampleRepository()
        let (root, entries) = try sample(repository, seed: seed)
        let reader = try repository.open()
        let tree = TreeReader(source: reader, root: root)
        let total = entries.reduce(0) { $0 + $1.size }
        #expect(try tree.totals().bytes == total)
        let budget = 1 + total / (1 + seed % 7)
        var range = RestoreRange(budget: budget)
        var reached: [[UInt8]] = []
        for _ in 0...entries.count {
            let target = TemporaryFolder()
            let result = try restore(reader, root, range, to: target.path)
            #expect(result.exitStatus == .done, "\(result.problems + result.lost)")
            let keys = entries.map(\.key).filter { key in !key.precedes(range.from) && result.next.map { key.precedes($0) } ?? true }
            #expect(result.rangeBytes == entries.filter { keys.contains($0.key) }.reduce(0) { $0 + $1.size })
            reached += keys
            // Just these, and the folders above them.
            let above = Set(keys.flatMap { key in key.indices.filter { key[$0] == 0 }.map { Array(key[..<$0]) } })
            for entry in entries {
                let path = String(decoding: entry.path.dropFirst(), as: UTF8.self)
                #expect((target.status(path) != nil) == (keys.contains(entry.key) || above.contains(entry.key)), "seed \(seed): \(path)")
                if above.contains(entry.key) { #expect(target.status(path)!.mode & 0o7777 == entry.mode) }
            }
            let (compared, details) = try compare(reader, root, target, RestoreRange(from: range.from, upTo: result.next))
            #expect(compared.differing == 0 && compared.compared == keys.count, "\(details)")
            guard let next = result.next else { break }
            #expect(result.rangeBytes >= budget)
            #expect(try tree.bytes(before: next) == entries.filter { $0.key.precedes(next) }.reduce(0) { $0 + $1.size })
            range.from = next
        }
        #expect(reached == entries.map(\.key), "seed \(seed)")
    }

    @Test("a range may begin at a key that is not there, and below a chosen path", arguments: 1...25 as ClosedRange<UInt64>)
    func anyKey(seed: UInt64) throws {
        let repository = try SampleRepository()
        let (root, entries) = try sample(repository, seed: seed)
        let tree = TreeReader(source: try repository.open(), root: root)
        for from in [[], [0x61], Array("a\0b\0c\0zz".utf8), Array("a\0b\0c\0n1".utf8), Array("dd".utf8), Array("zz".utf8), Array("a\0b".utf8) + [1]] {
            for prefix in [[], Array("a".utf8), Array("a\0b".utf8), Array("f".utf8), Array("nowhere".utf8)] {
                let expected = entries.map(\.key).filter { $0.isWithin(prefix) && !$0.precedes(from) }
                var found: [[UInt8]] = []
                var stream = try tree.entries(under: prefix, from: from)
                while let entry = try stream.next() { found.append(entry.key) }
                #expect(found == expected, "seed \(seed)")
                #expect(try tree.firstKey(under: prefix, from: from) == expected.first)
            }
            #expect(try tree.bytes(before: from) == entries.filter { $0.key.precedes(from) }.reduce(0) { $0 + $1.size })
        }
    }

    @Test("strip and a range together put the part of a path straight into the target")
    func strip() throws {
        let repository = try SampleRepository()
        let root = try repository.snapshot { tree in
            for folder in ["srv", "srv/dpi", "srv/dpi/x", "srv/dpi/y"] { tree.folder(folder) }
            for name in ["x/1", "x/2", "y/1", "y/2"] { try tree.file("srv/dpi/" + name, Array(name.utf8)) }
        }
        let target = TemporaryFolder()
        var options = RestoreOptions(target: RawName(target.path))
        (options.paths, options.strip) = ([Entry.key(path: Array("/srv/dpi".utf8))], true)
        options.range = RestoreRange(from: Entry.key(path: Array("/srv/dpi/x/2".utf8)), budget: 4)
        let result = try Restorer(reader: repository.open(), root: root, options: options).restore()
        #expect(target.read("x/2") == Array("x/2".utf8) && target.read("y/1") == Array("y/1".utf8))
        #expect(target.status("x/1") == nil && target.status("y/2") == nil && target.status("srv") == nil)
        #expect(result.next == Entry.key(path: Array("/srv/dpi/y/2".utf8)))
    }

    // MARK: comparisons

    private func whole() throws -> (BlobReader, Digest, TemporaryFolder) {
        let repository = try SampleRepository()
        let root = try repository.snapshot { tree in
            tree.folder("d", mode: 0o700)
            try tree.file("d/long", noise(20_000), chunk: 4096)
            try tree.file("d/sparse", noise(4096), holes: [.init(offset: 4096, length: 1 << 20)])
            tree.bundle([("d/small", Array("small".utf8)), ("d/other", Array("other".utf8))])
            tree.add("d/inline", .file) { ($0.size, $0.content) = (2, .inline([7, 8])) }
            tree.add("d/link", .symlink, mode: 0o777) { $0.linkTarget = Array("small".utf8) }
            tree.add("d/tagged", .file) { $0.xattrs = [.init(name: Array("user.note".utf8), value: [1])] }
            for path in ["d/one", "d/two"] { try tree.file(path, [9]) { $0.linkGroup = 1 } }
        }
        let target = TemporaryFolder()
        _ = try RestoreTests.restore(repository, root, to: target)
        return (try repository.open(), root, target)
    }

    /// Keeps the time of the file, as silent corruption does.
    private func change(_ target: TemporaryFolder, _ name: String, _ body: (String) throws -> Void) rethrows {
        let status = target.status(name)!
        try body(target.at(name))
        var times = (
            timespec(tv_sec: Int(status.mtime_sec), tv_nsec: Int(status.mtime_nsec)),
            timespec(tv_sec: Int(status.mtime_sec), tv_nsec: Int(status.mtime_nsec))
        )
        _ = withUnsafeBytes(of: &times) { utimensat(AT_FDCWD, target.at(name), $0.bindMemory(to: timespec.self).baseAddress, AT_SYMLINK_NOFOLLOW) }
    }

    private func overwrite(_ path: String, at offset: Int, _ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try File.open(RawName(path), O_WRONLY).write($0, at: Int64(offset)) }
    }

    enum Harm: CaseIterable {
        case chunk, sparseData, hole, bundle, inline, size, time, mode, target, kind, missing, attribute, link
    }

    @Test("each difference of a restored file is found, and told by its path", arguments: Harm.allCases)
    func differences(harm: Harm) throws {
        let (reader, root, target) = try whole()
        #expect(try compare(reader, root, target).result.differing == 0)
        try change(target, "d") { _ in try self.harm(harm, target) }
        let (result, details) = try compare(reader, root, target)
        #expect(result.differing == 1 && details.count == 1, "\(details)")
        #expect(details.first?.object?.hasPrefix("/d/") == true && details.first?.exitStatus == .damaged)
    }

    private func harm(_ harm: Harm, _ target: TemporaryFolder) throws {
        switch harm {
        case .chunk: try change(target, "d/long") { try overwrite($0, at: 9000, [0]) }
        case .sparseData: try change(target, "d/sparse") { try overwrite($0, at: 100, [1, 2, 3]) }
        case .hole: try change(target, "d/sparse") { try overwrite($0, at: 500_000, [1]) }
        case .bundle: try change(target, "d/small") { try overwrite($0, at: 0, [0]) }
        case .inline: try change(target, "d/inline") { try overwrite($0, at: 1, [0]) }
        case .size: change(target, "d/long") { truncate($0, 19_000) }
        case .time: utimes(target.at("d/other"), nil)
        case .mode: chmod(target.at("d/other"), 0o666)
        case .target:
            change(target, "d/link") {
                unlink($0)
                symlink("other", $0)
            }
        case .kind:
            change(target, "d/other") {
                unlink($0)
                mkdir($0, 0o644)
            }
        case .missing: unlink(target.at("d/other"))
        case .attribute: clinux_lsetxattr(target.at("d/tagged"), "user.note", [2] as [UInt8], 1)
        case .link:
            try change(target, "d/two") {
                unlink($0)
                try Files.create($0, [9], mode: 0o644)
            }
        }
    }

    @Test("what may not be set is counted, not called a difference")
    func lacking() throws {
        let repository = try SampleRepository()
        let root = try repository.snapshot { tree in
            tree.add("theirs", .file, mode: 0o4755) { ($0.uid, $0.gid) = (12_345, 12_345) }
            tree.add("device", .blockDevice) { ($0.major, $0.minor) = (8, 1) }
        }
        let target = TemporaryFolder()
        try target.write("theirs", [])
        chmod(target.at("theirs"), 0o755)
        var times = (timespec(tv_sec: Int(SampleTree.time.seconds), tv_nsec: Int(SampleTree.time.nanoseconds)), timespec())
        times.1 = times.0
        _ = withUnsafeBytes(of: &times) { utimensat(AT_FDCWD, target.at("theirs"), $0.bindMemory(to: timespec.self).baseAddress, 0) }
        let none = Rights(givesAway: false, makesDevices: false, setsSystemAttributes: false)
        func compare(_ rights: Rights) throws -> SnapshotComparison.Result {
            try SnapshotComparison(
                reader: repository.open(), root: root, folder: .open(RawName(target.path), O_RDONLY | O_DIRECTORY), as: .restored, rights: rights
            ).compare()
        }
        let result = try compare(none)
        #expect(result.differing == 0 && result.lacking.owners == 1 && result.lacking.modes == 1 && result.lacking.devices == 1)
        let all = try compare(Rights(givesAway: true, makesDevices: true, setsSystemAttributes: true))
        #expect(all.differing == 2 && all.lacking.isEmpty)
    }

    // MARK: the scratch folder

    @Test("what a test left is wiped by the next, what is in use or somebody else's stays, and no link is followed")
    func leftovers() throws {
        let place = TemporaryFolder()
        let outside = TemporaryFolder()
        try outside.write("precious", [1])
        var first: ScratchFolder? = try ScratchFolder(in: place.at("scratch"))
        let left = first!.path
        #expect(try Files.mode(left) & 0o777 == 0o700)
        #expect(try Files.mode(place.at("scratch")) & 0o777 == 0o711)
        mkdir(left + "/files", 0o755)
        mkdir(left + "/files/closed", 0)
        symlink(outside.path, left + "/files/way out")
        symlink(outside.path, place.at("scratch") + "/test-" + String(repeating: "a", count: 32))
        place.folder("scratch/test-short")
        let second = try ScratchFolder(in: place.at("scratch"))
        #expect(second.leftovers == 0 && access(left, F_OK) == 0)
        // As by kill -9: the lock goes, the folder stays.
        first = nil
        let third = try ScratchFolder(in: place.at("scratch"))
        #expect(third.leftovers == 1 && access(left, F_OK) != 0)
        #expect(outside.read("precious") == [1])
        try second.wipe()
        try third.wipe()
        #expect(try Files.names(place.at("scratch")) == ["test-" + String(repeating: "a", count: 32), "test-short"])
    }
}
