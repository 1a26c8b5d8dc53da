import Base
import Scheduling
import Verification

/// What `/etc/hdsbackup/config.toml` says, checked as a whole, with its defaults filled in.
///
/// Everything that a command needs is here; flags only override. A value of this type is consistent:
/// every name that it mentions exists, every path is absolute, every number is possible.
package struct Configuration: Sendable, Equatable {
    package static let defaultPath = "/etc/hdsbackup/config.toml"

    /// The file that it was read from.
    package var file: String
    package var node: Node
    package var daemon = Daemon()
    package var alert = Alert()
    package var restoreTest: RestoreTest
    package var journal = Journal()
    package var papers: Papers
    /// In the order of the file, as are the tenants and the sources.
    package var sites: [Site] = []
    package var tenants: [Tenant] = []
    package var sources: [Source] = []
    /// What the file says and this version does not act on yet.
    package var notices: [ConfigurationNotice] = []

    package init(file: String, node: Node) {
        self.file = file
        self.node = node
        restoreTest = RestoreTest(place: node.state + "/restore-test")
        papers = Papers(beside: file)
    }
}

extension Configuration {
    /// `[node]`: this machine.
    package struct Node: Sendable, Equatable {
        package static let defaultState = "/var/lib/hdsbackup"
        package static let defaultKeys = "/etc/hdsbackup/keys"

        package var name: String
        /// What this machine may do without a person; all of it where the file says nothing.
        package var roles: Set<Role> = Set(Role.allCases)
        /// The boundary of deduplication; the node itself where the file says nothing.
        package var domain: String
        package var state = Node.defaultState
        package var keys = Node.defaultKeys

        package init(name: String) {
            self.name = name
            domain = name
        }
    }

    /// What a machine may be trusted with (restoring is a person's).
    package enum Role: String, Sendable, CaseIterable {
        case write, maintain, verify
    }

    /// `[daemon]`.
    package struct Daemon: Sendable, Equatable {
        package var socket = "/run/hdsbackup/control.sock"
        /// `host:port` of the dashboard; empty for none.
        package var listen = "127.0.0.1:8429"
        /// What the runs at one time may take together.
        package var memory = ByteCount(256 << 20)
        package init() {}
    }

    /// `[alert]`: how a person is called.
    package struct Alert: Sendable, Equatable {
        package var command: [String]?
        package var mail: String?
        /// `host:port` of the SMTP server that takes the mail, and whom it is from.
        package var smtp = "127.0.0.1:25"
        package var from: String?
        /// May hold a token: never shown whole.
        package var webhook: String?
        /// Name of the credential that signs what the webhook gets.
        package var webhookSecret: String?
        /// Told at regular times that the daemon lives, so that its silence is noticed elsewhere. May hold a token.
        package var heartbeat: String?
        package var heartbeatEvery: Duration = .seconds(300)
        /// After so long, what still lasts is told again.
        package var remindEvery: Duration = .seconds(86_400)
        package init() {}
    }

    /// `[restore_test]`.
    package struct RestoreTest: Sendable, Equatable {
        /// Folder below which each test makes one of its own.
        package var place: String
        package var share = RestoreTestShare.whole
        /// What is larger is tested in rotating shares of this size.
        package var limit = ByteCount(10 << 30)

        package init(place: String) { self.place = place }
    }

    /// `[journal]`: the ledgers.
    package struct Journal: Sendable, Equatable {
        /// How long the accesses ledger is kept; then it is erased.
        package var accesses: Duration = .seconds(365 * 86_400)
        /// A segment is closed, signed and sent to the sites when it is so old.
        package var closeAfter: Duration = .seconds(3_600)
        /// Whether `restore` and `cat` refuse to go without a reason.
        package var requiresReason = false
        package init() {}
    }

