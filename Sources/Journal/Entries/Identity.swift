import Base
import CLinux
import Glibc

/// Who did it, by the system's word: never by an argument, a variable of the environment or a configuration.
package struct Identity: Sendable, Equatable {
    /// Which of our programs acted.
    package enum Program: UInt8, Sendable, CaseIterable {
        case daemon = 1
        case command = 2
        case site = 3

        package var word: String {
            switch self {
            case .daemon: "daemon"
            case .command: "command"
            case .site: "site"
            }
        }
    }

    /// A user of the system.
    package struct User: Sendable, Equatable {
        package let uid: UInt32
        /// Empty where the system knows no name for the number.
        package let login: String

        /// Largest name, in bytes.
        package static let limit = 256

        package init(uid: UInt32, login: String) {
            self.uid = uid
            self.login = login
        }

        /// The user of that number, with the name that the system knows for it.
        package init(uid: UInt32) {
            var room = [CChar](repeating: 0, count: Self.limit + 1)
            let isKnown = clinux_user_name(uid, &room, room.count) == 0
            let name = isKnown ? printable(room.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }) : ""
            self.init(uid: uid, login: name.utf8.count <= Self.limit ? name : "")
        }
    }

    /// A person's account, which only the accesses ledger may name.
    package struct Account: Sendable, Equatable {
        /// Whose rights it had.
        package let user: User
        /// Who had logged in: the kernel keeps it through su and sudo. Nil where nobody had, as in a service, or where the kernel does not say.
        package let session: User?

        package init(user: User, session: User?) {
            self.user = user
            self.session = session
        }
    }

    package let host: Word
    package let program: Program
    package let account: Account?

    package init(host: Word, program: Program, account: Account? = nil) {
        self.host = host
        self.program = program
        self.account = account
    }

    /// This process.
    package static func current(_ program: Program, host: Word) -> Identity {
        Identity(host: host, program: program, account: Account(user: User(uid: getuid()), session: loginUser("self")))
    }

    /// The process at the other end of a local socket, whose numbers the kernel gave (SO_PEERCRED, unix(7)).
    package static func peer(uid: UInt32, process: Int32, _ program: Program, host: Word) -> Identity {
        Identity(host: host, program: program, account: Account(user: User(uid: uid), session: loginUser(String(process))))
    }

    /// The same without the person: for the operations ledger.
    package var withoutPerson: Identity { Identity(host: host, program: program) }

    /// The name of this machine, as the kernel has it.
    package static var machine: Word {
        var room = [CChar](repeating: 0, count: 256)
        gethostname(&room, room.count - 1)
        return Word(fitting: String(decoding: room.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    /// proc(5), /proc/pid/loginuid: set once by PAM at login; 2³² - 1 where nobody logged in.
    private static func loginUser(_ process: String) -> User? {
        guard let bytes = try? Files.read("/proc/\(process)/loginuid", limit: 64), let uid = UInt32(String(decoding: bytes, as: UTF8.self)),
            uid != .max
        else { return nil }
        return User(uid: uid)
    }
}

extension Identity {
    func write(to w: inout ByteWriter) {
        w.word(host)
        w.u8(program.rawValue)
        w.u8(account == nil ? 0 : 1)
        guard let account else { return }
        account.user.write(to: &w)
        w.u8(account.session == nil ? 0 : 1)
        account.session?.write(to: &w)
    }

    init(_ r: inout ByteReader) throws {
        host = try r.word("host")
        guard let known = Program(rawValue: try r.u8()) else { throw Failure(.format, .newerFormat) }
        program = known
        account = try r.flag("account") ? Account(user: try User(&r), session: try r.flag("session") ? try User(&r) : nil) : nil
    }
}

extension Identity.User {
    fileprivate func write(to w: inout ByteWriter) {
        w.u32(uid)
        w.text(login)
    }

    fileprivate init(_ r: inout ByteReader) throws {
        uid = try r.u32()
        login = try r.text(limit: Self.limit, "login")
    }
}
