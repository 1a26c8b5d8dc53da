import Base
import Glibc
import Verification

/// What became of a configuration file: the configuration where nothing is wrong, else all problems.
package struct ConfigurationReading: Sendable {
    /// Nil as soon as there is one problem.
    package let configuration: Configuration?
    /// In the order of the file.
    package let problems: [ConfigurationProblem]
    /// What the file says and this version does not act on yet, in the order of the file.
    package let notices: [ConfigurationNotice]
}

extension Configuration {
    /// Reads and checks the file at `path`. Throws `Failures` with everything that is wrong in it, each
    /// of kind `.usage`, or a `Failure` where the file cannot be read.
    package static func load(_ path: String, hostName: String = machineName()) throws -> Configuration {
        let reading = try examine(path, hostName: hostName)
        guard let configuration = reading.configuration else { throw Failures(reading.problems.map(\.failure)) }
        return configuration
    }

    /// Reads the file at `path` for `config check`. Throws a `Failure` where it cannot be read at all.
    package static func examine(_ path: String, hostName: String = machineName()) throws -> ConfigurationReading {
        let bytes: [UInt8]?
        do {
            bytes = try Files.read(path, limit: 1 << 20)
        } catch let failure as Failure {
            throw Failure(.usage, failure.message, object: failure.object, remedy: failure.remedy)
        }
        guard let bytes else { throw Failure(.usage, .configMissing, object: path, remedy: .configWriteOne) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return failed(path, line: lineOfBadUTF8(bytes), .configNotUTF8)
        }
        return read(text, file: path, hostName: hostName)
    }

    /// Reads `text`, which `file` is the name of. Pure.
    package static func read(_ text: String, file: String, hostName: String) -> ConfigurationReading {
        if text.utf8.contains(0) {
            return failed(file, line: 1 + text.utf8.prefix { $0 != 0 }.count { $0 == 0x0A }, .configZeroByte)
        }
        let locator = ConfigurationLocator(text)
        if let fatal = locator.fatal { return failed(file, line: fatal.line, key: fatal.path.text, fatal.message) }
        let root: [ConfigurationEntry]
        do {
            root = try parseTOML(text)
        } catch let error as ConfigurationSyntaxError {
            return failed(file, line: error.line, .configSyntax(error.reason, column: error.column))
        } catch {
            return failed(file, line: 1, .configSyntax("\(error)", column: 1))
        }
        let findings = ConfigurationFindings(file: file, locator: locator)
        let section = ConfigurationSection(ConfigurationPath(), root, findings)
        var configuration = readAll(section, hostName: hostName)
        findings.sort()
        configuration.notices = findings.notices
        return ConfigurationReading(
            configuration: findings.problems.isEmpty ? configuration : nil, problems: findings.problems, notices: findings.notices)
    }

    private static func failed(_ file: String, line: Int, key: String = "", _ message: Message) -> ConfigurationReading {
        let problem = ConfigurationProblem(file: file, line: line, key: key, message: message, remedy: nil)
        return ConfigurationReading(configuration: nil, problems: [problem], notices: [])
    }

    private static func lineOfBadUTF8(_ bytes: [UInt8]) -> Int {
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        return 1 + (lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0)
    }

    /// gethostname(2), as far as it is a name that the configuration accepts.
    package static func machineName() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

// The walk: one function a table, in the order of docs/OPERATIONS.md.
extension Configuration {
    private static func readAll(_ root: ConfigurationSection, hostName: String) -> Configuration {
        var configuration = Configuration(file: root.findings.file, node: readNode(root, hostName: hostName))
        if let section = root.section("daemon") { configuration.daemon = readDaemon(section) }
        if let section = root.section("alert") { configuration.alert = readAlert(section) }
        if let section = root.section("restore_test") { readRestoreTest(section, &configuration.restoreTest) }
        if let section = root.section("journal") { configuration.journal = readJournal(section) }
        if let section = root.section("sovereignty") { readPapers(section, &configuration.papers) }
        let sites = root.namedSections("site")
        configuration.sites = sites.compactMap { readSite($0.name, $0.section) }
        refuseSharedFolders(sites.map(\.section))
        let siteNames = root.names(below: "site")
        configuration.tenants = root.namedSections("tenant").compactMap { readTenant($0.name, $0.section, sites: siteNames) }
        let tenantNames = root.names(below: "tenant")
        configuration.sources = root.namedSections("source").compactMap { readSource($0.name, $0.section, tenants: tenantNames) }
        root.finish()
        return configuration
    }

    private static func readRestoreTest(_ section: ConfigurationSection, _ test: inout RestoreTest) {
        if let place = section.path("place") { test.place = place }
        if let share = section.text("share", .expectedShare, { RestoreTestShare($0) }) { test.share = share }
        if let limit = section.bytes("limit") { test.limit = limit }
        section.finish()
    }

    private static func readJournal(_ section: ConfigurationSection) -> Journal {
        var journal = Journal()
        if let accesses = section.duration("accesses") { journal.accesses = accesses }
        if let closeAfter = section.duration("close_after") { journal.closeAfter = closeAfter }
        if let requiresReason = section.boolean("require_reason") { journal.requiresReason = requiresReason }
        section.finish()
        return journal
    }

    private static func readNode(_ root: ConfigurationSection, hostName: String) -> Node {
        let section = root.section("node")
        let name = section?.text("name", .expectedName) { isName($0) ? $0 : nil }
        if section?.has("name") != true, !isName(hostName) { root.problem("node", .configNodeNameNeeded) }
        var node = Node(name: name ?? hostName)
        guard let section else { return node }
        let expected = Message.expectedOne(of: Role.allCases.map { quotedText($0.rawValue) })
        if let roles = section.list("roles", of: expected, { Role(rawValue: $0) }) { node.roles = Set(roles) }
        if let domain = section.text("domain", .expectedName, { isName($0) ? $0 : nil }) { node.domain = domain }
        if let state = section.path("state") { node.state = state }
        if let keys = section.path("keys") { node.keys = keys }
        section.finish()
        return node
    }

    private static func readDaemon(_ section: ConfigurationSection) -> Daemon {
        var daemon = Daemon()
        if let socket = section.path("socket") { daemon.socket = socket }
        if let listen = section.text("listen", .expectedListen, { isListenAddress($0) ? $0 : nil }) { daemon.listen = listen }
        if let memory = section.bytes("memory") { daemon.memory = memory }
        section.finish()
        return daemon
    }

    private static func readAlert(_ section: ConfigurationSection) -> Alert {
        var alert = Alert()
        alert.command = section.command("command")
        alert.mail = section.text("mail", .expectedMail) { isMailAddress($0) ? $0 : nil }
        if let smtp = section.text("smtp", .expectedListen, { isHostAndPort($0) ? $0 : nil }) { alert.smtp = smtp }
        alert.from = section.text("from", .expectedMail) { isMailAddress($0) ? $0 : nil }
        alert.webhookSecret = section.text("webhook_secret", .expectedName) { isName($0) ? $0 : nil }
        alert.heartbeat = section.text("heartbeat", .expectedURL, isSecret: true) { WebAddress($0) == nil ? nil : $0 }
        if let every = section.duration("heartbeat_every") { alert.heartbeatEvery = every }
        if let every = section.duration("remind_every") { alert.remindEvery = every }
        alert.webhook = section.text("webhook", .expectedURL, isSecret: true) { WebAddress($0) == nil ? nil : $0 }
        section.finish()
        return alert
    }
}
