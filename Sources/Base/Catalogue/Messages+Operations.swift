// Sentences about the configuration, what it names, passphrases and exclude patterns.

// MARK: What is wrong in a configuration
extension Message {
    package static let configMissing = Message(
        "config.missing", en: "there is no such configuration file", fr: "ce fichier de configuration n'existe pas")
    package static let configWriteOne = Message(
        "config.write-one", en: "write it after etc/config.toml.example, or name another with --config",
        fr: "rédigez-le d'après etc/config.toml.example, ou indiquez-en un autre avec --config")
    package static let configNotUTF8 = Message("config.not-utf8", en: "the file is not UTF-8 text", fr: "le fichier n'est pas du texte UTF-8")
    package static let configZeroByte = Message(
        "config.zero-byte", en: "a zero byte cannot stand in a configuration", fr: "un octet nul ne peut pas figurer dans une configuration")

    /// `reason` is the parser's own sentence, in English.
    package static func configSyntax(_ reason: String, column: Int) -> Message {
        Message(
            "config.syntax", en: "not valid TOML, column \(column): \(reason)", fr: "TOML incorrect, colonne \(column) : \(reason)")
    }

    package static let configBadHeader = Message(
        "config.bad-header", en: "not valid TOML: the name of a table must follow [", fr: "TOML incorrect : un nom de table doit suivre [")

    package static let configBadValue = Message(
        "config.bad-value", en: "expected a text in quotes, a number, true, false, a list or a table",
        fr: "attendu : un texte entre guillemets, un nombre, true, false, une liste ou une table")

    package static func configWrongType(_ expected: Message, found: Message) -> Message {
        Message(
            "config.wrong-type", en: "expected \(expected.english), found \(found.english)",
            fr: "attendu : \(expected.french) ; trouvé : \(found.french)")
    }

    /// Without `found` where the value must not be shown.
    package static func configWrongValue(_ expected: Message, found: String? = nil) -> Message {
        Message(
            "config.wrong-value", en: "expected \(expected.english)" + (found.map { ", found \($0)" } ?? ""),
            fr: "attendu : \(expected.french)" + (found.map { " ; trouvé : \($0)" } ?? ""))
    }

    package static func configMissingKey(_ expected: Message) -> Message {
        Message(
            "config.missing-key", en: "this key is missing: expected \(expected.english)",
            fr: "cette clé manque ; attendu : \(expected.french)")
    }

    package static let configUnknownKey = Message("config.unknown-key", en: "unknown key", fr: "clé inconnue")
    package static let configBadName = Message(
        "config.bad-name", en: "expected a name of 1 to 64 letters, digits, dots, hyphens and underscores",
        fr: "attendu : un nom de 1 à 64 lettres sans accent, chiffres, points, tirets et tirets bas")
    package static let configNodeNameNeeded = Message(
        "config.node-name-needed", en: "this machine's own name cannot serve: give name in [node]",
        fr: "le nom de cette machine ne convient pas : indiquez name dans [node]")
    package static func configNotOfKind(_ kind: String) -> Message {
        Message(
            "config.not-of-kind", en: "a site of kind \"\(kind)\" has no such key", fr: "un site de type « \(kind) » n'a pas cette clé")
    }
    package static let configLockNeedsCoordination = Message(
        "config.lock-needs-coordination", en: "a site with object_lock needs a coordination_bucket",
        fr: "un site avec object_lock a besoin d'un coordination_bucket")
    package static let configSameBucket = Message(
        "config.same-bucket", en: "expected another bucket than the site's own", fr: "attendu : un autre compartiment que celui du site")
    package static func configSharedFolder(_ other: String) -> Message {
        Message(
            "config.shared-folder", en: "this is the folder of \(other) too: one copy would count twice",
            fr: "c'est aussi le dossier de \(other) : une même copie compterait deux fois")
    }
    package static let configNoSite = Message("config.no-site", en: "expected at least one site", fr: "attendu : au moins un site")
    package static func configUnknownSite(_ name: String) -> Message {
        Message("config.unknown-site", en: "there is no [site.\(name)]", fr: "il n'y a pas de [site.\(name)]")
    }
    package static func configTwice(_ name: String) -> Message {
        Message("config.twice", en: "\(name) is listed twice", fr: "\(name) figure deux fois")
    }
    package static let configNoTenant = Message(
        "config.no-tenant", en: "there is no [tenant.…] that the source could belong to",
        fr: "il n'y a aucun [tenant.…] auquel la source puisse appartenir")
    package static func configUnknownTenant(_ name: String) -> Message {
        Message("config.unknown-tenant", en: "there is no [tenant.\(name)]", fr: "il n'y a pas de [tenant.\(name)]")
    }
    package static let configOneContent = Message(
        "config.one-content", en: "a source has exactly one of paths, command and stdin = true",
        fr: "une source a soit paths, soit command, soit stdin = true, et un seul des trois")
    package static let configNeedsPaths = Message(
        "config.needs-paths", en: "only a source with paths has this key", fr: "seule une source avec paths a cette clé")
    package static func configNestedPath(_ other: String) -> Message {
        Message(
            "config.nested-path", en: "it is already covered by \(other), which is listed too",
            fr: "ce chemin est déjà couvert par \(other), qui figure aussi dans la liste")
    }
    package static let expectedSchedule = Message(
        "config.expected-schedule",
        en: "\"every 6h\", \"daily at 02:00\", \"weekly on sunday at 03:00\" or \"monthly on 1 at 04:00\"",
        fr: "« every 6h », « daily at 02:00 », « weekly on sunday at 03:00 » ou « monthly on 1 at 04:00 »")
    package static let notInEffectYet = Message("config.not-in-effect", en: "not in effect yet", fr: "pas encore pris en compte")
    package static func didYouMean(_ word: String) -> Message {
        Message("config.did-you-mean", en: "did you mean \(word)?", fr: "vouliez-vous dire \(word) ?")
    }
}

