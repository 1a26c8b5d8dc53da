import Base
import Foundation
import Testing

@testable import Operations

/// A console whose two outputs are files to look into.
private final class Recording {
    let console: Console
    /// Stands still until a test moves it.
    let clock = Monitor(1000.0)
    private let folder: URL
    private let descriptors: [Int32]

    init(
        _ options: Console.Options = Console.Options(), isErrorsTerminal: Bool = false, isOutputTerminal: Bool = false, columns: Int = 80,
        output path: String? = nil
    ) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("console-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let paths = [path ?? folder.path + "/output", folder.path + "/errors"]
        descriptors = paths.map { open($0, O_WRONLY | O_CREAT | O_APPEND, 0o600) }
        var screen = Console.Screen(
            output: descriptors[0], errors: descriptors[1], isOutputTerminal: isOutputTerminal, isErrorsTerminal: isErrorsTerminal,
            columns: columns)
        let clock = clock
        screen.clock = { clock.look { $0 } }
        console = try Console(options, environment: ["LANG": "C"], screen: screen)
    }

    func wait(_ seconds: Double) { clock.change { $0 += seconds } }

    deinit {
        for descriptor in descriptors { close(descriptor) }
        try? FileManager.default.removeItem(at: folder)
    }

    var output: String { (try? String(contentsOf: folder.appendingPathComponent("output"), encoding: .utf8)) ?? "" }
    var errors: String { (try? String(contentsOf: folder.appendingPathComponent("errors"), encoding: .utf8)) ?? "" }
}

private func options(_ change: (inout Console.Options) -> Void) -> Console.Options {
    var options = Console.Options()
    change(&options)
    return options
}

@Suite struct ConsoleTests {
    // MARK: Language

    @Test(
        arguments: [
            (nil, [:], .english), (nil, ["LANG": "fr_FR.UTF-8"], .french), (nil, ["LANG": "fr"], .french), (nil, ["LANG": "C.UTF-8"], .english),
            (nil, ["LANG": "fr_FR.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"], .english),
            (nil, ["LANG": "en_GB.UTF-8", "LC_MESSAGES": "en_GB.UTF-8", "LC_ALL": "fr_CA"], .french),
            (nil, ["LANG": "fr_FR", "LC_ALL": ""], .french), ("en", ["LANG": "fr_FR"], .english), ("fr", [:], .french),
        ] as [(String?, [String: String], Language)])
    func `the language is that of the option, else of the locale`(option: String?, environment: [String: String], language: Language) throws {
        #expect(try Language(option: option, environment: environment) == language)
    }

    @Test func `another language is a usage error`() throws {
        let failure = try #require(throws: Failure.self) { try Language(option: "de", environment: [:]) }
        #expect(failure.exitStatus == .usage)
    }

    // MARK: Results and failures

    @Test func `results go to standard output, all else to standard error`() throws {
        let recording = try Recording()
        recording.console.print("a result")
        recording.console.note("good to know")
        #expect(recording.console.finish() == .done)
        #expect(recording.output == "a result\n")
        #expect(recording.errors == "good to know\n")
    }

    @Test func `quiet leaves results and errors`() throws {
        let recording = try Recording(options { $0.isQuiet = true })
        recording.console.print("a result")
        recording.console.note("good to know")
        recording.console.report(Failure(.partial, .noSpace, object: "/x"))
        #expect(recording.console.finish() == .partial)
        #expect(recording.output == "a result\n")
        #expect(recording.errors == "error: /x: no space left\n")
    }

    @Test func `many results are all written, in order`() throws {
        let recording = try Recording()
        for number in 0..<20_000 { recording.console.print("line \(number)") }
        #expect(recording.console.finish() == .done)
        #expect(recording.output == (0..<20_000).map { "line \($0)\n" }.joined())
    }

    @Test func `an error says what happened, to what, and what to do`() throws {
        let recording = try Recording(options { $0.language = "fr" })
        #expect(recording.console.finish(Failure(.key, .wrongPassphrase, object: "t", remedy: .runAgain)) == .key)
        #expect(recording.errors == "erreur : t: phrase secrète incorrecte\n  relancez la commande pour continuer\n")
        #expect(recording.output.isEmpty)
    }

