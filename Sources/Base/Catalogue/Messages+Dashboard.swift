// Words of the dashboard: the page that the daemon serves to whoever is on call.

// MARK: The first lines
extension Message {
    /// What a link to the page in this language is called: the language's own name for itself.
    package static let dashboardLanguageName = Message("dashboard.language", en: "English", fr: "Français")
    package static let dashboardAllProtected = Message("dashboard.all-protected", en: "Everything is protected", fr: "Tout est protégé")
    package static func dashboardNeedsPerson(_ count: Int) -> Message {
        Message(
            "dashboard.needs-person", en: count == 1 ? "1 thing needs a person" : "\(count) things need a person",
            fr: count == 1 ? "1 point demande une intervention" : "\(count) points demandent une intervention")
    }
    /// No alert, but facts that are not as they should be.
    package static func dashboardMarks(_ count: Int) -> Message {
        Message(
            "dashboard.marks", en: "No alert, but not all is well: \(count) \(count == 1 ? "mark" : "marks") below",
            fr: "Pas d'alerte, mais tout ne va pas : \(count) \(count == 1 ? "point marqué" : "points marqués") ci-dessous")
    }
    package static let dashboardNothingYet = Message(
        "dashboard.nothing-yet", en: "Nothing is protected: no source is configured", fr: "Rien n'est protégé : aucune source n'est configurée")
    package static let dashboardDataOf = Message("dashboard.data-of", en: "Data of", fr: "Données du")
    package static func dashboardDataOld(_ age: String) -> Message {
        Message("dashboard.data-old", en: "\(age) old", fr: "vieilles de \(age)")
    }
    package static func dashboardObserved(_ distance: String) -> Message {
        Message("dashboard.observed", en: "sites looked at \(distance)", fr: "sites consultés \(distance)")
    }
    package static let dashboardNotObserved = Message(
        "dashboard.not-observed", en: "sites not looked at yet", fr: "sites pas encore consultés")
    package static let dashboardReloads = Message(
        "dashboard.reloads", en: "reloads every minute", fr: "se recharge chaque minute")
    package static let dashboardStarted = Message("dashboard.started", en: "daemon started", fr: "démon démarré le")
    package static let dashboardConfigurationLoaded = Message(
        "dashboard.configuration-loaded", en: "configuration of", fr: "configuration du")
    package static let dashboardMetrics = Message("dashboard.metrics", en: "metrics", fr: "métriques")
    package static let dashboardBack = Message("dashboard.back", en: "Back to the overview", fr: "Retour à la vue d'ensemble")
    package static let dashboardNotFound = Message("dashboard.not-found", en: "There is no such page", fr: "Cette page n'existe pas")
    package static func dashboardRefused(_ status: Int) -> Message {
        Message("dashboard.refused", en: "The request was refused (\(status))", fr: "La demande a été refusée (\(status))")
    }
}

// MARK: Times
extension Message {
    package static let dashboardNow = Message("dashboard.now", en: "now", fr: "à l'instant")
    package static func dashboardAgo(_ span: String) -> Message { Message("dashboard.ago", en: "\(span) ago", fr: "il y a \(span)") }
    package static func dashboardAhead(_ span: String) -> Message { Message("dashboard.ahead", en: "in \(span)", fr: "dans \(span)") }
    package static func dashboardSince(_ span: String) -> Message {
        Message("dashboard.since", en: "for \(span)", fr: "depuis \(span)")
    }
}

