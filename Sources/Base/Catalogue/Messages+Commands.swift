// Sentences of the commands: what they found and did.
extension Message {
    package static func noRole(_ role: String) -> Message {
        Message("role.missing", en: "this machine does not hold the \(role) role's key", fr: "cette machine ne détient pas la clé du rôle \(role)")
    }

    package static func hookFailed(_ program: String, _ status: Int32) -> Message {
        Message("hook.failed", en: "\(program) failed (status \(status))", fr: "\(program) a échoué (code \(status))")
    }

    package static func noSnapshotOf(_ source: String) -> Message {
        Message("snapshot.none-of", en: "no snapshot of \(source)", fr: "aucun instantané de \(source)")
    }

    package static let noSnapshots = Message("snapshot.none", en: "no snapshot yet", fr: "aucun instantané pour l'instant")

    package static func noSnapshotOn(_ day: String) -> Message {
        Message("snapshot.none-on", en: "no snapshot on \(day)", fr: "aucun instantané le \(day)")
    }

    package static func noSuchSnapshot(_ text: String) -> Message {
        Message("snapshot.unknown", en: "no snapshot '\(text)'", fr: "aucun instantané « \(text) »")
    }

    package static func ambiguousSnapshot(_ text: String, _ count: Int) -> Message {
        Message(
            "snapshot.ambiguous", en: "'\(text)' names \(count) snapshots: give more of the id",
            fr: "« \(text) » désigne \(count) instantanés : précisez l'identifiant")
    }

    package static let listSnapshots = Message("snapshot.list", en: "hdsbackup snapshots lists them", fr: "hdsbackup snapshots les énumère")

    // MARK: init and recover

    package static func tenantCreated(_ tenant: String, _ fingerprint: String) -> Message {
        Message(
            "init.created", en: "tenant \(tenant) created; fingerprint \(fingerprint)", fr: "établissement \(tenant) créé ; empreinte \(fingerprint)")
    }

    package static func sitesPrepared(_ names: String) -> Message { Message("init.prepared", en: "prepared: \(names)", fr: "préparés : \(names)") }
    package static func sitesReady(_ names: String) -> Message { Message("init.ready", en: "ready already: \(names)", fr: "déjà prêts : \(names)") }

    package static func keysPut(_ folder: String) -> Message {
        Message(
            "init.keys-elsewhere", en: "keys of the other roles are in \(folder): move them to their machines, and the restore key off this one",
            fr: "les clés des autres rôles sont dans \(folder) : portez-les sur leurs machines, et la clé de restauration hors de celle-ci")
    }

    package static func kitWritten(_ path: String) -> Message {
        Message(
            "init.kit-written", en: "recovery kit written to \(path): print it, put it in the safe, delete the file",
            fr: "trousse de secours écrite dans \(path) : imprimez-la, mettez-la au coffre, effacez le fichier")
    }

    package static func recovered(_ path: String) -> Message {
        Message("recover.done", en: "ready to restore with --config \(path)", fr: "prêt à restaurer avec --config \(path)")
    }

    // MARK: backup

    package static func snapshotTaken(_ source: String, _ id: String, _ files: String, _ size: String, _ new: String, _ time: String) -> Message {
        Message(
            "backup.taken", en: "\(source): snapshot \(id), \(files) files, \(size), \(new) stored, in \(time)",
            fr: "\(source) : instantané \(id), \(files) fichiers, \(size), \(new) stockés, en \(time)")
    }

    package static func copiesAt(_ names: String) -> Message { Message("backup.copies", en: "  copies: \(names)", fr: "  copies : \(names)") }

    package static func partialSnapshot(_ count: UInt64) -> Message {
        Message(
            "backup.partial", en: "partial: \(count) entries could not be read wholly",
            fr: "partiel : \(count) éléments n'ont pas pu être lus entièrement")
    }

    package static func levelled(_ site: String, _ count: Int) -> Message {
        Message("replicate.levelled", en: "\(site): level, \(count) snapshots copied", fr: "\(site) : à niveau, \(count) instantanés copiés")
    }

