import Base
import Codec
import Keys
import Sites
import TestSupport
import Testing

@testable import Repository

/// I20, I21, I23: whose word counts.
@Suite struct TrustTests {
    /// A descriptor that follows `before`.
    private func link(_ number: UInt32, after before: [UInt8]?, by key: SigningKey = tenant.authority, change: (inout Descriptor) -> Void = { _ in })
        throws -> [UInt8]
    {
        var descriptor = tenant.descriptor
        descriptor.number = number
        descriptor.previous = before.map { sha256($0) } ?? .zero
        descriptor.authority = key.verifying
        change(&descriptor)
        return try tenant.sign(.descriptor, descriptor.body, by: key)
    }

    private func chain(_ count: Int) throws -> [[UInt8]] {
        var chain: [[UInt8]] = []
        for number in 0..<count { chain.append(try link(UInt32(number), after: chain.last)) }
        return chain
    }

    private func trust(_ objects: [[UInt8]]) throws -> Trust {
        try Trust(fingerprint: tenant.fingerprint, candidates: objects.enumerated().map { .init(name: "\($0)", bytes: $1) })
    }

    /// The same statement with a signature more, which whoever may create objects can make: signatures do not cover
    /// their own number.
    private func resigned(_ bytes: [UInt8], _ random: inout SeededGenerator) throws -> [UInt8] {
        let body = try Statement(bytes, .descriptor, tenant: tenant.id).body
        var text = Array(bytes.dropLast(32))
        text[36 + body.count] += 1
        text += [1] + random.bytes(32 + 64)
        return text + sha256(text).bytes
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `the chain is found among whatever lies beside it`(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let chain = try chain(4)
        var rubbish = [[], random.bytes(200), Array(chain[1].dropLast()), chain[2] + [0], Array(chain[3][..<100])]
        rubbish.append(try tenant.sign(.slot, [1, 2, 3], by: tenant.authority))
        rubbish.append(try tenant.sign(.descriptor, [1, 2, 3], by: tenant.authority))
        // A stranger's, in the places of the first, the next and the one after the last; by a key of the tenant too.
        for before in [nil, chain[0], chain[3]] {
            rubbish.append(try link(1, after: before, by: tenant.stranger))
            rubbish.append(try link(1, after: before, by: tenant.node))
        }
        // One that claims the authority's key, signed by somebody else.
        var forged = tenant.descriptor
        (forged.number, forged.previous) = (4, sha256(chain[3]))
        rubbish.append(try tenant.sign(.descriptor, forged.body, by: tenant.stranger))
        // One that is not connected: its parent is nowhere.
        rubbish.append(try link(9, after: random.bytes(10)))
        let found = try trust((chain + rubbish).shuffled(using: &random))
        #expect(found.stored == chain, "seed \(seed)")
        #expect(found.descriptor.number == 3 && found.tenant == tenant.id)
    }

    @Test func `a chain ends where a link is missing`() throws {
        let chain = try chain(5)
        #expect(try trust([chain[0], chain[1], chain[3], chain[4]]).descriptor.number == 1)
        #expect(try failureKind { _ = try trust(Array(chain[1...])) } == .missing)
        #expect(try failureKind { _ = try trust([]) } == .missing)
        #expect(try failureKind { _ = try Trust(fingerprint: tenant.fingerprint, chain: [chain[0], chain[2]]) } == .refused)
        #expect(try failureKind { _ = try Trust(fingerprint: tenant.fingerprint, chain: Array(chain[1...])) } == .refused)
    }

    @Test func `without a chain the failure says why`() throws {
        #expect(try failureKind { _ = try trust([link(0, after: nil, by: tenant.stranger)]) } == .refused)
        #expect(try failureKind { _ = try trust([Array(chain(1)[0].dropLast())]) } == .damaged)
        let other = try TestTenant(seed: 8)
        #expect(try failureKind { _ = try trust([other.chain]) } == .wrongPlace)
    }

    @Test func `numbers go up by one from zero`() throws {
        let first = try link(0, after: nil)
        #expect(try failureKind { _ = try trust([first, link(2, after: first)]) } == .refused)
        #expect(try failureKind { _ = try trust([first, link(0, after: first)]) } == .refused)
        #expect(try failureKind { _ = try trust([link(1, after: nil)]) } == .refused)
    }

    @Test func `of two that follow one, the one that leads further is taken`() throws {
        let first = try link(0, after: nil)
        let (short, long) = (try link(1, after: first) { $0.created = 1 }, try link(1, after: first) { $0.created = 2 })
        let last = try link(2, after: long)
        #expect(try trust([first, short, long, last]).stored == [first, long, last])
        let found = try trust([first, long, last, short]).stored
        #expect(found == [first, long, last])
    }

    @Test(arguments: 0..<3)
    func `a copy of a descriptor with a signature more hides nothing`(_ number: Int) throws {
        var random = SeededGenerator(4)
        let chain = try chain(3)
        let copy = try resigned(chain[number], &random)
        #expect(try trust([copy] + chain).descriptor.number == 2)
        // Whoever may create objects hides every later descriptor, a revocation for example.
        let found = try trust(chain + [copy]).descriptor.number
        #expect(found == 2)
    }

    @Test func `who knows the next number cannot take its name`() throws {
        let chain = try chain(2)
        let other = try link(1, after: chain[0]) { $0.created = 5 }
        #expect(Descriptor.key(1, chain[1]) != Descriptor.key(1, other))
        #expect(Descriptor.key(1, chain[1]).hasPrefix("descriptor/0000000001."))
        let site = try tenant.memorySite()
        try site.create("descriptor/0000000001", [1])
        try site.create("descriptor/0000000001.00000000000000000000000000000000", Array(other.dropLast()))
        #expect(try tenant.open(site).trust.descriptor.number == 0)
    }

    @Test(
        arguments: [
            // from, until, time, whether the right holds
            (0, 0, 0, true), (0, 0, Int64.max, true), (0, 0, -86_400, true), (0, 0, -86_401, false),
            (1_000_000, 0, 913_600, true), (1_000_000, 0, 913_599, false), (1_000_000, 0, 1_000_000, true),
            (0, 2_000_000, 2_000_000, true), (0, 2_000_000, 2_000_001, false), (0, 2_000_000, Int64.max, false),
            (1_000_000, 1_500_000, 1_250_000, true), (1_000_000, -5, 1_250_000, false),
        ] as [(Int64, Int64, Int64, Bool)])
    func `a right holds from the day before it begins until it ends`(_ from: Int64, _ until: Int64, _ time: Int64, _ holds: Bool) throws {
        let tenant = try TestTenant(seed: 9, from: from, until: until)
        let trust = try Trust(fingerprint: tenant.fingerprint, chain: [tenant.chain])
        #expect((trust.actor(tenant.maintain.id, .maintain, at: time) != nil) == holds)
        let statement = try Statement(tenant.sign(.slot, [1], by: tenant.node), .slot, tenant: tenant.id)
        let kind = try failureKind { try trust.verify(statement, roles: [.write, .maintain], domain: tenant.domain.domain, at: time) }
        #expect(kind == (holds ? nil : .refused))
    }

    @Test func `each role signs what is its own`() throws {
        let trust = try Trust(fingerprint: tenant.fingerprint, chain: [tenant.chain])
        let keys = [tenant.node, tenant.neighbour, tenant.maintain, tenant.verify, tenant.authority, tenant.stranger]
        let rights: [([Descriptor.Role], ShortID?, [Bool])] = [
            ([.write], tenant.domain.domain, [true, true, false, false, false, false]),
            ([.write], .zero, [false, false, false, false, false, false]),
            ([.write], nil, [true, true, false, false, false, false]), ([.maintain], nil, [false, false, true, false, false, false]),
            ([.verify], nil, [false, false, false, true, false, false]), ([.maintain, .write], .zero, [false, false, true, false, false, false]),
            ([], nil, [false, false, false, false, false, false]),
        ]
        for (roles, domain, expected) in rights {
            let found = try keys.map { key in
                let statement = try Statement(tenant.sign(.attested, [1], by: key), .attested, tenant: tenant.id)
                return try failureKind { try trust.verify(statement, roles: roles, domain: domain, at: 1_800_000_000) } == nil
            }
            #expect(found == expected, "\(roles)")
        }
    }

    @Test func `a statement with a signature more is void, whoever made it`() throws {
        let trust = try Trust(fingerprint: tenant.fingerprint, chain: [tenant.chain])
        func signed(_ keys: [SigningKey]) throws -> Statement {
            let parts = try keys.map { try Array(tenant.sign(.slot, [7], by: $0).dropLast(32)[38...]) }  // behind the number of signatures
            var text = Array(try tenant.sign(.slot, [7], by: keys[0]).prefix(37)) + [UInt8(keys.count)]
            for part in parts { text += part }
            return try Statement(text + sha256(text).bytes, .slot, tenant: tenant.id)
        }
        #expect(try failureKind { try trust.verify(signed([tenant.stranger, tenant.maintain]), roles: [.maintain], at: 0) } == .refused)
        #expect(try failureKind { try trust.verify(signed([tenant.maintain, tenant.stranger]), roles: [.maintain], at: 0) } == .refused)
        #expect(try failureKind { try trust.verify(signed([tenant.maintain]), roles: [.maintain], at: 0) } == nil)
    }

    @Test func `an unknown feature forbids its act and no other`() throws {
        #expect(try failureKind { _ = try trust([link(0, after: nil) { $0.features.read = 1 << 63 }]) } == .format)
        let other = try trust([link(0, after: nil) { $0.features.write = 4 }])
        #expect(!other.mayWrite)
        #expect(try trust([link(0, after: nil) { $0.features.collect = 4 }]).mayWrite)
        // The last descriptor says what is needed.
        let first = try link(0, after: nil) { $0.features.read = 1 }
        #expect(try trust([first, link(1, after: first)]).descriptor.number == 1)
    }
}
