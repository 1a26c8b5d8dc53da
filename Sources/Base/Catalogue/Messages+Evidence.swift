// Sentences about the documents of evidence and policy: what is wrong in them, and why one counts as absent.

// MARK: What is wrong in a document
extension Message {
    package static let typeNull = Message("type.null", en: "null", fr: "null")
    package static func documentTooLarge(_ limit: Int) -> Message {
        Message("document.too-large", en: "the file is larger than \(limit) bytes", fr: "le fichier dépasse \(limit) octets")
    }
    package static func jsonSyntax(_ fault: JSONFault) -> Message {
        Message("document.json", en: "not valid JSON: \(fault.english)", fr: "JSON incorrect : \(fault.french)")
    }
    package static func jsonKeyTwice(_ key: String) -> Message {
        Message(
            "document.key-twice", en: "the key \"\(key)\" stands twice in one object",
            fr: "la clé « \(key) » figure deux fois dans un même objet")
    }
    package static func documentUnknownKey(_ known: [String]) -> Message {
        Message(
            "document.unknown-key", en: "unknown key; known here: \(known.joined(separator: ", "))",
            fr: "clé inconnue ; connues ici : \(known.joined(separator: ", "))")
    }
    package static let documentMissing = Message("document.missing", en: "there is no such file", fr: "ce fichier n'existe pas")
    package static let documentVanished = Message(
        "document.vanished", en: "vanished while the folder was read", fr: "disparu pendant la lecture du dossier")
    package static let documentUnreadable = Message("document.unreadable", en: "it cannot be read", fr: "illisible")
    package static let evidenceEndsBeforeItBegins = Message("evidence.ends-before", en: "it ends before it begins", fr: "la fin précède le début")
    package static let evidenceOnePerson = Message(
        "evidence.one-person", en: "expected somebody else than who collected it", fr: "attendu : une autre personne que celle qui l'a recueilli")
    package static let policyUnknownTooMild = Message(
        "policy.unknown-too-mild", en: "expected an outcome no milder than onFalse: what is unknown is no better than what is false",
        fr: "attendu : une issue pas plus clémente que onFalse ; l'inconnu ne vaut pas mieux que le faux")
    package static let policyLoop = Message(
        "policy.loop", en: "the profiles extend each other in a circle", fr: "les profils s'étendent l'un l'autre en boucle")
    package static func policyRuleTwice(_ rule: String) -> Message {
        Message("policy.rule-twice", en: "the rule \(rule) stands twice", fr: "la règle \(rule) figure deux fois")
    }
    package static let policyUnknownFile = Message(
        "policy.unknown-file", en: "no policy file has this name", fr: "aucun fichier de politique ne porte ce nom")
    package static func providerNameTwice(_ name: String, _ other: String) -> Message {
        Message("provider.name-twice", en: "\(name) is the name of \(other) too", fr: "\(name) est aussi un nom de \(other)")
    }
    package static let approverTwice = Message("approver.twice", en: "this approver is listed twice", fr: "cet approbateur figure deux fois")
    package static func approverKeyTwice(_ other: String) -> Message {
        Message(
            "approver.key-twice", en: "this key is \(other)'s too: one person would count twice",
            fr: "cette clé est aussi celle de \(other) : une personne compterait deux fois")
    }
}

// MARK: What a document should have had; parts of the sentences above
extension Message {
    package static let expectedPercentage = Message(
        "expected.percentage", en: "a number from 0 to 100 with at most six decimals", fr: "un nombre de 0 à 100 avec six décimales au plus")
    package static let expectedDay = Message("expected.day", en: "a day such as \"2026-05-16\"", fr: "un jour tel que \"2026-05-16\"")
    package static let expectedMoment = Message(
        "expected.moment", en: "a moment such as \"2026-11-22T00:00:00Z\"", fr: "un instant tel que \"2026-11-22T00:00:00Z\"")
    package static let expectedMonthOrDay = Message(
        "expected.month-or-day", en: "a month or a day such as \"2026-11\" or \"2026-11-22\"",
        fr: "un mois ou un jour tel que \"2026-11\" ou \"2026-11-22\"")
    package static let expectedCountry = Message(
        "expected.country", en: "the two capital letters of a country (ISO 3166-1)", fr: "les deux majuscules d'un pays (ISO 3166-1)")
    package static func expectedDegrees(_ limit: Int) -> Message {
        Message("expected.degrees", en: "degrees from -\(limit) to \(limit)", fr: "des degrés de -\(limit) à \(limit)")
    }
    package static let expectedSIREN = Message("expected.siren", en: "the nine digits of a SIREN", fr: "les neuf chiffres d'un SIREN")
    package static let expectedDigest = Message(
        "expected.digest", en: "the 64 lower-case hexadecimal digits of a SHA-256", fr: "les 64 chiffres hexadécimaux minuscules d'un SHA-256")
    package static let expectedEndpoint = Message(
        "expected.endpoint", en: "an address such as \"https://s3.example.org\", without a user",
        fr: "une adresse telle que \"https://s3.example.org\", sans utilisateur")
    package static let expectedPattern = Message(
        "expected.pattern", en: "a host name, with * for a part of a label or for the labels before",
        fr: "un nom d'hôte, avec * pour une partie d'étiquette ou pour les étiquettes qui précèdent")
    package static let expectedSentence = Message(
        "expected.sentence", en: "a table with the texts en and fr", fr: "une table avec les textes en et fr")
    package static let expectedSomeRules = Message("expected.some-rules", en: "at least one rule", fr: "au moins une règle")
    package static let expectedOneDocument = Message(
        "expected.one-document",
        en: "exactly one of evidence, waiver, site, incident, offlineMedium, traceReview, drill, account and register",
        fr: "un seul de evidence, waiver, site, incident, offlineMedium, traceReview, drill, account et register")
}