    // MARK: headings of tables

    package static let headID = Message("head.id", en: "id", fr: "id")
    package static let headSource = Message("head.source", en: "source", fr: "source")
    package static let headTime = Message("head.time", en: "time", fr: "date")
    package static let headFiles = Message("head.files", en: "files", fr: "fichiers")
    package static let headSize = Message("head.size", en: "size", fr: "taille")
    package static let headNew = Message("head.new", en: "stored", fr: "stocké")
    package static let headCopies = Message("head.copies", en: "copies", fr: "copies")
    package static let headState = Message("head.state", en: "state", fr: "état")
    package static let headVerified = Message("head.verified", en: "verified", fr: "vérifié")
    package static let headSite = Message("head.site", en: "site", fr: "site")
    package static let headKind = Message("head.kind", en: "kind", fr: "type")
    package static let headPlace = Message("head.place", en: "place", fr: "emplacement")
    package static let headRole = Message("head.role", en: "role", fr: "rôle")
    package static let headKeyID = Message("head.key-id", en: "key", fr: "clé")
    package static let headProtection = Message("head.protection", en: "protection", fr: "protection")
    package static let headSnapshots = Message("head.snapshots", en: "snapshots", fr: "instantanés")
    package static let headLast = Message("head.last", en: "last backup", fr: "dernière sauvegarde")
    package static let headProbe = Message("head.probe", en: "last probe", fr: "dernière sonde")
    package static let headCheck = Message("head.check", en: "check", fr: "contrôle")
    package static let headResult = Message("head.result", en: "result", fr: "résultat")

    package static let stateComplete = Message("state.complete", en: "complete", fr: "complet")
    package static let statePartial = Message("state.partial", en: "partial", fr: "partiel")
    package static let stateReady = Message("state.ready", en: "ready", fr: "prêt")
    package static let never = Message("never", en: "never", fr: "jamais")
    package static let good = Message("good", en: "yes", fr: "oui")
    package static let bad = Message("bad", en: "NO", fr: "NON")
    package static let probeWarning = Message("probe.warning", en: "look", fr: "à voir")
    package static let probeUntried = Message("probe.untried", en: "-", fr: "-")
    package static let headLacks = Message("head.lacks", en: "lacks", fr: "manque")
    package static let headSince = Message("head.since", en: "since", fr: "depuis")
    package static let headNeeded = Message("head.needed", en: "needed", fr: "nécessaires")
    package static let headRenewed = Message("head.renewed", en: "renewed", fr: "renouvelés")
    package static let headWaiting = Message("head.waiting", en: "waiting", fr: "en attente")
    package static let headFirstEnd = Message("head.first-end", en: "first lock ends", fr: "premier verrou expire")
    package static let headReason = Message("head.reason", en: "why", fr: "motif")
    package static let headAttempts = Message("head.attempts", en: "attempts", fr: "essais")
    package static let headRequests = Message("head.requests", en: "requests", fr: "requêtes")
    package static let protectionPassphrase = Message("protection.passphrase", en: "passphrase", fr: "phrase secrète")
    package static let protectionFile = Message("protection.file", en: "file mode 0600", fr: "fichier en mode 0600")

    // MARK: status

    package static func statusTenant(_ tenant: String) -> Message { Message("status.tenant", en: "tenant \(tenant)", fr: "établissement \(tenant)") }
    package static let statusAllGood = Message("status.good", en: "Nothing needs a person.", fr: "Rien ne demande d'intervention.")
    package static let statusNeeds = Message("status.needs", en: "Needs a person:", fr: "Demande une intervention :")

    package static func statusNoSnapshot(_ source: String) -> Message {
        Message("status.no-snapshot", en: "source \(source) has no snapshot", fr: "la source \(source) n'a aucun instantané")
    }

    package static func statusMissingAt(_ source: String, _ sites: String) -> Message {
        Message(
            "status.missing-at", en: "the last snapshot of \(source) is not at: \(sites)",
            fr: "le dernier instantané de \(source) manque à : \(sites)")
    }