// MARK: What a configuration should have had; parts of the sentences above
extension Message {
    package static let expectedText = Message("expected.text", en: "a text that is not empty", fr: "un texte non vide")
    package static func expectedOne(of choices: [String]) -> Message {
        let last = choices.last ?? ""
        let others = choices.dropLast().joined(separator: ", ")
        return others.isEmpty
            ? Message("expected.one", en: last, fr: last)
            : Message("expected.one", en: "\(others) or \(last)", fr: "\(others) ou \(last)")
    }
    package static let expectedName = Message(
        "expected.name", en: "a name of 1 to 64 letters, digits, dots, hyphens and underscores",
        fr: "un nom de 1 à 64 lettres sans accent, chiffres, points, tirets et tirets bas")
    package static let expectedAbsolutePath = Message(
        "expected.absolute-path", en: "an absolute path without \".\" or \"..\"", fr: "un chemin absolu sans « . » ni « .. »")
    package static let expectedSomePaths = Message("expected.some-paths", en: "at least one path", fr: "au moins un chemin")
    package static let expectedDuration = Message(
        "expected.duration", en: "a length of time such as \"30m\", \"24h\" or \"7d\"", fr: "une durée telle que \"30m\", \"24h\" ou \"7d\"")
    package static let expectedDurationOrZero = Message(
        "expected.duration-or-zero", en: "a length of time such as \"24h\" or \"7d\", or \"0s\"",
        fr: "une durée telle que \"24h\" ou \"7d\", ou \"0s\"")
    package static let expectedShare = Message(
        "expected.share", en: "\"whole\" or a share such as \"10%\"", fr: "\"whole\" ou une part telle que \"10%\"")
    package static let expectedSize = Message(
        "expected.size", en: "a size such as \"256MiB\"", fr: "une taille telle que \"256MiB\"")
    package static let expectedRate = Message(
        "expected.rate", en: "a rate such as \"50MiB/s\"", fr: "un débit tel que \"50MiB/s\"")
    package static let expectedDayWindow = Message(
        "expected.day-window", en: "a part of the day such as \"07:00-20:00\"", fr: "une plage horaire telle que \"07:00-20:00\"")
    package static let expectedBoolean = Message("expected.boolean", en: "true or false", fr: "true ou false")
    package static func expectedInteger(_ low: Int, _ high: Int?) -> Message {
        switch high {
        case low: Message("expected.integer", en: "\(low)", fr: "\(low)")
        case let high?: Message("expected.integer", en: "a whole number from \(low) to \(high)", fr: "un nombre entier de \(low) à \(high)")
        case nil: Message("expected.integer", en: "a whole number, \(low) or more", fr: "un nombre entier, \(low) ou plus")
        }
    }
    package static func expectedList(of element: Message) -> Message {
        Message("expected.list", en: "a list, each element being \(element.english)", fr: "une liste dont chaque élément est \(element.french)")
    }
    package static let expectedTable = Message("expected.table", en: "a table", fr: "une table")
    package static let expectedCommand = Message(
        "expected.command", en: "a program and its arguments such as [\"pg_dumpall\"]",
        fr: "un programme et ses arguments, par exemple [\"pg_dumpall\"]")
    package static let expectedHook = Message(
        "expected.hook", en: "a program and its arguments, or a table with run, user and timeout",
        fr: "un programme et ses arguments, ou une table avec run, user et timeout")
    package static let expectedUser = Message("expected.user", en: "the name of a user account", fr: "le nom d'un compte d'utilisateur")
    package static let expectedCompression = Message(
        "expected.compression", en: "\"auto\", \"zstd:N\" with N from 1 to 22, \"lz4\" or \"none\"",
        fr: "\"auto\", \"zstd:N\" avec N de 1 à 22, \"lz4\" ou \"none\"")
    package static let expectedFingerprint = Message(
        "expected.fingerprint", en: "the 64 hexadecimal digits that init printed", fr: "les 64 chiffres hexadécimaux affichés par init")
    package static let expectedSiteName = Message("expected.site-name", en: "the name of a site", fr: "le nom d'un site")
    package static let expectedListen = Message(
        "expected.listen", en: "host:port, or nothing", fr: "hôte:port, ou un texte vide")
    package static let expectedMail = Message("expected.mail", en: "a mail address", fr: "une adresse électronique")
    package static let expectedURL = Message(
        "expected.url", en: "an https address without user or password (http on this machine only)",
        fr: "une adresse https sans compte ni mot de passe (http sur cette machine seulement)")
    package static let expectedProxy = Message("config.expected-proxy", en: "HOST:PORT", fr: "HÔTE:PORT")
    package static let expectedLockPeriod = Message(
        "config.expected-lock-period", en: "a length of time in whole days, such as \"14d\"",
        fr: "une durée en jours entiers, comme « 14d »")
    package static let expectedBucket = Message(
        "expected.bucket", en: "the name of an S3 bucket", fr: "le nom d'un compartiment S3")
    package static let expectedPrefix = Message(
        "expected.prefix", en: "names separated by single slashes, none at either end",
        fr: "des noms séparés par une barre oblique, sans barre au début ni à la fin")
}

