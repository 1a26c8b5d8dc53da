// Words of `hdsbackup report`.
extension Message {
    package static let helpReport = Message(
        "help.report", en: "Put an auditor's report of one tenant together, signed.", fr: "Établir le rapport d'audit signé d'un établissement.")
    package static let helpReportMonth = Message("help.report-month", en: "Month (default: this one).", fr: "Mois (par défaut : le mois courant).")
    package static let helpReportAsOf = Message(
        "help.report-as-of", en: "Day as of which it speaks (default: today).", fr: "Jour auquel il se place (par défaut : aujourd'hui).")
    package static let helpReportFormat = Message("help.report-format", en: "html, json or pdf.", fr: "html, json ou pdf.")
    package static let helpReportTo = Message("help.report-to", en: "Folder that it makes.", fr: "Dossier à créer.")
    package static let reportDayToCome = Message("report.day-to-come", en: "this day has not come yet", fr: "ce jour n'est pas encore venu")
    package static let reportNoSigner = Message(
        "report.no-signer", en: "this machine has no key that could sign a report of this tenant",
        fr: "cette machine n'a aucune clé pour signer un rapport de cet établissement")
    package static let reportSignerRemedy = Message(
        "report.signer-remedy", en: "run it where the write, maintain or verify key is",
        fr: "exécutez-le là où se trouve la clé d'écriture, de maintenance ou de vérification")
    package static func reportWritten(_ folder: String, _ month: String, _ day: String, major: Int, unknown: Int, minor: Int) -> Message {
        Message(
            "report.written",
            en: "\(folder): report of \(month) as of \(day); gaps: \(major) major, \(unknown) not recorded, \(minor) minor",
            fr: "\(folder) : rapport de \(month), état au \(day) ; écarts : \(major) majeurs, \(unknown) non consignés, \(minor) mineurs")
    }
    package static func reportSignedBy(_ key: String) -> Message {
        Message("report.signed-by", en: "signed by the key \(key)", fr: "signé par la clé \(key)")
    }
}
