import Base

/// What is said of one provider. All of it was read somewhere on some day, none of it is evidence: every provider starts as denied.
package struct Provider: Sendable, Equatable {
    package let id: ProviderID
    package let entity: LegalEntity
    package let country: Country?
    /// Other names that it goes by, brands included.
    package let aliases: [String]
    /// Who owns it in the end, as far as said.
    package let ultimateParent: String?
    package let endpoints: [Endpoint]
    /// Whose machines it runs on.
    package let underlying: [Underlying]
    /// What its contract for health data asks of who stores there; nil where nothing is known.
    package let storage: StorageTerms?
    /// Everything else, for a person.
    package let remarks: [Remark]

    /// Host names of its stores.
    package struct Endpoint: Sendable, Equatable {
        package let pattern: EndpointPattern
        package let stance: Stance
        package let regions: [String]
        package let source: FactSource

        /// What is said of an endpoint.
        package enum Stance: String, Sendable, CaseIterable {
            /// Said to be in scope of something; still without evidence.
            case candidate
            /// Out of the perimeter: refused by name.
            case refuse
        }
    }

    /// Another company's machines below its own service.
    package struct Underlying: Sendable, Equatable {
        package let `operator`: String
        /// Nil: all of them.
        package let regions: [String]?
        package let source: FactSource
    }

    /// What has to be so for its HDS contract to hold.
    package struct StorageTerms: Sendable, Equatable {
        /// Nil: any.
        package let classes: [String]?
        package let forbidsLifecycle: Bool
        package let requiresBucketEncryption: Bool
        package let source: FactSource
    }

    /// Something that was read about it.
    package struct Remark: Sendable, Equatable {
        package let about: String
        package let text: Message
        package let source: FactSource
    }

    /// Throws `DocumentProblems`.
    package init(_ bytes: [UInt8], file: String) throws {
        self = try readDocument(bytes, file: file) { root in
            root.required("provider", .expectedTable) { root.section("provider", Self.read) ?? nil }
        }
    }

    private init(
        id: ProviderID, entity: LegalEntity, country: Country?, aliases: [String], ultimateParent: String?, endpoints: [Endpoint],
        underlying: [Underlying], storage: StorageTerms?, remarks: [Remark]
    ) {
        self.id = id
        self.entity = entity
        self.country = country
        self.aliases = aliases
        self.ultimateParent = ultimateParent
        self.endpoints = endpoints
        self.underlying = underlying
        self.storage = storage
        self.remarks = remarks
    }

    /// The one standing that the catalogue may give.
    private static let standing = "denied, no evidence"

    private static func read(_ section: DocumentSection) -> Provider? {
        let id: ProviderID? = section.requiredIdentifier("id")
        let expected = Message.expectedOne(of: ["\"\(standing)\""])
        _ = section.required("standing", expected) { section.text("standing", expected) { $0 == standing ? $0 : nil } }
        let company = section.required("entity", .expectedTable) {
            section.section("entity") { section -> (LegalEntity, Country?)? in
                let entity = LegalEntity.read(section)
                let country = section.country("country")
                _ = FactSource.read(section)
                return entity.map { ($0, country) }
            } ?? nil
        }
        let parent = section.section("ultimateParent") { section -> String? in
            _ = FactSource.read(section)
            return section.requiredText("name")
        }
        let aliases = section.texts("aliases")
        let endpoints = section.sections("endpoints", Endpoint.read)
        let underlying = section.sections("underlying", Underlying.read)
        let storage = section.section("storage", StorageTerms.read) ?? nil
        let remarks = section.sections("facts", Remark.read)
        guard let id, let company else { return nil }
        return Provider(
            id: id, entity: company.0, country: company.1, aliases: aliases ?? [], ultimateParent: parent ?? nil, endpoints: endpoints ?? [],
            underlying: underlying ?? [], storage: storage, remarks: remarks ?? [])
    }
}

extension Provider.Endpoint {
    fileprivate static func read(_ section: DocumentSection) -> Self? {
        let pattern = section.required("host", .expectedPattern) { section.text("host", .expectedPattern) { EndpointPattern($0) } }
        let stance: Stance? = section.required("stance", .expectedOne(of: ["\"candidate\"", "\"refuse\""])) { section.choice("stance") }
        let regions = section.texts("regions")
        let source = FactSource.read(section)
        guard let pattern, let stance, let source else { return nil }
        return Self(pattern: pattern, stance: stance, regions: regions ?? [], source: source)
    }
}

extension Provider.Underlying {
    fileprivate static func read(_ section: DocumentSection) -> Self? {
        let name = section.requiredText("operator")
        let regions = section.texts("regions")
        let source = FactSource.read(section)
        guard let name, let source else { return nil }
        return Self(operator: name, regions: regions, source: source)
    }
}

extension Provider.StorageTerms {
    fileprivate static func read(_ section: DocumentSection) -> Self? {
        let classes = section.texts("classes")
        let lifecycle = section.required("lifecycleForbidden", .expectedBoolean) { section.boolean("lifecycleForbidden") }
        let encryption = section.required("bucketEncryptionRequired", .expectedBoolean) { section.boolean("bucketEncryptionRequired") }
        let source = FactSource.read(section)
        guard let lifecycle, let encryption, let source else { return nil }
        return Self(classes: classes, forbidsLifecycle: lifecycle, requiresBucketEncryption: encryption, source: source)
    }
}

extension Provider.Remark {
    fileprivate static func read(_ section: DocumentSection) -> Self? {
        let about = section.requiredText("about")
        let text = section.message("text", code: "provider.fact")
        let source = FactSource.read(section)
        guard let about, let text, let source else { return nil }
        return Self(about: about, text: text, source: source)
    }
}
