import Base
import Codec
import Keys
import Sites
import TestSupport
import Testing

@testable import Repository

/// What a stolen node puts among the records of migrations stops nobody.
@Suite struct DepartureTests {
    @Test func `rubbish, and what looks like a newer format, does not make a site one that is left`() throws {
        let site = try tenant.memorySite()
        try site.create("migrations/rubbish", [1, 2, 3])
        var newer = Array(try tenant.sign(.hold, [UInt8](repeating: 0, count: 40), by: tenant.node).dropLast(32))
        newer[8] = 2  // the version
        newer += sha256(newer).bytes
        try site.create("migrations/newer", newer)
        let repository = try tenant.open(site)
        #expect(try failureKind { _ = try Statement(newer, .migration, tenant: tenant.id) } == .format)
        #expect(try repository.migrations().isEmpty)
        #expect(try repository.departure() == nil)
        try repository.checkNotLeft()
        #expect(Set(repository.voidObjects.compactMap(\.object)) == ["memory-0:migrations/rubbish", "memory-0:migrations/newer"])
    }
}
