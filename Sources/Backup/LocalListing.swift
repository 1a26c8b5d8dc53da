import Base
import Keys
import Repository

/// What a node without opening keys can list: its own sources' last snapshots, from the sealed catalogue.
package enum LocalListing {
    /// Whether the catalogue is that of `snapshot`.
    package static func holds(_ snapshot: ShortID, source: ShortID, state: TenantState) throws -> Bool {
        try Files.read(state.folder + "/last-" + source.hex, limit: 64).flatMap { ShortID($0) } == snapshot
    }

    /// Calls `body` for each entry in order. Throws `.key` when the catalogue is gone.
    package static func forEach(source: ShortID, keys: DomainKeys, state: TenantState, _ body: (Entry) throws -> Void) throws {
        guard let reader = try CatalogueReader(folder: state.folder, source: source, keys: keys) else { throw Failure(.key, .noOpeningKey) }
        while let record = reader.current {
            try body(record.entry)
            try reader.advance()
        }
    }
}
