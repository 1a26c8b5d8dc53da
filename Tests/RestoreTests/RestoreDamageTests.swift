import Base
import CLinux
import Foundation
import Keys
import Repository
import Testing

@testable import Restore

@Suite("Restoring from damaged copies")
struct RestoreDamageTests {
    private let a = noise(50_000, seed: 4)

    private func sample(sites: Int) throws -> (SampleRepository, Digest, chunks: [Digest], bundle: Digest) {
        let repository = try SampleRepository(sites: sites)
        var chunks: [Digest] = []
        var bundle = Digest.zero
        let root = try repository.snapshot(blobsPerPack: 4) { tree in
            chunks = try tree.file("a", a, chunk: 10_000)
            bundle = tree.bundle([("s1", Array("one".utf8)), ("s2", Array("two".utf8))])
            for path in ["l1", "l2"] { try tree.file(path, noise(9000, seed: 8), chunk: 4000) { $0.linkGroup = 1 } }
            try tree.file("z", noise(500, seed: 5))
        }
        return (repository, root, chunks, bundle)
    }

    @Test("another site heals a damaged chunk: done, and shown")
    func healed() throws {
        let (repository, root, chunks, bundle) = try sample(sites: 2)
        try repository.damage(0, blob: chunks[1])
        try repository.damage(0, blob: bundle)
        let target = TemporaryFolder()
        let result = try restore(repository, root, to: target)
        #expect(result.exitStatus == .done && result.lost.isEmpty)
        #expect(target.read("a") == a && target.read("s2") == Array("two".utf8))
        #expect(result.damage.count == 2 || result.damage.count == 1)
        #expect(result.damage.allSatisfy { $0.isHealed && $0.site == "site-0" && $0.healed > 0 })
    }

    @Test("a damaged header, a damaged directory, a missing pack: another site has it", arguments: 0..<3)
    func wholePack(_ how: Int) throws {
        let (repository, root, _, _) = try sample(sites: 2)
        switch how {
        case 0: try repository.damage(0, repository.packs) { _ in 3 }
        case 1: try repository.damage(0, repository.packs) { $0 - 40 }
        default: for pack in repository.packs { try repository.sites[0].delete(pack.key) }
        }
        let target = TemporaryFolder()
        let result = try restore(repository, root, to: target)
        #expect(result.exitStatus == .done && target.read("a") == a && !result.damage.isEmpty)
    }

    @Test("damage everywhere costs the files that need the chunk, and no others")
    func lost() throws {
        let (repository, root, chunks, bundle) = try sample(sites: 2)
        for site in 0..<2 {
            try repository.damage(site, blob: chunks[3])
            try repository.damage(site, blob: bundle)
        }
        let target = TemporaryFolder()
        let result = try restore(repository, root, to: target)
        #expect(result.exitStatus == .damaged && result.lostCount == 3)
        #expect(Set(result.lost.map(\.object)) == ["a", "s1", "s2"])
        #expect(target.names == ["l1", "l2", "z"])
        #expect(result.damage.contains { !$0.isHealed })
    }

    @Test("a file that was there before stays as it was when its content is lost")
    func keepsOld() throws {
        let (repository, root, chunks, bundle) = try sample(sites: 1)
        try repository.damage(0, blob: chunks[3])
        try repository.damage(0, blob: bundle)
        let target = TemporaryFolder()
        let old = noise(50_000, seed: 99)
        try target.write("a", old)
        try target.write("s1", [5])
        let result = try restore(repository, root, to: target)
        #expect(result.exitStatus == .damaged && target.read("a") == old && target.read("s1") == [5] && target.status("s2") == nil)
    }

    @Test("links to a lost file are listed with it")
    func links() throws {
        let repository = try SampleRepository()
        var chunks: [Digest] = []
        let root = try repository.snapshot { tree in
            for path in ["l1", "l2"] { chunks = try tree.file(path, noise(9000, seed: 8), chunk: 4000) { $0.linkGroup = 1 } }
        }
        try repository.damage(0, blob: chunks[1])
        let target = TemporaryFolder()
        let result = try restore(repository, root, to: target)
        #expect(result.exitStatus == .damaged && Set(result.lost.map(\.object)) == ["l1", "l2"] && target.names.isEmpty)
    }

    @Test("a site that goes away midway is replaced by the next")
    func siteLost() throws {
        let (repository, root, _, _) = try sample(sites: 2)
        let target = TemporaryFolder()
        let failing = CountingSite(repository.sites[0], left: 5)
        let result = try restore(repository, root, to: target, reader: repository.open([failing, repository.sites[1]]))
        #expect(result.exitStatus == .done && target.read("a") == a && result.absentSites.count == 1)
    }

