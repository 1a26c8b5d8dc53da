// Sentences about making a tenant, its kit, and recovering it.
extension Message {
    package static func tenantNotInitialised(_ tenant: String) -> Message {
        Message(
            "tenant.not-initialised", en: "tenant \(tenant) has no repository known to this machine",
            fr: "l'établissement \(tenant) n'a pas de dépôt connu de cette machine")
    }

    package static let runInit = Message(
        "tenant.run-init", en: "run: hdsbackup init; or pin its fingerprint in the configuration",
        fr: "lancez : hdsbackup init ; ou inscrivez son empreinte dans la configuration")

    package static func tenantExists(_ tenant: String) -> Message {
        Message(
            "tenant.exists", en: "tenant \(tenant) exists already; its keys were left as they are",
            fr: "l'établissement \(tenant) existe déjà ; ses clés sont restées telles quelles")
    }

    package static func keysTogether(_ tenant: String) -> Message {
        Message(
            "keys.together", en: "tenant \(tenant): this machine would hold the keys that open what it backs up",
            fr: "établissement \(tenant) : cette machine détiendrait les clés qui ouvrent ce qu'elle sauvegarde")
    }

    package static let keysTogetherRemedy = Message(
        "keys.together-remedy", en: "give --restore-keys DIR (a removable disk), or say keys_together = \"accepted\" for the tenant",
        fr: "donnez --restore-keys DOSSIER (un disque amovible), ou dites keys_together = \"accepted\" pour l'établissement")

    package static func authorityNeeded(_ sites: String) -> Message {
        Message(
            "site.authority-needed", en: "new site \(sites): only the tenant's authority can admit it",
            fr: "nouveau site \(sites) : seule l'autorité de l'établissement peut l'admettre")
    }

    package static let giveKit = Message("site.give-kit", en: "give the recovery kit: --kit FILE", fr: "donnez la trousse de secours : --kit FICHIER")
    package static let whereOpeningKeys = Message(
        "key.where", en: "run it where the restore key is, or use the recovery kit: hdsbackup recover",
        fr: "lancez-le là où se trouve la clé de restauration, ou utilisez la trousse : hdsbackup recover")

    package static func kitTitle(_ tenant: String) -> Message {
        Message("kit.title", en: "RECOVERY KIT of \(tenant) - hdsbackup", fr: "TROUSSE DE SECOURS de \(tenant) - hdsbackup")
    }

    package static let kitIntroduction = Message(
        "kit.introduction",
        en: """
            Print this page and keep it in the safe. With it and any one of the sites,
            everything can be restored on a machine that has never seen the backups.
            Without it, and without the restore key, nobody can. It is shown only once.
            Whoever holds this page and a copy of a site can read everything.
            """,
        fr: """
            Imprimez cette page et gardez-la au coffre. Avec elle et un seul des sites,
            tout peut être restauré sur une machine qui n'a jamais vu les sauvegardes.
            Sans elle, et sans la clé de restauration, personne ne le peut.
            Elle n'est montrée qu'une fois.
            Qui détient cette page et la copie d'un site peut tout lire.
            """)

    package static let kitInstructions = Message(
        "kit.instructions",
        en: """
            On a bare machine, with this page typed into the file kit.txt:
              hdsbackup recover --kit kit.txt --site NAME_OR_PATH --out FOLDER
              hdsbackup snapshots --config FOLDER/config.toml
              hdsbackup restore SOURCE@latest --to TARGET --config FOLDER/config.toml
            """,
        fr: """
            Sur une machine nue, avec cette page recopiée dans le fichier kit.txt :
              hdsbackup recover --kit kit.txt --site NOM_OU_CHEMIN --out DOSSIER
              hdsbackup snapshots --config DOSSIER/config.toml
              hdsbackup restore SOURCE@latest --to CIBLE --config DOSSIER/config.toml
            """)

    package static func kitLineMissing(_ key: String) -> Message {
        Message(
            "kit.line-missing", en: "the recovery kit has no right line '\(key) = …'",
            fr: "la trousse de secours n'a pas de ligne correcte « \(key) = … »")
    }
}

extension Message {
    package static let siteNeeded = Message("site.needed", en: "name a site: --site NAME or PATH", fr: "nommez un site : --site NOM ou CHEMIN")
}
