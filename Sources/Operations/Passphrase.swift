import Base
import CLinux
import Codec
import Glibc

/// Where the passphrase of the restore key comes from.
///
/// In this order: `--passphrase-fd N`; the file named by `HDSBACKUP_PASSPHRASE_FILE`; the command in
/// `HDSBACKUP_PASSPHRASE_COMMAND`; the systemd credential `hdsbackup-passphrase`; the terminal. The
/// first that is given is used, and its failure is a failure: the next is not tried instead.
/// A passphrase is one line: what follows the first end of line does not count.
package struct Passphrase: Sendable {
    /// Longest passphrase, in bytes.
    package static let limit = 1024

    private let descriptor: Int32?
    private let environment: [String: String]
    private let language: Language
    private let terminal: String

    /// `descriptor` is that of `--passphrase-fd`; it is read up to one end of line, so that a second
    /// passphrase may follow.
    package init(descriptor: Int32?, environment: [String: String], language: Language, terminal: String = "/dev/tty") {
        self.descriptor = descriptor
        self.environment = environment
        self.language = language
        self.terminal = terminal
    }

    /// The passphrase of a key that exists; `prompt` is what a person is asked.
    ///
    /// Throws a `Failure` of kind `.key` where there is none to be had or it is empty, `.usage` where
    /// `--passphrase-fd` names no open file, `.interrupted` where the person gives up.
    package func read(prompt: Message = .passphrasePrompt) throws -> Secret {
        if let secret = try given() { return try checked(secret) }
        let terminal = try openTerminal()
        return try checked(try ask(terminal, prompt))
    }

    /// A passphrase for a new key: as `read`, but a person types it twice, three times over if the two differ.
    package func readNew(prompt: Message = .passphraseNewPrompt) throws -> Secret {
        if let secret = try given() { return try checked(secret) }
        let terminal = try openTerminal()
        for attempt in 1...3 {
            let first = try checked(try ask(terminal, prompt))
            let again = try ask(terminal, .passphraseAgainPrompt)
            if first.equals(again) { return first }
            if attempt < 3 { try? terminal.write(Message.passphrasesDiffer.text(language) + "\n") }
        }
        throw Failure(.key, .passphrasesDiffer)
    }

    /// Whether there is one to be had without a person.
    package static func isOffered(_ environment: [String: String]) -> Bool {
        let named = ["HDSBACKUP_PASSPHRASE_FILE", "HDSBACKUP_PASSPHRASE_COMMAND"].contains { !(environment[$0] ?? "").isEmpty }
        return named || environment["CREDENTIALS_DIRECTORY"].map { access($0 + "/hdsbackup-passphrase", F_OK) == 0 } == true
    }

    /// From anywhere but a person; nil where no such place is named.
    private func given() throws -> Secret? {
        if let descriptor { return try readLine(descriptor, object: "--passphrase-fd \(descriptor)", kind: .usage) }
        if let path = named("HDSBACKUP_PASSPHRASE_FILE") { return try readFile(path, missing: .passphraseFileMissing) }
        if let command = named("HDSBACKUP_PASSPHRASE_COMMAND") { return try readCommand(command) }
        if let folder = named("CREDENTIALS_DIRECTORY") {
            let path = folder + "/hdsbackup-passphrase"
            if access(path, F_OK) == 0 { return try readFile(path, missing: .passphraseUnreadable(String(cString: strerror(ENOENT)))) }
        }
        return nil
    }

    private func named(_ variable: String) -> String? { environment[variable].flatMap { $0.isEmpty ? nil : $0 } }

    private func checked(_ secret: Secret) throws -> Secret {
        guard secret.count > 0 else { throw Failure(.key, .passphraseEmpty) }
        return secret
    }

    // MARK: Files and commands

    private func readFile(_ path: String, missing: Message) throws -> Secret {
        let file: File
        do {
            file = try File.open(RawName(path), O_RDONLY)
        } catch let error as SystemError {
            throw Failure(.key, error.code == ENOENT ? missing : .passphraseUnreadable(error.reason), object: printable(path.utf8))
        }
        return try withExtendedLifetime(file) { try readLine(file.descriptor, object: printable(path.utf8), kind: .key) }
    }

    /// One line, byte by byte: what follows belongs to whoever reads next.
    private func readLine(_ descriptor: Int32, object: String, kind: Failure.Kind) throws -> Secret {
        let line = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.limit + 2, alignment: 16)
        var count = 0
        defer {
            wipe(line)
            line.deallocate()
        }
        do {
            while count < line.count {
                guard try retrying({ Glibc.read(descriptor, line.baseAddress! + count, 1) }) == 1, line[count] != 0x0A else { break }
                count += 1
            }
        } catch let error as SystemError {
            throw Failure(kind, .passphraseUnreadable(error.reason), object: object)
        }
        if count > 0, line[count - 1] == 0x0D { count -= 1 }
        guard count <= Self.limit else { throw Failure(.key, .passphraseTooLong, object: object) }
        return Secret(line[..<count])
    }

    private func readCommand(_ command: String) throws -> Secret {
        let object = "HDSBACKUP_PASSPHRASE_COMMAND"
        let child: Child
        do {
            child = try Child(command, environment)
        } catch let error as SystemError {
            throw Failure(.key, .passphraseUnreadable(error.reason), object: object)
        }
        let line = Result { try readLine(child.output.descriptor, object: object, kind: .key) }
        let status = withExtendedLifetime(child) { child.wait() }
        guard status == 0 else { throw Failure(.key, .passphraseCommandFailed(status)) }
        return try line.get()
    }

    // MARK: The terminal

    private func openTerminal() throws -> ConsoleTerminal {
        do {
            return try ConsoleTerminal(terminal)
        } catch {
            throw Failure(.key, .passphraseNeeded)
        }
    }

    private func ask(_ terminal: ConsoleTerminal, _ prompt: Message) throws -> Secret {
        do {
            guard let secret = try terminal.readHidden(prompt.text(language), limit: Self.limit) else {
                throw Failure(.key, .passphraseNeeded)
            }
            return secret
        } catch let error as SystemError {
            throw Failure(.key, .passphraseUnreadable(error.reason))
        }
    }
}