// MARK: What it had instead
extension Message {
    package static let typeText = Message("type.text", en: "a text", fr: "un texte")
    package static let typeInteger = Message("type.integer", en: "a whole number", fr: "un nombre entier")
    package static let typeNumber = Message("type.number", en: "a decimal number", fr: "un nombre décimal")
    package static let typeBoolean = Message("type.boolean", en: "true or false", fr: "true ou false")
    package static let typeMoment = Message("type.moment", en: "a date or time", fr: "une date ou une heure")
    package static let typeList = Message("type.list", en: "a list", fr: "une liste")
    package static let typeTable = Message("type.table", en: "a table", fr: "une table")
}

// MARK: What a command names
extension Message {
    package static let noTenantConfigured = Message(
        "tenant.none", en: "the configuration has no [tenant.…]", fr: "la configuration n'a aucun [tenant.…]")
    package static let severalTenants = Message(
        "tenant.several", en: "the configuration has several tenants", fr: "la configuration comporte plusieurs établissements")
    package static let nameTenant = Message("tenant.name-one", en: "name one with --tenant", fr: "indiquez-en un avec --tenant")
    package static let unknownTenant = Message(
        "tenant.unknown", en: "the configuration has no such tenant", fr: "la configuration ne comporte pas cet établissement")
    package static let anotherTenantMeant = Message(
        "tenant.another-meant", en: "--tenant names another one", fr: "--tenant en désigne un autre")
    package static let unknownSite = Message("site.unknown", en: "there is no such site here", fr: "ce site est inconnu ici")
    package static let unknownSource = Message("source.unknown", en: "there is no such source here", fr: "cette source est inconnue ici")
    package static let noSourceConfigured = Message(
        "source.none", en: "this tenant has no source to back up", fr: "cet établissement n'a aucune source à sauvegarder")
    package static func thereAre(_ names: String) -> Message {
        Message("name.there-are", en: "there are: \(names)", fr: "noms connus : \(names)")
    }
    package static func siteKindNotAvailable(_ kind: String) -> Message {
        Message(
            "site.kind-not-available", en: "sites of kind \"\(kind)\" are not available in this version",
            fr: "les sites de type « \(kind) » ne sont pas disponibles dans cette version")
    }
    package static let credentialUnreadable = Message(
        "credential.unreadable", en: "holds no credentials: lines AWS_ACCESS_KEY_ID=… and AWS_SECRET_ACCESS_KEY=… are expected",
        fr: "ne contient pas d'identifiants : des lignes AWS_ACCESS_KEY_ID=… et AWS_SECRET_ACCESS_KEY=… sont attendues")

