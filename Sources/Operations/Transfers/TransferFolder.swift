import Base
import Glibc

/// The files of one transfer ledger: `ledger`, and two that are only locked. Locks are those of open file descriptions (fcntl(2), OFD locks): they go with the
/// process, and one of all becomes one of many without a gap.
struct TransferFolder: Sendable {
    let path: String

    var ledger: String { path + "/ledger" }

    enum Lock: String {
        /// Held alone by whoever reads where the ledger ends, appends to it or replaces it; for moments.
        case file = "lock"
        /// Held together by all processes that write, as long as they may: what they noted and did not finish is theirs to finish.
        case writers = "writers"
    }

    func open(_ lock: Lock) throws -> File {
        try Files.makeFolder(path)
        let path = path + "/" + lock.rawValue
        do { return try File.openOrCreate(RawName(path), O_RDWR) } catch let error as SystemError {
            throw error.failure(.failed, "open", object: path)
        }
    }

    // asm-generic/fcntl.h; the C library hides them behind a feature macro.
    private static let set: Int32 = 37

    /// Seconds for which others are waited for: they hold a lock for moments, unless they were stopped.
    private static let patience = 20.0

    /// Takes the lock, or changes it. False where others have it, unless it waits; then throws `.failed` when they take too long.
    static func take(_ file: File, alone: Bool, waits: Bool) throws -> Bool {
        let end = monotonicSeconds() + patience
        var pause: UInt32 = 1
        while true {
            do {
                try change(file, Int16(alone ? F_WRLCK : F_RDLCK))
                return true
            } catch let error as SystemError {
                guard error.code == EAGAIN || error.code == EACCES else { throw error.failure(.failed, "lock") }
                if !waits { return false }
                guard monotonicSeconds() < end else { throw Failure(.failed, .transfersBusy, remedy: .journalBusyRemedy) }
                sleep(milliseconds: pause)
                pause = min(pause + 1, 10)
            }
        }
    }

    static func release(_ file: File) { try? change(file, Int16(F_UNLCK)) }

    private static func change(_ file: File, _ type: Int16) throws {
        var lock = flock()
        lock.l_type = type
        lock.l_whence = Int16(SEEK_SET)
        try retrying { fcntl(file.descriptor, set, &lock) }
    }

    /// Ledgers that could not be used, or were of another site of the name.
    func setAside() throws -> [String] { try Files.names(path).filter { $0.hasPrefix("damaged-") || $0.hasPrefix("former-") } }

    var damaged: [String] { get throws { try setAside().filter { $0.hasPrefix("damaged-") } } }
}
