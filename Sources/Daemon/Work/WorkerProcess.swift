import Base
import CLinux
import Glibc

/// One command of the daemon's own, as a process: what it says and how far it is comes through pipes.
///
/// A process a run, as PostgreSQL and Proxmox have it: its memory goes when it ends, a crash harms one run, and the
/// daemon, which listens to sockets, reads no content and keeps no key that opens any.
final class WorkerProcess: Sendable {
    let pid: pid_t
    private let output: File
    private let errors: File
    private let progress: File

    /// Starts `arguments`, whose first is the program; standard input is empty. To be called on a thread that lives as long as the daemon: the worker ends
    /// with the thread that started it. Throws `SystemError`.
    init(_ arguments: [String]) throws {
        let (outputPipe, errorsPipe, progressPipe) = (try Self.pipe(), try Self.pipe(), try Self.pipe())
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        // dup2 clears close-on-exec, but for a descriptor that is in its place already: then the pipes are moved out of the way first.
        posix_spawn_file_actions_adddup2(&actions, outputPipe.write.descriptor, 1)
        posix_spawn_file_actions_adddup2(&actions, errorsPipe.write.descriptor, 2)
        posix_spawn_file_actions_adddup2(&actions, progressPipe.write.descriptor, Self.progressDescriptor)
        // Nothing else: NIO's sockets have no close-on-exec, and who holds the control socket hears what root asks of it.
        clinux_spawn_close_from(&actions, Self.progressDescriptor + 1)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        // A group of its own: what a terminal sends to the daemon is not for it.
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for argument in argv { free(argument) } }
        var child = pid_t()
        let result = posix_spawn(&child, arguments[0], &actions, &attributes, &argv, environ)
        guard result == 0 else { throw SystemError(code: result) }
        pid = child
        (output, errors, progress) = (outputPipe.read, errorsPipe.read, progressPipe.read)
    }

    static let progressDescriptor: Int32 = 3

    /// A pipe whose ends close on exec, both above the descriptors that the child gets.
    private static func pipe() throws -> (read: File, write: File) {
        var ends: [Int32] = [-1, -1]
        try retrying { clinux_pipe(&ends) }
        let low = File(descriptor: ends[1])
        let write = File(descriptor: try retrying { clinux_duplicate_above(low.descriptor, 10) })
        return (File(descriptor: ends[0]), write)
    }

    enum Stream {
        case output, errors, progress
    }

    /// Hands on what comes through the pipes until the process has ended: what it started may hold them open for longer. Then `reap` has its status.
    func follow(_ take: (Stream, [UInt8]) -> Void) {
        var open: [(stream: Stream, file: File)] = [(.output, output), (.errors, errors), (.progress, progress)]
        let end = (try? retrying { clinux_pidfd_open(pid) }).map { File(descriptor: $0) }
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        var hasEnded = false
        while !open.isEmpty {
            var polls = open.map { pollfd(fd: $0.file.descriptor, events: Int16(POLLIN), revents: 0) }
            if let end, !hasEnded { polls.append(pollfd(fd: end.descriptor, events: Int16(POLLIN), revents: 0)) }
            // Once it has ended, only what is in the pipes already counts.
            let ready = poll(&polls, nfds_t(polls.count), hasEnded ? 0 : -1)
            if ready < 0, errno == EINTR { continue }
            if ready < 0 || (ready == 0 && hasEnded) { break }
            if !hasEnded, polls.count > open.count, polls.last!.revents != 0 { hasEnded = true }
            var closed: [Int] = []
            for index in open.indices where polls[index].revents != 0 {
                let count = buffer.withUnsafeMutableBytes { read(polls[index].fd, $0.baseAddress, $0.count) }
                if count > 0 { take(open[index].stream, Array(buffer[..<count])) } else if count == 0 || errno != EINTR { closed.append(index) }
            }
            for index in closed.reversed() { open.remove(at: index) }
        }
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) == -1, errno == EINTR {}
    }

    /// The exit status, or 128 and the signal; waits for the end. To be called once.
    func reap() -> Int32 {
        var raw: Int32 = 0
        while waitpid(pid, &raw, 0) == -1, errno == EINTR {}
        return raw & 0x7F == 0 ? raw >> 8 & 0xFF : 128 + (raw & 0x7F)
    }
}
