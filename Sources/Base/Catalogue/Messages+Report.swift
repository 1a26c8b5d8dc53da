// Words of the auditor's report: titles, captions, columns, errors.

// MARK: Titles and sentences
extension Message {
    /// Of sections 1 to 15.
    package static let reportSectionTitles = [
        Message("report.section.1", en: "Identification", fr: "Identification"),
        Message("report.section.2", en: "Scope", fr: "Périmètre"),
        Message("report.section.3", en: "Sites, sub-processors, guarantees, certificates", fr: "Sites, sous-traitants, garanties, certificats"),
        Message("report.section.4", en: "Policy and decisions", fr: "Politique et décisions"),
        Message("report.section.5", en: "Backup plan and its execution", fr: "Plan de sauvegarde et exécution"),
        Message("report.section.6", en: "Resilience of the copies", fr: "Résilience des copies"),
        Message("report.section.7", en: "Integrity", fr: "Intégrité"),
        Message("report.section.8", en: "Restores and restore tests", fr: "Restaurations et tests de restauration"),
        Message("report.section.9", en: "Cryptography", fr: "Cryptographie"),
        Message("report.section.10", en: "Access", fr: "Accès"),
        Message("report.section.11", en: "Journal", fr: "Journal"),
        Message("report.section.12", en: "Incidents and personal-data breaches", fr: "Incidents et violations de données"),
        Message("report.section.13", en: "Retention, erasure, reversibility, migrations", fr: "Conservation, effacement, réversibilité, migrations"),
        Message("report.section.14", en: "Gaps and corrective actions", fr: "Écarts et actions correctives"),
        Message("report.section.15", en: "Annex: clauses, hashes, verification", fr: "Annexe : clauses, empreintes, vérification"),
    ]
    package static let reportTitle = Message(
        "report.title", en: "Evidence report on backups of health data", fr: "Rapport de preuve de la sauvegarde de données de santé")
    package static let reportContents = Message("report.contents", en: "Contents", fr: "Sommaire")
    package static let reportYes = Message("report.yes", en: "yes", fr: "oui")
    package static let reportNo = Message("report.no", en: "no", fr: "non")
    package static let reportNone = Message("report.none", en: "none", fr: "néant")
    package static let reportNobody = Message("report.nobody", en: "nobody yet", fr: "personne à ce jour")
    package static let reportOpen = Message("report.open", en: "open", fr: "ouvert")
    package static let reportUntilReleased = Message("report.until-released", en: "until it is released", fr: "jusqu'à sa levée")
    package static let reportNotRecorded = Message("report.not-recorded", en: "not recorded", fr: "non consigné")
    package static let reportToAssign = Message("report.to-assign", en: "to be named", fr: "à désigner")
    package static let reportNoBasis = Message("report.no-basis", en: "no basis", fr: "sans fondement")
    package static let reportNoGapFound = Message("report.no-gap-found", en: "no gap found", fr: "aucun écart relevé")
    package static let reportNotEstablished = Message("report.not-established", en: "not established", fr: "non établi")
    package static let reportUnknownOperator = Message("report.unknown-operator", en: "operator not recorded", fr: "opérateur non consigné")
    package static let reportPeriodLabel = Message("report.period", en: "Period", fr: "Période")
    package static let reportAsOfLabel = Message("report.as-of", en: "As of", fr: "État au")
    package static let reportMadeLabel = Message("report.made", en: "Put together", fr: "Établi le")
    package static let reportNoGapHere = Message(
        "report.no-gap-here", en: "No gap was found in this section.", fr: "Aucun écart relevé dans cette section.")
    package static let reportNoGap = Message("report.no-gap", en: "No gap was found.", fr: "Aucun écart relevé.")
    package static let reportNoTest = Message(
        "report.no-test", en: "No restore test in the period.", fr: "Aucun test de restauration dans la période.")
    package static let reportDigitsExplained = Message(
        "report.digits-explained",
        en:
            "The data itself is one of the copies. Offline means disconnected from any information system; immutable means locked, and found so by a probe; the last digit counts copies that are not verified.",
        fr:
            "Les données elles-mêmes comptent pour une copie. Hors ligne : déconnecté de tout système d'information ; immuable : verrouillé, et constaté par un essai ; le dernier chiffre compte les copies non vérifiées."
    )
    package static let reportGapsExplained = Message(
        "report.gaps-explained",
        en:
            "Each gap is derived from the facts of this report. What is not recorded counts as not met. Owners and dates are named by people; where none is named, this is said.",
        fr:
            "Chaque écart est déduit des faits du présent rapport. Ce qui n'est pas consigné est réputé non satisfait. Responsables et échéances sont désignés par des personnes ; à défaut, il est indiqué « à désigner »."
    )
    package static let reportSentenceNone = Message(
        "report.sentence-none", en: "The sentence of EXI 31 cannot be chosen: facts are missing from the table.",
        fr: "La mention de l'EXI 31 ne peut être choisie : des faits manquent au tableau.")
    package static let reportSentenceUnconfirmed = Message(
        "report.sentence-unconfirmed", en: "The wording above was not compared with the text of the referential: do not publish it before.",
        fr: "Le libellé ci-dessus n'a pas été confronté au texte du référentiel : ne pas le publier avant.")
    package static let reportVerifyTitle = Message("report.verify.title", en: "How to verify this report", fr: "Comment vérifier ce rapport")
    package static let reportVerifyIntroduction = Message(
        "report.verify.introduction",
        en:
            "Without the program and without a network: openssl 3 and sha256sum are enough. REPORT is the folder of the report, KEYS a folder with the public keys of signers, ID.pub, received by another way than the report.",
        fr:
            "Sans le programme et sans réseau : openssl 3 et sha256sum suffisent. REPORT est le dossier du rapport, KEYS un dossier des clés publiques des signataires, ID.pub, reçues par une autre voie que le rapport."
    )
    package static let reportVerifyStepOne = Message(
        "report.verify.one", en: "The line signer of report.manifest names the key; the hash of the key must be that name.",
        fr: "La ligne signer de report.manifest nomme la clé ; l'empreinte de la clé doit être ce nom.")
    package static let reportVerifyStepTwo = Message(
        "report.verify.two", en: "openssl verifies the signature of the manifest.", fr: "openssl vérifie la signature du manifeste.")
    package static let reportVerifyStepThree = Message(
        "report.verify.three", en: "sha256sum compares each file with the manifest.", fr: "sha256sum compare chaque fichier au manifeste.")
    package static let reportVerifyStepFour = Message(
        "report.verify.four",
        en: "The documents of the list above are compared with their hashes one by one; the heads of section 11 with those that were kept apart.",
        fr: "Les documents de la liste ci-dessus sont comparés un à un à leur empreinte ; les têtes de la section 11 à celles conservées à part.")
    package static let reportVerifyLimits = Message(
        "report.verify.limits",
        en:
            "The signature shows who made the report and that nothing was changed since. It does not show that what people declared is true: for that, see the documents.",
        fr:
            "La signature établit qui a produit le rapport et que rien n'a changé depuis. Elle n'établit pas la véracité de ce que des personnes ont déclaré : se reporter aux documents."
    )
    package static let reportMonthForm = Message("report.form.month", en: "write a month as 2026-11", fr: "écrivez un mois sous la forme 2026-11")
    package static let reportDayForm = Message(
        "report.form.day", en: "write a day of the month or after it, as 2026-11-30",
        fr: "écrivez un jour du mois ou postérieur, sous la forme 2026-11-30")
    package static let reportNoTenant = Message("report.no-tenant", en: "no such establishment", fr: "établissement inconnu")
    package static let reportKeyMaterial = Message(
        "report.key-material", en: "a text of the report holds key material", fr: "un texte du rapport contient un élément de clé")
    package static let reportPatientNumber = Message(
        "report.patient-number", en: "a text of the report holds the number of an insured person",
        fr: "un texte du rapport contient un numéro d'assuré")
    package static let reportTakeItOut = Message(
        "report.take-out", en: "take it out of the record it comes from, and make the report again",
        fr: "retirez-le de l'enregistrement d'origine et refaites le rapport")
    package static let reportRestoreFile = Message(
        "report.restore-file", en: "put back the file that came with the program (etc/report), or correct it",
        fr: "rétablissez le fichier livré avec le programme (etc/report), ou corrigez-le")
    package static let reportUnreadable = Message(
        "report.unreadable", en: "this is not a report of this program", fr: "ce n'est pas un rapport de ce programme")
    package static let reportNoPDFTool = Message(
        "report.no-pdf-tool", en: "no program that makes PDF was found (weasyprint, chromium)",
        fr: "aucun programme produisant du PDF n'a été trouvé (weasyprint, chromium)")
    package static let reportInstallPDFTool = Message(
        "report.install-pdf-tool", en: "apt-get install weasyprint, or use --format html and print it",
        fr: "apt-get install weasyprint, ou --format html puis imprimez")
    package static let reportExists = Message("report.exists", en: "there is something of that name already", fr: "ce nom existe déjà")
    package static let reportOtherPlace = Message(
        "report.other-place", en: "name another place: a report is never overwritten",
        fr: "indiquez un autre emplacement : un rapport n'est jamais écrasé")
    package static let reportFileMissing = Message("report.file-missing", en: "a file of the report is missing", fr: "un fichier du rapport manque")
    package static let reportFileAltered = Message(
        "report.file-altered", en: "the file is not the one that was signed", fr: "le fichier n'est pas celui qui a été signé")
    package static let reportFileUnsigned = Message(
        "report.file-unsigned", en: "the file is not part of what was signed", fr: "le fichier ne fait pas partie de ce qui a été signé")
    package static let reportUnknownSigner = Message(
        "report.unknown-signer", en: "the signer is not one of the trusted keys", fr: "le signataire n'est pas une des clés de confiance")
    package static let reportWrongSignature = Message("report.wrong-signature", en: "the signature is wrong", fr: "la signature est fausse")
    package static func reportSubtitle(_ subject: String, _ month: String, _ day: String) -> Message {
        Message("report.subtitle", en: "\(subject), \(month), as of \(day)", fr: "\(subject), \(month), état au \(day)")
    }
    package static func reportSummary(_ major: Int, _ minor: Int, _ unknown: Int) -> Message {
        Message(
            "report.summary", en: "Gaps: \(major) not met, \(minor) met in part or for a limited time, \(unknown) for lack of a record (section 14).",
            fr:
                "Écarts : \(major) non satisfaits, \(minor) satisfaits en partie ou pour un temps limité, \(unknown) faute d'enregistrement (section 14)."
        )
    }
    package static func reportGapsHere(_ count: Int) -> Message {
        Message(
            "report.gaps-here", en: "\(count) \(count == 1 ? "gap" : "gaps"): see section 14",
            fr: "\(count) \(count == 1 ? "écart" : "écarts") : voir la section 14")
    }
    package static func reportGapCount(_ count: Int) -> Message {
        Message("report.gap-count", en: "\(count) \(count == 1 ? "gap" : "gaps")", fr: "\(count) \(count == 1 ? "écart" : "écarts")")
    }
    package static func reportNothingRecorded(_ what: String) -> Message {
        Message(
            "report.nothing-recorded", en: "\(what): nothing is recorded; see section 14.", fr: "\(what) : rien n'est consigné ; voir la section 14.")
    }
    package static func reportRecordedNone(_ what: String) -> Message {
        Message("report.recorded-none", en: "\(what): none, as recorded.", fr: "\(what) : néant, ainsi consigné.")
    }
    package static func reportMissedSlots(_ source: String, _ slots: String, _ more: Int) -> Message {
        Message(
            "report.missed-slots", en: "\(source), not done: \(slots)" + (more > 0 ? ", and \(more) more" : ""),
            fr: "\(source), non réalisées : \(slots)" + (more > 0 ? " et \(more) autres" : ""))
    }
    package static func reportTestsOf(_ source: String) -> Message {
        Message("report.tests-of", en: "Restore tests of \(source)", fr: "Tests de restauration de \(source)")
    }
    package static func reportDays(_ count: Int) -> Message {
        Message("report.days", en: "\(count) \(count == 1 ? "day" : "days")", fr: "\(count) \(count < 2 ? "jour" : "jours")")
    }
    package static func reportCaptionAnomaliesOf(_ source: String) -> Message {
        Message("report.caption.anomalies-of", en: "Unusual changes of \(source)", fr: "Variations inhabituelles de \(source)")
    }
    package static func reportCaptionBreach(_ incident: String) -> Message {
        Message("report.caption.breach", en: "Breach of personal data: \(incident)", fr: "Violation de données : \(incident)")
    }
    package static func reportCaptionExposure(_ site: String) -> Message {
        Message("report.caption.exposure", en: "Exposure and sub-processors of \(site)", fr: "Exposition et sous-traitants de \(site)")
    }
    package static func reportCaptionSheet(_ when: String) -> Message {
        Message("report.caption.sheet", en: "Sheet of \(when)", fr: "Fiche du \(when)")
    }
    package static func reportCaptionGaps(_ level: String, _ count: Int) -> Message {
        Message("report.caption.gaps", en: "\(level): \(count)", fr: "\(level) : \(count)")
    }
    package static func reportWrongMonth(_ text: String) -> Message {
        Message("report.wrong-month", en: "'\(text)' is not a month", fr: "« \(text) » n'est pas un mois")
    }
    package static func reportWrongDay(_ text: String) -> Message {
        Message("report.wrong-day", en: "'\(text)' is not a day", fr: "« \(text) » n'est pas un jour")
    }
    package static func reportBeforeMonth(_ day: String, _ month: String) -> Message {
        Message("report.before-month", en: "\(day) is before \(month)", fr: "le \(day) précède le mois \(month)")
    }
    package static func reportBadFile(_ key: String) -> Message {
        Message("report.bad-file", en: "wrong or missing: \(key)", fr: "erroné ou absent : \(key)")
    }
    package static func reportPDFFailed(_ program: String, _ status: Int32, _ said: String) -> Message {
        Message(
            "report.pdf-failed", en: "\(program) made no PDF (status \(status)): \(said)",
            fr: "\(program) n'a pas produit de PDF (code \(status)) : \(said)")
    }
}