    package static func statusPartial(_ source: String) -> Message {
        Message("status.partial", en: "the last snapshot of \(source) is partial", fr: "le dernier instantané de \(source) est partiel")
    }

    package static let statusKeysTogether = Message(
        "status.keys-together", en: "note: this machine holds the write role and opening keys (accepted in the configuration)",
        fr: "note : cette machine détient le rôle d'écriture et des clés d'ouverture (accepté dans la configuration)")

    package static let configurationGood = Message("config.good", en: "the configuration is valid", fr: "la configuration est valide")

    // MARK: help

    package static let helpProgram = Message(
        "help.program", en: "Backup of health data: sealed at the source, copied to several sites, proven to restore.",
        fr: "Sauvegarde de données de santé : scellée à la source, copiée sur plusieurs sites, restauration prouvée.")
    package static let helpConfig = Message("help.config", en: "Configuration file.", fr: "Fichier de configuration.")
    package static let helpTenant = Message("help.tenant", en: "Tenant, where there are several.", fr: "Établissement, s'il y en a plusieurs.")
    package static let helpSite = Message("help.site", en: "Only this site.", fr: "Ce site seulement.")
    package static let helpJSON = Message("help.json", en: "Results as JSON.", fr: "Résultats en JSON.")
    package static let helpQuiet = Message("help.quiet", en: "Errors only.", fr: "Erreurs seulement.")
    package static let helpNoProgress = Message("help.no-progress", en: "No progress on the terminal.", fr: "Pas de progression à l'écran.")
    package static let helpLang = Message("help.lang", en: "Language (default: the locale's).", fr: "Langue (par défaut : celle de la locale).")
    package static let helpPassphraseFD = Message(
        "help.passphrase-fd", en: "Read the passphrase from this descriptor.", fr: "Lire la phrase secrète sur ce descripteur.")
    package static let helpAlone = Message(
        "help.alone", en: "Do not speak to the daemon, even if it runs.", fr: "Ne pas s'adresser au démon, même s'il tourne.")
    package static let helpInit = Message(
        "help.init", en: "Make a tenant's keys and prepare its sites.", fr: "Créer les clés d'un établissement et préparer ses sites.")
    package static let helpRestoreKeys = Message(
        "help.restore-keys", en: "Folder for the keys that this machine must not keep.",
        fr: "Dossier pour les clés que cette machine ne doit pas garder.")
    package static let helpKitOut = Message(
        "help.kit-out", en: "Write the recovery kit to this file instead of the screen.",
        fr: "Écrire la trousse de secours dans ce fichier plutôt qu'à l'écran.")
    package static let helpKit = Message("help.kit", en: "File with the recovery kit.", fr: "Fichier de la trousse de secours.")
    package static let helpRecover = Message(
        "help.recover", en: "On a bare machine: make a configuration from the kit and one site.",
        fr: "Sur une machine nue : créer une configuration depuis la trousse et un site.")
    package static let helpRecoverSite = Message(
        "help.recover-site", en: "Site's name on the kit, or its path.", fr: "Nom du site sur la trousse, ou son chemin.")
    package static let helpOut = Message("help.out", en: "Folder to write to.", fr: "Dossier où écrire.")
    package static let helpBackup = Message("help.backup", en: "Take snapshots now.", fr: "Prendre des instantanés maintenant.")
    package static let helpSources = Message("help.sources", en: "Sources (default: all).", fr: "Sources (par défaut : toutes).")
    package static let helpSnapshots = Message("help.snapshots", en: "List snapshots.", fr: "Énumérer les instantanés.")
    package static let helpStatus = Message(
        "help.status", en: "What is protected, what is late, what needs a person.", fr: "Ce qui est protégé, en retard, ou demande une intervention.")
    package static let helpKeys = Message("help.keys", en: "Keys of this machine.", fr: "Clés de cette machine.")
    package static let helpKeysList = Message(
        "help.keys-list", en: "List the keys that this machine holds.", fr: "Énumérer les clés que détient cette machine.")
    package static let helpConfigCommand = Message(
        "help.config-command", en: "Check or show the configuration.", fr: "Contrôler ou montrer la configuration.")
    package static let helpConfigCheck = Message(
        "help.config-check", en: "Report every mistake at once.", fr: "Signaler toutes les erreurs à la fois.")
    package static let helpConfigShow = Message("help.config-show", en: "Print it with its defaults.", fr: "L'afficher avec ses valeurs par défaut.")
    package static let helpSiteCommand = Message("help.site-command", en: "Sites and what they can do.", fr: "Sites et ce qu'ils savent faire.")
    package static let helpSiteList = Message("help.site-list", en: "List the sites.", fr: "Énumérer les sites.")
    package static let helpSiteProbe = Message(
        "help.site-probe", en: "Find out by trying what a site can do.", fr: "Découvrir par l'essai ce que sait faire un site.")
    package static let helpProbeAs = Message(
        "help.probe-as", en: "Whose credentials to try (write where nothing is said).",
        fr: "Les identifiants à essayer (ceux d'écriture sans précision).")
    package static let helpReplicateInventory = Message(
        "help.replicate-inventory", en: "List every site wholly, whatever is known of it.",
        fr: "Lister chaque site en entier, quoi qu'on en sache.")
    package static let helpReplicatePending = Message(
        "help.replicate-pending", en: "Only show what each site lacks, why and since when.",
        fr: "Montrer seulement ce qui manque à chaque site, pourquoi et depuis quand.")
    package static let helpSiteRenew = Message(
        "help.site-renew", en: "Renew the locks of what snapshots need, at sites that lock.",
        fr: "Renouveler les verrous de ce dont les instantanés ont besoin, aux sites qui verrouillent.")
    package static let helpRenewRequests = Message(
        "help.renew-requests", en: "Requests a day and site, at most.", fr: "Requêtes par jour et par site, au plus.")
    package static let helpSiteName = Message("help.site-name", en: "Site.", fr: "Site.")
    package static let helpLs = Message("help.ls", en: "List a snapshot's content.", fr: "Énumérer le contenu d'un instantané.")
    package static let helpFind = Message("help.find", en: "Find names in a snapshot.", fr: "Chercher des noms dans un instantané.")
    package static let helpCat = Message("help.cat", en: "Print a file of a snapshot.", fr: "Afficher un fichier d'un instantané.")
    package static let helpDiff = Message("help.diff", en: "Compare two snapshots.", fr: "Comparer deux instantanés.")
    package static let helpRestore = Message("help.restore", en: "Restore a snapshot, or parts of it.", fr: "Restaurer un instantané, ou une partie.")
    package static let helpVerify = Message(
        "help.verify", en: "Check the copies: presence, hashes, and with --open every blob.",
        fr: "Contrôler les copies : présence, empreintes, et avec --open chaque bloc.")
    package static let helpReplicate = Message("help.replicate", en: "Bring sites level.", fr: "Mettre les sites à niveau.")
    package static let helpSnapshot = Message(
        "help.snapshot", en: "Id prefix, latest, SOURCE@latest or SOURCE@DATE.", fr: "Début d'identifiant, latest, SOURCE@latest ou SOURCE@DATE.")
    package static let helpPath = Message("help.path", en: "Path inside the snapshot.", fr: "Chemin dans l'instantané.")
    package static let helpPattern = Message("help.pattern", en: "Name, with * and ?.", fr: "Nom, avec * et ?.")
    package static let helpTo = Message("help.to", en: "Target folder.", fr: "Dossier cible.")
    package static let helpReplicateTo = Message(
        "help.replicate-to", en: "Only this site (default: all).", fr: "Ce site seulement (par défaut : tous).")
    package static let helpStrip = Message(
        "help.strip", en: "Put the content of the chosen path itself into the target.",
        fr: "Mettre le contenu du chemin choisi lui-même dans la cible.")
    package static let helpDelete = Message(
        "help.delete", en: "Remove from restored folders what the snapshot does not have.",
        fr: "Retirer des dossiers restaurés ce que l'instantané n'a pas.")
    package static let helpDryRun = Message(
        "help.dry-run", en: "Say what would be done; write nothing.", fr: "Dire ce qui serait fait ; ne rien écrire.")
    package static let helpOverwrite = Message(
        "help.overwrite", en: "What to do with files that exist: always, changed or never.",
        fr: "Que faire des fichiers existants : always, changed ou never.")
    package static let helpRead = Message("help.read", en: "Packs to read again: due, all or N%.", fr: "Paquets à relire : due, all ou N%.")
    package static let helpOpen = Message(
        "help.open", en: "Open every blob and check its id (needs the restore key).",
        fr: "Ouvrir chaque bloc et contrôler son identifiant (demande la clé de restauration).")
}

