import Base
import Sites

/// A site that does as the one behind it, unless the test's hook throws first. The hook may also act: it
/// stands for whoever else is at work there.
final class FaultySite: Site {
    enum Act: Sendable, Equatable {
        case create, read, size, list, delete
    }

    let behind: any Site
    private let hook: Monitor<@Sendable (Act, String) throws -> Void>
    private let after = Monitor<@Sendable (Act, String) throws -> Void>({ _, _ in })
    private let garble = Monitor<@Sendable (String) -> Bool>({ _ in false })
    private let log = Monitor<[(Act, String)]>([])
    var name: String { behind.name }

    init(_ behind: any Site, _ hook: @escaping @Sendable (Act, String) throws -> Void = { _, _ in }) {
        self.behind = behind
        self.hook = Monitor(hook)
    }

    func setHook(_ new: @escaping @Sendable (Act, String) throws -> Void) { hook.look { $0 = new } }

    /// Called once the site behind has done it: an answer that is lost.
    func setAfter(_ new: @escaping @Sendable (Act, String) throws -> Void) { after.look { $0 = new } }

    /// Objects of which a reading gives a wrong byte.
    func setGarble(_ new: @escaping @Sendable (String) -> Bool) { garble.look { $0 = new } }

    /// Keys that were given to `act` and begin with `prefix`.
    func calls(_ act: Act, _ prefix: String) -> [String] { log.look { $0.filter { $0.0 == act && $0.1.hasPrefix(prefix) }.map(\.1) } }
    func clearCalls() { log.look { $0 = [] } }

    private func enter(_ act: Act, _ key: String) throws {
        log.look { $0.append((act, key)) }
        try hook.look { $0 }(act, key)
    }

    func create(_ key: String, _ bytes: UnsafeRawBufferPointer) throws {
        try enter(.create, key)
        try behind.create(key, bytes)
        try after.look { $0 }(.create, key)
    }

    func read(_ key: String, at offset: Int, into: UnsafeMutableRawBufferPointer) throws {
        try enter(.read, key)
        try behind.read(key, at: offset, into: into)
        if into.count > 100, garble.look({ $0 })(key) { into[100] ^= 1 }
    }

    func size(_ key: String) throws -> Int {
        try enter(.size, key)
        return try behind.size(key)
    }

    func list(_ prefix: String, _ body: (ObjectInfo) throws -> Void) throws {
        try enter(.list, prefix)
        try behind.list(prefix, body)
    }

    func delete(_ key: String) throws {
        try enter(.delete, key)
        try behind.delete(key)
    }

    func freeSpace() throws -> UInt64? { try behind.freeSpace() }
}

/// Lets so many calls through, then says that the site does not answer.
final class Countdown: Sendable {
    private let left: Monitor<Int>

    init(_ calls: Int) { left = Monitor(calls) }

    func step() throws {
        try left.look { left in
            left -= 1
            if left < 0 { throw Failure(.unreachable, .system("reach", "test")) }
        }
    }
}

extension Site {
    /// Puts other bytes in an object's place, as only a broken disk or a vandal does.
    func tamper(_ key: String, _ change: (inout [UInt8]) -> Void) throws {
        var bytes = try read(key, limit: 128 << 20)
        change(&bytes)
        try delete(key)
        try create(key, bytes)
    }
}