    /// `[sovereignty]`: where the rules of policy and the signed papers are, and who runs this program.
    package struct Papers: Sendable, Equatable {
        /// Folder of evidence, waivers and statements about sites.
        package var evidence: String
        /// File of the people whose signatures count.
        package var approvers: String
        /// Folders of the rules and of what is known of providers; nil: those that are installed with the program.
        package var policies: String?
        package var providers: String?
        /// Who runs this program, as certificates and contracts name it, and ids of its own evidence.
        package var host: Party?
        package var hostEvidence: [String] = []
        /// Where the data itself lives, and on what: what copies elsewhere are counted against.
        package var datacentre: String?
        package var media: Media?

        package enum Media: String, Sendable, CaseIterable { case object, disk, tape, removable }

        /// Beside the configuration file.
        package init(beside file: String) {
            let folder = absolute(file).split(separator: "/", omittingEmptySubsequences: true).dropLast().map { "/" + $0 }.joined()
            evidence = folder + "/evidence"
            approvers = folder + "/approvers"
        }

        /// What the file leaves out lies beside `origin`, of which `file` is a copy.
        package mutating func move(from file: String, to origin: String) {
            let (here, there) = (Papers(beside: file), Papers(beside: origin))
            if evidence == here.evidence { evidence = there.evidence }
            if approvers == here.approvers { approvers = there.approvers }
        }
    }

    /// A company or an establishment by its legal name.
    package struct Party: Sendable, Equatable {
        package var name: String
        /// Nine digits.
        package var siren: String?
    }

    /// `[site.NAME]`: a place that holds copies.
    package struct Site: Sendable, Equatable {
        package var name: String
        package var place: Place
        package var limit: Limit?
        /// Expected to be absent most of the time.
        package var isOffline = false

        package init(name: String, place: Place) {
            self.name = name
            self.place = place
        }

        /// Where it is, by kind.
        package enum Place: Sendable, Equatable {
            case file(path: String)
            case s3(S3)
            case remote(Remote)

            /// As the file writes it.
            package var kind: String {
                switch self {
                case .file: "file"
                case .s3: "s3"
                case .remote: "remote"
                }
            }
        }

        /// A bucket of an S3 store.
        package struct S3: Sendable, Equatable {
            package var endpoint: String
            package var region = "us-east-1"
            package var bucket: String
            package var coordinationBucket: String?
            package var prefix: String?
            package var credentials = Credentials()
            package var objectLock: ObjectLock?
            package var usesPathStyle = false
            package var authorityFile: String?
            /// `host:port` of an HTTP proxy on the way there.
            package var proxy: String?
            /// Without a byte for so long, a request is given up.
            package var timeout: Duration?
            /// How long new objects are locked before maintenance renews.
            package var lockPeriod: Duration?
        }

        /// A machine that runs `hdsbackup-site`.
        package struct Remote: Sendable, Equatable {
            package var endpoint: String
            package var prefix: String?
            package var credentials = Credentials()
            package var authorityFile: String?
        }

        /// Names of credentials, never the credentials themselves.
        package struct Credentials: Sendable, Equatable {
            package var write: String?
            package var maintain: String?
            package var restore: String?
            package init() {}
        }

        package enum ObjectLock: String, Sendable, CaseIterable {
            case compliance, governance
        }

        /// What traffic to the site may take, a second, in a part of the day.
        package struct Limit: Sendable, Equatable {
            package var upload: ByteCount?
            package var download: ByteCount?
            package var between: DayWindow?
            package init() {}
        }

        /// The folder of a file site; nil for the other kinds.
        package var folder: String? {
            if case .file(let path) = place { path } else { nil }
        }
    }

    /// `[tenant.NAME]`: the establishment whose data it is.
    package struct Tenant: Sendable, Equatable {
        package var name: String
        /// Hash of the authority's public keys, where it is pinned.
        package var fingerprint: Digest?
        /// Names of its sites, in the order of the file; at least one.
        package var sites: [String]
        /// Sites that must hold a snapshot before a backup succeeds.
        package var writeQuorum = 1
        /// Whether the write role and the opening keys may be on one machine.
        package var acceptsKeysTogether = false
        package var policy = Policy()
        /// In which relation its data is kept; a third party where the file says nothing, which asks for the most.
        package var kind = Kind.third
        /// As certificates and contracts name it.
        package var party: Party?

        package init(name: String, sites: [String]) {
            self.name = name
            self.sites = sites
        }

        /// The establishment's own data, that of a member of its hospital group, or somebody else's.
        package enum Kind: String, Sendable, CaseIterable {
            case own, ght, third
        }
    }

