import Base
import Codec
import Keys
import Repository
import TestSupport
import Testing

@testable import Backup

/// What a node remembers of a source is sealed for its own domain.
@Suite struct CatalogueApartTests {
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `a local catalogue opens with the keys of its own domain alone`(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let folder = try TemporaryFolder()
        let own = DomainKeys(domain: random.id(), secret: Secret(random.bytes(32)))
        let source = own.sourceID("dpi")
        let writer = try CatalogueWriter(folder: folder.path, source: source, keys: own)
        let count = 1 + random.below(200)
        for number in 0..<count {
            let entry = Entry(key: Array("f\(1000 + number)".utf8), kind: .folder, mode: 0o755, uid: 0, gid: 0, mtime: Timestamp(seconds: 1))
            try writer.append(CatalogueRecord(entry: entry))
        }
        try writer.finish(totals: [:])

        func read(_ keys: DomainKeys) throws -> Int? {
            guard let reader = try CatalogueReader(folder: folder.path, source: source, keys: keys) else { return nil }
            var found = 0
            while reader.current != nil {
                found += 1
                try reader.advance()
            }
            return found
        }
        #expect(try read(own) == count)
        let (id, secret) = (random.id(), Secret(random.bytes(32)))
        let others = [
            DomainKeys(domain: id, secret: secret), DomainKeys(domain: own.domain, secret: secret), DomainKeys(domain: id, secret: own.secret),
        ]
        for keys in others { #expect(try read(keys) == nil, "seed \(seed)") }
        #expect(others.allSatisfy { $0.sourceID("dpi") != source })
    }
}