// MARK: Captions of tables
extension Message {
    package static let reportCaptionAnomalies = Message("report.caption.anomalies", en: "Unusual changes", fr: "Variations inhabituelles")
    package static let reportCaptionBases = Message("report.caption.bases", en: "Retention of each source", fr: "Conservation par source")
    package static let reportCaptionCertificates = Message(
        "report.caption.certificates", en: "Certificates and contracts, by last day", fr: "Certificats et contrats, par échéance")
    package static let reportCaptionChanges = Message("report.caption.changes", en: "Changes of the policy", fr: "Modifications de la politique")
    package static let reportCaptionChapterEight = Message(
        "report.caption.chapter-eight", en: "Table of guarantees (HDS, chapter 8)", fr: "Tableau des garanties (HDS, chapitre 8)")
    package static let reportCaptionContacts = Message("report.caption.contacts", en: "Contacts and referents", fr: "Contacts et référents")
    package static let reportCaptionCopies = Message("report.caption.copies", en: "Kinds of copies and probes", fr: "Types de copies et essais")
    package static let reportCaptionDecisions = Message("report.caption.decisions", en: "Decisions of the policy", fr: "Décisions de la politique")
    package static let reportCaptionDigits = Message(
        "report.caption.digits", en: "3-2-1-1-0 by source: known / wanted", fr: "3-2-1-1-0 par source : établi / exigé")
    package static let reportCaptionFindings = Message("report.caption.findings", en: "Refusals and warnings", fr: "Refus et avertissements")
    package static let reportCaptionHashes = Message("report.caption.hashes", en: "Hashes", fr: "Empreintes")
    package static let reportCaptionHeads = Message(
        "report.caption.heads", en: "Heads of the chains, to be compared with those kept apart",
        fr: "Têtes de chaîne, à comparer à celles conservées à part")
    package static let reportCaptionIncidents = Message(
        "report.caption.incidents", en: "Incidents and personal-data breaches", fr: "Incidents et violations de données")
    package static let reportCaptionIndependence = Message(
        "report.caption.independence", en: "Independence of the sites", fr: "Indépendance des sites")
    package static let reportCaptionKeysTogether = Message("report.caption.keys-together", en: "Separation of keys", fr: "Séparation des clés")
    package static let reportCaptionMatrix = Message("report.caption.matrix", en: "Clauses and evidence", fr: "Clauses et preuves")
    package static let reportCaptionMedia = Message("report.caption.media", en: "Register of offline media", fr: "Registre des supports hors ligne")
    package static let reportCaptionOperator = Message("report.caption.operator", en: "Operator and period", fr: "Opérateur et période")
    package static let reportCaptionPlan = Message("report.caption.plan", en: "Backup plan", fr: "Plan de sauvegarde")
    package static let reportCaptionProduct = Message("report.caption.product", en: "Product", fr: "Produit")
    package static let reportCaptionResponsibilities = Message(
        "report.caption.responsibilities", en: "Who does what", fr: "Partage des responsabilités")
    package static let reportCaptionRestores = Message("report.caption.restores", en: "Restores that were asked for", fr: "Restaurations demandées")
    package static let reportCaptionReviews = Message("report.caption.reviews", en: "Reviews", fr: "Revues")
    package static let reportCaptionRuns = Message("report.caption.runs", en: "Runs of the period", fr: "Exécutions de la période")
    package static let reportCaptionSites = Message("report.caption.sites", en: "Register of sites", fr: "Registre des sites")
    package static let reportCaptionSources = Message("report.caption.sources", en: "Sources", fr: "Sources")
    package static let reportCaptionTenants = Message("report.caption.tenants", en: "Establishments", fr: "Établissements")
    package static let reportCaptionTransfers = Message(
        "report.caption.transfers", en: "Transfers of the month, by country", fr: "Transferts du mois, par pays")
    package static let reportCaptionVerifications = Message(
        "report.caption.verifications", en: "Readings of stored data", fr: "Relectures des données stockées")
    package static let reportCaptionWaivers = Message("report.caption.waivers", en: "Waivers", fr: "Dérogations")
}

