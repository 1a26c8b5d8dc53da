import Base
import Codec
import Glibc
import Journal
import Keys
import Operations
import Sites
import TestSupport
import Testing

/// The journal of a tenant as commands and the daemon use it.
@Suite struct TenantJournalTests {
    private let tenant = ShortID([UInt8](repeating: 7, count: 16))!

    private func journal(_ folder: TemporaryFolder, keys: TenantKeys? = nil, tenant: ShortID? = nil) throws -> TenantJournal {
        try TenantJournal(state: folder.path + "/state", tenant: tenant ?? self.tenant, keys: keys, .command, Configuration.Journal())
    }

    private func entries(_ journal: TenantJournal, _ ledger: Ledger, _ key: SigningKey) throws -> [LedgerEntry] {
        var entries: [LedgerEntry] = []
        let verification = LedgerVerification(trusted: [key.verifying], ledger: ledger, tenant: .some(journal.tenant))
        let report = try verification.run(journal.folder.source(journal.tenant, ledger)) { entry, _, _ in entries.append(entry) }
        #expect(report.isWhole)
        return entries
    }

    private let restore = JournalEvent(
        .restore, .done, object: LedgerEvent.Object("snapshot", .id(ShortID([UInt8](repeating: 1, count: 16))!)), details: ["files": .count(3)],
        access: JournalEvent.Access(reason: "à la demande du service", details: ["path.1": .bytes(Array("/srv/é".utf8))]))

    @Test func whatAPersonAskedIsInBothLedgersAndThePersonInOne() throws {
        let folder = try TemporaryFolder()
        let journal = try journal(folder)
        try journal.record(restore)
        let key = try #require(try MachineKey.read(state: folder.path + "/state"))
        let operation = try #require(try entries(journal, .operations, key).first)
        #expect(operation.event.identity.account == nil)
        #expect(operation.event.reason.isEmpty)
        #expect(operation.event.object == restore.object)
        #expect(operation.event.details == ["files": .count(3)])
        let access = try #require(try entries(journal, .accesses, key).first)
        #expect(access.event.identity.account?.user.uid == getuid())
        #expect(access.event.reason == "à la demande du service")
        #expect(access.event.object == restore.object)
    }

    @Test func whatTheSystemDidIsInOneLedger() throws {
        let folder = try TemporaryFolder()
        let journal = try journal(folder)
        try journal.record(JournalEvent(.backup, .partial))
        #expect(try Files.names(journal.folder.path(tenant, .accesses)).isEmpty)
        #expect(try journal.existing().map(\.ledger) == [.operations])
    }

    @Test func oneLedgerThatCannotBeWrittenKeepsNotTheOtherFromBeing() throws {
        let folder = try TemporaryFolder()
        let journal = try journal(folder)
        try Files.makeFolder(journal.folder.path + "/" + tenant.hex)
        try Files.create(journal.folder.path(tenant, .operations), [])
        #expect(throws: Failure.self) { try journal.record(restore) }
        let key = try #require(try MachineKey.read(state: folder.path + "/state"))
        #expect(try entries(journal, .accesses, key).count == 1)
    }

