import Base
import Codec
import Keys

/// The tenant's chain of descriptors, verified from the fingerprint: whose word counts for what.
package struct Trust: Sendable {
    package let fingerprint: Fingerprint
    /// All of them, by number from 0.
    package let chain: [Descriptor]
    /// The bytes of each, as stored: for copying to a site that lacks them.
    package let stored: [[UInt8]]

    package var tenant: ShortID { fingerprint.tenant }
    package var descriptor: Descriptor { chain.last! }

    /// An object found where descriptors are kept.
    package struct Candidate: Sendable {
        package let name: String
        package let bytes: [UInt8]
        /// Why there are none.
        package let failure: Failure?

        package init(name: String, bytes: [UInt8], failure: Failure? = nil) {
            self.name = name
            self.bytes = bytes
            self.failure = failure
        }
    }

    /// Finds the longest chain among `candidates`, whatever else somebody put beside it. Throws the reason
    /// of the last candidate that is no good when there is no chain at all.
    package init(fingerprint: Fingerprint, candidates: [Candidate]) throws {
        var children: [Digest: [[UInt8]]] = [:]
        var last = Failure(.missing, .noDescriptor)
        for candidate in candidates {
            do {
                if let failure = candidate.failure { throw failure }
                let statement = try Statement(candidate.bytes, .descriptor, tenant: fingerprint.tenant)
                let descriptor = try Descriptor(body: statement.body)
                guard Fingerprint(descriptor.authority) == fingerprint else { throw Failure(.refused, .wrongFingerprint) }
                try statement.verify(descriptor.authority)
                children[descriptor.previous, default: []].append(candidate.bytes)
            } catch let failure as Failure { last = failure.of(candidate.name) }
        }
        let chain = Self.longest(from: children)
        if chain.isEmpty { throw last }
        try self.init(fingerprint: fingerprint, chain: chain)
    }

    /// The longest line of children, whatever order they come in: somebody may have put beside a descriptor a copy that
    /// differs in what is not signed. Of two of one length the one whose last has the lesser hash.
    private static func longest(from children: [Digest: [[UInt8]]]) -> [[UInt8]] {
        var lines: [(chain: [[UInt8]], end: Digest)] = [([], .zero)]
        var best = lines[0]
        // A child names its parent by hash, so this ends: by levels, each descriptor once.
        while !lines.isEmpty {
            lines = lines.flatMap { line in (children[line.end] ?? []).map { (line.chain + [$0], sha256($0)) } }
            if let next = lines.min(by: { $0.end < $1.end }) { best = next }
        }
        return best.chain
    }

    /// Verifies a chain, oldest first. Throws `.refused` when a link is missing, or not the authority's.
    package init(fingerprint: Fingerprint, chain objects: [[UInt8]]) throws {
        guard !objects.isEmpty else { throw Failure(.missing, .noDescriptor) }
        var chain: [Descriptor] = []
        var previous = Digest.zero
        for (number, bytes) in objects.enumerated() {
            let name = Descriptor.key(UInt32(number), bytes)
            do {
                let statement = try Statement(bytes, .descriptor, tenant: fingerprint.tenant)
                let descriptor = try Descriptor(body: statement.body)
                guard Fingerprint(descriptor.authority) == fingerprint else { throw Failure(.refused, .wrongFingerprint) }
                try statement.verify(descriptor.authority)
                guard descriptor.number == number, descriptor.previous == previous else { throw Failure(.refused, .brokenChain) }
                chain.append(descriptor)
                previous = sha256(bytes)
            } catch let failure as Failure { throw failure.of(name) }
        }
        self.fingerprint = fingerprint
        self.chain = chain
        stored = objects
        // An unknown bit means that this program would misread what it finds.
        guard descriptor.features.read & ~Descriptor.Features.supported.read == 0 else { throw Failure(.format, .unsupportedFeature) }
    }

    package var mayWrite: Bool { descriptor.features.write & ~Descriptor.Features.supported.write == 0 }

    package var mayCollect: Bool { descriptor.features.collect & ~Descriptor.Features.supported.collect == 0 }

    /// The actor with that key, role and domain, if its right held at `time`.
    package func actor(_ key: KeyID, _ role: Descriptor.Role, domain: ShortID? = nil, at time: Int64) -> Descriptor.Actor? {
        descriptor.actors.first { actor in
            actor.role == role && (domain == nil || actor.domain == domain) && actor.key.id == key && time >= actor.from - 86_400
                && (actor.until == 0 || time <= actor.until)
        }
    }

    /// The actor with that key, role and domain that any descriptor of the chain has or had. For what may only keep data alive, never
    /// for what changes it.
    package func everActor(_ key: KeyID, _ role: Descriptor.Role, domain: ShortID) -> Descriptor.Actor? {
        for descriptor in chain.reversed() {
            if let actor = descriptor.actors.first(where: { $0.role == role && $0.domain == domain && $0.key.id == key }) { return actor }
        }
        return nil
    }

    /// Throws `.refused` unless `statement` is signed by an actor of one of `roles` (writers: of `domain`).
    @discardableResult
    package func verify(_ statement: Statement, roles: [Descriptor.Role], domain: ShortID? = nil, at time: Int64) throws -> Descriptor.Actor {
        guard let signer = statement.signer else { throw Failure(.refused, .badSignature) }
        for role in roles {
            if let actor = actor(signer, role, domain: role == .write ? domain : nil, at: time) {
                try statement.verify(actor.key)
                return actor
            }
        }
        throw Failure(.refused, .badSignature)
    }
}