    @Test("when the last site goes away the restore stops, and can go on later")
    func cutOff() throws {
        let repository = try SampleRepository()
        let root = try repository.snapshot(blobsPerPack: 2) { tree in try tree.file("a", a, chunk: 5000) }
        let target = TemporaryFolder()
        let failing = CountingSite(repository.sites[0], left: 9)
        #expect(kind { try restore(repository, root, to: target, reader: repository.open([failing])) { $0.threads = 1 } } == .unreachable)
        let result = try restore(repository, root, to: target)
        #expect(result.exitStatus == .done && target.read("a") == a)
    }

    @Test("a missing key is no damage")
    func key() throws {
        let (repository, root, _, _) = try sample(sites: 1)
        let domain = KeyRing(tenant: repository.tenant, domains: [repository.domain])
        let target = TemporaryFolder()
        #expect(kind { try restore(repository, root, to: target, reader: repository.open(keys: domain)) } == .key)
        let other = KeyBundle(tenantName: "t", epochs: [1: try SealingKey.generate()], domains: [.init(keys: repository.domain, name: "d")])
        let wrong = KeyRing(tenant: repository.tenant, bundle: other)
        #expect(kind { try restore(repository, root, to: target, reader: repository.open(keys: wrong)) } == .key)
    }

    @Test("a whole pack is checked against its name")
    func pack() throws {
        let (repository, _, chunks, _) = try sample(sites: 2)
        let reader = try repository.open()
        let location = reader.locate(chunks[0])!
        #expect(try reader.pack(location).count % (256 << 10) == 0)
        try repository.damage(0, [repository.place(chunks[0]).pack.key])
        #expect(kind { _ = try repository.open().pack(location) } == .damaged)
    }

    @Test("wrong bytes under the name, the right ones under a suffix")
    func suffix() throws {
        let (repository, root, _, _) = try sample(sites: 1)
        for pack in repository.packs {
            let bytes = try repository.sites[0].read(pack.key, limit: 1 << 28)
            try repository.damage(0, [pack]) { _ in 3 }
            try repository.sites[0].create(PackKey(digest: pack.digest, session: pack.session, attempt: 1).key, bytes)
        }
        let target = TemporaryFolder()
        #expect(try restore(repository, root, to: target).exitStatus == .done)
        #expect(target.read("a") == a)
    }
}

@Suite("Reading one file as a stream")
struct ContentStreamTests {
    @Test("inline, bundled, chunked and sparse content come in order", arguments: [1, 3])
    func stream(threads: Int) throws {
        let repository = try SampleRepository()
        let big = noise(400_000, seed: 6)
        var entries: [(Entry, [UInt8])] = []
        _ = try repository.snapshot(blobsPerPack: 7) { tree in
            try tree.file("big", big, chunk: 5000) { entries.append(($0, big)) }
            tree.bundle([("b", [1, 2, 3])]) { entries.append(($0, [1, 2, 3])) }
            let holes = [Entry.Hole(offset: 10, length: 100_000), Entry.Hole(offset: 100_020, length: 5)]
            let expected = Array(big[..<10]) + [UInt8](repeating: 0, count: 100_000) + big[10..<20] + [0, 0, 0, 0, 0]
            try tree.file("sparse", Array(big[..<20]), chunk: 6, holes: holes) { entries.append(($0, expected)) }
            entries.append((tree.add("empty", .file), []))
        }
        let folder = TemporaryFolder()
        for (entry, expected) in entries {
            let output = try File.open(RawName(folder.at("out")), O_RDWR | O_CREAT | O_TRUNC)
            let count = try ContentStream(reader: repository.open()).write(entry, to: output, threads: threads)
            #expect(count == expected.count && folder.read("out") == expected)
        }
    }

    @Test("a damaged chunk stops it with its name")
    func damaged() throws {
        let repository = try SampleRepository()
        var entry: Entry?
        var chunks: [Digest] = []
        _ = try repository.snapshot { tree in chunks = try tree.file("f", noise(50_000), chunk: 5000) { entry = $0 } }
        try repository.damage(0, blob: chunks[6])
        let folder = TemporaryFolder()
        let output = try File.open(RawName(folder.at("out")), O_RDWR | O_CREAT)
        #expect(kind { try ContentStream(reader: repository.open()).write(entry!, to: output) } == .damaged)
        #expect(folder.read("out")!.count == 30_000)
    }
}
