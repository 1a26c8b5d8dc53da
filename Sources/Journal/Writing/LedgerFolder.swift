import Base
import CLinux
import Glibc
import Keys

/// The folder of all ledgers of a node: a folder for each tenant and one for what is of no tenant, in each a folder for each ledger,
/// in that a folder for each chain. What is one tenant's is below one folder.
package struct LedgerFolder: Sendable {
    package let path: String

    package init(_ path: String) { self.path = path }

    /// The folder name of what is of no tenant.
    private static let noTenant = "node"

    /// Where a ledger of a tenant, or of none, is.
    package func path(_ tenant: ShortID?, _ ledger: Ledger) -> String { "\(path)/\(tenant?.hex ?? Self.noTenant)/\(ledger.word)" }

    /// Those that have a ledger here, in the order of their ids; nil, for what is of none, first.
    package func tenants() throws -> [ShortID?] {
        let names = try Files.names(path)
        return (names.contains(Self.noTenant) ? [nil] : []) + names.compactMap { ShortID(hex: $0) }
    }

    /// The chains of one ledger, to read.
    package func source(_ tenant: ShortID?, _ ledger: Ledger) -> FolderLedgerSource { FolderLedgerSource(path(tenant, ledger)) }

    /// Verifies one ledger while others may be writing to it. Where something seems wrong it looks again while nobody writes: what was
    /// seen may have been half of an act.
    package func verify(
        _ tenant: ShortID?, _ ledger: Ledger, trusted: [VerifyingKey], rights: [KeyID: LedgerVerification.Right] = [:],
        remembered: [LedgerHead] = []
    ) throws -> LedgerReport {
        var verification = LedgerVerification(trusted: trusted, remembered: remembered, ledger: ledger, tenant: .some(tenant))
        verification.rights = rights
        let source = source(tenant, ledger)
        do {
            let report = try verification.run(source)
            if report.isWhole { return report }
        } catch let failure as Failure where failure.kind == .missing {}
        // Without a lock nobody ever wrote here, and on a medium that is read-only nobody does.
        let lock = source.path + "/" + Self.lockName
        guard lock.withCString({ access($0, R_OK | W_OK) }) == 0 else { return try verification.run(source) }
        do { return try Self.alone(source.path, atMost: 30) { try verification.run(source) } } catch let error as SystemError {
            throw error.failure(.failed, "lock", object: source.path)
        }
    }
}

extension LedgerFolder {
    private static let lockName = "lock"

    /// Runs `body` while nobody else, in whatever process, writes to the ledger in `folder`. Throws `.failed` when those before take longer than
    /// `seconds`.
    static func alone<T>(_ folder: String, atMost seconds: Double, _ body: () throws -> T) throws -> T {
        let file = try File.openOrCreate(RawName(folder + "/" + lockName), O_RDWR)
        let end = monotonicSeconds() + seconds
        var pause: UInt32 = 1
        while clinux_lock(file.descriptor) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw SystemError.last() }
            guard monotonicSeconds() < end else { throw Failure(.failed, .journalBusy, object: folder, remedy: .journalBusyRemedy) }
            sleep(milliseconds: pause)
            pause = min(pause + 1, 10)
        }
        // The lock goes with the descriptor.
        return try withExtendedLifetime(file, body)
    }
}
