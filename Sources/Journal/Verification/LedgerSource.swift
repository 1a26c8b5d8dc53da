import Base
import Glibc

/// Where the chains of one ledger are: a folder, an export, a site.
///
/// Reading is all that it does. `read` throws `.missing` for what is not there, `.damaged` for an object larger than `limit`, and `.unreachable`
/// for a passing failure, which ends a verification: it is never taken for a hole in a chain.
package protocol LedgerSource: Sendable {
    /// The chains that have a folder here, sorted.
    func chains() throws -> [ChainID]
    /// The names of all that is in the folder of a chain, sorted as bytes.
    func names(_ chain: ChainID) throws -> [String]
    func read(_ chain: ChainID, _ name: String, limit: Int) throws -> [UInt8]
}

/// A folder with a folder for each chain, named by its id: the ledger of a node, a copy of it, an export.
package struct FolderLedgerSource: LedgerSource {
    package let path: String

    package init(_ path: String) { self.path = path }

    package func chains() throws -> [ChainID] { try Files.names(path).compactMap { ShortID(hex: $0) } }

    package func names(_ chain: ChainID) throws -> [String] { try Files.names(path + "/" + chain.hex) }

    package func read(_ chain: ChainID, _ name: String, limit: Int) throws -> [UInt8] {
        let path = "\(path)/\(chain.hex)/\(name)"
        do {
            return try File.open(RawName(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK).readAll(limit: limit)
        } catch let error as SystemError {
            switch error.code {
            case ENOENT, ENOTDIR: throw Failure(.missing, .journalMissingObject, object: path)
            case EFBIG: throw Failure(.damaged, .malformedRecord("length"), object: path)
            case ELOOP, EISDIR, ENXIO: throw Failure(.damaged, .malformedRecord("file"), object: path)
            default: throw error.failure(.failed, "read", object: path)
            }
        }
    }
}

/// Objects in memory.
package struct MemoryLedgerSource: LedgerSource {
    package var objects: [ChainID: [String: [UInt8]]]

    package init(_ objects: [ChainID: [String: [UInt8]]] = [:]) { self.objects = objects }

    /// All that another source holds now.
    package init(copying source: some LedgerSource) throws {
        objects = [:]
        for chain in try source.chains() {
            for name in try source.names(chain) where ObjectName(name) != .own {
                objects[chain, default: [:]][name] = try source.read(chain, name, limit: LedgerVerification.objectLimit)
            }
        }
    }

    package func chains() throws -> [ChainID] { objects.keys.sorted() }

    package func names(_ chain: ChainID) throws -> [String] {
        (objects[chain] ?? [:]).keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    package func read(_ chain: ChainID, _ name: String, limit: Int) throws -> [UInt8] {
        guard let bytes = objects[chain]?[name] else { throw Failure(.missing, .journalMissingObject, object: name) }
        guard bytes.count <= limit else { throw Failure(.damaged, .malformedRecord("length"), object: name) }
        return bytes
    }
}
