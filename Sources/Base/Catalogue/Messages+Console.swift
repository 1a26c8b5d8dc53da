// Words of the screen: units, progress, questions, errors.

// MARK: Units and parts of lines
extension Message {
    /// Bytes, and the binary units above, each 1024 times the one before.
    package static let binaryUnits = [
        Message("unit.byte", en: "B", fr: "o"), Message("unit.kib", en: "KiB", fr: "Kio"), Message("unit.mib", en: "MiB", fr: "Mio"),
        Message("unit.gib", en: "GiB", fr: "Gio"), Message("unit.tib", en: "TiB", fr: "Tio"), Message("unit.pib", en: "PiB", fr: "Pio"),
        Message("unit.eib", en: "EiB", fr: "Eio"),
    ]
    package static let unitDay = Message("unit.day", en: "d", fr: "j")
    package static let decimalMark = Message("number.decimal-mark", en: ".", fr: ",")
    /// Between groups of three digits: a narrow no-break space in French.
    package static let groupMark = Message("number.group-mark", en: ",", fr: "\u{202F}")
    package static func progressItems(_ count: String, one isOne: Bool) -> Message {
        Message(
            "progress.items", en: "\(count) \(isOne ? "item" : "items")", fr: "\(count) \(isOne ? "élément" : "éléments")")
    }
    package static func progressNew(_ size: String) -> Message {
        Message("progress.new", en: "\(size) new", fr: "nouveau : \(size)")
    }
    package static func progressLeft(_ time: String) -> Message {
        Message("progress.left", en: "\(time) left", fr: "reste \(time)")
    }
    package static func progressMore(_ count: Int) -> Message {
        Message("progress.more", en: "and \(count) more", fr: count == 1 ? "et 1 autre" : "et \(count) autres")
    }
    package static func percent(_ number: Int) -> Message {
        Message("number.percent", en: "\(number)%", fr: "\(number) %")
    }
}

// MARK: Errors
extension Message {
    package static let errorPrefix = Message("error.prefix", en: "error: ", fr: "erreur : ")
    package static func unexpectedError(_ description: String) -> Message {
        Message("error.unexpected", en: "unexpected error: \(description)", fr: "erreur inattendue : \(description)")
    }
    package static let interrupted = Message("error.interrupted", en: "interrupted", fr: "interrompu")
    package static let runAgain = Message("error.run-again", en: "run it again to go on", fr: "relancez la commande pour continuer")
    package static func outputFailed(_ reason: String) -> Message {
        Message(
            "error.output", en: "the results cannot be written: \(reason)", fr: "écriture des résultats impossible : \(reason)")
    }
    package static func badLanguage(_ name: String) -> Message {
        Message("error.language", en: "unknown language: \(name)", fr: "langue inconnue : \(name)")
    }
    package static let languagesAre = Message("error.languages", en: "there are: fr, en", fr: "langues connues : fr, en")
}

// MARK: Questions
extension Message {
    package static let yesNoHint = Message("question.yes-no", en: "[y/N]", fr: "[o/N]")
    package static let noTerminalToAsk = Message(
        "question.no-terminal", en: "this needs a confirmation, and there is no terminal to ask on",
        fr: "une confirmation est nécessaire, et il n'y a pas de terminal pour la demander")
    package static let sayYes = Message(
        "question.say-yes", en: "give --yes to confirm", fr: "ajoutez --yes pour confirmer")
}
