import CLinux
import Glibc

/// A program started by this one, its standard output readable as it comes.
package final class ChildProcess {
    private let pid: pid_t
    /// Its standard output; nil when it was not asked for.
    package let output: File?
    private var status: Int32?

    /// Starts `arguments` (looked up in PATH) as `user`, which needs root or CAP_SETUID and CAP_SETGID. Standard input is `input`, empty where it is nil; errors
    /// go where ours go, or with `capturesErrors` where the output goes. `environment` is set beside ours. `input` is at most what a
    /// pipe holds, 64 KiB: the rest is left out.
    package init(
        _ arguments: [String], user: String? = nil, environment: [String: String] = [:], capturesOutput: Bool, capturesErrors: Bool = false,
        input: [UInt8]? = nil
    ) throws {
        // Not runuser(1), which only root may call: under the service manager two capabilities are enough (docs/SYSTEMD.md). What it
        // starts has none.
        let words =
            user.map { ["setpriv", "--reuid=\($0)", "--regid=\(Self.group(of: $0))", "--init-groups", "--inh-caps=-all", "--"] + arguments }
            ?? arguments
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var inputEnd: File?
        if let input {
            var pipe: [Int32] = [-1, -1]
            try retrying { clinux_pipe(&pipe) }
            let (read, write) = (File(descriptor: pipe[0]), File(descriptor: pipe[1]))
            try write.write(Array(input.prefix(65_536)))
            posix_spawn_file_actions_adddup2(&actions, read.descriptor, 0)
            inputEnd = read
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        defer { withExtendedLifetime(inputEnd) {} }
        var ends: [Int32] = [-1, -1]
        if capturesOutput {
            try retrying { clinux_pipe(&ends) }
            posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
            if capturesErrors { posix_spawn_file_actions_adddup2(&actions, ends[1], 2) }
        } else {
            posix_spawn_file_actions_adddup2(&actions, 2, 1)
        }
        // Nothing else: what this program has open without close-on-exec is not for what it starts, which may be another user's.
        clinux_spawn_close_from(&actions, 3)
        output = capturesOutput ? File(descriptor: ends[0]) : nil
        var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in argv { free(argument) } }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A group of its own, so that a time-out ends what it started as well.
        // Signals that this program ignores are not ignored by what it starts.
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var child = pid_t()
        var variables = Self.variables(environment)
        defer { for variable in variables { free(variable) } }
        let result = posix_spawnp(&child, words[0], &actions, &attributes, &argv, &variables)
        if ends[1] >= 0 { close(ends[1]) }
        guard result == 0 else { throw SystemError(code: result) }
        pid = child
    }

    /// This process's environment with `changes`, ending in nil; to be freed.
    private static func variables(_ changes: [String: String]) -> [UnsafeMutablePointer<CChar>?] {
        var variables: [UnsafeMutablePointer<CChar>?] = []
        var at = environ
        while let entry = at.pointee {
            let name = entry[0] == 0 ? "" : String(cString: entry).prefix { $0 != "=" }
            if changes[String(name)] == nil { variables.append(strdup(entry)) }
            at += 1
        }
        for (name, value) in changes.sorted(by: { $0.key < $1.key }) { variables.append(strdup("\(name)=\(value)")) }
        return variables + [nil]
    }

    /// The user's own group, by number; the user's name where there is no such user, which setpriv(1) then says.
    private static func group(of user: String) -> String {
        let id = clinux_primary_group(user)
        return id >= 0 ? "\(id)" : user
    }

    /// Waits for the end: the exit status, or 128 and the signal.
    package func wait() -> Int32 {
        if let status { return status }
        var raw: Int32 = 0
        while waitpid(pid, &raw, 0) == -1, errno == EINTR {}
        let code = raw & 0x7F == 0 ? raw >> 8 & 0xFF : 128 + (raw & 0x7F)
        status = code
        return code
    }

    /// Waits for the end, at most `timeout` seconds: then the group is ended, and the status is 124.
    package func wait(timeout: Double?) -> Int32 {
        guard let timeout else { return wait() }
        let deadline = monotonicSeconds() + timeout
        while monotonicSeconds() < deadline {
            var raw: Int32 = 0
            if waitpid(pid, &raw, WNOHANG) == pid {
                let code = raw & 0x7F == 0 ? raw >> 8 & 0xFF : 128 + (raw & 0x7F)
                status = code
                return code
            }
            usleep(20_000)
        }
        terminate()
        return 124
    }

    /// Whether it has ended; does not wait.
    package var hasEnded: Bool {
        if status != nil { return true }
        var raw: Int32 = 0
        guard waitpid(pid, &raw, WNOHANG) == pid else { return false }
        status = raw & 0x7F == 0 ? raw >> 8 & 0xFF : 128 + (raw & 0x7F)
        return true
    }

    /// Ends what it started in its own group and left behind.
    package func endGroup() { kill(-pid, SIGKILL) }

    /// The program and what it started.
    package struct Group: Sendable {
        fileprivate let id: pid_t

        /// Asks it to end, and insists after two seconds; for who does not wait for it otherwise.
        package func end() {
            kill(-id, SIGTERM)
            for _ in 0..<20 where kill(-id, 0) == 0 { usleep(100_000) }
            kill(-id, SIGKILL)
        }
    }

    package var group: Group { Group(id: pid) }

    /// Asks the whole group to end, and insists after two seconds.
    package func terminate() {
        guard status == nil else { return }
        kill(-pid, SIGTERM)
        for _ in 0..<20 {
            var raw: Int32 = 0
            if waitpid(pid, &raw, WNOHANG) == pid {
                status = 128 + SIGTERM
                break
            }
            usleep(100_000)
        }
        kill(-pid, SIGKILL)
        _ = wait()
    }

    /// Waits until there is something to read, at most until `deadline` (monotonic seconds).
    package func waitForOutput(until deadline: Double?) -> Bool {
        guard let output else { return false }
        var poller = pollfd(fd: output.descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            let left = deadline.map { Int32(max(0, min(3_600_000, ($0 - monotonicSeconds()) * 1000))) } ?? -1
            let n = poll(&poller, 1, left)
            if n > 0 { return true }
            if n == 0, let deadline, monotonicSeconds() >= deadline { return false }
            if n == 0 { continue }
            if errno != EINTR { return true }
        }
    }
}