extension Message {
    package static func youngerHidden(_ id: String, _ reason: Message) -> Message {
        Message(
            "snapshot.younger-hidden", en: "snapshot \(id) may be the latest and cannot be read: \(reason.text(.english))",
            fr: "l'instantané \(id) est peut-être le dernier et ne peut être lu : \(reason.text(.french))")
    }
    package static let nameAnother = Message(
        "snapshot.name-another", en: "another site may have it whole; to use an older one, name it by its id",
        fr: "un autre site l'a peut-être intact ; pour en utiliser un plus ancien, le désigner par son identifiant")
    package static let noSuchPath = Message("path.unknown", en: "no such path in the snapshot", fr: "ce chemin n'est pas dans l'instantané")
    package static let nameAPath = Message(
        "path.needed", en: "the snapshot holds several files: name one", fr: "l'instantané contient plusieurs fichiers : nommez-en un")

    package static func healed(_ object: String) -> Message {
        Message("damage.healed", en: "damaged, read from another copy instead: \(object)", fr: "endommagé, lu depuis une autre copie : \(object)")
    }

    package static func damageSummary(_ count: UInt64) -> Message {
        Message("restore.lost", en: "\(count) files could not be restored", fr: "\(count) fichiers n'ont pas pu être restaurés")
    }

