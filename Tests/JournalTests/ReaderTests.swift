import Base
import Glibc
import Journal
import Keys
import TestSupport
import Testing

/// The verifiers of docs/tools share no code with the program and say what it says.
@Suite struct ReaderTests {
    private static let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
    private static let python = [root + "/.venv-tests/bin/python", "python3"].first { $0 == "python3" || access($0, X_OK) == 0 }!

    /// Whether Python has a `cryptography` with ML-DSA.
    static let hasPython: Bool = {
        (try? run([python, "-c", "import cryptography.hazmat.primitives.asymmetric.mldsa"]).status) == 0
    }()

    private static func run(_ words: [String]) throws -> (status: Int32, output: String) {
        let child = try ChildProcess(words, capturesOutput: true, capturesErrors: true)
        var output: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try room.withUnsafeMutableBytes { try child.output!.read(into: $0) }
            if count == 0 { break }
            output += room[..<count]
        }
        return (child.wait(), String(decoding: output, as: UTF8.self))
    }

    private func writeKeys(_ path: String) throws {
        try Files.makeFolder(path)
        for key in [TestKeys.node, TestKeys.other] { try Files.replace("\(path)/\(key.id.hex).pub", key.verifying.bytes) }
    }

    private func store(_ source: MemoryLedgerSource, _ path: String) throws {
        for (chain, objects) in source.objects {
            try Files.makeFolder("\(path)/\(chain.hex)")
            for (name, bytes) in objects {
                try File.open(RawName("\(path)/\(chain.hex)/\(name)"), O_WRONLY | O_CREAT | O_TRUNC).write(bytes)
            }
        }
    }

    /// What a verifier found, in one form: kind, segment, entry, count.
    private func shape(_ findings: [LedgerFinding]) -> [String] {
        findings.map {
            "\($0.kind.rawValue) \($0.segment.map { "\($0)" } ?? "-") \($0.entry.map { "\($0)" } ?? "-") \($0.count.map { "\($0)" } ?? "-")"
        }
        .sorted()
    }

    private static let lines = """
        import json, sys
        for line in sys.stdin:
            report = json.loads(line)
            text = lambda value: "-" if value is None else str(value)
            print(report["ledger"], "|".join(sorted(" ".join([each["kind"], text(each["segment"]), text(each["entry"]), text(each["count"])])
                  for each in report["found"])), ",".join(report["heads"]), sep="\\t")
        """

    /// Good ledgers, each kind of wrong ones, and random changes: the same findings, at the same places.
    @Test(.enabled(if: hasPython)) func theReaderInPythonFindsTheSame() throws {
        let folder = try TemporaryFolder()
        try writeKeys(folder.path + "/keys")
        var sources: [MemoryLedgerSource] = []
        let (good, chain, head) = TamperTests.good
        let (erased, erasedHead) = try ErasureTests.erased()
        let operations = try SampleLedger(.operations)
        try operations.fill(segments: 2, of: 3, open: 1)
        try operations.another(key: TestKeys.other).append(SampleLedger.event(7, .operations))
        let followed = try MemoryLedgerSource(copying: operations.source)
        sources += [good, erased, followed]
        for name in good.objects[chain]!.keys.sorted() {
            var changed = good
            changed.objects[chain]![name] = nil
            sources.append(changed)
        }
        for (source, rounds) in [(good, 150), (erased, 120), (followed, 60)] {
            for seed in 0..<rounds {
                var random = SeededGenerator(UInt64(seed))
                var mutation = Mutation(seed: UInt64(1_000 + seed))
                var changed = source
                let chain = random.pick(source.objects.keys.sorted())
                let name = random.pick(source.objects[chain]!.keys.sorted())
                if random.chance(8) {
                    let other = random.pick(source.objects[chain]!.keys.sorted())
                    changed.objects[chain]![name] = source.objects[chain]![other]
                } else {
                    changed.objects[chain]![name] = mutation.apply(source.objects[chain]![name]!)
                }
                sources.append(changed)
            }
        }
        var expected: [String] = []
        for (number, source) in sources.enumerated() {
            let path = folder.path + "/\(number)"
            try Files.makeFolder(path)
            try store(source, path)
            let report = try LedgerVerification.sample([head, erasedHead].filter { source.objects[$0.chain] != nil }).run(FolderLedgerSource(path))
            let heads = report.chains.compactMap(\.head?.text).joined(separator: ",")
            expected.append([path, shape(report.all).joined(separator: "|"), heads].joined(separator: "\t"))
        }
        let words = [Self.python, Self.root + "/docs/tools/journal_verify.py", "--keys", folder.path + "/keys", "--json"]
        // Heads of other chains would be missing chains: one run for those of each.
        var found: [String: String] = [:]
        for remembered in [head, erasedHead, nil] {
            let paths = sources.indices.filter { number in
                let chains = sources[number].objects.keys
                return remembered.map { chains.contains($0.chain) } ?? !chains.contains { $0 == head.chain || $0 == erasedHead.chain }
            }
            let run = words + (remembered.map { ["--head", $0.text] } ?? []) + paths.map { folder.path + "/\($0)" }
            let shell = run.map { "'\($0)'" }.joined(separator: " ") + " | \(Self.python) -c '\(Self.lines)'"
            for line in try Self.run(["sh", "-c", shell]).output.split(separator: "\n") {
                found[String(line.split(separator: "\t", omittingEmptySubsequences: false)[0])] = String(line)
            }
        }
        #expect(found.count == sources.count)
        for (number, line) in expected.enumerated() { #expect(found[folder.path + "/\(number)"] == line) }
        #expect(Set(expected.map { $0.split(separator: "\t", omittingEmptySubsequences: false)[1] }).count > 40)
    }

    @Test(.enabled(if: hasPython)) func theReaderInPythonShowsTheSameLines() throws {
        let ledger = try SampleLedger()
        var random = SeededGenerator(5)
        for _ in 0..<300 { try ledger.writer.append(random.event(.accesses)) }
        let export = ledger.folder.path + "/export"
        let result = try JournalExport(ledger.ledgers, tenant: ledger.tenant, keys: [TestKeys.node.verifying]).write(to: export, ledgers: [.accesses])
        #expect(result.entries == 300)
        let shell = """
            \(Self.python) \(Self.root)/docs/tools/journal_verify.py --keys \(export)/keys --entries \(export)/accesses 2>/dev/null > \(export)/lines \
            && \(Self.python) -c 'import json, sys
            a, b = ([json.loads(line) for line in open(name)] for name in sys.argv[1:])
            sys.exit(0 if a == b and len(a) == 300 else 1)' \(export)/lines \(export)/accesses.jsonl
            """
        #expect(try Self.run(["sh", "-c", shell]).status == 0)
    }

    @Test(.enabled(if: hasPython)) func theReaderInPythonComparesWithACopy() throws {
        let folder = try TemporaryFolder()
        try writeKeys(folder.path + "/keys")
        let (good, chain, _) = TamperTests.good
        var shorter = good
        for name in ["open", "0000000004", "0000000003"] { shorter.objects[chain]![name] = nil }
        for (name, source) in [("long", good), ("short", shorter)] {
            try Files.makeFolder(folder.path + "/" + name)
            try store(source, folder.path + "/" + name)
        }
        func verify(_ ledger: String, _ copy: String) throws -> (status: Int32, output: String) {
            try Self.run([
                Self.python, Self.root + "/docs/tools/journal_verify.py", "--keys", folder.path + "/keys", "--copy", "\(folder.path)/\(copy)",
                "\(folder.path)/\(ledger)",
            ])
        }
        let behind = try verify("long", "short")
        #expect(behind.status == 0 && behind.output.contains("copy-behind segment 3, count 2"))
        let truncated = try verify("short", "long")
        #expect(truncated.status == 4 && truncated.output.contains("truncated-chain segment 3, entry 18, count 12"))
    }

    @Test(.enabled(if: hasPython), arguments: Ledger.allCases) func theFrozenJournalVerifiesElsewhere(_ ledger: Ledger) throws {
        let vectors = #filePath.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/Vectors/v1"
        let tools = Self.root + "/docs/tools/"
        let heads = String(decoding: try #require(try Files.read(vectors + "/heads")), as: UTF8.self).split(separator: "\n")
        let own = heads.filter { access("\(vectors)/\(ledger.word)/\($0.prefix(32))", R_OK) == 0 }.flatMap { ["--head", String($0)] }
        #expect(own.count == 4)
        let ledger = "\(vectors)/\(ledger.word)"
        let python = try Self.run([Self.python, tools + "journal_verify.py", "--keys", vectors + "/keys"] + own + [ledger])
        #expect(python.status == 0, "\(python.output)")
        let shell = try Self.run(["sh", tools + "journal-verify.sh", vectors + "/keys", ledger])
        #expect(shell.status == 0, "\(shell.output)")
    }

    // MARK: openssl and sha256sum

    @Test func theShellScriptFindsWhatIsSigned() throws {
        let folder = try TemporaryFolder()
        try writeKeys(folder.path + "/keys")
        let (good, chain, _) = TamperTests.good
        let operations = try SampleLedger(.operations)
        try operations.fill(segments: 2, of: 3, open: 1)
        func verify(_ source: MemoryLedgerSource, _ keys: String = "keys") throws -> (status: Int32, output: String) {
            let path = folder.path + "/ledger"
            try TemporaryFolder.remove(RawName(path))
            try Files.makeFolder(path)
            try store(source, path)
            return try Self.run(["sh", Self.root + "/docs/tools/journal-verify.sh", folder.path + "/" + keys, path])
        }
        for source in [good, try ErasureTests.erased().source, try MemoryLedgerSource(copying: operations.source)] {
            let (status, output) = try verify(source)
            #expect(status == 0, "\(output)")
        }
        #expect(try verify(good).output.contains("5 closed segments, 0 of them erased, 30 entries"))
        try Files.makeFolder(folder.path + "/none")
        #expect(try verify(good, "none").status == 4)
        var changes: [(inout [String: [UInt8]]) -> Void] = [
            { $0["0000000001"] = nil }, { $0["0000000000"] = nil }, { $0["0000000001"] = $0["0000000002"] },
            { $0["0000000001.1"] = $0["0000000001"] }, { $0["0000000001"]!.insert(0, at: 300) }, { $0["0000000001"]!.removeLast() },
            { ($0["0000000001"], $0["0000000002"]) = ($0["0000000002"], $0["0000000001"]) },
        ]
        var random = SeededGenerator(9)
        let bytes = good.objects[chain]!["0000000002"]!
        // Anywhere but in the last eight bytes, which only tell a crash.
        for _ in 0..<12 {
            let at = random.below(bytes.count - 8)
            changes.append { $0["0000000002"]![at] ^= 1 }
        }
        for (number, change) in changes.enumerated() {
            var changed = good
            change(&changed.objects[chain]!)
            let (status, output) = try verify(changed)
            #expect(status == 4 && output.contains("WRONG"), "\(number): \(output)")
        }
    }
}
