// What the daemon says: unusual snapshots, alerts, control.

private func hundredths(_ share: Double) -> Int { Int((share * 100).rounded()) }
private func tenths(_ number: Double) -> (en: String, fr: String) {
    let tenths = Int((min(max(number, 0), 1e9) * 10).rounded())
    return ("\(tenths / 10).\(tenths % 10)", "\(tenths / 10),\(tenths % 10)")
}

// MARK: Unusual snapshots
extension Message {
    package static func anomalyEmpty(_ before: Int) -> Message {
        Message(
            "anomaly.empty", en: "no file at all; there used to be about \(before): is the source mounted?",
            fr: "plus aucun fichier ; il y en avait environ \(before) : la source est-elle montée ?")
    }
    package static func anomalyFewer(_ before: Int, _ now: Int) -> Message {
        Message("anomaly.files", en: "\(now) files; there used to be about \(before)", fr: "\(now) fichiers ; il y en avait environ \(before)")
    }
    package static func anomalyVolume(_ factor: Double) -> Message {
        Message("anomaly.volume", en: "\(tenths(factor).en) times the usual volume", fr: "\(tenths(factor).fr) fois le volume habituel")
    }
    package static func anomalyNew(_ share: Double) -> Message {
        Message(
            "anomaly.new", en: "\(hundredths(share))% of the bytes are new: far more than usual",
            fr: "\(hundredths(share)) % des octets sont nouveaux : bien plus que d'habitude")
    }
    package static func anomalyIncompressible(_ before: Double, _ now: Double) -> Message {
        Message(
            "anomaly.incompressible",
            en: "new content does not compress any more (to \(hundredths(now))%, usually \(hundredths(before))%): was it encrypted?",
            fr: "les nouveaux contenus ne se compriment plus (à \(hundredths(now)) %, d'ordinaire \(hundredths(before)) %) : ont-ils été chiffrés ?")
    }
    package static func anomalyExtension(_ name: String, _ share: Double) -> Message {
        let (en, fr) = name.isEmpty ? ("no extension", "sans extension") : ("extension .\(name)", "extension .\(name)")
        return Message(
            "anomaly.extensions", en: "\(hundredths(share))% of the files have an unusual extension: \(en)",
            fr: "\(hundredths(share)) % des fichiers ont une extension inhabituelle : \(fr)")
    }
    package static func noSuchAnomaly(_ id: Int64) -> Message {
        Message("anomaly.unknown", en: "there is no open anomaly number \(id)", fr: "aucune anomalie ouverte ne porte le numéro \(id)")
    }
    package static let listAnomalies = Message(
        "anomaly.list", en: "hdsbackup anomaly list shows them", fr: "hdsbackup anomaly list les affiche")
    package static let reasonNeeded = Message(
        "anomaly.reason", en: "say why with --reason", fr: "indiquez le motif avec --reason")
}

