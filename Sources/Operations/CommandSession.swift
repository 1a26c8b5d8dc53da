import Base
import Codec
import Glibc
import Keys

/// Version of the program, as manifests and `--version` tell it.
package let programVersion = "0.1.0"

/// The environment as a dictionary.
package func environmentVariables() -> [String: String] {
    var variables: [String: String] = [:]
    var at = environ
    while let entry = at.pointee {
        let text = String(cString: entry)
        if let equals = text.firstIndex(of: "=") { variables[String(text[..<equals])] = String(text[text.index(after: equals)...]) }
        at += 1
    }
    return variables
}

/// What a command of the operator works with: console, configuration, passphrase.
package final class CommandSession: Sendable {
    package let console: Console
    package let siteName: String?
    private let configurationPath: String
    private let tenantName: String?
    private let passphraseSource: Passphrase

    package init(
        config: String, tenant: String?, site: String?, isJSON: Bool, isQuiet: Bool, hidesProgress: Bool, language: String?,
        passphraseDescriptor: Int32?
    ) throws {
        var options = Console.Options()
        options.language = language
        options.isJSON = isJSON
        options.isQuiet = isQuiet
        options.hidesProgress = hidesProgress
        let environment = environmentVariables()
        console = try Console(options, environment: environment)
        configurationPath = config
        tenantName = tenant
        siteName = site
        passphraseSource = Passphrase(descriptor: passphraseDescriptor, environment: environment, language: console.language)
    }

    package var language: Language { console.language }

    /// Throws `Failures` with every mistake of the file.
    package func configuration() throws -> Configuration { try Configuration.load(configurationPath) }

    package var configurationFile: String { configurationPath }

    /// Every tenant that the flags mean, opened.
    package func workspaces() throws -> [Workspace] {
        let configuration = try configuration()
        let names = tenantName.map { [$0] } ?? configuration.tenants.map(\.name)
        return try names.map { name in try Workspace(configuration, tenant: name) { try self.passphrase() } }
    }

    /// The one tenant that the flags mean.
    package func workspace() throws -> Workspace {
        try Workspace(configuration(), tenant: tenantName) { try self.passphrase() }
    }

    package func initialisation() throws -> Initialisation { try Initialisation(configuration(), tenant: tenantName) }

    /// Asks for the passphrase of the restore key.
    package func passphrase() throws -> Secret? { try passphraseSource.read() }

    /// A new passphrase where one is offered: none when neither a source nor a terminal is there.
    package func newPassphrase() throws -> Secret? {
        do { return try passphraseSource.readNew() } catch let failure as Failure where failure.message.code == Message.passphraseNeeded.code {
            return nil
        }
    }

    /// An interrupted run is like a killed one: nothing needs undoing, and the next goes on.
    package static func prepareSignals() {
        signal(SIGPIPE, SIG_IGN)
        for number in [SIGINT, SIGTERM] { signal(number) { _ in _exit(ExitStatus.interrupted.rawValue) } }
    }
}
