import Base
import Codec

/// What is said of providers. It takes trust away and never gives any: it can make two sites dependent, or refuse an endpoint.
package struct ProviderCatalogue: Sendable, Equatable {
    package let providers: [Provider]
    /// Of all its files.
    package let hash: Digest
    private let byName: [String: ProviderID]

    /// Throws `DocumentProblems` with all problems of all files, or a `Failure` where one name is two providers'.
    package init(_ files: [(name: String, bytes: [UInt8])]) throws {
        var problems: [DocumentProblem] = []
        var providers: [Provider] = []
        for file in files {
            do { providers.append(try Provider(file.bytes, file: file.name)) } catch let error as DocumentProblems { problems += error.all }
        }
        if !problems.isEmpty { throw DocumentProblems(problems) }
        var byName: [String: ProviderID] = [:]
        for provider in providers {
            for name in [provider.id.text, provider.entity.name] + provider.aliases {
                let key = folded(name)
                if let other = byName[key], other != provider.id {
                    throw Failure(.usage, .providerNameTwice(name, other.text), object: provider.id.text)
                }
                byName[key] = provider.id
            }
        }
        self.providers = providers
        hash = fileHash(files)
        self.byName = byName
    }

    /// The entry of that id.
    package subscript(id: ProviderID) -> Provider? { providers.first { $0.id == id } }

    /// The provider that goes by that name, its brands included.
    package func provider(named name: String) -> Provider? { byName[folded(name)].flatMap { self[$0] } }

    /// The endpoints that the entries refuse by name.
    package var denied: [DeniedEndpoint] {
        providers.flatMap { provider in
            provider.endpoints.filter { $0.stance == .refuse }.map {
                DeniedEndpoint(pattern: $0.pattern, owner: provider.entity.name, source: $0.source)
            }
        }
    }

    /// One name for all names of a company, so that two brands are not taken for two operators. A name that the catalogue does not
    /// know is compared without its case, its signs and its legal form.
    package func canonical(_ name: String) -> String { byName[folded(name)].map(\.text) ?? folded(name) }
}

private let legalForms: Set<String> = ["sas", "sasu", "sa", "se", "sarl", "scic", "gmbh", "ag", "bv", "nv", "srl", "spa", "ltd", "llc", "inc"]

/// Letters and digits in lower case, without a legal form at the end. Folding more makes more companies equal, which counts fewer
/// copies as independent: the careful side.
private func folded(_ name: String) -> String {
    var words = name.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
    while words.count > 1, let last = words.last, legalForms.contains(last) { words.removeLast() }
    return words.joined()
}