// MARK: What needs a person
extension Message {
    package static func alertNoSnapshot(_ source: String) -> Message {
        Message(
            "alert.backup-none", en: "\(source): there is no snapshot yet", fr: "\(source) : aucun instantané pour l'instant")
    }
    package static func alertLate(_ source: String, _ hours: Int64) -> Message {
        Message(
            "alert.backup-late", en: "\(source): the last snapshot is \(hours) h old; see hdsbackup status, then run hdsbackup backup \(source)",
            fr: "\(source) : le dernier instantané a \(hours) h ; voyez hdsbackup status, puis lancez hdsbackup backup \(source)")
    }
    package static func alertBackupFailed(_ source: String, _ exit: Int32, _ detail: String) -> Message {
        Message(
            "alert.backup-failed", en: "\(source): the backup fails (status \(exit)): \(detail)",
            fr: "\(source) : la sauvegarde échoue (statut \(exit)) : \(detail)")
    }
    package static func alertPartial(_ source: String) -> Message {
        Message(
            "alert.backup-partial", en: "\(source): something of the source could not be read; hdsbackup backup \(source) lists it",
            fr: "\(source) : une partie de la source n'a pu être lue ; hdsbackup backup \(source) en donne la liste")
    }
    package static func alertSite(_ site: String, _ detail: String) -> Message {
        Message(
            "alert.site-failing", en: "\(site): the site does not answer: \(detail)", fr: "\(site) : le site ne répond pas : \(detail)")
    }
    package static func alertOffline(_ site: String, _ days: Int64) -> Message {
        Message(
            "alert.site-offline-old", en: "\(site): not connected for \(days) days; connect it, then run hdsbackup replicate --to \(site)",
            fr: "\(site) : non branché depuis \(days) jours ; branchez-le, puis lancez hdsbackup replicate --to \(site)")
    }
    package static func alertLag(_ site: String, _ count: Int, _ hours: Int64) -> Message {
        Message(
            "alert.site-behind", en: "\(site): lacks \(count) objects, since \(hours) h; hdsbackup replicate --pending says why",
            fr: "\(site) : il manque \(count) objets, depuis \(hours) h ; hdsbackup replicate --pending dit pourquoi")
    }
    package static func alertDamage(_ site: String, _ count: Int) -> Message {
        Message(
            "alert.damage", en: "\(site): \(count) objects are damaged or missing; run hdsbackup replicate, then hdsbackup verify --site \(site)",
            fr: "\(site) : \(count) objets sont endommagés ou manquants ; lancez hdsbackup replicate, puis hdsbackup verify --site \(site)")
    }
    package static func alertCoverage(_ site: String, _ percent: Int) -> Message {
        Message(
            "alert.verify-late",
            en: "\(site): only \(percent)% of the packs were read within the period; run hdsbackup verify --site \(site) --read all",
            fr: "\(site) : seuls \(percent) % des paquets ont été relus dans la période ; lancez hdsbackup verify --site \(site) --read all")
    }
    package static func alertScrubRate(_ site: String, _ needed: String, _ allowed: String) -> Message {
        Message(
            "alert.verify-rate", en: "\(site): reading it within the period needs \(needed), and verify.rate allows \(allowed)",
            fr: "\(site) : le relire dans la période demande \(needed), et verify.rate permet \(allowed)")
    }
    package static func alertTestFailed(_ source: String, _ detail: String) -> Message {
        Message(
            "alert.restore-test-failed", en: "\(source): the restore test failed: \(detail)",
            fr: "\(source) : le test de restauration a échoué : \(detail)")
    }
    package static func alertTestLate(_ source: String) -> Message {
        Message(
            "alert.restore-test-late", en: "\(source): no restore test ended well within the period; run hdsbackup restore-test \(source)",
            fr: "\(source) : aucun test de restauration réussi dans la période ; lancez hdsbackup restore-test \(source)")
    }
    package static func alertRTO(_ source: String, _ measured: String, _ promised: String) -> Message {
        Message(
            "alert.rto", en: "\(source): a whole restore would take \(measured); \(promised) are promised",
            fr: "\(source) : une restauration entière prendrait \(measured) ; \(promised) sont promis")
    }
    package static func alertAnomaly(_ source: String, _ id: Int64, _ detail: Message) -> Message {
        Message(
            "alert.anomaly", en: "\(source): \(detail.english); look at it, then run hdsbackup anomaly release \(id) --reason …",
            fr: "\(source) : \(detail.french) ; examinez-la, puis lancez hdsbackup anomaly release \(id) --reason …")
    }
    package static func alertProbe(_ site: String, _ checks: String) -> Message {
        Message(
            "alert.probe", en: "\(site): the store does not do what is needed: \(checks)",
            fr: "\(site) : le stockage ne fait pas ce qu'il faut : \(checks)")
    }
    package static func alertConfiguration(_ detail: String) -> Message {
        Message(
            "alert.configuration", en: "the changed configuration is refused, the old one is in effect: \(detail)",
            fr: "la configuration modifiée est refusée, l'ancienne reste en vigueur : \(detail)")
    }
    package static let configCheckNames = Message(
        "alert.config-check", en: "config check names what is wrong", fr: "config check indique ce qui ne va pas")
    package static func alertClock(_ seconds: Int64) -> Message {
        Message(
            "alert.clock", en: "the clock jumped by \(seconds) s; check the time service",
            fr: "l'horloge a sauté de \(seconds) s ; vérifiez le service de temps")
    }
    package static func alertObserve(_ tenant: String, _ detail: String) -> Message {
        Message(
            "alert.observe", en: "\(tenant): its sites cannot be looked at: \(detail)",
            fr: "\(tenant) : ses sites ne peuvent être examinés : \(detail)")
    }
    package static func alertHistory(_ detail: String) -> Message {
        Message("alert.history", en: "the history cannot be written: \(detail)", fr: "l'historique ne peut être écrit : \(detail)")
    }
}

// MARK: Control
extension Message {
    package static let daemonStopping = Message(
        "daemon.stopping", en: "the daemon is stopping; use --alone", fr: "le démon s'arrête ; utilisez --alone")
    package static func alreadyRunning(_ task: String, _ since: Timestamp) -> Message {
        Message(
            "daemon.already-running", en: "\(task) is under way, since \(since.screenText)", fr: "\(task) est en cours, depuis \(since.screenText)")
    }
}

