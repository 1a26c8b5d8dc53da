import Base
import CLinux
import Repository

/// The owners of this machine for those of the snapshot.
struct OwnerMap {
    private struct Owner: Hashable {
        let id: UInt32
        let name: [UInt8]
    }

    private let policy: RestoreOptions.Owners
    private var users: [Owner: UInt32] = [:]
    private var groups: [Owner: UInt32] = [:]
    // Most entries have the owner of the one before.
    private var lastUser: (owner: Owner, id: UInt32)?
    private var lastGroup: (owner: Owner, id: UInt32)?

    init(_ policy: RestoreOptions.Owners) { self.policy = policy }

    mutating func user(_ entry: Entry) -> UInt32 {
        Self.find(entry.uid, entry.userName, policy, &users, &lastUser) { clinux_user_id($0) }
    }

    mutating func group(_ entry: Entry) -> UInt32 {
        Self.find(entry.gid, entry.groupName, policy, &groups, &lastGroup) { clinux_group_id($0) }
    }

    private static func find(
        _ id: UInt32, _ name: [UInt8]?, _ policy: RestoreOptions.Owners, _ known: inout [Owner: UInt32],
        _ last: inout (owner: Owner, id: UInt32)?, _ lookUp: (UnsafePointer<CChar>) -> Int64
    ) -> UInt32 {
        if policy == .none { return .max }
        guard policy == .byName, let name else { return id }
        if let last, last.owner.id == id, last.owner.name == name { return last.id }
        let owner = Owner(id: id, name: name)
        let found: UInt32
        if let old = known[owner] {
            found = old
        } else {
            let local = RawName(name).withCString { lookUp($0) }
            found = local >= 0 && local < Int64(UInt32.max) ? UInt32(local) : id
            // A snapshot of strange owners without end must not fill memory.
            if known.count >= 4096 { known.removeAll() }
            known[owner] = found
        }
        last = (owner, found)
        return found
    }
}
