import Base
import Foundation
import Testing

@testable import Backup

@Suite struct ExcludePatternsTests {
    /// A path with a slash at its end is a folder. An entry is left out when it or a folder above it is.
    private static func leavesOut(_ patterns: ExcludePatterns, _ path: String) -> Bool {
        let isFolder = path.hasSuffix("/")
        let components = path.utf8.split(separator: UInt8(ascii: "/")).map(Array.init)
        return components.indices.contains { last in
            patterns.excludes(components: Array(components[...last]), isFolder: last < components.count - 1 || isFolder)
        }
    }

    @Test(
        arguments: [
            (["*.tmp"], ["a.tmp", "d/e/b.tmp", ".tmp"], ["tmp", "a.tmp.gz", "a_tmp"]),
            (["cache/"], ["cache/", "a/cache/", "cache/x"], ["cache", "a/cache", "caches/"]),
            (["/top"], ["top", "top/x"], ["a/top", "topper"]),
            (["a/b"], ["a/b", "a/b/c"], ["x/a/b", "a/bc", "a"]),
            (["a/b/"], ["a/b/", "a/b/c"], ["a/b"]),
            (["**/b"], ["b", "a/b", "x/y/b"], ["xb"]),
            (["a/**/b"], ["a/b", "a/x/b", "a/x/y/b"], ["b", "ab", "x/a/b"]),
            (["a/**"], ["a/x", "a/x/y"], ["a/", "a", "b"]),
            (["/**/x"], ["x", "a/b/x"], ["xx"]),
            (["**"], ["a", "a/b"], []),
            (["a/**/**/b"], ["a/b", "a/x/b"], ["a"]),
            (["**/a/**/b/**"], ["a/b/x", "q/a/r/s/b/x"], ["a/b/", "a/b"]),
            (["a/b**/c"], ["a/bx/c", "a/b/c"], ["a/bx/y/c"]),
            (["a*c"], ["ac", "abc", "abbc"], ["abd", "xabc"]),
            (["a*b*c"], ["abc", "axbxc", "abbcc"], ["acb"]),
            (["a?c"], ["abc", "a-c"], ["ac", "abbc"]),
            (["/a*/c"], ["a/c", "ab/c"], ["a/b/c"]),
            (["[a-cx]1"], ["a1", "b1", "x1"], ["d1", "-1"]),
            (["[!a-c]1"], ["d1", "-1"], ["a1", "1"]),
            (["[^a]"], ["b"], ["a"]),
            (["[]-]"], ["]", "-"], ["a"]),
            (["[a-]"], ["a", "-"], ["b"]),
            (["[\\]x]"], ["]", "x"], ["\\"]),
            (["[[:digit:]_]"], ["7", "_"], ["a", ":", "["]),
            (["[[:digit]"], ["[", ":", "d", "t"], ["7", "]"]),
            (["x[/]y", "x[/a]y"], ["xay"], ["x/y"]),
            (["\\*"], ["*"], ["a"]),
            (["\\!x"], ["!x"], ["x"]),
            (["\\#x"], ["#x"], ["x"]),
            (["a\\b"], ["ab"], ["a\\b"]),
            (["a  "], ["a"], ["a  "]),
            (["a\\ "], ["a "], ["a"]),
            (["*.log", "!keep.log"], ["a.log"], ["keep.log", "d/keep.log"]),
            (["!keep.log", "*.log"], ["keep.log"], []),
            (["d/", "!d/x"], ["d/x"], []),
            (["d/*", "!d/x"], ["d/y"], ["d/", "d/x"]),
            (["é"], ["é"], ["e\u{301}", "e"]),
            (["?"], ["e"], ["é"]),
            (["[é]x"], [], ["éx"]),
        ] as [([String], [String], [String])])
    func `patterns mean what gitignore says`(patterns: [String], out: [String], kept: [String]) throws {
        let compiled = try ExcludePatterns(patterns)
        for path in out { #expect(Self.leavesOut(compiled, path), "\(patterns) leaves out \(path)") }
        for path in kept { #expect(!Self.leavesOut(compiled, path), "\(patterns) keeps \(path)") }
    }

    @Test(arguments: [
        ("", "exclude.empty"), ("  ", "empty"), ("/", "empty"), ("!", "empty"), ("!/", "empty"),
        ("# note", "comment"), ("a//b", "two slashes"), ("//a", "two slashes"), ("a//", "two slashes"),
        ("a\\", "backslash"), ("[a", "not closed"), ("[]", "not closed"), ("[a-", "not closed"), ("[[:alpha:]", "not closed"),
        ("[[:letter:]]", "no such"), ("a\u{0}b", "zero byte"),
    ])
    func `a pattern that can never match is refused, with its reason`(pattern: String, reason: String) throws {
        let failure = try #require(throws: Failure.self) { try ExcludePatterns(["*.ok", pattern]) }
        #expect(failure.kind == .usage)
        #expect(failure.message.english.contains(reason.split(separator: ".").last!), "\(failure.message.english)")
        #expect(failure.object == printable(pattern.utf8))
    }

    @Test func `the source's own path and an empty list leave nothing out`() throws {
        #expect(try !ExcludePatterns(["*"]).excludes(components: [], isFolder: true))
        let none = try ExcludePatterns([])
        #expect(none.isEmpty)
        #expect(!none.excludes(components: [Array("a".utf8)], isFolder: false))
    }

    @Test func `names that are not UTF-8 are matched by their bytes`() throws {
        let patterns = try ExcludePatterns(["*.tmp", "a?b"])
        #expect(patterns.excludes(components: [[0xFF, 0xFE] + Array(".tmp".utf8)], isFolder: false))
        #expect(patterns.excludes(components: [[0x61, 0xE9, 0x62]], isFolder: false))
        #expect(!patterns.excludes(components: [[0xFF]], isFolder: false))
    }

    @Test func `75,000 names and five patterns take less than 50 ms`() throws {
        let patterns = try ExcludePatterns(["*.tmp", "cache/", "/var/**/spool", "[Tt]humbs.db", "!important.tmp"])
        let paths = (0..<75_000).map { number in
            ["var", "mail", "account-\(number % 100)", "new", "17\(number).M\(number)P1.host"].map { Array($0.utf8) }
        }
        var best = Double.infinity
        var excluded = 0
        // Of this thread alone, and the best of a few: the machine has other things to do.
        for _ in 0..<5 {
            let start = threadNanoseconds()
            for path in paths where patterns.excludes(components: path, isFolder: false) { excluded += 1 }
            best = min(best, Double(threadNanoseconds() - start) / 1e9)
        }
        #expect(excluded == 0)
        #expect(best < 0.05, "\(best) s")
    }

    /// Nanoseconds of processor time that this thread has had.
    private func threadNanoseconds() -> Int {
        var clock = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &clock)
        return clock.tv_sec * 1_000_000_000 + clock.tv_nsec
    }

    @Test func `a long run of stars does not take for ever`() throws {
        let patterns = try ExcludePatterns([String(repeating: "a*", count: 40) + "b", String(repeating: "**/a/", count: 20) + "b"])
        let start = monotonicSeconds()
        #expect(!patterns.excludes(components: [[UInt8](repeating: UInt8(ascii: "a"), count: 255)], isFolder: false))
        #expect(!patterns.excludes(components: Array(repeating: [UInt8(ascii: "a")], count: 500), isFolder: false))
        #expect(monotonicSeconds() - start < 1)
    }

    // MARK: Against git itself

    private static let git: String? = ["/usr/bin/git", "/usr/local/bin/git", "/bin/git"].first { FileManager.default.isExecutableFile(atPath: $0) }

    /// Runs git in `folder`, with no configuration but its defaults.
    private static func git(_ arguments: [String], in folder: URL, input: Data = Data()) throws -> (status: Int32, output: Data) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: git!)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.environment = ["HOME": folder.path, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C", "PATH": "/usr/bin:/bin"]
        let inputFile = folder.appendingPathComponent(".git-input")
        try input.write(to: inputFile)
        process.standardInput = try FileHandle(forReadingFrom: inputFile)
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, bytes)
    }

    @Test(.enabled(if: git != nil), arguments: 1...6 as ClosedRange<UInt64>)
    func `random patterns on random trees leave out what git ignores`(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("exclude-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try Self.git(["init", "-q"], in: folder).status == 0)

        // Few letters, so that patterns often match.
        let names = ["a", "b", "ab", "ba", "abc", "a.b", "a-b", "*", "a*", "[a]", "a ", "b c", "!a", "#a", "é", "a\\b", "?", "]"]
        var paths: Set<String> = []
        func grow(_ path: String, _ depth: Int) throws {
            for _ in 0..<Int.random(in: 2...5, using: &random) {
                let below = path + names.randomElement(using: &random)!
                guard !paths.contains(below), !paths.contains(below + "/") else { continue }
                if depth < 4, Bool.random(using: &random) {
                    paths.insert(below + "/")
                    try FileManager.default.createDirectory(atPath: folder.path + "/" + below, withIntermediateDirectories: false)
                    try grow(below + "/", depth + 1)
                } else {
                    paths.insert(below)
                    try Data().write(to: URL(fileURLWithPath: folder.path + "/" + below))
                }
            }
        }
        while paths.count < 60 { try grow("", 0) }
        let sorted = paths.sorted()
        let input = Data(sorted.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }.joined(separator: "\0").utf8)

        var ignoredInAll = 0
        for _ in 0..<40 {
            var patterns: [String] = []
            while patterns.count < Int.random(in: 1...6, using: &random) {
                let pattern = Self.pattern(using: &random)
                // Those that never match are refused by us and passed over by git.
                if (try? ExcludePatterns([pattern])) != nil { patterns.append(pattern) }
            }
            try Data((patterns.joined(separator: "\n") + "\n").utf8).write(to: folder.appendingPathComponent(".gitignore"))
            let (status, output) = try Self.git(["check-ignore", "-z", "--stdin"], in: folder, input: input)
            #expect(status == 0 || status == 1)
            let ignored = Set(output.split(separator: 0).map { String(decoding: $0, as: UTF8.self) })
            ignoredInAll += ignored.count

            let compiled = try ExcludePatterns(patterns)
            for path in sorted {
                let plain = path.hasSuffix("/") ? String(path.dropLast()) : path
                #expect(
                    Self.leavesOut(compiled, path) == ignored.contains(plain),
                    "\(patterns) and \(path): git \(ignored.contains(plain) ? "ignores" : "keeps") it")
            }
        }
        #expect(ignoredInAll > 100, "the patterns hardly ever matched")
    }

    /// `**` never beside other characters: there git and gitignore(5) differ (see `ExcludePatterns`).
    private static func pattern(using random: inout SplitMix) -> String {
        let pieces = [
            "a", "b", "c", "ab", "*", "*", "?", ".b", "-b", "[ab]", "[!a]", "[a-c]", "[]]", "[!]a]", "[[:alpha:]]", "[a\\]]", "\\*", "\\a", "\\?",
            "\\[", " ", "\\ ", "é", "\\!", "\\#", "#", "!", "[*]",
        ]
        var parts: [String] = []
        for _ in 0..<[1, 1, 1, 2, 2, 3].randomElement(using: &random)! {
            if Int.random(in: 0..<5, using: &random) == 0 {
                parts.append("**")
                continue
            }
            var part = ""
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let piece = pieces.randomElement(using: &random)!
                if piece == "*", part.hasSuffix("*"), !part.hasSuffix("\\*") { continue }
                part += piece
            }
            parts.append(part)
        }
        var text = parts.joined(separator: "/")
        if Int.random(in: 0..<4, using: &random) == 0 { text = "/" + text }
        if Int.random(in: 0..<4, using: &random) == 0 { text += "/" }
        if Int.random(in: 0..<4, using: &random) == 0 { text = "!" + text }
        return text
    }
}

/// Vigna's splitmix64: the same trees on every machine.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