    package static func restored(_ files: String, _ size: String, _ time: String, _ target: String) -> Message {
        Message(
            "restore.done", en: "restored \(files) files, \(size), in \(time), to \(target)",
            fr: "\(files) fichiers restaurés, \(size), en \(time), dans \(target)")
    }

    package static func alreadyRight(_ files: String) -> Message {
        Message("restore.right", en: "  \(files) were right already", fr: "  \(files) étaient déjà corrects")
    }

    package static func wouldRestore(_ files: String, _ size: String, _ packs: String, _ free: String) -> Message {
        Message(
            "restore.would", en: "would restore \(files) files, \(size), from \(packs) packs; free space in the target: \(free)",
            fr: "restaurerait \(files) fichiers, \(size), depuis \(packs) paquets ; espace libre dans la cible : \(free)")
    }

    package static let overwriteValues = Message(
        "restore.overwrite-values", en: "--overwrite takes always, changed or never", fr: "--overwrite accepte always, changed ou never")
    package static let readValues = Message("verify.read-values", en: "--read takes due, all or N%", fr: "--read accepte due, all ou N%")
}

extension Message {
    package static func affects(_ snapshots: String) -> Message {
        Message("verify.affects", en: "affects snapshots: \(snapshots)", fr: "touche les instantanés : \(snapshots)")
    }

    package static func verified(
        _ site: String, _ snapshots: String, _ read: String, _ packs: String, _ bytes: String, _ opened: String, _ coverage: String, _ bad: Int
    ) -> Message {
        let (en, fr) = bad == 0 ? ("all good", "tout est bon") : ("\(bad) FINDINGS", "\(bad) ANOMALIES")
        return Message(
            "verify.done",
            en: "\(site): \(snapshots) snapshots, \(read) of \(packs) packs read (\(bytes)), \(opened) blobs opened, coverage \(coverage): \(en)",
            fr:
                "\(site) : \(snapshots) instantanés, \(read) paquets relus sur \(packs) (\(bytes)), \(opened) blocs ouverts, couverture \(coverage) : \(fr)"
        )
    }
}