// MARK: Telling people
extension Message {
    package static func statusLine(running: String, alerts: Int) -> Message {
        let (en, fr) = running.isEmpty ? ("idle", "au repos") : ("running \(running)", "en cours : \(running)")
        return alerts == 0
            ? Message("daemon.status", en: en, fr: fr)
            : Message("daemon.status", en: "\(alerts) need a person; \(en)", fr: "\(alerts) à traiter par une personne ; \(fr)")
    }
    package static func alertSubject(_ node: String, count: Int, isOver: Bool, isCritical: Bool) -> Message {
        if isOver {
            return Message(
                "alert.subject", en: "hdsbackup \(node): \(count) back to normal", fr: "hdsbackup \(node) : \(count) retour(s) à la normale")
        }
        return Message(
            "alert.subject", en: "hdsbackup \(node): \(isCritical ? "CRITICAL, " : "")\(count) to look at",
            fr: "hdsbackup \(node) : \(isCritical ? "CRITIQUE, " : "")\(count) à examiner")
    }
    package static let alertCritical = Message("alert.critical", en: "critical", fr: "critique")
    package static let alertWarning = Message("alert.warning", en: "warning", fr: "attention")
    package static let alertReminder = Message("alert.reminder", en: "still", fr: "toujours")
    package static let alertOver = Message("alert.over", en: "over", fr: "terminé")
    package static func mailServer(_ reason: String) -> Message {
        Message("alert.mail", en: "the mail server does not take it: \(reason)", fr: "le serveur de courrier ne l'accepte pas : \(reason)")
    }
    package static func webhookStatus(_ status: Int) -> Message {
        Message("alert.webhook-status", en: "the webhook answers \(status)", fr: "le webhook répond \(status)")
    }
    package static func webhookFailed(_ reason: String) -> Message {
        Message("alert.webhook", en: "the webhook cannot be reached: \(reason)", fr: "le webhook est injoignable : \(reason)")
    }
}

// MARK: Speaking to the daemon
extension Message {
    package static func controlUnknown(_ word: String) -> Message {
        Message("control.unknown", en: "the daemon does not do this: \(word)", fr: "le démon ne fait pas cela : \(word)")
    }
    package static func controlNotConfigured(_ name: String) -> Message {
        Message(
            "control.not-configured",
            en: "\(name) is not in the configuration that the daemon goes by; hdsbackup config reload applies a changed file",
            fr: "\(name) n'est pas dans la configuration que suit le démon ; hdsbackup config reload applique un fichier modifié")
    }
}

// MARK: Starting
extension Message {
    package static let daemonRuns = Message(
        "daemon.runs", en: "another daemon works with this state folder", fr: "un autre démon travaille avec ce dossier d'état")
    package static func configNeedsRestart(_ key: String) -> Message {
        Message(
            "config.needs-restart", en: "\(key) changes only when the daemon is started again",
            fr: "\(key) ne change qu'au redémarrage du démon")
    }
    package static let workerMissing = Message(
        "daemon.worker", en: "hdsbackup is not beside hdsbackupd; name it with --worker",
        fr: "hdsbackup n'est pas à côté de hdsbackupd ; indiquez-le par --worker")
}

extension Message {
    package static let controlDenied = Message(
        "control.denied", en: "this user may not do that through the daemon: root may, and the group hdsbackup may look",
        fr: "cet utilisateur n'y est pas autorisé auprès du démon : root l'est, et le groupe hdsbackup peut consulter")
    package static let controlLost = Message(
        "control.lost", en: "the daemon went away before the end; hdsbackup status shows what became of it",
        fr: "le démon a disparu avant la fin ; hdsbackup status montre ce qu'il en est advenu")
    package static func controlFailed(_ status: Int) -> Message {
        Message("control.failed", en: "the daemon answers \(status)", fr: "le démon répond \(status)")
    }
    package static let daemonAbsent = Message(
        "control.absent", en: "no daemon runs here", fr: "aucun démon ne tourne ici")
    package static let reloaded = Message(
        "control.reloaded", en: "the daemon goes by the configuration as it is now", fr: "le démon suit désormais la configuration telle qu'elle est")
    package static func anomalyReleased(_ id: Int64) -> Message {
        Message("anomaly.released", en: "anomaly \(id) is released", fr: "l'anomalie \(id) est levée")
    }
    package static let noAnomalies = Message("anomaly.none", en: "nothing unusual is open", fr: "rien d'inhabituel n'est en suspens")
    package static let helpAnomaly = Message(
        "help.anomaly", en: "Unusual snapshots, which hold those before them until a person has looked.",
        fr: "Instantanés inhabituels, qui retiennent les précédents jusqu'à examen par une personne.")
    package static let helpAnomalyList = Message("help.anomaly-list", en: "List them.", fr: "Les lister.")
    package static let helpAnomalyAll = Message("help.anomaly-all", en: "Those that were released, too.", fr: "Y compris celles qui ont été levées.")
    package static let helpAnomalyRelease = Message(
        "help.anomaly-release", en: "Say that one was looked at: the snapshots before it are no longer held.",
        fr: "Indiquer que l'une a été examinée : les instantanés précédents ne sont plus retenus.")
    package static let helpAnomalyReason = Message("help.anomaly-reason", en: "Why.", fr: "Le motif.")
    package static let helpConfigReload = Message(
        "help.config-reload", en: "Have the daemon go by the changed file.", fr: "Faire suivre au démon le fichier modifié.")
    package static let headKindOfChange = Message("head.anomaly", en: "What", fr: "Quoi")
    package static let headReleased = Message("head.released", en: "Released", fr: "Levée")
}

