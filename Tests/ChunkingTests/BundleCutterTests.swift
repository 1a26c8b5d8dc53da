import Base
import Testing

@testable import Chunking

@Suite struct BundleCutterTests {
    private struct SmallFile: Hashable {
        let length: Int
        let hash: ShortID
    }

    private func files(_ count: Int, upTo most: Int, seed: UInt64) -> [SmallFile] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { index in
            SmallFile(
                length: Int(generator.next() % UInt64(most + 1)), hash: ShortID(SeededGenerator.bytes(16, seed: seed << 32 + UInt64(index)))!)
        }
    }

    private func bundles(_ files: [SmallFile], key: UInt8 = 1) -> [[SmallFile]] {
        var cutter = BundleCutter(key: [UInt8](repeating: key, count: 16))
        var bundles: [[SmallFile]] = [[]]
        for file in files {
            bundles[bundles.count - 1].append(file)
            if cutter.add(length: file.length, contentHash: file.hash) { bundles.append([]) }
        }
        return bundles
    }

    private func bytes(_ bundle: [SmallFile]) -> Int { bundle.reduce(0) { $0 + $1.length } }

    @Test(arguments: [2_000, 20_000, 200_000])
    func bundlesHaveTheMeanAndKeepTheLimits(_ most: Int) {
        let files = files(300 << 20 / most, upTo: most, seed: 1)
        let bundles = bundles(files).dropLast()
        for bundle in bundles {
            #expect(bytes(bundle) >= BundleCutter.minimum)
            #expect(bytes(bundle.dropLast()) < BundleCutter.maximum)
        }
        let mean = bundles.reduce(0) { $0 + bytes($1) } / bundles.count
        #expect((900 << 10...1200 << 10).contains(mean))
    }

    @Test func edgesComeBackAfterAnInsertion() {
        let before = files(20_000, upTo: 8_000, seed: 2)
        for place in [0, 1, 777, 5_000] {
            let after = before[..<place] + files(3, upTo: 8_000, seed: 3) + before[place...]
            let known = Set(bundles(before))
            let new = bundles(Array(after))
            #expect(new.count > 60)
            #expect(new.filter { !known.contains($0) }.count <= 8)
            #expect(new.last == bundles(before).last)
        }
    }

    @Test func edgesDependOnTheKey() {
        let files = files(5_000, upTo: 8_000, seed: 4)
        #expect(bundles(files, key: 1) == bundles(files, key: 1))
        #expect(bundles(files, key: 1) != bundles(files, key: 2))
    }

    @Test func aFileAsLongAsTheDistanceAlwaysEndsItsBundle() {
        var cutter = BundleCutter(key: [UInt8](repeating: 9, count: 16))
        for index in 0..<50 as Range<UInt64> {
            let ends = cutter.add(length: BundleCutter.minimum, contentHash: ShortID(SeededGenerator.bytes(16, seed: index))!)
            #expect(ends)
        }
    }

    @Test func emptyFilesAreNeverEdges() {
        var cutter = BundleCutter(key: [UInt8](repeating: 9, count: 16), minimum: 0, mean: 100, maximum: 100)
        for index in 0..<1_000 as Range<UInt64> {
            let ends = cutter.add(length: 0, contentHash: ShortID(SeededGenerator.bytes(16, seed: index))!)
            #expect(!ends)
        }
        let ends = cutter.add(length: 100, contentHash: .zero)
        #expect(ends)
        #expect(cutter.total == 0)
    }

    @Test func edgesAreWhereTheyAlwaysWere() {
        // From a program in another language that follows the doc comment.
        let bundles = bundles(files(2_000, upTo: 8_000, seed: 5), key: 7)
        #expect(bundles.map(\.count) == [161, 440, 145, 226, 294, 266, 182, 226, 60])
    }
}
