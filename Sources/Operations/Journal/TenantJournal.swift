import Base
import Journal
import Keys
import Repository

/// The two ledgers of one tenant on this machine, or those of what is of no tenant. Several threads may record at once, and several processes.
package final class TenantJournal: Sendable {
    package let folder: LedgerFolder
    /// Nil for what is of no tenant.
    package let tenant: ShortID?
    private let signer: SigningKey
    private let identity: Identity
    private let limits: LedgerWriter.Limits
    private let writers = Monitor<[Ledger: LedgerWriter]>([:])

    /// Where all ledgers of a machine are.
    package static func folder(state: String) -> LedgerFolder { LedgerFolder(state + "/journal") }

    /// `keys`: the tenant's; segments are signed with the key of the first role that is here: write, maintain, verify. A machine with none of
    /// them has a signing key of its own, `journal.key` in the state folder, made when it is first needed. `identity`: who acts, by the system's word; this process where
    /// it is nil.
    package init(
        state: String, tenant: ShortID?, keys: TenantKeys?, _ program: Identity.Program, _ settings: Configuration.Journal,
        by identity: Identity? = nil
    ) throws {
        folder = Self.folder(state: state)
        self.tenant = tenant
        signer = try keys?.journalSigner() ?? MachineKey.take(state: state)
        self.identity = identity ?? Identity.current(program, host: Identity.machine)
        limits = LedgerWriter.Limits(seconds: settings.closeAfter.components.seconds)
    }

    package convenience init(_ workspace: Workspace, _ program: Identity.Program) throws {
        try self.init(
            state: workspace.configuration.node.state, tenant: workspace.fingerprint.tenant, keys: workspace.keys, program,
            workspace.configuration.journal)
    }

    /// Writes an event down: in the operations ledger, and where it is somebody's access to data in the accesses ledger as well. Durable on return. One
    /// ledger that cannot be written does not keep the other from being.
    ///
    /// Throws `.usage` for what a ledger cannot hold, `.damaged`, `.noSpace` or `.failed` where one cannot be gone on with.
    package func record(_ event: JournalEvent) throws {
        let operation = Result {
            try writer(.operations).append(
                LedgerEvent(event.kind, event.outcome, by: identity.withoutPerson, object: event.object, details: event.details))
        }
        if let access = event.access {
            try writer(.accesses).append(
                LedgerEvent(
                    event.kind, event.outcome, by: identity, object: access.object ?? event.object, reason: access.reason, details: access.details))
        }
        _ = try operation.get()
    }

    /// The writer of one ledger. Its folder comes to be.
    package func writer(_ ledger: Ledger) throws -> LedgerWriter {
        try writers.look { writers in
            if let writer = writers[ledger] { return writer }
            let writer = try LedgerWriter(folder.path(tenant, ledger), tenant: tenant, ledger, key: signer, identity: identity, limits: limits)
            writers[ledger] = writer
            return writer
        }
    }

    /// The writers of the ledgers that there are.
    package func existing() throws -> [LedgerWriter] {
        try Ledger.allCases.filter { try !Files.names(folder.path(tenant, $0)).isEmpty }.map { try writer($0) }
    }
}

extension TenantKeys {
    /// The key that signs this machine's ledgers of the tenant, where it has a role.
    package func journalSigner() throws -> SigningKey? { try node()?.signer ?? maintain()?.signer ?? verify() }
}

/// The signing key of a machine that has no role's: it signs nothing but the journal, and no descriptor names it.
package enum MachineKey {
    private static func path(_ state: String) -> String { state + "/journal.key" }

    /// Nil where there is none yet.
    package static func read(state: String) throws -> SigningKey? {
        try KeyFile.read(path(state), kind: .journal) { nil }.map { try SigningKey(seed: $0) }
    }

    /// Made where it lacks.
    package static func take(state: String) throws -> SigningKey {
        if let key = try read(state: state) { return key }
        try Files.makeFolder(state)
        let key = try SigningKey.generate()
        do { try KeyFile.create(path(state), kind: .journal, key.seed, passphrase: nil) } catch let failure as Failure where failure.kind == .exists {
            // Another process was first.
            return try read(state: state) ?? key
        }
        return key
    }
}
