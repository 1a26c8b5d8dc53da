import Base
import Sites

/// A site that asks before each act, and fails where the answer is a throw.
package final class HookedSite: Site {
    package enum Act: Sendable, Equatable {
        case create(String)
        case read(String)
        case list(String)
        case delete(String)
    }

    package let base: any Site
    private let hook: @Sendable (Act) throws -> Void

    package var name: String { base.name }

    package init(_ base: any Site, _ hook: @escaping @Sendable (Act) throws -> Void) {
        self.base = base
        self.hook = hook
    }

    package func create(_ key: String, _ bytes: UnsafeRawBufferPointer) throws {
        try hook(.create(key))
        try base.create(key, bytes)
    }

    package func read(_ key: String, at offset: Int, into: UnsafeMutableRawBufferPointer) throws {
        try hook(.read(key))
        try base.read(key, at: offset, into: into)
    }

    package func size(_ key: String) throws -> Int {
        try hook(.read(key))
        return try base.size(key)
    }

    package func list(_ prefix: String, _ body: (ObjectInfo) throws -> Void) throws {
        try hook(.list(prefix))
        try base.list(prefix, body)
    }

    package func delete(_ key: String) throws {
        try hook(.delete(key))
        try base.delete(key)
    }

    package func freeSpace() throws -> UInt64? { try base.freeSpace() }
}

extension HookedSite {
    /// A site that answers nothing any more once `limit` objects were created.
    package static func dying(_ base: any Site, afterCreates limit: Int) -> HookedSite {
        let created = Monitor(0)
        return HookedSite(base) { act in
            let isDead = created.look { created in
                if case .create = act, created <= limit { created += 1 }
                return created > limit
            }
            if isDead { throw Failure(.unreachable, .system("write", "gone"), object: base.name) }
        }
    }
}

extension Site {
    /// Puts other bytes under a key, as damage or a hand at the store would.
    package func overwrite(_ key: String, _ bytes: [UInt8]) throws {
        try delete(key)
        try create(key, bytes)
    }
}