// MARK: What needs a person
extension Message {
    package static let dashboardAttention = Message("dashboard.attention", en: "What needs a person", fr: "Ce qui demande une intervention")
    package static let dashboardNoAlert = Message("dashboard.no-alert", en: "Nothing: no alert is open.", fr: "Rien : aucune alerte n'est ouverte.")
    package static let dashboardCritical = Message("dashboard.critical", en: "Critical", fr: "Critique")
    package static let dashboardWarning = Message("dashboard.warning", en: "Warning", fr: "Avertissement")
    package static func dashboardConfigurationRefused(_ reason: String) -> Message {
        Message(
            "dashboard.configuration-refused",
            en: "The configuration file was changed and refused; the one before stays in effect. Run: hdsbackup config check. \(reason)",
            fr: "Le fichier de configuration a été modifié et refusé ; le précédent reste en vigueur. Lancez : hdsbackup config check. \(reason)")
    }
    package static let dashboardUnusual = Message("dashboard.unusual", en: "Unusual changes to look at", fr: "Changements inhabituels à examiner")
    /// What is unusual; a kind that this version does not know is shown by its name.
    package static func dashboardAnomalyKind(_ kind: String) -> Message {
        let known: [String: (en: String, fr: String)] = [
            "files": ("Number of files", "Nombre de fichiers"), "volume": ("Volume", "Volume"), "new": ("New data", "Données nouvelles"),
            "incompressible": ("Incompressible data", "Données incompressibles"), "extensions": ("File name extensions", "Extensions de fichiers"),
        ]
        return Message("dashboard.anomaly-kind", en: known[kind]?.en ?? kind, fr: known[kind]?.fr ?? kind)
    }
}

// MARK: Sources and the sites that hold them
extension Message {
    package static let dashboardSourcesAndSites = Message("dashboard.sources-and-sites", en: "Sources and sites", fr: "Sources et sites")
    package static let dashboardMatrixCaption = Message(
        "dashboard.matrix-caption", en: "Each source's last snapshot, and the sites that hold it",
        fr: "Le dernier instantané de chaque source, et les sites qui le détiennent")
    package static let dashboardNoSource = Message("dashboard.no-source", en: "No source is configured.", fr: "Aucune source n'est configurée.")
    package static let dashboardSource = Message("dashboard.source", en: "Source", fr: "Source")
    package static let dashboardLastSnapshot = Message("dashboard.last-snapshot", en: "Last snapshot", fr: "Dernier instantané")
    package static let dashboardRPO = Message("dashboard.rpo", en: "RPO", fr: "RPO")
    package static let dashboardRTO = Message("dashboard.rto", en: "Promised RTO", fr: "RTO promis")
    package static let dashboardNextRun = Message("dashboard.next-run", en: "Next run", fr: "Prochain passage")
    package static let dashboardSize = Message("dashboard.size", en: "Size", fr: "Taille")
    package static func dashboardFiles(_ count: String, one isOne: Bool) -> Message {
        Message("dashboard.files", en: "\(count) \(isOne ? "file" : "files")", fr: "\(count) \(isOne ? "fichier" : "fichiers")")
    }
    package static let dashboardByHand = Message("dashboard.by-hand", en: "by hand", fr: "à la main")
    package static let dashboardUnplanned = Message("dashboard.unplanned", en: "not planned", fr: "non prévue")
    package static let dashboardUpToDate = Message("dashboard.up-to-date", en: "up to date", fr: "à jour")
    package static let dashboardLate = Message("dashboard.late", en: "late", fr: "en retard")
    package static let dashboardNeverBackedUp = Message("dashboard.never-backed-up", en: "no snapshot yet", fr: "aucun instantané")
    package static let dashboardIncomplete = Message("dashboard.incomplete", en: "incomplete", fr: "incomplet")
    package static func dashboardLastTry(_ end: Message) -> Message {
        Message("dashboard.last-try", en: "last try: \(end.english)", fr: "dernier essai : \(end.french)")
    }
    package static func dashboardAnomalies(_ count: Int) -> Message {
        Message(
            "dashboard.anomalies", en: "\(count) unusual \(count == 1 ? "change" : "changes")",
            fr: "\(count) \(count == 1 ? "changement inhabituel" : "changements inhabituels")")
    }
    package static let dashboardHeld = Message("dashboard.held", en: "held", fr: "détenu")
    package static let dashboardLacks = Message("dashboard.lacks", en: "lacking", fr: "manque")
    package static let dashboardAway = Message("dashboard.away", en: "away", fr: "absent")
    package static let dashboardUnreachable = Message("dashboard.unreachable", en: "failing", fr: "en panne")
    package static func dashboardMoreSites(_ count: Int) -> Message {
        Message(
            "dashboard.more-sites", en: "and \(count) more \(count == 1 ? "site" : "sites")",
            fr: "et \(count) \(count == 1 ? "autre site" : "autres sites")")
    }
    package static let dashboardKeysTogether = Message(
        "dashboard.keys-together", en: "The keys that open these backups are on this machine, as its configuration accepts.",
        fr: "Les clés qui ouvrent ces sauvegardes sont sur cette machine, comme sa configuration l'accepte.")
}