    @Test func nothingPersonalGetsIntoTheOperationsLedger() throws {
        let journal = try journal(try TemporaryFolder())
        let failure = #expect(throws: Failure.self) {
            try journal.record(JournalEvent(.list, .done, object: LedgerEvent.Object("path", .text("/srv/martin"))))
        }
        #expect(failure?.kind == .usage)
        #expect(try journal.existing().allSatisfy { try $0.head() == nil })
    }

    @Test func tenantsAndTheNodeHaveFoldersOfTheirOwn() throws {
        let folder = try TemporaryFolder()
        let other = ShortID([UInt8](repeating: 8, count: 16))!
        for tenant in [tenant, other] { try journal(folder, tenant: tenant).record(restore) }
        let node = try TenantJournal(state: folder.path + "/state", tenant: nil, keys: nil, .daemon, Configuration.Journal())
        try node.record(JournalEvent(.service, .begun))
        #expect(try node.folder.tenants() == [nil, tenant, other])
    }

    @Test func theKeyOfTheFirstRoleSigns() throws {
        let folder = try TemporaryFolder()
        let keys = TenantKeys(folder: folder.path + "/keys/chu")
        try Files.makeFolder(keys.folder)
        #expect(try keys.journalSigner() == nil)
        let (verify, maintain) = (try SigningKey.generate(), try SigningKey.generate())
        try keys.create(verify: verify)
        #expect(try keys.journalSigner()?.id == verify.id)
        try journal(folder, keys: keys).record(JournalEvent(.verification, .done))
        // A maintain key with no domain: the seed, and how many catalogue keys come after it.
        try KeyFile.create(keys.path("maintain"), kind: .maintain, Secret(maintain.seed.exposed + [0]), passphrase: nil)
        #expect(try keys.journalSigner()?.id == maintain.id)
        // Another key, another chain, which names the end of the one before.
        let journal = try journal(folder, keys: keys)
        try journal.record(JournalEvent(.verification, .done))
        let report = try journal.folder.verify(tenant, .operations, trusted: [verify.verifying, maintain.verifying])
        #expect(report.isWhole)
        #expect(report.chains.map(\.origin?.writer) == [verify.id, maintain.id])
        #expect(try MachineKey.read(state: folder.path + "/state") == nil)
    }

    @Test func aMachineWithoutARoleMakesItsKeyOnce() throws {
        let folder = try TemporaryFolder()
        let first = try MachineKey.take(state: folder.path + "/state")
        #expect(try MachineKey.take(state: folder.path + "/state").id == first.id)
        #expect(try Files.mode(folder.path + "/state/journal.key") & 0o777 == 0o600)
    }

    @Test func publicKeysComeFromAFolderAndAreWhole() throws {
        let folder = try TemporaryFolder()
        let none = #expect(throws: Failure.self) { try JournalTrust(folder: folder.path) }
        #expect(none?.kind == .usage)
        let key = try SigningKey.generate().verifying
        try Files.create(folder.path + "/one.pub", key.bytes)
        try Files.create(folder.path + "/readme", [1])
        #expect(try JournalTrust(folder: folder.path).keys == [key])
        try Files.create(folder.path + "/two.pub", Array(key.bytes.dropLast()))
        #expect(throws: Failure.self) { try JournalTrust(folder: folder.path) }
    }

    @Test func aSitesSourceShowsStubsOfTheChainsThatAreWanted() throws {
        let folder = try TemporaryFolder()
        let keys = TenantKeys(folder: folder.path + "/keys")
        let journal = try journal(folder, keys: keys)
        try journal.record(restore)
        let site = MemorySite(name: "paris")
        var chains: [Ledger: ChainID] = [:]
        for writer in try journal.existing() {
            let closing = try #require(try writer.close())
            let source = FolderLedgerSource(writer.folder)
            let bytes = try source.read(closing.origin.id, "0000000000", limit: 1 << 20)
            chains[writer.ledger] = closing.origin.id
            try site.create(SiteLedgerSource.key(closing.origin.id, "0000000000"), [1, 2, 3])
            try site.create(SiteLedgerSource.key(closing.origin.id, "0000000000.1"), [1, 2, 3])
            try site.create(SiteLedgerSource.key(closing.origin.id, "0000000000.stub"), SignedClosing(segment: bytes).stub)
        }
        let source = try SiteLedgerSource(site) { $1?.ledger == .accesses }
        let chain = try #require(chains[.accesses])
        #expect(try source.chains() == [chain])
        #expect(try source.names(chain) == ["0000000000.stub"])
        let key = try #require(try MachineKey.read(state: folder.path + "/state"))
        let copy = try LedgerVerification(trusted: [key.verifying], contents: .elsewhere).run(source)
        #expect(copy.isWhole)
        #expect(try journal.folder.verify(tenant, .accesses, trusted: [key.verifying]).compare(copy: copy) == [])
    }

    @Test(arguments: [
        (Base.ExitStatus.done, LedgerEvent.Outcome.done), (.partial, .partial), (.refused, .refused), (.key, .failed), (.damaged, .failed),
        (.unreachable, .failed),
    ]) func anOutcomeIsWhatTheExitStatusSays(status: Base.ExitStatus, outcome: LedgerEvent.Outcome) {
        #expect(LedgerEvent.Outcome(status) == outcome)
    }
}
