import ArgumentParser
import Base
import Journal
import Operations

struct InitCommand: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "init", abstract: help(.helpInit))
    @OptionGroup var common: CommonOptions
    @Option(help: ArgumentHelp(help(.helpRestoreKeys), valueName: "dir")) var restoreKeys: String?
    @Option(help: ArgumentHelp(help(.helpKitOut), valueName: "file")) var kitOut: String?
    @Option(help: ArgumentHelp(help(.helpKit), valueName: "file")) var kit: String?

    func act(_ session: CommandSession) throws -> ExitStatus {
        let initialisation = try session.initialisation()
        let outcome: Initialisation.Outcome
        if try initialisation.isNew, kit == nil {
            if let kitOut { try refuseExisting(kitOut) }
            outcome = try initialisation.create(elsewhere: restoreKeys.map(absolute), passphrase: session.newPassphrase()) {
                try deliver($0, session)
            }
        } else {
            outcome = try initialisation.prepareSites(named: session.siteName, kit: kit.map(readKit))
        }
        session.record(
            JournalEvent(
                .keyUse, .done, object: LedgerEvent.Object("key", .word(outcome.kit == nil ? "sites" : "tenant")),
                details: ["command": .word("init"), "prepared": .count(outcome.prepared.count), "ready": .count(outcome.ready.count)]),
            tenant: try session.configuration().tenant(common.tenant).name)
        if let transfers = initialisation.transfers {
            session.recordTransfers(transfers, tenant: try session.configuration().tenant(common.tenant).name)
        }
        try show(outcome, session)
        for failure in outcome.refused { session.console.report(failure) }
        return outcome.refused.isEmpty ? .done : .refused
    }

    private func refuseExisting(_ path: String) throws {
        if try Files.read(path) != nil { throw Failure(.usage, .objectExists, object: path) }
    }

    /// The kit to its file, or to the screen at once.
    private func deliver(_ kit: RecoveryKit, _ session: CommandSession) throws {
        let page = kit.page(session.language)
        if let kitOut { try Files.create(kitOut, Array(page.utf8)) } else if !session.console.isJSON { writeLine(page, to: 1) }
    }

    private func show(_ outcome: Initialisation.Outcome, _ session: CommandSession) throws {
        let console = session.console
        if console.isJSON {
            struct Line: Encodable {
                let fingerprint: String
                let prepared: [String]
                let ready: [String]
                let kit: String?
                /// Sites that policy lets nothing go to.
                let refused: [String]
            }
            let page = kitOut == nil ? outcome.kit?.page(console.language) : nil
            return console.json(
                Line(
                    fingerprint: outcome.fingerprint.hex, prepared: outcome.prepared, ready: outcome.ready, kit: page,
                    refused: outcome.refused.compactMap(\.object)))
        }
        if let kit = outcome.kit { console.summary(Message.tenantCreated(kit.tenant, outcome.fingerprint.hex).text(console.language)) }
        if !outcome.prepared.isEmpty { console.summary(Message.sitesPrepared(outcome.prepared.joined(separator: ", ")).text(console.language)) }
        if !outcome.ready.isEmpty { console.summary(Message.sitesReady(outcome.ready.joined(separator: ", ")).text(console.language)) }
        if let folder = outcome.keysElsewhere { console.summary(Message.keysPut(folder).text(console.language)) }
        if outcome.kit != nil, let kitOut { console.summary(Message.kitWritten(kitOut).text(console.language)) }
    }
}

func readKit(_ path: String) throws -> RecoveryKit {
    guard let bytes = try Files.read(path, limit: 1 << 20) else { throw Failure(.usage, .objectMissing, object: path) }
    return try RecoveryKit(page: String(decoding: bytes, as: UTF8.self))
}

struct RecoverCommand: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "recover", abstract: help(.helpRecover))
    @OptionGroup var common: CommonOptions
    @Option(help: ArgumentHelp(help(.helpKit), valueName: "file")) var kit: String
    @Option(help: ArgumentHelp(help(.helpOut), valueName: "dir")) var out: String = "/etc/hdsbackup"

    func act(_ session: CommandSession) throws -> ExitStatus {
        guard let site = session.siteName else { throw Failure(.usage, .siteNeeded) }
        let path = try Recovery(readKit(kit)).run(site: site, into: absolute(out), passphrase: session.newPassphrase())
        session.record(
            JournalEvent(.keyUse, .done, object: LedgerEvent.Object("key", .word("restore")), details: ["command": .word("recover")]), recovered: path
        )
        if session.console.isJSON {
            session.console.json(["config": path])
        } else {
            session.console.summary(Message.recovered(path).text(session.language))
        }
        return .done
    }
}
