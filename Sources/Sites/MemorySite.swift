import Base

/// A site in memory: for tests, and for trying a protocol out step by step.
package final class MemorySite: Site {
    package let name: String
    private let objects = Monitor<[String: [UInt8]]>([:])

    package init(name: String) { self.name = name }

    package func create(_ key: String, _ bytes: UnsafeRawBufferPointer) throws {
        try objects.look { objects in
            guard objects[key] == nil else { throw Failure(.exists, .objectExists, object: "\(name):\(key)") }
            objects[key] = Array(bytes)
        }
    }

    package func read(_ key: String, at offset: Int, into: UnsafeMutableRawBufferPointer) throws {
        let bytes = try object(key)
        guard offset + into.count <= bytes.count else { throw Failure(.damaged, .objectTooShort, object: "\(name):\(key)") }
        into.copyBytes(from: bytes[offset..<offset + into.count])
    }

    package func size(_ key: String) throws -> Int { try object(key).count }

    private func object(_ key: String) throws -> [UInt8] {
        guard let bytes = objects.look({ $0[key] }) else { throw Failure(.missing, .objectMissing, object: "\(name):\(key)") }
        return bytes
    }

    package func list(_ prefix: String, _ body: (ObjectInfo) throws -> Void) throws {
        let found = objects.look { $0.filter { $0.key.hasPrefix(prefix) }.map { ObjectInfo(key: $0.key, size: $0.value.count) } }
        for object in found.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) { try body(object) }
    }

    package func delete(_ key: String) throws { objects.look { $0[key] = nil } }

    package func freeSpace() throws -> UInt64? { nil }
}
