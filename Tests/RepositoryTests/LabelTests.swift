import Base
import Keys
import TestSupport
import Testing

@testable import Repository

@Suite struct LabelTests {
    private func labels(source: String = "s", command: [String] = [], excludes: [String] = [], paths: [[UInt8]] = [], program: String = "p")
        -> Manifest.Labels
    {
        Manifest.Labels(source: source, node: "n", paths: paths, command: command, excludes: excludes, program: program)
    }

    @Test(arguments: RecordTests.seeds)
    func `labels are whole steps of a kilobyte, whatever they say`(_ seed: UInt64) throws {
        // I13
        var random = SeededGenerator(seed)
        let value = RandomRecords.labels(&random)
        let bytes = value.encoded
        #expect(bytes.count % 1024 == 0 && bytes.count >= 1024)
        #expect(try Manifest.Labels(decoding: bytes) == value, "seed \(seed)")
        // Only the last step is padding.
        #expect(try failureKind { _ = try Manifest.Labels(decoding: Array(bytes.dropLast(1024))) } == .damaged)
    }

    @Test func `a manifest is as long for a long name as for a short one`() throws {
        let run = try tenant.runKey()
        var random = SeededGenerator(1)
        let outline = RandomRecords.outline(&random)
        let lengths = try (1...40).map { count in
            try Manifest(
                snapshot: .zero, descriptor: 0, outline: outline, labels: labels(source: String(repeating: "x", count: count * 6)), run: run
            ).body.count
        }
        #expect(Set(lengths).count == 1)
    }

    /// The limits of the format hold for writers too: what a reader refuses must not be signed.
    @Test(arguments: [
        ("a path of 65,537 bytes", 0), ("a pattern of 65,537 bytes", 1), ("an argument of 65,537 bytes", 2), ("4097 arguments", 3),
        ("65,537 patterns", 4), ("a program's name of 257 bytes", 5),
    ])
    func `labels that no reader takes are not written`(_ what: String, _ number: Int) throws {
        let long = String(repeating: "x", count: 65_537)
        let value = [
            labels(paths: [Array(long.utf8)]), labels(excludes: [long]), labels(command: [long]), labels(command: Array(repeating: "x", count: 4097)),
            labels(excludes: Array(repeating: "", count: 65_537)), labels(program: String(repeating: "x", count: 257)),
        ][number]
        var random = SeededGenerator(2)
        let outline = RandomRecords.outline(&random)
        let manifest: Manifest
        do { manifest = try Manifest(snapshot: .zero, descriptor: 0, outline: outline, labels: value, run: tenant.runKey()) } catch let failure
            as Failure
        {
            #expect(failure.kind == .usage)
            return
        }
        let kind = try failureKind { _ = try manifest.labels(tenant.restoreKeys) }
        #expect(kind == nil, "\(what) was written, and cannot be read")
    }

    @Test func `labels at the limits are written and read`() throws {
        let long = String(repeating: "x", count: 65_536)
        let value = Manifest.Labels(
            source: String(repeating: "s", count: 256), node: String(repeating: "n", count: 256), paths: [Array(long.utf8), []],
            command: [long] + Array(repeating: "", count: 4095), excludes: [long], program: String(repeating: "p", count: 256))
        var random = SeededGenerator(2)
        let manifest = try Manifest(snapshot: .zero, descriptor: 0, outline: RandomRecords.outline(&random), labels: value, run: tenant.runKey())
        #expect(try manifest.labels(tenant.restoreKeys) == value)
    }
}
