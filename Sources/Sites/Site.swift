import Base

/// A place that stores objects. The one protocol that every kind of store has to meet.
///
/// **Keys** are made of `[A-Za-z0-9._-]` segments of at most 200 bytes joined by `/`; no key is another's
/// folder. **Objects** are written once and never changed.
///
/// **Errors** are `Failure`s: `.missing` (no such object), `.exists`, `.unreachable` (no answer, or a
/// failure that may pass), `.noSpace`, `.refused` (no right), `.wrongPlace`, `.damaged` (the store itself
/// says that the object cannot be read whole). Every call may be repeated; all may be called from several
/// threads at once and block.
package protocol Site: AnyObject, Sendable {
    /// The name in the configuration.
    var name: String { get }

    /// Creates the object if there is none of that key: atomic, and durable on return.
    /// Throws `.exists` and changes nothing when there is one, whatever its bytes.
    func create(_ key: String, _ bytes: UnsafeRawBufferPointer) throws

    /// The same, for who has the SHA-256 of the bytes already.
    func create(_ key: String, _ bytes: UnsafeRawBufferPointer, hash: Digest) throws

    /// Fills `into` with the object's bytes from `offset`. Throws `.damaged` when the object is shorter.
    func read(_ key: String, at offset: Int, into: UnsafeMutableRawBufferPointer) throws

    /// The whole object. Throws `.damaged` when it is larger than `limit`: nothing is allocated for it.
    func read(_ key: String, limit: Int) throws -> [UInt8]

    /// Fills the beginning of `into` with the whole object and returns its size. Throws `.damaged` when there is no room for it.
    func readWhole(_ key: String, into: UnsafeMutableRawBufferPointer) throws -> Int

    /// The object's size and its last `count` bytes, or all of them where it is shorter. Throws `.damaged` for an empty one,
    /// or says that it is.
    func readEnd(_ key: String, _ count: Int) throws -> (size: Int, bytes: [UInt8])

    /// Versions of the object that hold bytes, but for the newest, the younger first. Stores that keep one version have none.
    func olderVersions(_ key: String) throws -> [String]

    /// From now on this version is what is read of the object; nil: the newest.
    func read(version: String?, of key: String)

    /// The object's size in bytes.
    func size(_ key: String) throws -> Int

    /// Calls `body` for each object whose key begins with `prefix` (which ends with `/`), in the order of
    /// keys within each folder. Objects that exist during the whole listing are all listed.
    func list(_ prefix: String, _ body: (ObjectInfo) throws -> Void) throws

    /// Deletes the object; succeeds when there is none. Maintenance alone has the right.
    func delete(_ key: String) throws

    /// How long new objects are locked against deletion, in seconds; nil where the store locks nothing.
    var lockPeriod: Int64? { get }

    /// When the object's lock ends; nil when it has none.
    func lockEnd(_ key: String) throws -> Timestamp?

    /// Whether a legal hold keeps the object.
    func isHeld(_ key: String) throws -> Bool

    /// Locks the object until then; a lock is never shortened. Maintenance alone has the right.
    func lock(_ key: String, until: Timestamp) throws

    /// Whether the store itself can keep objects until a hold is released.
    var hasLegalHolds: Bool { get }

    /// Places a legal hold on the object, or releases it. Maintenance alone has the right.
    func setLegalHold(_ key: String, _ isOn: Bool) throws

    /// Ends uploads that were begun more than so many seconds ago and never completed; returns how many.
    func abortUploads(olderThan seconds: Int64) throws -> Int

    /// Bytes that may still be stored; nil where the store does not tell.
    func freeSpace() throws -> UInt64?

    /// What only this kind of site has, tried below `folder`, a scratch folder of packs.
    func probe(_ folder: String) throws -> [SiteProbe.Outcome]

    /// Objects of many megabytes that it pays to store or to read at once: one where a disk or a core is the limit, more
    /// where every request waits for an answer.
    var parallelism: Int { get }

    /// What this process asked of the site; nil where nothing is counted.
    var traffic: SiteTraffic? { get }
}

package struct ObjectInfo: Sendable, Equatable {
    package let key: String
    package let size: Int

    package init(key: String, size: Int) {
        self.key = key
        self.size = size
    }

    /// The last segment of the key.
    package var name: Substring { key.lastIndex(of: "/").map { key[key.index(after: $0)...] } ?? key[...] }
}

