import Base
import Codec
import Foundation
import Testing

@testable import Operations

@Suite struct PassphraseTests {
    private func text(_ secret: Secret) -> String { String(decoding: secret.exposed, as: UTF8.self) }

    /// A folder with the files that `body` asks for.
    private func withFolder<T>(_ body: (URL) throws -> T) throws -> T {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("passphrase-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder)
    }

    private func passphrase(_ environment: [String: String] = [:], descriptor: Int32? = nil, terminal: String = "/nowhere") -> Passphrase {
        Passphrase(descriptor: descriptor, environment: environment, language: .english, terminal: terminal)
    }

    /// The reading end of a pipe that holds `content`.
    private func pipe(_ content: String) -> Int32 {
        var ends: [Int32] = [0, 0]
        Foundation.pipe(&ends)
        _ = Array(content.utf8).withUnsafeBytes { write(ends[1], $0.baseAddress, $0.count) }
        close(ends[1])
        return ends[0]
    }

    // MARK: From where

    @Test func `a descriptor gives one line after the other`() throws {
        let descriptor = pipe("first\nsecond")
        defer { close(descriptor) }
        #expect(text(try passphrase(descriptor: descriptor).read()) == "first")
        #expect(text(try passphrase(descriptor: descriptor).readNew()) == "second")
        let failure = try #require(throws: Failure.self) { try passphrase(descriptor: descriptor).read() }
        #expect(failure.message.code == "passphrase.empty")
        #expect(failure.exitStatus == .key)
    }

    @Test func `a descriptor that is not open is a usage error`() throws {
        let failure = try #require(throws: Failure.self) { try passphrase(descriptor: 987).read() }
        #expect(failure.exitStatus == .usage)
        #expect(failure.object == "--passphrase-fd 987")
    }

    @Test(arguments: [
        ("secret", "secret"), ("secret\n", "secret"), ("secret\r\n", "secret"), (" se cret \nmore\n", " se cret "), ("é\n", "é"),
        (String(repeating: "x", count: 1024), String(repeating: "x", count: 1024)),
        (String(repeating: "x", count: 1024) + "\r\n", String(repeating: "x", count: 1024)),
    ])
    func `a file gives its first line`(content: String, expected: String) throws {
        try withFolder { folder in
            let path = folder.path + "/file"
            try Data(content.utf8).write(to: URL(fileURLWithPath: path))
            #expect(text(try passphrase(["HDSBACKUP_PASSPHRASE_FILE": path]).read()) == expected)
        }
    }

    @Test(arguments: [("", "passphrase.empty"), ("\nsecret\n", "passphrase.empty"), (String(repeating: "x", count: 1025), "passphrase.too-long")])
    func `a file without a usable line is refused`(content: String, code: String) throws {
        try withFolder { folder in
            let path = folder.path + "/file"
            try Data(content.utf8).write(to: URL(fileURLWithPath: path))
            let failure = try #require(throws: Failure.self) { try passphrase(["HDSBACKUP_PASSPHRASE_FILE": path]).read() }
            #expect(failure.message.code == code)
            #expect(failure.exitStatus == .key)
            #expect(!failure.description.contains("xxx"))
        }
    }

    @Test func `a file that is not there is told, and nothing else is tried`() throws {
        let failure = try #require(throws: Failure.self) {
            try passphrase(["HDSBACKUP_PASSPHRASE_FILE": "/nowhere/at/all", "HDSBACKUP_PASSPHRASE_COMMAND": "echo x"]).read()
        }
        #expect(failure.message.code == "passphrase.file-missing")
        #expect(failure.object == "/nowhere/at/all")
    }

