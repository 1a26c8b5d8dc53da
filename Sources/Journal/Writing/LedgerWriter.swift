import Base
import Codec
import Glibc
import Keys

/// Appends to one ledger of one tenant, or to that of none. Several threads and processes may each have one.
///
/// An entry is on disk when `append` returns: one write and one fsync(2). A crash in the middle of it leaves a torn tail, which the
/// next writer cuts off and tells of in an entry. The segment is closed and signed once it is large or old enough. Where the key is another than
/// the one that the chain began with, a new chain begins that names the end of the old one.
package final class LedgerWriter: Sendable {
    /// When a segment is closed.
    package struct Limits: Sendable {
        /// Bytes of header and entries.
        package var bytes: Int
        /// Seconds since it was opened.
        package var seconds: Int64

        package init(bytes: Int = 1 << 20, seconds: Int64 = 3600) {
            self.bytes = min(bytes, SegmentHeader.contentLimit / 2)
            self.seconds = seconds
        }
    }

    package let folder: String
    package let tenant: ShortID?
    package let ledger: Ledger
    let key: SigningKey
    let limits: Limits
    /// For the entries that the ledger writes of itself.
    let identity: Identity
    let clock: @Sendable () -> Timestamp
    /// Seconds to wait for other writers.
    private let patience: Double
    private let known = Monitor<OpenChain?>(nil)

    /// `folder`: that of the ledger (`LedgerFolder.path`); it is made where it lacks. `identity`: who mends and erases.
    package init(
        _ folder: String, tenant: ShortID?, _ ledger: Ledger, key: SigningKey, identity: Identity, limits: Limits = Limits(),
        patience: Double = 30, clock: @escaping @Sendable () -> Timestamp = { .now() }
    ) throws {
        self.folder = folder
        self.tenant = tenant
        self.ledger = ledger
        self.key = key
        self.limits = limits
        self.identity = identity.withoutPerson
        self.patience = patience
        self.clock = clock
        try Files.makeFolder(folder)
    }

    /// Writes an event down. It is durable on return; where it throws, it may or may not be there.
    ///
    /// Throws `.usage` for what the ledger cannot hold, `.noSpace`, `.damaged` where what is there cannot be gone on from (see
    /// `setAside`), `.failed` for other faults of the system.
    @discardableResult
    package func append(_ event: LedgerEvent) throws -> LedgerHead {
        try event.check(ledger)
        return try alone { chain in
            try prepare(&chain)
            if chain!.isDue(limits, clock()) { try chain!.close(by: key, at: clock()) }
            try chain!.append(event, at: clock())
            if chain!.isFull(limits) { try chain!.close(by: key, at: clock()) }
            return chain!.head!
        }
    }

    /// Closes and signs the open segment, however small it is. Nil where there is none.
    @discardableResult
    package func close() throws -> Closing? { try close { _ in true } }

    /// Closes and signs the open segment if it is old or large enough: to be called now and then.
    @discardableResult
    package func closeIfDue() throws -> Closing? { try close { $0.isDue(self.limits, self.clock()) || $0.isFull(self.limits) } }

    private func close(where isWanted: (OpenChain) -> Bool) throws -> Closing? {
        try alone { chain in
            // Another key's segment is not ours to sign; the next chain names its end.
            guard let found = chain, found.hasOpen, found.origin.writer == key.id, isWanted(found) else { return nil }
            try mend(&chain)
            return try chain!.close(by: key, at: clock())
        }
    }

    /// Where the ledger is now; nil where nothing was written yet. Changes nothing.
    package func head() throws -> LedgerHead? { try alone { $0?.head } }

    // MARK: The chain that is written to

    /// Runs `body` while nobody else writes, with the chain as it is now; nil where there is none yet.
    func alone<T>(_ body: (inout OpenChain?) throws -> T) throws -> T {
        // The monitor is between threads, the lock between processes.
        try known.look { chain in
            do {
                return try LedgerFolder.alone(folder, atMost: patience) {
                    try refresh(&chain)
                    return try body(&chain)
                }
            } catch {
                // What was done by halves is read again.
                chain = nil
                if let error = error as? SystemError { throw error.failure(.failed, "write", object: folder) }
                throw error
            }
        }
    }

    /// Looks again where others wrote meanwhile.
    private func refresh(_ chain: inout OpenChain?) throws {
        let source = FolderLedgerSource(folder)
        let chains = try source.chains()
        if let known = chain, known.siblings == chains {
            if known.isUnchanged { return }
            if try chain!.catchUp() { return }
        }
        let before = chain?.head
        chain = try current(source, chains)
        guard let before, let now = chain?.head, now.chain == before.chain, now.count < before.count else { return }
        throw Failure(.damaged, .journalRolledBack, object: folder, remedy: .journalVerifyRemedy)
    }

    /// The one chain that no other follows.
    private func current(_ source: FolderLedgerSource, _ chains: [ChainID]) throws -> OpenChain? {
        var origins: [ChainID: ChainOrigin] = [:]
        for id in chains {
            if let origin = try LedgerVerification.peek(id, in: source), origin.ledger == ledger, origin.tenant == tenant { origins[id] = origin }
        }
        let followed = Set(origins.values.compactMap { $0.follows?.chain })
        var last = origins.filter { !followed.contains($0.key) }
        // A stranger's chain beside ours is for verification to tell of, not to stop us.
        if last.count > 1 { last = last.filter { $0.value.writer == key.id } }
        guard last.count <= 1, !last.isEmpty || origins.isEmpty else {
            throw Failure(.damaged, .journalForked, object: folder, remedy: .journalVerifyRemedy)
        }
        guard let (id, origin) = last.first else { return nil }
        return try OpenChain(folder + "/" + id.hex, origin, siblings: chains, key: key.verifying)
    }

    /// Makes the chain fit to be appended to: whole, and of our key.
    func prepare(_ chain: inout OpenChain?) throws {
        let torn = try chain?.cutTorn()
        if chain?.origin.writer != key.id {
            let origin = ChainOrigin(ledger: ledger, tenant: tenant, writer: key.id, created: clock(), follows: chain?.head)
            chain = try OpenChain(beginning: origin, in: folder, siblings: (chain?.siblings ?? []) + [origin.id])
        }
        if let torn { try chain!.append(recovery(torn), at: clock()) }
    }

    private func mend(_ chain: inout OpenChain?) throws {
        if let torn = try chain?.cutTorn() { try chain!.append(recovery(torn), at: clock()) }
    }

    private func recovery(_ torn: OpenChain.Torn) -> LedgerEvent {
        LedgerEvent(
            .recovery, .done, by: identity, object: .init("segment", .count(torn.segment)), reason: "torn",
            details: ["bytes": .count(torn.count), "sha256": .digest(torn.digest)])
    }
}
