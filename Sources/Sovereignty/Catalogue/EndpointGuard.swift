import Base

/// Looks names up. Answers are what the tenant's own resolver says; the tests give their own.
///
/// Each function may be called again and again, and may block. They throw a `Failure` where there is no answer; an answer
/// without names is an empty list.
package protocol NameResolver: Sendable {
    /// The name that `name` is an alias of (CNAME), nil where it is none.
    func alias(of name: EndpointName) throws -> EndpointName?
    /// Numeric addresses of `name` (A and AAAA).
    func addresses(of name: EndpointName) throws -> [String]
    /// Names of a numeric address (PTR).
    func names(of address: String) throws -> [EndpointName]
}

/// An endpoint that is refused whatever its papers say, until a waiver speaks of it.
package struct DeniedEndpoint: Sendable, Equatable {
    package let pattern: EndpointPattern
    /// Whose it is.
    package let owner: String
    package let source: FactSource

    package init(pattern: EndpointPattern, owner: String, source: FactSource) {
        self.pattern = pattern
        self.owner = owner
        self.source = source
    }
}

/// What came out for one endpoint.
package enum EndpointFinding: Sendable, Equatable {
    /// Nothing that is refused, along these names.
    case clear([EndpointName])
    /// The chain of names that led to it, the refused one last.
    case denied([EndpointName], DeniedEndpoint)
    /// A name could not be followed to its end.
    case unknown([EndpointName], Message)
    /// The site has no endpoint.
    case noEndpoint
}

/// The net below the rules: deny patterns, on the endpoint's name, on every alias behind it, and on the names of the addresses that
/// they lead to (regulation §3; §2, row 19). It takes trust away only: a clear endpoint still needs its evidence.
package struct EndpointGuard: Sendable {
    /// A longer chain of aliases is somebody's game.
    private static let longestChain = 16

    package let denied: [DeniedEndpoint]

    package init(_ denied: [DeniedEndpoint]) { self.denied = denied }

    /// Follows `endpoint` to its addresses; never throws: what cannot be followed is unknown. Blocks as long as the resolver does.
    package func judge(_ endpoint: EndpointName, _ resolver: any NameResolver) -> EndpointFinding {
        var chain = [endpoint]
        do {
            if !endpoint.isNumeric {
                if let found = match(endpoint) { return .denied(chain, found) }
                while let name = chain.last, let next = try resolver.alias(of: name) {
                    guard !chain.contains(next), chain.count < Self.longestChain else { return .unknown(chain + [next], .endpointAliasLoop) }
                    chain.append(next)
                    if let found = match(next) { return .denied(chain, found) }
                }
            }
            let addresses = endpoint.isNumeric ? [endpoint.text] : try chain.last.map(resolver.addresses) ?? []
            guard !addresses.isEmpty else { return .unknown(chain, .endpointNoAddress) }
            for address in addresses {
                for name in try resolver.names(of: address) {
                    if let found = match(name) { return .denied(chain + [name], found) }
                }
            }
            return .clear(chain)
        } catch {
            return .unknown(chain, (error as? Failure)?.message ?? .endpointNoAnswer)
        }
    }

    private func match(_ name: EndpointName) -> DeniedEndpoint? { denied.first { $0.pattern.matches(name) } }
}
