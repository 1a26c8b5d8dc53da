import Base

/// The three sentences of EXI 31 as `etc/report/sentences.json` has them.
package struct Sentences: Codable, Sendable, Equatable {
    package let referential: String
    package let sentences: [Sentence]

    package enum Kind: String, Codable, Sendable, CaseIterable {
        /// Whoever hosts or stores is qualified SecNumCloud 3.2.
        case qualified
        /// Nobody is, and nobody is exposed either.
        case unexposed
        /// Somebody is subject to a law from outside the Union, or reaches data from outside the EEA.
        case exposed
    }

    package struct Sentence: Codable, Sendable, Equatable {
        package let kind: Kind
        /// Whether its wording was compared with the text of the referential.
        package let confirmed: Bool
        /// `{laws}` and `{countries}` stand for what is known of them.
        package let text: LocalText
    }

    /// Throws `.usage` where a sentence is missing, there twice, or empty; `file` is named.
    package init(_ bytes: [UInt8], file: String) throws {
        self = try readReportFile(bytes, file)
        for kind in Kind.allCases where sentences.count(where: { $0.kind == kind && !$0.text.en.isEmpty && !$0.text.fr.isEmpty }) != 1 {
            throw Failure(.usage, .reportBadFile("sentences.\(kind.rawValue)"), object: file, remedy: .reportRestoreFile)
        }
    }

    func chosen(_ kind: Kind, laws: String, countries: String) -> GuaranteeTable.ChosenSentence? {
        guard let sentence = sentences.first(where: { $0.kind == kind }) else { return nil }
        func filled(_ text: String, none: String) -> String {
            text.replacing("{laws}", with: laws.isEmpty ? none : laws).replacing("{countries}", with: countries.isEmpty ? none : countries)
        }
        return GuaranteeTable.ChosenSentence(
            kind: kind, text: LocalText(en: filled(sentence.text.en, none: "none"), fr: filled(sentence.text.fr, none: "néant")),
            isConfirmed: sentence.confirmed)
    }
}

/// Reads one of the report's own data files. Throws `.usage` with the file and the key.
func readReportFile<T: Decodable>(_ bytes: [UInt8], _ file: String) throws -> T {
    do {
        return try ReportJSON.decode(T.self, bytes)
    } catch let error as DecodingError {
        throw Failure(.usage, .reportBadFile(error.place), object: file, remedy: .reportRestoreFile)
    } catch {
        throw Failure(.usage, .reportBadFile("JSON"), object: file, remedy: .reportRestoreFile)
    }
}

extension DecodingError {
    /// The keys that lead to what is wrong.
    fileprivate var place: String {
        let (path, last): ([any CodingKey], String?) =
            switch self {
            case .keyNotFound(let key, let context): (context.codingPath, key.stringValue)
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context): (context.codingPath, nil)
            @unknown default: ([], nil)
            }
        let keys = path.map { $0.intValue.map(String.init) ?? $0.stringValue } + [last].compactMap { $0 }
        return keys.isEmpty ? "JSON" : keys.joined(separator: ".")
    }
}
