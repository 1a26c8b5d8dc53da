import Base
import Sites
import TestSupport
import Testing

/// What a store says of itself is not believed: it is tried.
@Suite(.timeLimit(.minutes(2))) struct SiteProbeTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func bad(_ site: any Site) throws -> Set<SiteProbe.Check> {
        Set(try SiteProbe.run(site).outcomes.filter { $0.verdict == .bad }.map(\.check))
    }

    @Test(arguments: Store.unlocked)
    func goodStoresPassAndKeepNothingOfIt(_ store: Store) throws {
        let site = try store.make(folder)
        try site.create("packs/ab/x", [1])
        let probe = try SiteProbe.run(site)
        #expect(probe.isGood)
        #expect(Array(probe.outcomes.map(\.check).prefix(7)) == SiteProbe.Check.everywhere)
        #expect(probe.createSeconds >= 0 && probe.readSeconds >= 0 && probe.upload > 0 && probe.download > 0)
        #expect((probe.freeBytes == nil) == (store != .file))
        #expect(try site.keys("") == ["packs/ab/x"])
    }

    @Test func aStoreThatReplacesIsFoundOut() throws {
        #expect(try bad(LyingSite(.replaces)).isSuperset(of: [.createIfAbsent, .racingCreators]))
    }

    @Test func aStoreThatTakesTwoCreatorsIsFoundOut() throws {
        #expect(try bad(LyingSite(.acceptsSilently)).contains(.racingCreators))
    }

    @Test func aStoreWithStaleListsIsFoundOut() throws {
        #expect(try bad(LyingSite(.listsLate)).contains(.listAfterWrite))
    }

    @Test func aStoreWithStaleReadsIsFoundOut() throws {
        #expect(try bad(LyingSite(.readsZeros)).isSuperset(of: [.readAfterWrite, .rangedRead]))
    }

    @Test func aStoreThatIgnoresRangesIsFoundOut() throws {
        #expect(try bad(LyingSite(.readsFromTheStart)) == [.rangedRead])
    }

    @Test func aStoreThatInventsObjectsIsFoundOut() throws {
        #expect(try bad(LyingSite(.hasEverything)).contains(.missingIsTold))
    }

    @Test func aStoreThatDoesNotDeleteIsFoundOut() throws {
        #expect(try bad(LyingSite(.keepsEverything)) == [.delete])
    }

    @Test func aStoreThatDoesNotAnswerIsUnreachable() throws {
        let site = HookedSite(MemorySite(name: "dead")) { _ in throw Failure(.unreachable, .noSpace) }
        #expect(try failureKind { _ = try SiteProbe.run(site) } == .unreachable)
    }
}

/// A store that breaks one promise.
private final class LyingSite: Site {
    enum Lie: Sendable { case replaces, acceptsSilently, listsLate, readsZeros, readsFromTheStart, hasEverything, keepsEverything }

    let name = "liar"
    private let lie: Lie
    private let base = MemorySite(name: "base")

    init(_ lie: Lie) { self.lie = lie }

    func create(_ key: String, _ bytes: UnsafeRawBufferPointer) throws {
        switch lie {
        case .replaces:
            // Not in one step, as such stores do; somebody may be in between.
            while true {
                do { return try base.create(key, bytes) } catch let failure as Failure where failure.kind == .exists { try base.delete(key) }
            }
        case .acceptsSilently: do { try base.create(key, bytes) } catch let failure as Failure where failure.kind == .exists {}
        default: try base.create(key, bytes)
        }
    }

    func read(_ key: String, at offset: Int, into: UnsafeMutableRawBufferPointer) throws {
        switch lie {
        case .readsZeros: into.initializeMemory(as: UInt8.self, repeating: 0)
        case .readsFromTheStart: try base.read(key, at: 0, into: into)
        case .hasEverything: do { try base.read(key, at: offset, into: into) } catch {}
        default: try base.read(key, at: offset, into: into)
        }
    }

    func size(_ key: String) throws -> Int {
        do { return try base.size(key) } catch {
            guard lie == .hasEverything else { throw error }
            return 0
        }
    }

    func list(_ prefix: String, _ body: (ObjectInfo) throws -> Void) throws {
        if lie != .listsLate { try base.list(prefix, body) }
    }

    func delete(_ key: String) throws { if lie != .keepsEverything { try base.delete(key) } }

    func freeSpace() throws -> UInt64? { nil }
}