// MARK: Sites
extension Message {
    package static let dashboardSites = Message("dashboard.sites", en: "Sites", fr: "Sites")
    package static let dashboardSitesCaption = Message(
        "dashboard.sites-caption", en: "Whether each site answers, what it lacks, and how much of it was read again",
        fr: "Si chaque site répond, ce qui lui manque, et combien en a été relu")
    package static let dashboardNoSite = Message("dashboard.no-site", en: "No site is configured.", fr: "Aucun site n'est configuré.")
    package static let dashboardSite = Message("dashboard.site", en: "Site", fr: "Site")
    package static func dashboardOfflineKind(_ kind: String) -> Message {
        Message("dashboard.offline-kind", en: "\(kind), kept offline", fr: "\(kind), hors ligne")
    }
    package static let dashboardReachable = Message("dashboard.reachable", en: "State", fr: "État")
    package static let dashboardAnswers = Message("dashboard.answers", en: "answers", fr: "répond")
    package static let dashboardNeverLookedAt = Message("dashboard.never-looked-at", en: "not looked at yet", fr: "pas encore consulté")
    package static let dashboardAwayAsExpected = Message("dashboard.away-as-expected", en: "away, as expected", fr: "absent, comme prévu")
    package static func dashboardFailingSince(_ span: String) -> Message {
        Message("dashboard.failing-since", en: "failing for \(span)", fr: "en panne depuis \(span)")
    }
    package static func dashboardReached(_ distance: String) -> Message {
        Message("dashboard.reached", en: "reached \(distance)", fr: "atteint \(distance)")
    }
    package static let dashboardLacking = Message("dashboard.lacking", en: "Lag", fr: "Retard")
    package static let dashboardLevel = Message("dashboard.level", en: "lacks nothing", fr: "rien ne manque")
    package static func dashboardLacksObjects(_ count: String, one isOne: Bool) -> Message {
        Message(
            "dashboard.lacks-objects", en: "lacks \(count) \(isOne ? "object" : "objects")",
            fr: isOne ? "\(count) objet manque" : "\(count) objets manquent")
    }
    package static let dashboardHolds = Message("dashboard.holds", en: "Holds", fr: "Contenu")
    package static func dashboardContent(snapshots: String, one isOne: Bool, packs: String) -> Message {
        Message(
            "dashboard.content", en: "\(snapshots) \(isOne ? "snapshot" : "snapshots"), \(packs) packs",
            fr: "\(snapshots) \(isOne ? "instantané" : "instantanés"), \(packs) paquets")
    }
    package static let dashboardCoverage = Message("dashboard.coverage", en: "Read again", fr: "Relecture")
    package static func dashboardCoverageOf(_ percent: String, within period: String) -> Message {
        Message(
            "dashboard.coverage-of", en: "\(percent) of the packs were read whole and found good within \(period)",
            fr: "\(percent) des paquets ont été relus en entier et trouvés bons en \(period)")
    }
    package static func dashboardCoverageWithin(_ period: String) -> Message {
        Message("dashboard.coverage-within", en: "within \(period)", fr: "en \(period)")
    }
    package static let dashboardNeverVerified = Message("dashboard.never-verified", en: "never verified", fr: "jamais vérifié")
    package static func dashboardNeverRead(_ count: String) -> Message {
        Message("dashboard.never-read", en: "\(count) never read", fr: "\(count) jamais relus")
    }
    package static func dashboardOldestRead(_ distance: String) -> Message {
        Message("dashboard.oldest-read", en: "oldest \(distance)", fr: "plus ancienne \(distance)")
    }
    package static let dashboardDamage = Message("dashboard.damage", en: "Damage", fr: "Dommages")
    package static func dashboardDamaged(_ count: String, one isOne: Bool) -> Message {
        Message(
            "dashboard.damaged", en: "\(count) damaged or missing", fr: isOne ? "\(count) abîmé ou perdu" : "\(count) abîmés ou perdus")
    }
    package static let dashboardNoDamage = Message("dashboard.no-damage", en: "none", fr: "aucun")
    package static func dashboardVerified(_ distance: String) -> Message {
        Message("dashboard.verified", en: "verified \(distance)", fr: "vérifié \(distance)")
    }
    package static let dashboardProbe = Message("dashboard.probe", en: "Last probe", fr: "Dernière sonde")
    package static let dashboardProbeGood = Message("dashboard.probe-good", en: "good", fr: "bonne")
    package static let dashboardProbeBad = Message("dashboard.probe-bad", en: "bad", fr: "mauvaise")
}

