import Base
import TestSupport
import Testing

@testable import Repository

@Suite struct IndexRunTests {
    private let folder: FastFolder

    init() throws { folder = try FastFolder() }

    private func run(_ rows: [IndexRow]) throws -> IndexRun { try IndexRun.write(rows.sorted(), to: folder.path + "/run") }

    private func found(_ id: Digest, in run: IndexRun) -> [IndexRow] {
        var rows: [IndexRow] = []
        _ = run.find(id) {
            rows.append($0)
            return false
        }
        return rows
    }

    private func row(_ id: Digest, _ pack: UInt32 = 0) -> IndexRow { IndexRow(id: id, pack: pack, offset: pack * 10, length: 24) }

    private static let last = Digest(a: .max, b: .max, c: .max, d: .max)

    enum Spread: CaseIterable {
        case uniform, sameBeginning, fewBeginnings, low, high, ends, equal

        func ids(_ count: Int, _ random: inout SeededGenerator) -> [Digest] {
            (0..<count).map { number in
                switch self {
                case .uniform: random.digest()
                case .sameBeginning: Digest(a: 0x8000_0000_0000_0001, b: random.next(), c: 0, d: 0)
                case .fewBeginnings: Digest(a: UInt64(random.below(3)) << 62, b: random.next(), c: 0, d: 0)
                case .low: Digest(a: 0, b: 0, c: 0, d: UInt64(number))
                case .high: Digest(a: .max, b: .max, c: .max, d: .max - UInt64(number))
                case .ends: number % 2 == 0 ? Digest(a: 0, b: random.next(), c: 0, d: 0) : Digest(a: .max, b: random.next(), c: 0, d: 0)
                case .equal: Digest(a: 5, b: 5, c: 5, d: 5)
                }
            }
        }
    }

    @Test(arguments: Spread.allCases, [0, 1, 2, 3, 17, 500])
    func `each id is found with all its packs, and no other`(_ spread: Spread, _ count: Int) throws {
        var random = SeededGenerator(UInt64(count) + 1)
        let ids = spread.ids(count, &random)
        let rows = ids.enumerated().map { row($1, UInt32($0)) } + (count > 1 ? [row(ids[0], 9_000), row(ids[count - 1], 9_001)] : [])
        let run = try run(rows)
        #expect(run.count == rows.count)
        let expected = Dictionary(grouping: rows, by: \.id)
        for (id, rows) in expected { #expect(found(id, in: run) == rows.sorted()) }
        // Neighbours of what is there, the ends, and ids anywhere.
        let near = ids.flatMap {
            [Digest(a: $0.leading, b: 0, c: 0, d: 1), Digest(a: $0.leading &+ 1, b: 0, c: 0, d: 0), Digest(a: $0.leading &- 1, b: 0, c: 0, d: 0)]
        }
        for id in near + [.zero, Self.last] + (0..<50).map({ _ in random.digest() }) {
            #expect(found(id, in: run) == (expected[id] ?? []).sorted(), "seed \(count + 1)")
        }
    }

    @Test func `the first and the last of all ids are found`() throws {
        let run = try run([row(.zero, 1), row(.zero, 2), row(Self.last, 1), row(Self.last, 2)])
        #expect(found(.zero, in: run).map(\.pack) == [1, 2])
        #expect(found(Self.last, in: run).map(\.pack) == [1, 2])
        #expect(found(Digest(a: 1, b: 0, c: 0, d: 0), in: run).isEmpty)
    }

    @Test func `a hundred thousand ids are found, and as many others are not`() throws {
        var random = SeededGenerator(8)
        let rows = IndexSegment(domain: .zero, packs: [], rows: (0..<100_000).map { row(random.digest(), UInt32($0)) }).rows
        let run = try IndexRun.write(rows, to: folder.path + "/run")
        var wrong = 0
        for number in rows.indices {
            if !run.find(rows[number].id, { $0 == rows[number] }) { wrong += 1 }
            if run.find(random.digest(), { _ in true }) { wrong += 1 }
        }
        #expect(wrong == 0)
    }

    @Test func `asking stops at the first row that is wanted`() throws {
        let run = try run((0..<5).map { row(.zero, $0) })
        var asked = 0
        let isFound = run.find(.zero) {
            asked += 1
            return $0.pack == 2
        }
        #expect(isFound && asked == 3)
    }

    @Test func `a changed byte anywhere, a cut or more bytes are damage`() throws {
        var random = SeededGenerator(4)
        let path = folder.path + "/run"
        _ = try run((0..<7).map { row(random.digest(), $0) })
        let bytes = try Files.read(path)!
        func kind(_ changed: [UInt8]) throws -> Failure.Kind? {
            try Files.replace(path, changed)
            return try failureKind { _ = try IndexRun(path) }
        }
        // The eight bytes that say nothing are not looked at.
        for at in bytes.indices where !(24..<32).contains(at) {
            var changed = bytes
            changed[at] ^= 1 << UInt8(at % 8)
            // The highest bits of the count are lost in a product; the count that is used is the file's.
            #expect(try kind(changed) == (at == 15 ? nil : .damaged), "byte \(at)")
        }
        for count in [0, 1, 31, 32, 33, bytes.count - 44, bytes.count - 1] { #expect(try kind(Array(bytes[..<count])) == .damaged, "\(count) bytes") }
        #expect(try kind(bytes + [0]) == .damaged)
        #expect(try kind(bytes) == nil)
    }
}