// MARK: Columns
extension Message {
    package static let reportColumnAccess = Message(
        "report.column.access", en: "Access from outside the EEA (EXI 29)", fr: "Accès depuis un pays hors EEE (EXI 29)")
    package static let reportColumnAccount = Message("report.column.account", en: "Account", fr: "Compte")
    package static let reportColumnAct = Message("report.column.act", en: "Act", fr: "Opération")
    package static let reportColumnActivities = Message("report.column.activities", en: "HDS activities", fr: "Activités HDS")
    package static let reportColumnActivity = Message("report.column.activity", en: "Activity", fr: "Activité")
    package static let reportColumnActor = Message("report.column.actor", en: "Actor", fr: "Acteur")
    package static let reportColumnAlgorithm = Message("report.column.algorithm", en: "Algorithm", fr: "Algorithme")
    package static let reportColumnApprovers = Message("report.column.approvers", en: "Approved by", fr: "Approuvé par")
    package static let reportColumnBreach = Message("report.column.breach", en: "Personal data", fr: "Données personnelles")
    package static let reportColumnBy = Message("report.column.by", en: "By", fr: "Par")
    package static let reportColumnChain = Message("report.column.chain", en: "Chain", fr: "Chaîne")
    package static let reportColumnCheck = Message("report.column.check", en: "Check of the application", fr: "Contrôle applicatif")
    package static let reportColumnClause = Message("report.column.clause", en: "Clause", fr: "Clause")
    package static let reportColumnClosed = Message("report.column.closed", en: "Closed", fr: "Clôture")
    package static let reportColumnComparison = Message(
        "report.column.comparison", en: "Comparison with the manifest", fr: "Comparaison au manifeste")
    package static let reportColumnCondemned = Message("report.column.condemned", en: "Condemned", fr: "Condamnés")
    package static let reportColumnConsent = Message("report.column.consent", en: "Consent by", fr: "Consentement de")
    package static let reportColumnCovers = Message("report.column.covers", en: "Services and regions", fr: "Services et régions")
    package static let reportColumnCount = Message("report.column.count", en: "Times", fr: "Nombre")
    package static let reportColumnCreated = Message("report.column.created", en: "Created", fr: "Création")
    package static let reportColumnDeadline = Message("report.column.deadline", en: "72-hour deadline", fr: "Échéance 72 h")
    package static let reportColumnCountry = Message("report.column.country", en: "Country", fr: "Pays")
    package static let reportColumnDeleted = Message("report.column.deleted", en: "Deleted", fr: "Supprimés")
    package static let reportColumnDocument = Message("report.column.document", en: "Document", fr: "Document")
    package static let reportColumnDue = Message("report.column.due", en: "Due", fr: "Échéance")
    package static let reportColumnDuration = Message("report.column.duration", en: "Duration", fr: "Durée")
    package static let reportColumnEnds = Message("report.column.ends", en: "Last day", fr: "Dernier jour")
    package static let reportColumnEntries = Message("report.column.entries", en: "Entries", fr: "Entrées")
    package static let reportColumnEvidence = Message("report.column.evidence", en: "Evidence in", fr: "Preuve en")
    package static let reportColumnExitPlan = Message("report.column.exit-plan", en: "Exit plan", fr: "Plan de sortie")
    package static let reportColumnFailed = Message("report.column.failed", en: "Failed", fr: "En échec")
    package static let reportColumnFaults = Message("report.column.faults", en: "Faults", fr: "Défauts")
    package static let reportColumnFiles = Message("report.column.files", en: "Files", fr: "Fichiers")
    package static let reportColumnFirstUsed = Message("report.column.first-used", en: "First used", fr: "Première utilisation")
    package static let reportColumnForgotten = Message("report.column.forgotten", en: "Forgotten", fr: "Oubliés")
    package static let reportColumnFramework = Message("report.column.framework", en: "Referential", fr: "Référentiel")
    package static let reportColumnFreed = Message("report.column.freed", en: "Freed", fr: "Libéré")
    package static let reportColumnFromTo = Message("report.column.from-to", en: "From, to", fr: "De, vers")
    package static let reportColumnGap = Message("report.column.gap", en: "Gap", fr: "Écart")
    package static let reportColumnGood = Message("report.column.good", en: "Succeeded", fr: "Réussi")
    package static let reportColumnHDS = Message("report.column.hds", en: "HDS certified", fr: "Certifié HDS")
    package static let reportColumnHash = Message("report.column.hash", en: "SHA-256", fr: "SHA-256")
    package static let reportColumnHolder = Message("report.column.holder", en: "Holder", fr: "Titulaire")
    package static let reportColumnHybrid = Message(
        "report.column.hybrid", en: "Keys wrapped with a post-quantum algorithm too", fr: "Clés enveloppées aussi par un algorithme post-quantique")
    package static let reportColumnIncident = Message("report.column.incident", en: "Incident", fr: "Incident")
    package static let reportColumnIncompatible = Message("report.column.incompatible", en: "Incompatible roles", fr: "Rôles incompatibles")
    package static let reportColumnIssued = Message("report.column.issued", en: "Issued", fr: "Émis le")
    package static let reportColumnItem = Message("report.column.item", en: "Item", fr: "Élément")
    package static let reportColumnKept = Message("report.column.kept", en: "Kept", fr: "Conservés")
    package static let reportColumnKey = Message("report.column.key", en: "Key", fr: "Clé")
    package static let reportColumnKind = Message("report.column.kind", en: "Kind", fr: "Type")
    package static let reportColumnLastWritten = Message("report.column.last-written", en: "Last written", fr: "Dernière écriture")
    package static let reportColumnLaws = Message(
        "report.column.laws", en: "Laws from outside the Union (EXI 30)", fr: "Lois extra-européennes (EXI 30)")
    package static let reportColumnMedium = Message("report.column.medium", en: "Medium", fr: "Support")
    package static let reportColumnMissed = Message("report.column.missed", en: "Missed", fr: "Manquées")
    package static let reportColumnName = Message("report.column.name", en: "Name", fr: "Nom")
    package static let reportColumnNominative = Message("report.column.nominative", en: "One person's", fr: "Nominatif")
    package static let reportColumnNotified = Message("report.column.notified", en: "Notified", fr: "Notification")
    package static let reportColumnObjects = Message("report.column.objects", en: "Objects", fr: "Objets")
    package static let reportColumnOn = Message("report.column.on", en: "Day", fr: "Date")
    package static let reportColumnOpened = Message("report.column.opened", en: "Opened", fr: "Ouverture")
    package static let reportColumnOutcome = Message("report.column.outcome", en: "Outcome", fr: "Décision")
    package static let reportColumnOutstanding = Message("report.column.outstanding", en: "Not repaired", fr: "Non réparés")
    package static let reportColumnOwner = Message("report.column.owner", en: "Owner", fr: "Responsable")
    package static let reportColumnPacks = Message("report.column.packs", en: "Packs", fr: "Paquets")
    package static let reportColumnPair = Message("report.column.pair", en: "Sites", fr: "Sites")
    package static let reportColumnPartial = Message("report.column.partial", en: "In part", fr: "Incomplètes")
    package static let reportColumnPerformedBy = Message("report.column.performed-by", en: "Performed by", fr: "Réalisé par")
    package static let reportColumnPlace = Message("report.column.place", en: "Place", fr: "Lieu")
    package static let reportColumnPlanned = Message("report.column.planned", en: "Planned", fr: "Prévues")
    package static let reportColumnPolicyHash = Message(
        "report.column.policy-hash", en: "Policy (start of its hash)", fr: "Politique (début d'empreinte)")
    package static let reportColumnProved = Message("report.column.proved", en: "Proved", fr: "Prouvée")
    package static let reportColumnRTO = Message("report.column.rto", en: "Measured RTO / promised", fr: "DMIA mesurée / promise")
    package static let reportColumnRate = Message("report.column.rate", en: "Success rate", fr: "Taux de réussite")
    package static let reportColumnReach = Message("report.column.reach", en: "Reached by", fr: "Joignable")
    package static let reportColumnRead = Message("report.column.read", en: "Read", fr: "Relu")
    package static let reportColumnReason = Message("report.column.reason", en: "Reason", fr: "Motif")
    package static let reportColumnRecordHash = Message("report.column.record-hash", en: "SHA-256 of the record", fr: "SHA-256 de l'enregistrement")
    package static let reportColumnReleased = Message("report.column.released", en: "Released by", fr: "Levée par")
    package static let reportColumnRemedy = Message("report.column.remedy", en: "Corrective action", fr: "Action corrective")
    package static let reportColumnRepaired = Message("report.column.repaired", en: "Repaired", fr: "Réparés")
    package static let reportColumnRequestedBy = Message("report.column.requested-by", en: "Requested by", fr: "Demandé par")
    package static let reportColumnRequirement = Message("report.column.requirement", en: "Requirement", fr: "Exigence")
    package static let reportColumnResult = Message("report.column.result", en: "Result", fr: "Résultat")
    package static let reportColumnRole = Message("report.column.role", en: "Role", fr: "Rôle")
    package static let reportColumnRoles = Message("report.column.roles", en: "Roles", fr: "Rôles")
    package static let reportColumnRoot = Message("report.column.root", en: "Merkle root", fr: "Racine de Merkle")
    package static let reportColumnRule = Message("report.column.rule", en: "Rule", fr: "Règle")
    package static let reportColumnScrub = Message("report.column.scrub", en: "Scrub period", fr: "Période de relecture")
    package static let reportColumnSecNumCloud = Message(
        "report.column.sec-num-cloud", en: "SecNumCloud 3.2 qualified", fr: "Qualifié SecNumCloud 3.2")
    package static let reportColumnSecondFactor = Message("report.column.second-factor", en: "Second factor", fr: "Second facteur")
    package static let reportColumnSince = Message("report.column.since", en: "Since", fr: "Depuis")
    package static let reportColumnStoredBytes = Message("report.column.stored-bytes", en: "Stored at the end", fr: "Stocké à la fin")
    package static let reportColumnWrittenBytes = Message("report.column.written-bytes", en: "Written", fr: "Écrit")
    package static let reportColumnSite = Message("report.column.site", en: "Site", fr: "Site")
    package static let reportColumnSites = Message("report.column.sites", en: "Sites read", fr: "Sites lus")
    package static let reportColumnSize = Message("report.column.size", en: "Size", fr: "Volume")
    package static let reportColumnSnapshot = Message("report.column.snapshot", en: "Snapshot", fr: "Instantané")
    package static let reportColumnSource = Message("report.column.source", en: "Source", fr: "Source")
    package static let reportColumnState = Message("report.column.state", en: "State", fr: "État")
    package static let reportColumnSubject = Message("report.column.subject", en: "Section, subject", fr: "Section, objet")
    package static let reportColumnSubjects = Message("report.column.subjects", en: "Persons concerned", fr: "Personnes concernées")
    package static let reportColumnConsequences = Message("report.column.consequences", en: "Likely consequences", fr: "Conséquences probables")
    package static let reportColumnMeasures = Message("report.column.measures", en: "Measures", fr: "Mesures")
    package static let reportColumnSucceeded = Message("report.column.succeeded", en: "Succeeded", fr: "Réussies")
    package static let reportColumnSummary = Message("report.column.summary", en: "Summary", fr: "Résumé")
    package static let reportColumnSynchronised = Message("report.column.synchronised", en: "Synchronised", fr: "Synchronisée")
    package static let reportColumnTenant = Message("report.column.tenant", en: "Establishment", fr: "Établissement")
    package static let reportColumnTogether = Message(
        "report.column.together", en: "Keys that write and open together", fr: "Clés d'écriture et d'ouverture réunies")
    package static let reportColumnUse = Message("report.column.use", en: "Use", fr: "Usage")
    package static let reportColumnValue = Message("report.column.value", en: "Value", fr: "Valeur")
    package static let reportColumnVerdict = Message("report.column.verdict", en: "Verdict", fr: "Verdict")
    package static let reportColumnWaiver = Message("report.column.waiver", en: "Waiver", fr: "Dérogation")
    package static let reportColumnWeakens = Message("report.column.weakens", en: "Weakens a guarantee", fr: "Affaiblit une garantie")
    package static let reportColumnWhen = Message("report.column.when", en: "When", fr: "Date")
    package static let reportColumnWhole = Message("report.column.whole", en: "Verifies", fr: "Chaîne intacte")
}