// MARK: The proof by restoring
extension Message {
    package static let dashboardRestoreProof = Message("dashboard.restore-proof", en: "Proof by restoring", fr: "Preuve par la restauration")
    package static let dashboardProofCaption = Message(
        "dashboard.proof-caption", en: "The last restore test of each source, and the time that a whole restore would take",
        fr: "Le dernier essai de restauration de chaque source, et le temps que prendrait une restauration entière")
    package static let dashboardTestsElsewhere = Message(
        "dashboard.tests-elsewhere",
        en: "This machine has no key that opens backups: restore tests run where the opening keys are, and are shown there.",
        fr: "Cette machine n'a pas de clé qui ouvre les sauvegardes : les essais de restauration se font là où sont ces clés, et se lisent là-bas.")
    package static let dashboardLastTest = Message("dashboard.last-test", en: "Last test", fr: "Dernier essai")
    package static let dashboardResult = Message("dashboard.result", en: "Result", fr: "Résultat")
    package static let dashboardRestoredPart = Message("dashboard.restored-part", en: "Part restored", fr: "Part restaurée")
    package static let dashboardWholeRestore = Message("dashboard.whole-restore", en: "Whole restore", fr: "Restauration entière")
    package static let dashboardNeverTested = Message("dashboard.never-tested", en: "never tested", fr: "jamais essayée")
    package static let dashboardRestored = Message("dashboard.restored", en: "restored and the same", fr: "restaurée à l'identique")
    package static let dashboardRestoreFailed = Message("dashboard.restore-failed", en: "failed", fr: "échec")
    package static func dashboardFromSite(_ site: String) -> Message {
        Message("dashboard.from-site", en: "from \(site)", fr: "à partir de \(site)")
    }
    package static let dashboardNoPromise = Message("dashboard.no-promise", en: "none promised", fr: "non promis")
    package static func dashboardWithin(_ promise: String) -> Message {
        Message("dashboard.within", en: "within \(promise)", fr: "dans les \(promise)")
    }
    package static func dashboardBeyond(_ promise: String) -> Message {
        Message("dashboard.beyond", en: "longer than \(promise)", fr: "au-delà de \(promise)")
    }
}

// MARK: Charts
extension Message {
    package static let dashboardCharts = Message("dashboard.charts", en: "Over time", fr: "Au fil du temps")
    package static let dashboardVolume = Message("dashboard.volume", en: "Volume", fr: "Volume")
    package static let dashboardNewBytes = Message("dashboard.new-bytes", en: "New data", fr: "Données nouvelles")
    package static let dashboardDuration = Message("dashboard.duration", en: "Duration", fr: "Durée")
    package static let dashboardNoPoint = Message(
        "dashboard.no-point", en: "No snapshot was taken here yet.", fr: "Aucun instantané n'a encore été pris ici.")
    package static func dashboardChartDescription(_ count: Int, from first: String, to last: String, least: String, most: String) -> Message {
        Message(
            "dashboard.chart-description",
            en: count == 1 ? "1 snapshot, of \(first): \(most)" : "\(count) snapshots from \(first) to \(last): least \(least), most \(most)",
            fr: count == 1
                ? "1 instantané, du \(first) : \(most)"
                : "\(count) instantanés du \(first) au \(last) : au moins \(least), au plus \(most)")
    }
    package static func dashboardMoreCharts(_ count: Int) -> Message {
        Message(
            "dashboard.more-charts",
            en: "and \(count) more: the name of each source above leads to its charts",
            fr: count == 1
                ? "et 1 autre : le nom de chaque source ci-dessus mène à ses courbes"
                : "et \(count) autres : le nom de chaque source ci-dessus mène à ses courbes")
    }
}