    /// `[tenant.NAME.policy]`. What the file leaves out stays nil: its meaning comes with the profile.
    package struct Policy: Sendable, Equatable {
        package enum Profile: String, Sendable, CaseIterable {
            case hds, sovereign, secnumcloud, none
        }

        package var profile: Profile?
        package var copies: Int?
        package var immutable: Int?
        package var keep: Keep?
        /// How long condemned packs stay before they are deleted.
        package var quarantine: Duration?
        /// How long sessions that began before packs were condemned are waited for.
        package var patience: Duration?
        /// How long after an arrival nothing is forgotten because of it.
        package var coolOff: Duration?
        package var scrub: Duration?
        package var restoreTest: Duration?
        /// Bytes a second that scheduled verification may read from each site.
        package var scrubRate: ByteCount?
        package init() {}
    }

    /// How many snapshots of each age are kept.
    package struct Keep: Sendable, Equatable {
        package var last: Int?
        package var hourly: Int?
        package var daily: Int?
        package var weekly: Int?
        package var monthly: Int?
        package var yearly: Int?
        package var within: Duration?
        package init() {}
    }

    /// `[source.NAME]`: what is backed up.
    package struct Source: Sendable, Equatable {
        package var name: String
        package var tenant: String
        package var content: Content
        /// Patterns of gitignore(5), relative to each path.
        package var exclude: [String] = []
        package var staysOnFileSystem = false
        package var chunking = Chunking.auto
        package var compression = Compression.auto
        /// Runs before, and after in every case.
        package var before: Hook?
        package var after: Hook?
        /// Who runs the command and the hooks, where the hook does not say; this process's user otherwise.
        package var user: String?
        package var timeout: Duration?
        package var schedule: Schedule?
        package var check: [String]?
        package var keep: Keep?
        /// The legal basis of how long it is kept.
        package var basis: String?
        package var authorisation: Authorisation?
        /// Where the patients' information notice is.
        package var notice: String?
        package var rpo: Duration?
        package var rto: Duration?

        package init(name: String, tenant: String, content: Content) {
            self.name = name
            self.tenant = tenant
            self.content = content
        }

        /// The consent of an authority: its number, and its last day as `2027-01-31`.
        package struct Authorisation: Sendable, Equatable {
            package var id: String
            package var until: String
        }

        package enum Content: Sendable, Equatable {
            /// Absolute, without `.`, `..` or a slash at the end; none lies inside another.
            case paths([String])
            /// A program and its arguments: its standard output is the content.
            case command([String])
            /// What is piped into `hdsbackup backup`.
            case standardInput
        }
    }

    package enum Chunking: String, Sendable, CaseIterable {
        case auto, content, fixed
    }

    package enum Compression: Sendable, Equatable {
        case auto
        /// Levels 1 to 22.
        case zstd(level: Int)
        case lz4
        case none

        /// Nil for anything that the configuration does not accept.
        package init?(_ text: String) {
            switch text {
            case "auto": self = .auto
            case "lz4": self = .lz4
            case "none": self = .none
            default:
                guard text.hasPrefix("zstd:"), let level = Int(text.dropFirst(5)), (1...22).contains(level) else { return nil }
                self = .zstd(level: level)
            }
        }

        package var text: String {
            switch self {
            case .auto: "auto"
            case .zstd(let level): "zstd:\(level)"
            case .lz4: "lz4"
            case .none: "none"
            }
        }
    }

    /// A program that runs before or after a source is read.
    package struct Hook: Sendable, Equatable {
        package var run: [String]
        package var user: String?
        package var timeout: Duration?

        package init(run: [String], user: String? = nil, timeout: Duration? = nil) {
            self.run = run
            self.user = user
            self.timeout = timeout
        }
    }
}

/// A key that the file gives and this version does not act on yet.
package struct ConfigurationNotice: Sendable, Equatable {
    package let file: String
    package let line: Int
    /// Such as `source.dpi.schedule`.
    package let key: String
    package let message: Message

    /// One line for a person.
    package func text(_ language: Language) -> String { "\(file):\(line): \(key): \(message.text(language))" }
}

/// One thing that is wrong in the file.
package struct ConfigurationProblem: Sendable, Equatable {
    package let file: String
    package let line: Int
    /// Such as `source.dpi.paths`; empty where the file is not TOML at all.
    package let key: String
    package let message: Message
    package let remedy: Message?

    package var failure: Failure {
        Failure(.usage, message, object: "\(file):\(line)" + (key.isEmpty ? "" : ": \(key)"), remedy: remedy)
    }
}
