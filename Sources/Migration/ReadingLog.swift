import Base
import Codec
import Glibc

/// What was read at one site during one migration, on disk: a killed inventory reads nothing again that is still there under the
/// same key, with the same size.
///
/// The file begins with `HDSBMREA`, the migration's id and the site's; records of 80 bytes follow: SHA-256 of the key, u64 size,
/// SHA-256 of the bytes read, and the first 8 bytes of the SHA-256 of these. A record that is not whole is passed over: its
/// object is read again. Any thread may add.
package final class ReadingLog: Sendable {
    private struct State {
        let file: File
        var end: Int64
        var known: [Digest: (size: Int, content: Digest)]
        var unsynced = 0
    }

    private static let magic = Array("HDSBMREA".utf8)
    private static let recordBytes = 80
    private static let headerBytes = 40
    /// Records that a power cut may take.
    private static let syncEvery = 64

    private let path: String
    private let state: Monitor<State>

    /// Opens the log at `path`, or begins it. Throws `.refused` for that of another migration or site.
    package init(path: String, migration: ShortID, site: ShortID) throws {
        self.path = path
        let header = Self.magic + migration.bytes + site.bytes
        do {
            let file = try File.openOrCreate(RawName(path), O_RDWR)
            let bytes = try file.readAll(limit: 1 << 34)
            var (known, end) = ([Digest: (size: Int, content: Digest)](), Int64(Self.headerBytes))
            if bytes.count < Self.headerBytes {
                try header.withUnsafeBytes { try file.write($0, at: 0) }
                try file.sync()
            } else {
                guard Array(bytes[..<Self.headerBytes]) == header else { throw Failure(.refused, .migrationOther, object: path) }
                var at = Self.headerBytes
                while at + Self.recordBytes <= bytes.count {
                    if let record = Self.decode(bytes[at..<at + Self.recordBytes]) { known[record.key] = (record.size, record.content) }
                    at += Self.recordBytes
                }
                end = Int64(at)
            }
            state = Monitor(State(file: file, end: end, known: known))
        } catch let error as SystemError { throw error.failure(.failed, "open", object: path) }
    }

    private static func decode(_ bytes: ArraySlice<UInt8>) -> (key: Digest, size: Int, content: Digest)? {
        guard Array(sha256(Array(bytes.prefix(72))).bytes.prefix(8)) == Array(bytes.suffix(8)) else { return nil }
        return try? Array(bytes.prefix(72)).decode { r in
            let key = try r.digest()
            guard let size = Int(exactly: try r.u64()) else { throw Failure(.damaged, .malformedRecord("size")) }
            return (key, size, try r.digest())
        }
    }

    /// What was read of the object, if its size is still the same.
    package func content(_ key: String, size: Int) -> Digest? {
        let name = sha256(Array(key.utf8))
        return state.look { $0.known[name].flatMap { $0.size == size ? $0.content : nil } }
    }

    package var count: Int { state.look { $0.known.count } }

    /// Notes what was read. Durable after `sync`, and now and then before it.
    package func add(_ key: String, size: Int, _ content: Digest) throws {
        var w = ByteWriter(capacity: Self.recordBytes)
        let name = sha256(Array(key.utf8))
        w.digest(name)
        w.u64(UInt64(size))
        w.digest(content)
        w.raw(sha256(w.bytes).bytes.prefix(8))
        do {
            try state.look { state in
                try w.bytes.withUnsafeBytes { try state.file.write($0, at: state.end) }
                state.end += Int64(Self.recordBytes)
                state.known[name] = (size, content)
                state.unsynced += 1
                if state.unsynced >= Self.syncEvery {
                    try state.file.sync()
                    state.unsynced = 0
                }
            }
        } catch let error as SystemError { throw error.failure(.failed, "write", object: path) }
    }

    package func sync() throws {
        do { try state.look { try $0.file.sync() } } catch let error as SystemError { throw error.failure(.failed, "sync", object: path) }
    }

    /// Forgets everything: the next inventory reads all of the site again. Durable on return.
    package func clear() throws {
        do {
            try state.look { state in
                try retrying { ftruncate(state.file.descriptor, off_t(Self.headerBytes)) }
                try state.file.sync()
                (state.end, state.known) = (Int64(Self.headerBytes), [:])
            }
        } catch let error as SystemError { throw error.failure(.failed, "write", object: path) }
    }
}