// MARK: What runs, comes, and ran
extension Message {
    package static let dashboardRunning = Message("dashboard.running", en: "Running now", fr: "En cours")
    package static let dashboardRunningCaption = Message("dashboard.running-caption", en: "Work that is under way", fr: "Travaux en cours")
    package static let dashboardNothingRuns = Message("dashboard.nothing-runs", en: "Nothing runs at this moment.", fr: "Rien n'est en cours.")
    package static let dashboardUpcoming = Message("dashboard.upcoming", en: "Next", fr: "À venir")
    package static let dashboardUpcomingCaption = Message(
        "dashboard.upcoming-caption", en: "What comes next, soonest first", fr: "Ce qui vient, le plus proche d'abord")
    package static let dashboardNothingPlanned = Message("dashboard.nothing-planned", en: "Nothing is planned.", fr: "Rien n'est prévu.")
    package static let dashboardRecent = Message("dashboard.recent", en: "Last runs", fr: "Derniers travaux")
    package static let dashboardRecentCaption = Message(
        "dashboard.recent-caption", en: "Work that ended, youngest first", fr: "Travaux terminés, le plus récent d'abord")
    package static let dashboardNothingRan = Message("dashboard.nothing-ran", en: "Nothing has run yet.", fr: "Rien n'a encore eu lieu.")
    package static let dashboardJob = Message("dashboard.job", en: "Work", fr: "Travail")
    package static let dashboardRunsSince = Message("dashboard.runs-since", en: "Began", fr: "Début")
    package static let dashboardHandled = Message("dashboard.handled", en: "Handled", fr: "Traité")
    package static let dashboardWhen = Message("dashboard.when", en: "When", fr: "Quand")
    package static let dashboardBegan = Message("dashboard.began", en: "Began", fr: "Début")
    package static let dashboardTook = Message("dashboard.took", en: "Took", fr: "Durée")
    package static let dashboardSummary = Message("dashboard.summary", en: "Summary", fr: "Résumé")
    /// A kind of work; one that this version does not know is shown by its name.
    package static func dashboardKind(_ kind: String) -> Message {
        let known: [String: (en: String, fr: String)] = [
            "backup": ("Backup", "Sauvegarde"), "replicate": ("Replication", "Réplication"), "verify": ("Verification", "Vérification"),
            "restore-test": ("Restore test", "Essai de restauration"), "probe": ("Probe of a site", "Sonde d'un site"),
            "renew": ("Renewal of locks", "Renouvellement des verrous"), "observe": ("Look at the sites", "Consultation des sites"),
        ]
        return Message("dashboard.kind", en: known[kind]?.en ?? kind, fr: known[kind]?.fr ?? kind)
    }
    /// What an exit status of the program means, in one or two words.
    package static func dashboardExit(_ status: Int32) -> Message {
        let known: [Int32: (en: String, fr: String)] = [
            0: ("done", "terminé"), 1: ("failed", "échec"), 2: ("wrong configuration", "configuration fautive"),
            3: ("done in part", "fait en partie"),
            4: ("damage found", "dommages trouvés"), 5: ("refused by policy", "refusé par la politique"), 6: ("site unreachable", "site injoignable"),
            7: ("a key is missing", "une clé manque"), 8: ("other repository format", "autre format de dépôt"), 130: ("interrupted", "interrompu"),
        ]
        return Message("dashboard.exit", en: known[status]?.en ?? "failed", fr: known[status]?.fr ?? "échec")
    }
}

// MARK: The page of one source
extension Message {
    package static let dashboardFacts = Message("dashboard.facts", en: "This source", fr: "Cette source")
    package static let dashboardSnapshotID = Message("dashboard.snapshot-id", en: "Its id", fr: "Son identifiant")
    package static let dashboardCopies = Message("dashboard.copies", en: "Held by", fr: "Détenu par")
    package static let dashboardSnapshots = Message("dashboard.snapshots", en: "Snapshots", fr: "Instantanés")
    package static let dashboardSchedule = Message("dashboard.schedule", en: "Schedule", fr: "Planification")
    package static let dashboardHistory = Message("dashboard.history", en: "Snapshots taken here", fr: "Instantanés pris ici")
    package static let dashboardHistoryCaption = Message(
        "dashboard.history-caption", en: "The last snapshots, youngest first", fr: "Les derniers instantanés, le plus récent d'abord")
}
