// Sentences of restore tests and drills.
extension Message {
    package static let testsNeedOpeningKeys = Message(
        "test.no-opening-keys", en: "no keys here open what is stored: restore tests run on the proof host",
        fr: "aucune clé ici n'ouvre ce qui est stocké : les tests de restauration se font sur la machine de preuve")
    package static let testsOnProofHost = Message(
        "test.proof-host", en: "run it on the machine that holds the verify role's key and the restore key",
        fr: "lancez-le sur la machine qui détient la clé du rôle verify et la clé de restauration")
    package static let noVerifyRight = Message(
        "test.no-right", en: "the verify key of this machine has no right in the tenant's descriptor: its sheets would be void",
        fr: "la clé verify de cette machine n'a aucun droit dans le descripteur de l'établissement : ses fiches seraient nulles")
    package static let drillNoSiteLeft = Message(
        "drill.no-site", en: "no site is left to restore from", fr: "il ne reste aucun site d'où restaurer")

    package static func snapshotOfAnother(_ source: String) -> Message {
        Message("test.snapshot-of", en: "it is a snapshot of \(source)", fr: "c'est un instantané de \(source)")
    }

    package static func sheetNotStored(_ why: Message) -> Message {
        Message(
            "test.sheet-not-stored", en: "the test's sheet was not stored there: \(why.english)",
            fr: "la fiche du test n'y a pas été stockée : \(why.french)")
    }

    /// `parts`: comparisons, in words already.
    package static func tested(
        _ source: String, _ snapshot: String, _ sites: String, _ result: Message, _ files: String, _ size: String, _ share: String, _ time: String
    ) -> Message {
        Message(
            "test.done", en: "\(source): \(result.english): snapshot \(snapshot) from \(sites), \(files) files, \(size) (\(share)) in \(time)",
            fr: "\(source) : \(result.french) : instantané \(snapshot) depuis \(sites), \(files) fichiers, \(size) (\(share)) en \(time)")
    }

    package static func testedParts(_ manifest: Message, _ live: Message, _ check: Message) -> Message {
        Message(
            "test.parts", en: "; manifest \(manifest.english), source \(live.english), check \(check.english)",
            fr: " ; manifeste \(manifest.french), source \(live.french), contrôle \(check.french)")
    }

    package static func testedTime(_ whole: String, _ promised: String) -> Message {
        Message("test.rto", en: "; whole \(whole), promised \(promised)", fr: " ; entier \(whole), promis \(promised)")
    }

    package static func testedLacking(_ paths: UInt64) -> Message {
        Message(
            "test.lacking", en: "; at \(paths) paths owners, modes, attributes or devices were compared with the manifest only: no right to set them",
            fr: " ; sur \(paths) chemins, propriétaires, droits, attributs ou périphériques comparés au seul manifeste : pas le droit de les définir")
    }

    package static func testedHealed(_ copies: UInt64) -> Message {
        Message("test.healed", en: "; \(copies) damaged copies healed by others", fr: " ; \(copies) copies endommagées, d'autres ont suppléé")
    }

    package static func notTested(_ source: String) -> Message { Message("test.none", en: "\(source): not tested", fr: "\(source) : non testée") }

    /// `result`: as in JSON.
    package static func testResult(_ result: String) -> Message {
        switch result {
        case "good": Message("test.good", en: "good", fr: "bon")
        case "late": Message("test.late", en: "late", fr: "hors délai")
        case "failed": Message("test.failed", en: "FAILED", fr: "ÉCHEC")
        default: Message("test.skipped", en: "skipped", fr: "omis")
        }
    }

    package static let noSheets = Message("test.no-sheets", en: "no restore test yet", fr: "aucun test de restauration pour l'instant")
    package static let headPart = Message("head.part", en: "part", fr: "part")
    package static let headDuration = Message("head.duration", en: "restore", fr: "restauration")
    package static let headWhole = Message("head.whole", en: "whole", fr: "entier")
    package static let headPromised = Message("head.promised", en: "promised", fr: "promis")
    package static let headHost = Message("head.host", en: "tested by", fr: "testé par")
    package static let headFrom = Message("head.from", en: "from", fr: "depuis")

    package static let helpRestoreTest = Message(
        "help.restore-test", en: "Restore for real into a scratch place, compare, check, and sign a sheet.",
        fr: "Restaurer pour de vrai à l'écart, comparer, contrôler et signer une fiche.")
    package static let helpDrill = Message(
        "help.drill", en: "A restore test as if a site were gone.", fr: "Un test de restauration comme si un site avait disparu.")
    package static let helpWithout = Message(
        "help.without", en: "Site that is not asked; may be repeated.", fr: "Site à ne pas solliciter ; répétable.")
    package static let helpShare = Message(
        "help.share", en: "How much to restore: whole or N%, rotating (default: the configuration's).",
        fr: "Quelle part restaurer : whole ou N%, par rotation (par défaut : celle de la configuration).")
    package static let helpTestSnapshot = Message(
        "help.test-snapshot", en: "This snapshot instead of the last one.", fr: "Cet instantané au lieu du dernier.")
    package static let helpTestList = Message(
        "help.test-list", en: "List the sheets, youngest first.", fr: "Énumérer les fiches, la plus récente d'abord.")
}