// MARK: Why a document counts as absent
extension Message {
    package static let documentUnsigned = Message("document.unsigned", en: "nobody has signed it", fr: "personne ne l'a signé")
    package static func documentSignedOnce(_ who: String) -> Message {
        Message("document.signed-once", en: "only \(who) has signed it; two people have to", fr: "seul \(who) l'a signé ; il en faut deux")
    }
    package static func documentSamePerson(_ who: String) -> Message {
        Message(
            "document.same-person", en: "\(who) has signed it twice; two different people have to",
            fr: "\(who) l'a signé deux fois ; il faut deux personnes différentes")
    }
    package static func documentTwice(_ file: String) -> Message {
        Message(
            "document.twice", en: "\(file) says to be the same document: neither is believed",
            fr: "\(file) prétend être le même document : aucun des deux n'est cru")
    }
    package static func signatureOfOtherBytes(_ who: String) -> Message {
        Message("signature.other-bytes", en: "altered: \(who) signed other bytes", fr: "altéré : \(who) a signé d'autres octets")
    }
    package static let signatureUnknownKey = Message(
        "signature.unknown-key", en: "signed by a key that is no approver's", fr: "signé par une clé qui n'est celle d'aucun approbateur")
    package static func signatureNamespace(_ found: String, _ wanted: String) -> Message {
        Message(
            "signature.namespace", en: "the ssh signature was made for the namespace \(found), not \(wanted)",
            fr: "la signature ssh a été faite pour l'espace de noms \(found), non \(wanted)")
    }
    package static func signatureKeyType(_ type: String) -> Message {
        Message(
            "signature.key-type", en: "signed by a key of type \(type); only ssh-ed25519 and minisign keys are accepted",
            fr: "signé par une clé de type \(type) ; seules les clés ssh-ed25519 et minisign sont acceptées")
    }
    package static let signatureMalformed = Message(
        "signature.malformed", en: "this is no signature of minisign or of ssh-keygen -Y sign",
        fr: "ce n'est ni une signature de minisign ni une de ssh-keygen -Y sign")
    package static let waiverApproversTooFew = Message(
        "waiver.approvers-few", en: "a waiver names at least two different approvers",
        fr: "une dérogation nomme au moins deux approbateurs différents")
    package static let waiverApproversDidNotSign = Message(
        "waiver.approvers-unsigned", en: "the approvers that it names have not all signed it",
        fr: "les approbateurs qu'elle nomme ne l'ont pas tous signée")
}

/// What strict JSON forbids, and a file did.
package enum JSONFault: Sendable {
    case byteOrderMark
    case textAfter
    case tooDeep
    case keyExpected
    case colonExpected
    case endOfObjectExpected
    case endOfListExpected
    case controlCharacter
    case openText
    case halfPair
    case unknownEscape
    case hexadecimalExpected
    case digitExpected
    case exponent
    case endTooEarly
    case valueExpected

    package var english: String {
        switch self {
        case .byteOrderMark: "a byte order mark"
        case .textAfter: "text after the value"
        case .tooDeep: "too many levels"
        case .keyExpected: "a key in quotes is expected"
        case .colonExpected: "a colon is expected"
        case .endOfObjectExpected: "a comma or } is expected"
        case .endOfListExpected: "a comma or ] is expected"
        case .controlCharacter: "a control character in a text"
        case .openText: "a text without its closing quote"
        case .halfPair: "half a surrogate pair"
        case .unknownEscape: "an unknown escape"
        case .hexadecimalExpected: "four hexadecimal digits are expected"
        case .digitExpected: "a digit is expected"
        case .exponent: "a number with an exponent"
        case .endTooEarly: "the file ends too early"
        case .valueExpected: "a value is expected"
        }
    }

    package var french: String {
        switch self {
        case .byteOrderMark: "une marque d'ordre des octets"
        case .textAfter: "du texte après la valeur"
        case .tooDeep: "trop de niveaux"
        case .keyExpected: "une clé entre guillemets est attendue"
        case .colonExpected: "un deux-points est attendu"
        case .endOfObjectExpected: "une virgule ou } est attendue"
        case .endOfListExpected: "une virgule ou ] est attendue"
        case .controlCharacter: "un caractère de contrôle dans un texte"
        case .openText: "un texte sans guillemet final"
        case .halfPair: "une demi-paire de substitution"
        case .unknownEscape: "un échappement inconnu"
        case .hexadecimalExpected: "quatre chiffres hexadécimaux sont attendus"
        case .digitExpected: "un chiffre est attendu"
        case .exponent: "un nombre avec exposant"
        case .endTooEarly: "le fichier s'arrête trop tôt"
        case .valueExpected: "une valeur est attendue"
        }
    }
}
