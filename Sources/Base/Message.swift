/// The languages that the program speaks to people.
package enum Language: String, Sendable, CaseIterable {
    case english = "en"
    case french = "fr"

    /// The language of a POSIX locale name such as `fr_FR.UTF-8`; English for anything else.
    package init(locale: String) {
        self = locale.lowercased().hasPrefix("fr") ? .french : .english
    }
}

/// One sentence for a person, in every language of the program, with a stable code for scripts.
///
/// All messages are made in `Base/Catalogue`, one static member each, so that the compiler refuses a
/// sentence that lacks a language.
package struct Message: Sendable, Equatable {
    /// Stable name of the sentence, such as `site.unreachable`; scripts may match on it.
    package let code: String
    package let english: String
    package let french: String

    package init(_ code: String, en english: String, fr french: String) {
        self.code = code
        self.english = english
        self.french = french
    }

    package func text(_ language: Language) -> String {
        language == .french ? french : english
    }
}