/// `/bin/sh -c command`, with its standard output for us to read and nothing to read itself.
///
/// Not `ChildProcess`: that starts a process group of its own, which may not ask on the terminal, and
/// commands such as pass(1) or systemd-ask-password(1) do.
private struct Child {
    let output: File
    private let id: pid_t

    init(_ command: String, _ environment: [String: String]) throws {
        var ends: [Int32] = [-1, -1]
        try retrying { clinux_pipe(&ends) }
        let output = File(descriptor: ends[0])
        let input = File(descriptor: ends[1])

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, input.descriptor, 1)

        // The command starts with no signal blocked or ignored, whatever this program does with them.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var id = pid_t()
        let status = withExtendedLifetime(input) {
            withCStrings(["/bin/sh", "-c", command]) { arguments in
                withCStrings(environment.map { "\($0.key)=\($0.value)" }) { environment in
                    posix_spawn(&id, "/bin/sh", &actions, &attributes, arguments, environment)
                }
            }
        }
        guard status == 0 else { throw Failure(.key, .passphraseUnreadable(String(cString: strerror(status)))) }
        self.output = output
        self.id = id
    }

    /// Waits for the end; 128 more than the signal where one ended it, as shells count.
    func wait() -> Int {
        // Whoever writes more than a line must not wait for a reader for ever.
        drain()
        var status: Int32 = 0
        guard (try? retrying { waitpid(id, &status, 0) }) != nil else { return -1 }
        return status & 0x7F == 0 ? Int(status >> 8 & 0xFF) : 128 + Int(status & 0x7F)
    }

    private func drain() {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 16) { buffer in
            while let count = try? output.read(into: buffer), count > 0 {}
            wipe(buffer)
        }
    }
}

/// Calls `body` with a null-terminated array of C strings, valid during the call.
private func withCStrings<T>(_ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> T) -> T {
    var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    pointers.append(nil)
    return body(pointers)
}