    @Test(
        arguments: [
            ([], .done, .done), ([], .partial, .partial), ([.partial], .done, .partial), ([.failed, .partial], .done, .partial),
            ([.partial, .unreachable], .done, .unreachable), ([.unreachable, .refused, .partial], .done, .refused), ([.refused, .key], .done, .key),
            ([.key, .format], .done, .format), ([.format, .damaged, .key], .done, .damaged), ([.missing, .key], .partial, .damaged),
            ([.wrongPlace, .unreachable], .done, .refused), ([.noSpace], .done, .failed), ([.interrupted, .damaged], .done, .interrupted),
        ] as [([Failure.Kind], Base.ExitStatus, Base.ExitStatus)])
    func `several failures give one status`(kinds: [Failure.Kind], end: Base.ExitStatus, expected: Base.ExitStatus) throws {
        let failures = kinds.map { Failure($0, .noSpace) }
        let one = try Recording()
        for failure in failures { one.console.report(failure) }
        #expect(one.console.finish(end) == expected)
        let other = try Recording()
        other.console.report(Failures(failures.reversed()))
        #expect(other.console.finish(end) == expected)
        #expect(Failures(failures).exitStatus.combined(with: end) == expected)
    }

    @Test func `any error has a status`() throws {
        struct Strange: Error {}
        #expect(try Recording().console.finish(Strange()) == .failed)
        #expect(try Recording().console.finish(CancellationError()) == .interrupted)
        #expect(try Recording().console.finish(SystemError.last()) == .failed)
        #expect(try Recording().console.finish(Failures([])) == .done)
    }

    @Test func `results that cannot be written are a failure`() throws {
        let recording = try Recording(output: "/dev/full")
        recording.console.print("lost")
        #expect(recording.console.finish() == .failed)
        #expect(recording.errors.hasPrefix("error: the results cannot be written: "))
    }

    // MARK: JSON

    private struct Row: Encodable {
        let newBytes: Int
        let path: String
        let verified: Bool?
        let time: Timestamp
        let id: ShortID
    }

    @Test func `JSON is one line, with sorted keys in snake case`() throws {
        let recording = try Recording(options { $0.isJSON = true })
        let row = Row(newBytes: 5, path: "/a/é\"", verified: nil, time: Timestamp(seconds: 0), id: ShortID.zero)
        recording.console.json(row, now: true)
        #expect(recording.output.hasSuffix("\n"), "at once")
        #expect(recording.console.finish() == .done)
        let time = Timestamp(seconds: 0).localText
        #expect(
            recording.output
                == #"{"id":"00000000000000000000000000000000","new_bytes":5,"path":"/a/é\"","time":"\#(time)"}"# + "\n")
    }

    @Test func `with --json the last line says what failed, the decisive failure first`() throws {
        let recording = try Recording(options { $0.isJSON = true })
        recording.console.json(["a": 1])
        recording.console.report(Failure(.partial, .noSpace, object: "/x"))
        recording.console.report(Failure(.damaged, .badTag, object: "pack 1", remedy: .runAgain))
        #expect(recording.console.finish() == .damaged)
        let lines = recording.output.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines[0] == #"{"a":1}"#)
        let decoded = try JSONSerialization.jsonObject(with: Data(lines[1].utf8)) as? [String: [String: Any]]
        let error = try #require(decoded?["error"])
        #expect(error["exit"] as? Int == 4)
        #expect(error["code"] as? String == "sealed.bad-tag")
        #expect(error["object"] as? String == "pack 1")
        #expect(error["remedy"] as? String == "run it again to go on")
        #expect((error["message"] as? String)?.isEmpty == false)
        let also = try #require(error["also"] as? [[String: Any]])
        #expect(also.map { $0["code"] as? String } == ["system.no-space"])
        #expect(also.map { $0["exit"] as? Int } == [3])
        #expect(recording.errors.split(separator: "\n").count == 3)
    }