// MARK: Words of the model
extension Message {
    /// How the report says a word of its model; the word itself where it is no such word.
    package static func reportWord(_ word: String) -> Message {
        let text = reportWords[word] ?? (word, word)
        return Message("report.word.\(word)", en: text.en, fr: text.fr)
    }

    private static let reportWords: [String: (en: String, fr: String)] = [
        "own": ("own patients' data", "données de ses propres patients"),
        "ght": ("member of a hospital group", "membre d'un GHT"),
        "third": ("third party", "tiers"),
        "hds": ("HDS", "HDS"),
        "sovereign": ("sovereign", "souverain"),
        "secnumcloud": ("SecNumCloud", "SecNumCloud"),
        "host": ("host", "hébergeur"),
        "storage": ("storage", "stockage"),
        "machines": ("owner of the machines", "propriétaire des machines"),
        "subprocessor": ("sub-processor", "sous-traitant"),
        "yes": ("yes", "oui"),
        "no": ("no", "non"),
        "exempt": ("exempt", "exempté"),
        "unknown": ("not recorded", "non consigné"),
        "physicalSites": ("physical sites", "sites physiques"),
        "hardware": ("hardware", "matériel"),
        "virtualInfra": ("virtual infrastructure", "infrastructure virtuelle"),
        "appPlatform": ("application platform", "plateforme applicative"),
        "adminOps": ("administration and operation", "administration et exploitation"),
        "backup": ("backup", "sauvegarde"),
        "valid": ("valid", "valable"),
        "suspended": ("suspended", "suspendu"),
        "withdrawn": ("withdrawn", "retiré"),
        "expired": ("expired", "expiré"),
        "expiring": ("ends soon", "échéance proche"),
        "allow": ("allowed", "autorisé"),
        "warn": ("allowed, with a warning", "autorisé avec avertissement"),
        "readOnly": ("nothing more is written", "plus d'écriture"),
        "deny": ("refused", "refusé"),
        "holds": ("established", "établi"),
        "fails": ("not met", "non satisfait"),
        "copies": ("independent copies", "copies indépendantes"),
        "media": ("kinds of media", "types de supports"),
        "offSite": ("off-site", "hors site"),
        "offline": ("offline", "hors ligne"),
        "immutable": ("immutable", "immuables"),
        "unverified": ("not verified", "non vérifiées"),
        "object": ("object storage", "stockage objet"),
        "disk": ("disk", "disque"),
        "tape": ("tape", "bande"),
        "removable": ("removable", "amovible"),
        "good": ("good", "conforme"),
        "failed": ("failed", "échec"),
        "skipped": ("not done", "non réalisé"),
        "late": ("good, beyond the promised time", "conforme, hors délai promis"),
        "paths": ("files and folders", "fichiers et dossiers"),
        "command": ("output of a command", "sortie de commande"),
        "files": ("number of files", "nombre de fichiers"),
        "volume": ("volume", "volume"),
        "new": ("new content", "contenu nouveau"),
        "incompressible": ("incompressible content", "contenu incompressible"),
        "extensions": ("kinds of files", "types de fichiers"),
        "empty": ("empty source", "source vide"),
        "major": ("requirement not met", "exigence non satisfaite"),
        "minor": ("met in part, or for a limited time", "satisfaite en partie ou pour un temps limité"),
        "operations": ("operations", "opérations"),
        "accesses": ("accesses", "accès"),
        "authority": ("authority", "autorité"),
        "write": ("write", "écriture"),
        "maintain": ("maintenance", "maintenance"),
        "restore": ("restore", "restauration"),
        "verify": ("verification", "vérification"),
        "recovery": ("recovery", "reprise"),
        "operator": ("operator", "opérateur"),
        "admin": ("administrator", "administrateur"),
        "custodian": ("key custodian", "dépositaire de clés"),
        "auditor": ("auditor", "auditeur"),
        "tenant": ("establishment", "établissement"),
        "rewrap": ("rewrapped", "réenveloppement"),
        "rotate": ("new epoch", "nouvelle époque"),
        "rotate-fresh": ("new epoch and generation", "nouvelle époque et génération"),
        "recovery-kit": ("recovery kit", "kit de reprise"),
        "escrow": ("escrow of keys", "séquestre des clés"),
        "EXI 31": ("table of guarantees", "tableau des garanties"),
        "sealing": ("sealing of data", "chiffrement des données"),
        "wrapping": ("wrapping of keys", "enveloppe des clés"),
        "signing": ("signatures", "signatures"),
        "hashing": ("hashes", "empreintes"),
        "derivation": ("derivation of keys", "dérivation de clés"),
        "transport": ("transport", "transport"),
        "representative": ("representative", "représentant"),
        "dpo": ("data protection officer", "délégué à la protection des données"),
        "security": ("security officer", "responsable de la sécurité"),
        "health-professional": ("who names an authorised health professional", "qui désigne un professionnel de santé habilité"),
    ]
}