    package static func credentialMissing(_ name: String?) -> Message {
        let named = name.map { " \"\($0)\"" } ?? ""
        return Message("credential.missing", en: "no credentials\(named) for this site", fr: "pas d'identifiants\(named) pour ce site")
    }

    package static func credentialPlaces(_ folder: String) -> Message {
        Message(
            "credential.places",
            en:
                "give them as a systemd credential or a file of mode 0600 of that name in \(folder), or as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            fr:
                "donnez-les en crédentiel systemd ou en fichier de mode 0600 de ce nom dans \(folder), ou par AWS_ACCESS_KEY_ID et AWS_SECRET_ACCESS_KEY"
        )
    }

    package static let credentialOpen = Message(
        "credential.open", en: "others may read these credentials", fr: "ces identifiants sont lisibles par d'autres")

    package static func credentialClose(_ path: String) -> Message {
        Message("credential.close", en: "run: chmod 600 \(path)", fr: "lancez : chmod 600 \(path)")
    }

    package static let addressUnreadable = Message(
        "site.address", en: "neither a site on the kit, nor a folder, nor s3:https://HOST/BUCKET[/PREFIX][?region=…]",
        fr: "ni un site de la fiche, ni un dossier, ni s3:https://HÔTE/BUCKET[/PRÉFIXE][?region=…]")
    package static let useFileSite = Message(
        "site.use-file", en: "use a site of kind \"file\", or leave this one out",
        fr: "utilisez un site de type « file », ou laissez celui-ci de côté")
}

// MARK: Passphrases
extension Message {
    package static let passphraseEmpty = Message("passphrase.empty", en: "the passphrase is empty", fr: "la phrase secrète est vide")
    package static let passphraseTooLong = Message(
        "passphrase.too-long", en: "the passphrase is longer than 1024 bytes", fr: "la phrase secrète dépasse 1024 octets")
    package static let passphraseFileMissing = Message(
        "passphrase.file-missing", en: "the file named by HDSBACKUP_PASSPHRASE_FILE is not there",
        fr: "le fichier indiqué par HDSBACKUP_PASSPHRASE_FILE n'existe pas")
    package static func passphraseUnreadable(_ reason: String) -> Message {
        Message(
            "passphrase.unreadable", en: "the passphrase cannot be read: \(reason)", fr: "lecture de la phrase secrète impossible : \(reason)")
    }
    package static func passphraseCommandFailed(_ status: Int) -> Message {
        Message(
            "passphrase.command-failed", en: "the command in HDSBACKUP_PASSPHRASE_COMMAND failed (status \(status))",
            fr: "la commande de HDSBACKUP_PASSPHRASE_COMMAND a échoué (code \(status))")
    }
    package static let passphrasesDiffer = Message(
        "passphrase.differ", en: "the two passphrases differ", fr: "les deux phrases secrètes diffèrent")
    package static let passphrasePrompt = Message("passphrase.prompt", en: "Passphrase: ", fr: "Phrase secrète : ")
    package static let passphraseNewPrompt = Message("passphrase.new-prompt", en: "New passphrase: ", fr: "Nouvelle phrase secrète : ")
    package static let passphraseAgainPrompt = Message(
        "passphrase.again-prompt", en: "The same again: ", fr: "La même à nouveau : ")
}

// MARK: Exclude patterns
extension Message {
    package static func badExcludePattern(_ reason: Message) -> Message {
        Message(
            "exclude.bad-pattern", en: "this pattern can never match: \(reason.english)",
            fr: "ce motif ne peut correspondre à rien : \(reason.french)")
    }
    package static let excludeEmpty = Message("exclude.empty", en: "it is empty", fr: "il est vide")
    package static let excludeZeroByte = Message("exclude.zero-byte", en: "it holds a zero byte", fr: "il contient un octet nul")
    package static let excludeComment = Message(
        "exclude.comment", en: "it is a comment; write \\# for a name that begins so",
        fr: "c'est un commentaire ; écrivez \\# pour un nom qui commence ainsi")
    package static let excludeEmptyComponent = Message(
        "exclude.empty-component", en: "two slashes follow each other", fr: "deux barres obliques se suivent")
    package static let excludeLoneBackslash = Message(
        "exclude.lone-backslash", en: "it ends with a backslash", fr: "il se termine par une barre oblique inverse")
    package static let excludeOpenBracket = Message("exclude.open-bracket", en: "a [ is not closed", fr: "un [ n'est pas fermé")
    package static let excludeUnknownClass = Message(
        "exclude.unknown-class", en: "there is no such [:class:]", fr: "cette classe [:nom:] n'existe pas")
}