    @Test func `with --json and no failure there is no error line`() throws {
        let recording = try Recording(options { $0.isJSON = true })
        recording.console.json(["a": 1])
        #expect(recording.console.finish() == .done)
        #expect(recording.output == "{\"a\":1}\n")
    }

    @Test func `failures beyond what JSON lists are counted`() throws {
        let recording = try Recording(options { $0.isJSON = true })
        for number in 0..<1_005 { recording.console.report(Failure(.partial, .noSpace, object: "/\(number)")) }
        #expect(recording.console.finish() == .partial)
        #expect(recording.output.contains(#""more":5"#))
        #expect(recording.errors.split(separator: "\n").count == 1_005)
    }

    @Test(
        arguments: [
            (Array("/a/é".utf8), #"{"path":"/a/é"}"#),
            ([0x2F, 0xE9], #"{"path":"/\\xe9","path_base64":"L+k="}"#),
            (Array("/a\nb".utf8), #"{"path":"/a\\x0ab","path_base64":"L2EKYg=="}"#),
            (Array("/a\\b".utf8), #"{"path":"/a\\\\b","path_base64":"L2FcYg=="}"#),
        ] as [([UInt8], String)])
    func `a path that is not plain text keeps its bytes in JSON`(bytes: [UInt8], json: String) throws {
        #expect(String(decoding: try JSONLine.encode(PathFields(bytes)), as: UTF8.self) == json)
        struct Entry: Encodable {
            let path: [UInt8]
            enum CodingKeys: CodingKey { case size }
            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: CodingKeys.self)
                try container.encode(1, forKey: .size)
                try PathFields(path).encode(to: encoder)
            }
        }
        #expect(String(decoding: try JSONLine.encode(Entry(path: bytes)), as: UTF8.self) == json.dropLast() + #","size":1}"#)
    }

    // MARK: Numbers and tables

    @Test(
        arguments: [
            (0, "0 B", "0 o"), (1, "1 B", "1 o"), (1023, "1023 B", "1023 o"), (1024, "1.0 KiB", "1,0 Kio"), (1536, "1.5 KiB", "1,5 Kio"),
            (1_048_575, "1.0 MiB", "1,0 Mio"), (1 << 20, "1.0 MiB", "1,0 Mio"), (1_610_612_736, "1.5 GiB", "1,5 Gio"),
            (1 << 40, "1.0 TiB", "1,0 Tio"), (1 << 50, "1.0 PiB", "1,0 Pio"), (.max, "8.0 EiB", "8,0 Eio"), (-2048, "-2.0 KiB", "-2,0 Kio"),
        ] as [(Int, String, String)])
    func `sizes are in binary units`(bytes: Int, english: String, french: String) {
        #expect(Language.english.size(bytes) == english)
        #expect(Language.french.size(bytes) == french)
    }

    @Test(
        arguments: [
            (0, "0.0 s"), (0.44, "0.4 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s"), (3_599.7, "1 h 00 min"),
            (7_620, "2 h 07 min"), (356_400, "4 d 03 h"), (-1, "0.0 s"), (.nan, "0.0 s"), (.infinity, "11574074 d 01 h"),
        ] as [(Double, String)])
    func `lengths of time are in two units at most`(seconds: Double, text: String) {
        #expect(Language.english.duration(seconds: seconds) == text)
        #expect(
            Language.french.duration(seconds: seconds) == text.replacingOccurrences(of: ".", with: ",").replacingOccurrences(of: " d ", with: " j "))
    }

    @Test(arguments: [(0, "0"), (999, "999"), (1_000, "1,000"), (75_000, "75,000"), (1_234_567, "1,234,567"), (-1_000, "-1,000")])
    func `counts are in groups of three`(number: Int, text: String) {
        #expect(Language.english.count(number) == text)
        #expect(Language.french.count(number) == text.replacingOccurrences(of: ",", with: "\u{202F}"))
    }

    @Test(
        arguments: [
            ([], []), (["0123456789abcdef"], ["01234567"]), (["0123456789abcdef", "0123456789abcdef"], ["01234567", "01234567"]),
            (["01234567ffffffff", "01234567f0000000", "aaaaaaaaaaaaaaaa"], ["01234567ff", "01234567f0", "aaaaaaaa"]),
            (["short", "shorter-id"], ["short", "shorter-"]),
        ] as [([String], [String])])
    func `ids are as short as they can be`(ids: [String], short: [String]) {
        #expect(shortIDs(ids) == short)
    }

    @Test func `columns are as wide as their widest cell shows`() {
        var table = ConsoleTable([("NAME", .left), ("SIZE", .right), ("NOTE", .left)])
        table.add(["été", "1.5 GiB", "x"])
        table.add(["e\u{301}te\u{301}", "12 B"])
        table.add(["日本", "0 B", ""])
        #expect(
            table.lines == [
                "NAME     SIZE  NOTE",
                "été   1.5 GiB  x",
                "e\u{301}te\u{301}      12 B",
                "日本      0 B",
            ])
    }