    @Test func `a command gives the first line that it prints, and reads nothing`() throws {
        let command = "cat; printf '%s\\n' \"$WORD\"; yes | head -c 200000"
        #expect(
            text(try passphrase(["HDSBACKUP_PASSPHRASE_COMMAND": command, "WORD": "from a command", "PATH": "/usr/bin:/bin"]).read())
                == "from a command")
    }

    @Test(arguments: [("echo s3cret; exit 3", 3), ("kill -9 $$", 137), ("/nowhere/s3cret 2>/dev/null", 127)])
    func `a command that fails gives no passphrase`(command: String, status: Int) throws {
        let failure = try #require(throws: Failure.self) {
            try passphrase(["HDSBACKUP_PASSPHRASE_COMMAND": command, "PATH": "/usr/bin:/bin"]).read()
        }
        #expect(failure.message.code == "passphrase.command-failed")
        #expect(failure.message.english.contains("status \(status)"))
        #expect(!failure.description.contains("s3cret"))
        #expect(failure.exitStatus == .key)
    }

    @Test func `the first place that is named is used`() throws {
        try withFolder { folder in
            let file = folder.path + "/file"
            try Data("file".utf8).write(to: URL(fileURLWithPath: file))
            try Data("credential".utf8).write(to: folder.appendingPathComponent("hdsbackup-passphrase"))
            var environment = [
                "HDSBACKUP_PASSPHRASE_FILE": file, "HDSBACKUP_PASSPHRASE_COMMAND": "echo command", "CREDENTIALS_DIRECTORY": folder.path,
                "PATH": "/usr/bin:/bin",
            ]
            let descriptor = pipe("descriptor")
            defer { close(descriptor) }
            #expect(text(try passphrase(environment, descriptor: descriptor).read()) == "descriptor")
            #expect(text(try passphrase(environment).read()) == "file")
            environment["HDSBACKUP_PASSPHRASE_FILE"] = ""
            #expect(text(try passphrase(environment).read()) == "command")
            environment["HDSBACKUP_PASSPHRASE_COMMAND"] = nil
            #expect(text(try passphrase(environment).read()) == "credential")
            environment["CREDENTIALS_DIRECTORY"] = folder.path + "/other"
            let failure = try #require(throws: Failure.self) { try passphrase(environment).read() }
            #expect(failure.message == .passphraseNeeded)
        }
    }

    // MARK: The terminal

    private let asks: @Sendable (Passphrase) throws -> Secret = { try $0.read() }
    private let asksForNew: @Sendable (Passphrase) throws -> Secret = { try $0.readNew() }

    /// Reads with `act` on another thread while the test types.
    private func atTerminal(
        _ act: @escaping @Sendable (Passphrase) throws -> Secret, typing type: (PseudoTerminal) -> Void
    ) throws -> (result: Result<Secret, any Error>, shown: String, isAsBefore: Bool) {
        let terminal = try PseudoTerminal()
        let other = open(terminal.path, O_RDWR | O_NOCTTY)
        defer { close(other) }
        var before = termios()
        tcgetattr(other, &before)
        let passphrase = passphrase(terminal: terminal.path)
        let result = Monitor<Result<Secret, any Error>?>(nil)
        let thread = Threads.start("asked") {
            let outcome = Result { try act(passphrase) }
            result.change { $0 = outcome }
        }
        type(terminal)
        thread.join()
        var after = termios()
        tcgetattr(other, &after)
        return (result.look { $0! }, terminal.shown(), before.c_lflag == after.c_lflag)
    }

    @Test(arguments: [
        ("secret\n", "secret"), ("secret\r", "secret"), ("sécreté\u{7F}\u{8}t\n", "sécret"), ("wrong\u{15}right\n", "right"),
        ("\u{7F}a\u{1A}\u{1B}b\n", "ab"),
    ])
    func `a person types it, unseen`(typed: String, expected: String) throws {
        let (result, shown, isAsBefore) = try atTerminal(asks) { terminal in
            #expect(terminal.shown(until: "Passphrase: ") == "Passphrase: ")
            terminal.type(typed)
        }
        #expect(text(try result.get()) == expected)
        #expect(shown == "\r\n")
        #expect(isAsBefore)
    }

    @Test(arguments: [("\n", Base.ExitStatus.key), ("\u{4}", .key), ("half\u{3}", .interrupted), (String(repeating: "x", count: 1025) + "\n", .key)])
    func `a person gives up`(typed: String, status: Base.ExitStatus) throws {
        let (result, _, isAsBefore) = try atTerminal(asks) { terminal in
            _ = terminal.shown(until: "Passphrase: ")
            terminal.type(typed)
        }
        let failure = try #require(throws: Failure.self) { try result.get() }
        #expect(failure.exitStatus == status)
        #expect(isAsBefore)
    }

    @Test func `a new one is typed twice, until both are the same`() throws {
        let (result, _, _) = try atTerminal(asksForNew) { terminal in
            for (prompt, typed) in [
                ("New passphrase: ", "one\n"), ("The same again: ", "two\n"), ("New passphrase: ", "three\n"), ("The same again: ", "three\n"),
            ] {
                #expect(terminal.shown(until: prompt).hasSuffix(prompt))
                terminal.type(typed)
            }
        }
        #expect(text(try result.get()) == "three")
    }

    @Test func `two that differ three times are refused`() throws {
        let (result, _, _) = try atTerminal(asksForNew) { terminal in
            for _ in 0..<3 {
                _ = terminal.shown(until: "New passphrase: ")
                terminal.type("one\n")
                _ = terminal.shown(until: "The same again: ")
                terminal.type("two\n")
            }
        }
        let failure = try #require(throws: Failure.self) { try result.get() }
        #expect(failure.message.code == "passphrase.differ")
        #expect(failure.exitStatus == .key)
    }

    @Test func `without a terminal a passphrase is needed`() throws {
        for terminal in ["/nowhere", "/dev/null"] {
            let failure = try #require(throws: Failure.self) { try passphrase(terminal: terminal).read() }
            #expect(failure.message == .passphraseNeeded)
            #expect(failure.exitStatus == .key)
        }
    }
}