// MARK: The screen of `status`
extension Message {
    package static func statusCalm(_ node: String, _ time: String) -> Message {
        Message("status.calm", en: "\(node): nothing needs a person (\(time))", fr: "\(node) : rien ne demande l'attention d'une personne (\(time))")
    }
    package static func statusNeedsPerson(_ node: String, _ count: Int, _ time: String) -> Message {
        Message(
            "status.needs-person", en: "\(node): \(count) \(count == 1 ? "thing needs" : "things need") a person (\(time))",
            fr: "\(node) : \(count) \(count == 1 ? "point demande" : "points demandent") l'attention d'une personne (\(time))")
    }
    package static func since(_ time: String) -> Message { Message("status.since", en: "since \(time)", fr: "depuis \(time)") }
    package static func statusObserved(_ age: String) -> Message {
        Message("status.observed", en: "sites looked at \(age) ago", fr: "sites examinés il y a \(age)")
    }
    package static let statusNotObserved = Message("status.not-observed", en: "sites not looked at yet", fr: "sites pas encore examinés")
    package static let statusTestsElsewhere = Message(
        "status.tests-elsewhere", en: "restore tests run on the proof host, where the opening keys are: this machine has none",
        fr: "les tests de restauration tournent sur l'hôte de preuve, où sont les clés d'ouverture : cette machine n'en a pas")
    package static func statusRunning(_ kind: String, _ subject: String, _ since: String, _ bytes: String) -> Message {
        Message(
            "status.running", en: "running: \(kind) \(subject), since \(since), \(bytes)",
            fr: "en cours : \(kind) \(subject), depuis \(since), \(bytes)")
    }
    package static let statusPast = Message("status.past", en: "Over, in the last seven days:", fr: "Terminé, ces sept derniers jours :")
    package static let headAge = Message("head.age", en: "Age", fr: "Âge")
    package static let headNext = Message("head.next", en: "Next", fr: "Prochaine")
    package static let headRestoreTest = Message("head.restore-test", en: "Restore test", fr: "Test de restauration")
    package static let headCoverage = Message("head.coverage", en: "Read", fr: "Relu")
    package static let headOldest = Message("head.oldest", en: "Oldest read", fr: "Plus ancienne lecture")
    package static let headDamaged = Message("head.damaged", en: "Damaged", fr: "Endommagés")
    package static let stateLate = Message("state.late", en: "LATE", fr: "EN RETARD")
    package static let stateUnusual = Message("state.unusual", en: "UNUSUAL", fr: "INHABITUEL")
    package static let stateOffline = Message("state.offline", en: "offline, as expected", fr: "hors ligne, comme prévu")
    package static func stateFailing(_ since: String) -> Message {
        Message("state.failing", en: "FAILING since \(since)", fr: "EN PANNE depuis \(since)")
    }
}

extension Message {
    package static let runKilled = Message(
        "daemon.run-killed", en: "it was ended by a signal, or could not report", fr: "elle a été arrêtée par un signal, ou n'a pu rendre compte")
}

extension Message {
    package static func alertNoKeys(_ tenant: String) -> Message {
        Message(
            "alert.keys", en: "\(tenant): this machine has no key of it, so nothing is done for it; hdsbackup keys list shows where they should be",
            fr: "\(tenant) : cette machine n'en a aucune clé, rien n'est donc fait pour lui ; hdsbackup keys list montre où elles devraient être")
    }
    package static func alertLong(_ source: String, _ hours: Int64) -> Message {
        Message(
            "alert.backup-long", en: "\(source): the backup has been running for \(hours) h; look whether a hook or the source hangs",
            fr: "\(source) : la sauvegarde dure depuis \(hours) h ; vérifiez si un script ou la source est bloqué")
    }
}
