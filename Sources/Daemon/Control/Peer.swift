import Base
import CLinux
import Glibc
import Hummingbird
import Logging
import NIOCore
import Operations

/// Who is at the other end of the control socket: the kernel says (unix(7), SO_PEERCRED).
struct Peer: Sendable, Equatable {
    let pid: Int32
    let uid: UInt32
    let gid: UInt32

    enum Right: Sendable, Comparable {
        case none, read, act
    }

    /// Root and the daemon's own user act; who is in `group` reads; nobody else may anything.
    func right(group: String) -> Right {
        if uid == 0 || uid == geteuid() { return .act }
        let wanted = clinux_group_id(group)
        guard wanted >= 0 else { return .none }
        return gid == UInt32(wanted) || clinux_is_member(uid, gid, UInt32(wanted)) == 1 ? .read : .none
    }

    /// The group that may read.
    static let group = "hdsbackup"
}

/// What a request of the control socket bears.
struct ControlContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    /// Throws 403 when the peer may not do that.
    func require(_ right: Peer.Right) async throws -> Peer {
        guard let provider = channel as? any SocketOptionProvider else { throw HTTPError(.forbidden) }
        let peer: Peer = try await provider.unsafeGetSocketOption(level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED)).get()
        guard peer.right(group: Peer.group) >= right else { throw HTTPError(.forbidden, message: "not allowed") }
        return peer
    }
}