    @Test(arguments: [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("日本語", 4, "日…"), ("abc", 1, "…"), ("abc", 0, "")])
    func `what is too long is cut`(text: String, columns: Int, cut: String) {
        #expect(truncated(text, columns: columns) == cut)
    }

    // MARK: Questions

    @Test(arguments: [("y\n", true), ("YES\n", true), ("oui\n", true), ("o\n", true), ("n\n", false), ("\n", false), ("yeah\n", false)])
    func `a question takes a clear yes only`(typed: String, expected: Bool) throws {
        let terminal = try PseudoTerminal()
        let recording = try Recording()
        terminal.type(typed)
        #expect(try recording.console.confirm("Delete?", terminal: terminal.path) == expected)
        #expect(terminal.shown().contains("Delete? [y/N] "))
    }

    @Test func `a question without a terminal is a usage error`() throws {
        let recording = try Recording()
        let failure = try #require(throws: Failure.self) { try recording.console.confirm("Delete?", terminal: "/dev/null") }
        #expect(failure.exitStatus == .usage)
    }
}

@Suite struct ConsoleProgressTests {
    private let counts = ProgressCounts(bytes: 512 << 20, total: 2 << 30, newBytes: 3 << 20, items: 12_345)

    @Test func `a line tells bytes, rate, time left and what is new`() {
        #expect(
            counts.text("dpi", rate: 10 * 1_048_576, .english, columns: 120)
                == "dpi  512.0 MiB / 2.0 GiB  25%  10.0 MiB/s  2 min 34 s left  3.0 MiB new  12,345 items")
        #expect(
            counts.text("dpi", rate: 10 * 1_048_576, .french, columns: 120)
                == "dpi  512,0 Mio / 2,0 Gio  25 %  10,0 Mio/s  reste 2 min 34 s  nouveau : 3,0 Mio  12\u{202F}345 éléments")
        let unknown = ProgressCounts(bytes: 5, total: nil, newBytes: 0, items: 1)
        #expect(unknown.text("dpi", rate: nil, .english, columns: 120) == "dpi  5 B  1 item")
        let over = ProgressCounts(bytes: 5, total: 4, newBytes: 0, items: 0)
        #expect(over.text("dpi", rate: 1, .english, columns: 120) == "dpi  5 B / 4 B  100%  1 B/s")
        let nearly = ProgressCounts(bytes: 999, total: 1000, newBytes: 0, items: 0)
        #expect(nearly.text("dpi", rate: nil, .english, columns: 120) == "dpi  999 B / 1000 B  99%")
    }

    @Test(arguments: 1...100)
    func `a line is never wider than the terminal`(columns: Int) {
        #expect(displayWidth(counts.text("a source with a long name", rate: 1e9, .french, columns: columns)) <= columns)
    }

    @Test func `the rate is that of the last ten seconds`() {
        var meter = RateMeter(start: 100)
        #expect(meter.rate(at: 100.2, bytes: 50) == nil)
        #expect(meter.rate(at: 102, bytes: 200) == 100)
        for step in 1...20 { _ = meter.rate(at: 102 + Double(step), bytes: 200 + UInt64(step) * 1000) }
        #expect(meter.rate(at: 123, bytes: 21_200) == 1000)
        // Standing still shows, after a while.
        #expect(meter.rate(at: 200, bytes: 21_200) == 0)
    }

    @Test func `lines are drawn over each other, and gone at the end`() throws {
        let recording = try Recording(isErrorsTerminal: true)
        let one = recording.console.progress("one", total: 100)
        one.add(bytes: 10, items: 1)
        let two = recording.console.progress("two")
        recording.wait(0.25)
        two.add(bytes: 5, new: 5)
        recording.console.report(Failure(.partial, .noSpace, object: "/x"))
        recording.wait(0.25)
        one.finish()
        two.finish()
        recording.console.print("done")
        #expect(recording.console.finish() == .partial)
        let (home, line, below) = ("\u{1B}[", "\u{1B}[K\n", "\u{1B}[J")
        #expect(
            recording.errors == "one  10 B / 100 B  10%  1 item" + line
                + home + "1F" + "one  10 B / 100 B  10%  1 item" + line + "two  5 B  5 B new" + line
                + home + "2F" + below + "error: /x: no space left\n"
                + "one  10 B / 100 B  10%  1 item" + line + "two  5 B  5 B new" + line
                + home + "2F" + "two  5 B  5 B new" + line + below
                + home + "1F" + below)
        #expect(recording.output == "done\n")
    }

    @Test func `it is drawn five times a second at most, whatever the threads`() throws {
        let recording = try Recording(isErrorsTerminal: true)
        let line = recording.console.progress("busy")
        try Threads.run("busy", count: 4) { _ in
            for _ in 0..<5_000 { line.add(bytes: 1) }
        }
        #expect(recording.errors.count { $0 == "\n" } == 1)
        for _ in 0..<1_000 {
            recording.wait(0.001)
            line.add(bytes: 1)
        }
        // In the second that went by, after the first.
        #expect((5...6).contains(recording.errors.count { $0 == "\n" }))
        line.finish()
        _ = recording.console.finish()
        #expect(line.counts.bytes == 21_000)
    }

    @Test(
        arguments: [
            { $0.isQuiet = true }, { $0.hidesProgress = true },
        ] as [@Sendable (inout Console.Options) -> Void])
    func `there is none for those who do not want it`(change: @Sendable (inout Console.Options) -> Void) throws {
        let recording = try Recording(options(change), isErrorsTerminal: true)
        let line = recording.console.progress("one")
        line.add(bytes: 10)
        line.finish()
        #expect(recording.console.finish() == .done)
        #expect(recording.errors.isEmpty)
        #expect(line.counts.bytes == 10)
    }

    @Test func `there is none where standard error is no terminal`() throws {
        let recording = try Recording()
        let line = recording.console.progress("one")
        line.add(bytes: 10)
        recording.console.note("note")
        line.finish()
        #expect(recording.console.finish() == .done)
        #expect(recording.errors == "note\n")
    }

    @Test func `results on the same terminal stand above the lines`() throws {
        let recording = try Recording(isErrorsTerminal: true, isOutputTerminal: true)
        let line = recording.console.progress("one")
        line.add(bytes: 1)
        recording.console.print("result")
        #expect(recording.output == "result\n")
        #expect(recording.errors == "one  1 B\u{1B}[K\n\u{1B}[1F\u{1B}[Jone  1 B\u{1B}[K\n")
        _ = recording.console.finish()
    }

    @Test func `more lines than fit are counted`() throws {
        let recording = try Recording(isErrorsTerminal: true)
        let lines = (0..<15).map { recording.console.progress("task \($0)") }
        lines[0].add(bytes: 1)
        #expect(recording.errors.split(separator: "\n").count == 13)
        #expect(recording.errors.contains("and 3 more"))
        _ = recording.console.finish()
    }
}