extension Site {
    package func create(_ key: String, _ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try create(key, $0) }
    }

    package func create(_ key: String, _ bytes: UnsafeRawBufferPointer, hash: Digest) throws { try create(key, bytes) }

    package func abortUploads(olderThan seconds: Int64) throws -> Int { 0 }

    package var lockPeriod: Int64? { nil }

    package func lockEnd(_ key: String) throws -> Timestamp? { nil }

    package func lock(_ key: String, until: Timestamp) throws {}

    package func isHeld(_ key: String) throws -> Bool { false }

    package var hasLegalHolds: Bool { false }

    package func setLegalHold(_ key: String, _ isOn: Bool) throws {}

    package func olderVersions(_ key: String) throws -> [String] { [] }

    package func read(version: String?, of key: String) {}

    package func probe(_ folder: String) throws -> [SiteProbe.Outcome] { [] }

    package var parallelism: Int { 1 }

    package var traffic: SiteTraffic? { nil }

    /// Small objects that it pays to read at once: they cost little but the wait for an answer.
    package var smallParallelism: Int { parallelism == 1 ? 1 : 4 * parallelism }

    package func readWhole(_ key: String, into: UnsafeMutableRawBufferPointer) throws -> Int {
        let size = try size(key)
        guard size <= into.count else { throw Failure(.damaged, .objectTooLarge(size), object: "\(name):\(key)") }
        try read(key, at: 0, into: UnsafeMutableRawBufferPointer(rebasing: into[..<size]))
        return size
    }

    package func readEnd(_ key: String, _ count: Int) throws -> (size: Int, bytes: [UInt8]) {
        let size = try size(key)
        var bytes = [UInt8](repeating: 0, count: min(size, count))
        try bytes.withUnsafeMutableBytes { try read(key, at: size - $0.count, into: $0) }
        return (size, bytes)
    }

    package func read(_ key: String, limit: Int) throws -> [UInt8] {
        let size = try size(key)
        guard size <= limit else { throw Failure(.damaged, .objectTooLarge(size), object: "\(name):\(key)") }
        var bytes = [UInt8](repeating: 0, count: size)
        try bytes.withUnsafeMutableBytes { try read(key, at: 0, into: $0) }
        return bytes
    }

    /// Reads a whole object and decodes it. Bytes that are damaged are read once more: where the second reading
    /// differs, the way there was at fault, not the object. Then older versions are tried, where the store keeps them.
    package func readTwice<T>(_ key: String, limit: Int, _ decode: ([UInt8]) throws -> T) throws -> T {
        try tryingVersions(of: key) {
            let first = try read(key, limit: limit)
            do { return try decode(first) } catch let failure as Failure where failure.kind == .damaged {
                let second = try read(key, limit: limit)
                guard second != first else { throw failure }
                return try decode(second)
            }
        }
    }

    /// Runs `body`, which reads the object, again with each older version of it for as long as what it reads is damaged; `turning` is
    /// called before each.
    package func tryingVersions<T>(of key: String, turning: () -> Void = {}, _ body: () throws -> T) throws -> T {
        do { return try body() } catch let damage as Failure where damage.kind == .damaged {
            let older: [String]
            do { older = try olderVersions(key) } catch let failure as Failure where failure.kind == .refused || failure.kind == .failed {
                throw damage
            }
            for version in older {
                read(version: version, of: key)
                turning()
                do { return try body() } catch let failure as Failure where failure.kind == .damaged { continue }
            }
            read(version: nil, of: key)
            throw damage
        }
    }

    /// All keys below `prefix`.
    package func keys(_ prefix: String) throws -> [String] {
        var keys: [String] = []
        try list(prefix) { keys.append($0.key) }
        return keys
    }

    /// Creates the object, accepting one's own earlier attempt: what is there must be the same bytes.
    /// Throws `.exists` when other bytes hold the name.
    package func createOrConfirm(_ key: String, _ bytes: [UInt8]) throws {
        do { try create(key, bytes) } catch let failure as Failure where failure.kind == .exists {
            do {
                guard try read(key, limit: bytes.count) == bytes else { throw failure }
            } catch let longer as Failure where longer.kind == .damaged { throw failure }
        }
    }
}
