import Base

// How commands find what their arguments name.
extension Configuration {
    /// The tenant of that name, or the only one where `name` is nil.
    ///
    /// Throws a `Failure` of kind `.usage` where there is none, or several and no name.
    package func tenant(_ name: String?) throws -> Tenant {
        guard let name else {
            if tenants.count == 1 { return tenants[0] }
            throw tenants.isEmpty
                ? Failure(.usage, .noTenantConfigured, object: file)
                : Failure(.usage, .severalTenants, object: tenants.map(\.name).joined(separator: ", "), remedy: .nameTenant)
        }
        guard let tenant = tenants.first(where: { $0.name == name }) else {
            throw Self.unknown(name, .unknownTenant, among: tenants.map(\.name))
        }
        return tenant
    }

    /// The site of that name. Throws a `Failure` of kind `.usage` where there is none.
    package func site(_ name: String) throws -> Site {
        guard let site = sites.first(where: { $0.name == name }) else {
            throw Self.unknown(name, .unknownSite, among: sites.map(\.name))
        }
        return site
    }

    /// The sites of `tenant` in its own order, or the one of them that `name` names.
    ///
    /// Throws a `Failure` of kind `.usage` where the tenant has no such site.
    package func sites(of tenant: Tenant, named name: String? = nil) throws -> [Site] {
        if let name, !tenant.sites.contains(name) { throw Self.unknown(name, .unknownSite, among: tenant.sites) }
        return try (name.map { [$0] } ?? tenant.sites).map(site)
    }

    /// The source of that name. Throws a `Failure` of kind `.usage` where there is none.
    package func source(_ name: String) throws -> Source {
        guard let source = sources.first(where: { $0.name == name }) else {
            throw Self.unknown(name, .unknownSource, among: sources.map(\.name))
        }
        return source
    }

    /// The sources of `tenant` that `names` name, each once, in that order; all but those read from a
    /// pipe where `names` is empty.
    ///
    /// Throws a `Failure` of kind `.usage` where the tenant has no such source, or none at all.
    package func sources(of tenant: Tenant, named names: [String] = []) throws -> [Source] {
        let all = sources.filter { $0.tenant == tenant.name }
        guard !names.isEmpty else {
            let chosen = all.filter { $0.content != .standardInput }
            if chosen.isEmpty { throw Failure(.usage, .noSourceConfigured, object: tenant.name) }
            return chosen
        }
        var chosen: [Source] = []
        for name in names {
            guard let source = all.first(where: { $0.name == name }) else {
                throw Self.unknown(name, .unknownSource, among: all.map(\.name))
            }
            if !chosen.contains(where: { $0.name == name }) { chosen.append(source) }
        }
        return chosen
    }

    private static func unknown(_ name: String, _ message: Message, among names: [String]) -> Failure {
        let remedy: Message? = nearest(to: name, in: names).map(Message.didYouMean)
        return Failure(
            .usage, message, object: printable(name.utf8),
            remedy: remedy ?? (names.isEmpty ? nil : .thereAre(names.joined(separator: ", "))))
    }
}
