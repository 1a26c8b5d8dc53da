// Sentences about moving a whole copy to another site, with proof.
extension Message {
    package static func siteLeft(_ to: String) -> Message {
        Message(
            "migration.site-left", en: "this site is left for \(to): nothing is written there, and what it lacks is no loss",
            fr: "ce site est quitté pour \(to) : rien n'y est écrit, et ce qui y manque n'est pas une perte")
    }
    package static func takeSiteOut(_ name: String) -> Message {
        Message(
            "migration.take-out", en: "take \(name) out of the tenant's sites in the configuration",
            fr: "retirez \(name) des sites de l'établissement dans la configuration")
    }
    package static func siteLeftFor(_ to: String) -> Message { Message("migration.left-for", en: "left for \(to)", fr: "quitté pour \(to)") }
    package static func leftSiteNotVerified(_ site: String, _ to: String) -> Message {
        Message(
            "migration.left-not-verified", en: "\(site) is left for \(to): it is not verified, and what it lacks is no loss",
            fr: "\(site) est quitté pour \(to) : il n'est pas vérifié, et ce qui y manque n'est pas une perte")
    }
    package static let migrationSameSite = Message(
        "migration.same-site", en: "both names lead to the same site", fr: "les deux noms mènent au même site")
    package static let migrationOther = Message(
        "migration.other", en: "another migration is kept here: other sites or another tenant",
        fr: "une autre migration est enregistrée ici : autres sites ou autre établissement")
    package static let migrationStateUnreadable = Message(
        "migration.state-unreadable", en: "the state of this migration cannot be read",
        fr: "l'état de cette migration ne peut être lu")
    package static func migrationDiffers(_ count: Int) -> Message {
        Message(
            "migration.differs", en: "the roots differ in \(count) objects; nothing was deleted",
            fr: "les racines diffèrent pour \(count) objets ; rien n'a été supprimé")
    }
    package static let migrationRepair = Message(
        "migration.repair", en: "run `hdsbackup verify` for both sites and repair what it names, then run this again",
        fr: "lancez `hdsbackup verify` pour les deux sites, réparez ce qu'il nomme, puis relancez")
    package static let migrationLeafDiffers = Message(
        "migration.leaf-differs", en: "damaged, or not the same at both sites", fr: "endommagé, ou différent d'un site à l'autre")
    package static let migrationLeafMissing = Message(
        "migration.leaf-missing", en: "missing at the site that is moved to", fr: "absent du site de destination")
    package static let migrationLeafDamaged = Message(
        "migration.leaf-damaged", en: "damaged at the site that is left", fr: "endommagé au site quitté")
    package static let migrationLeafUnread = Message(
        "migration.leaf-unread", en: "the site that is left lists it and does not give it, and the other has not got it",
        fr: "le site quitté le cite et ne le livre pas, et l'autre ne l'a pas")
    package static func migrationNewSiteLacks(_ snapshot: String) -> Message {
        Message(
            "migration.new-site-lacks", en: "snapshot \(snapshot) of the proven copy is not whole there: nothing more is deleted",
            fr: "l'instantané \(snapshot) de la copie prouvée n'y est pas entier : rien d'autre n'est supprimé")
    }
    package static func migrationSampleFailed(_ snapshot: String) -> Message {
        Message(
            "migration.sample-failed", en: "the sampled restore of \(snapshot) failed; nothing was deleted",
            fr: "la restauration d'essai de \(snapshot) a échoué ; rien n'a été supprimé")
    }
    package static let snapshotNotProven = Message(
        "migration.snapshot-not-proven", en: "no snapshot of the copy that was proven", fr: "aucun instantané de ce nom dans la copie prouvée")
    package static let sampleTooEarly = Message(
        "migration.sample-too-early", en: "this restore was over before the copy was proven: it shows nothing of it",
        fr: "cette restauration s'est achevée avant que la copie soit prouvée : elle n'en montre rien")
    package static let migrationWrittenTo = Message(
        "migration.written-to", en: "others may write there again, or have: nothing more is deleted; look at its snapshots and records of migrations",
        fr: "d'autres peuvent y écrire de nouveau, ou l'ont fait : plus rien n'est supprimé ; examinez ses instantanés et ses actes de migration")
    package static let migrationTooLate = Message(
        "migration.too-late", en: "deletion has begun: it cannot be taken back", fr: "la suppression a commencé : elle ne peut être annulée")
    package static func migrationUnfinished(_ from: String) -> Message {
        Message(
            "migration.unfinished", en: "the migration from \(from) to here is not over: finish it first; `hdsbackup evacuate` copies meanwhile",
            fr: "la migration de \(from) vers ici n'est pas terminée : finissez-la d'abord ; d'ici là, `hdsbackup evacuate` copie")
    }
    package static func migrationElsewhere(_ site: String) -> Message {
        Message(
            "migration.elsewhere", en: "it is left for \(site) as well: take one of the two migrations back",
            fr: "il est aussi quitté pour \(site) : annulez l'une des deux migrations")
    }
    package static let migrationNotSampling = Message(
        "migration.not-sampling", en: "restores are sampled once both sites were proven the same",
        fr: "les restaurations d'essai se font une fois les deux sites prouvés identiques")
    package static let migrationMarkerGone = Message(
        "migration.marker-gone", en: "objects without the site's marker: this may be another place; nothing was deleted",
        fr: "des objets sans le marqueur du site : c'est peut-être un autre emplacement ; rien n'a été supprimé")
}

// MARK: migrate
extension Message {
    package static func leftObjects(_ count: Int) -> Message {
        Message("migrate.left-objects", en: "\(count) objects left", fr: "\(count) objets restants")
    }
    package static let migrationToItself = Message(
        "migrate.to-itself", en: "a site is not moved to itself", fr: "un site ne migre pas vers lui-même")
    package static let migrationBusy = Message(
        "migrate.busy", en: "another migration of this tenant is at work", fr: "une autre migration de cet établissement est en cours")
    package static func migrationNone(_ from: String, _ to: String) -> Message {
        Message(
            "migrate.none", en: "no migration from \(from) to \(to) is under way", fr: "aucune migration de \(from) vers \(to) n'est en cours")
    }
    package static func migrationSampleElsewhere(_ wanted: Int, _ site: String) -> Message {
        Message(
            "migrate.sample-elsewhere",
            en:
                "\(wanted) restores from \(site) are to be sampled, and this machine may not: on the proof host run `hdsbackup restore-test --share whole "
                + "--snapshot ID --site \(site)`, then this again",
            fr: "\(wanted) restaurations depuis \(site) sont à faire, et cette machine ne le peut pas : sur la machine de preuve, lancez `hdsbackup "
                + "restore-test --share whole --snapshot ID --site \(site)`, puis ceci à nouveau")
    }
    package static let migrateProveOrPlan = Message(
        "migrate.prove-or-plan", en: "say one of --prove, --dry-run and --withdraw: nothing is moved without proof",
        fr: "donnez l'un de --prove, --dry-run et --withdraw : rien ne migre sans preuve")
    package static let migrateSamplesValues = Message(
        "migrate.samples-values", en: "at least one restore is sampled", fr: "au moins une restauration est échantillonnée")
    package static func migratePlan(_ from: String, _ to: String, _ snapshots: String, _ objects: String, _ bytes: String) -> Message {
        Message(
            "migrate.plan", en: "\(from) to \(to): \(snapshots) snapshots, \(objects) objects, \(bytes). Nothing was changed",
            fr: "de \(from) vers \(to) : \(snapshots) instantanés, \(objects) objets, \(bytes). Rien n'a été modifié")
    }
    package static func migrateAt(_ from: String, _ to: String, _ phase: String) -> Message {
        Message("migrate.at", en: "\(from) to \(to): \(phase)", fr: "de \(from) vers \(to) : \(phase)")
    }
    package static func migratePhase(_ phase: String) -> Message {
        switch phase {
        case "planned": Message("migrate.phase.planned", en: "planned", fr: "prévue")
        case "copying": Message("migrate.phase.copying", en: "copying", fr: "copie")
        case "proving": Message("migrate.phase.proving", en: "reading both sites", fr: "lecture des deux sites")
        case "doubleRun":
            Message("migrate.phase.double-run", en: "double run: both sites receive", fr: "double exploitation : les deux sites reçoivent")
        case "sampling":
            Message(
                "migrate.phase.sampling", en: "leaving: last proof and sampled restores",
                fr: "départ : dernière preuve et restaurations échantillonnées")
        case "agreed": Message("migrate.phase.agreed", en: "proven the same", fr: "identité prouvée")
        case "deleting": Message("migrate.phase.deleting", en: "deleting", fr: "suppression")
        case "done": Message("migrate.phase.done", en: "done", fr: "terminée")
        case "withdrawn": Message("migrate.phase.withdrawn", en: "taken back", fr: "annulée")
        default: Message("migrate.phase.other", en: phase, fr: phase)
        }
    }
    package static func migrateRoot(_ root: String, _ objects: String, _ bytes: String, _ snapshots: String) -> Message {
        Message(
            "migrate.root", en: "root at both sites \(root): \(objects) objects, \(bytes), \(snapshots) snapshots",
            fr: "racine aux deux sites \(root) : \(objects) objets, \(bytes), \(snapshots) instantanés")
    }
    package static func migrateDifference(_ code: String) -> Message {
        switch code {
        case migrationLeafMissing.code: migrationLeafMissing
        case migrationLeafDamaged.code: migrationLeafDamaged
        case migrationLeafUnread.code: migrationLeafUnread
        default: migrationLeafDiffers
        }
    }
    package static func migrateMore(_ count: String) -> Message {
        Message("migrate.more", en: "and \(count) more: --json lists them", fr: "et \(count) autres : --json les donne")
    }
    package static func migrateWaiting(_ until: String) -> Message {
        Message(
            "migrate.waiting", en: "both sites receive new snapshots until \(until): run this again then",
            fr: "les deux sites reçoivent les nouveaux instantanés jusqu'au \(until) : relancez alors")
    }
    package static func migrateWriters(_ site: String) -> Message {
        Message(
            "migrate.writers", en: "writers are still at work at \(site): run this again when they have ended",
            fr: "des écritures sont encore en cours vers \(site) : relancez quand elles seront finies")
    }
    package static func migrateSamples(_ wanted: Int, _ site: String) -> Message {
        Message(
            "migrate.samples", en: "\(wanted) good restores from \(site) still lack; nothing was deleted",
            fr: "il manque encore \(wanted) restaurations réussies depuis \(site) ; rien n'a été supprimé")
    }
    package static func migrateAgreed(_ site: String) -> Message {
        Message(
            "migrate.agreed", en: "proven; \(site) stays as it is. Without --keep-source the next run deletes there",
            fr: "prouvé ; \(site) reste en l'état. Sans --keep-source, le prochain lancement y supprime")
    }
    package static func migrateReason(_ reason: String) -> Message {
        reason == "hold"
            ? Message("migrate.reason.hold", en: "legal hold, without a date", fr: "gel légal, sans date")
            : Message("migrate.reason.refused", en: "refused by the store", fr: "refusé par le stockage")
    }
    package static func migrateKept(_ object: String, _ reason: String) -> Message {
        Message("migrate.kept", en: "\(object): \(reason)", fr: "\(object) : \(reason)")
    }
    package static func migrateRemnants(_ site: String, _ objects: String, _ bytes: String) -> Message {
        Message(
            "migrate.remnants", en: "still at \(site): \(objects) objects, \(bytes). Run this again when locks have ended",
            fr: "encore vers \(site) : \(objects) objets, \(bytes). Relancez quand les verrous seront échus")
    }
    package static func migrateDone(_ site: String, _ objects: String, _ bytes: String) -> Message {
        Message(
            "migrate.done",
            en: "nothing of the tenant is left at \(site): \(objects) objects, \(bytes) were deleted. Take it out of the tenant's sites",
            fr: "plus rien de l'établissement vers \(site) : \(objects) objets, \(bytes) supprimés. Retirez-le des sites de l'établissement")
    }
    package static func migrateWithdrawn(_ site: String) -> Message {
        Message("migrate.withdrawn", en: "taken back: \(site) is not left", fr: "annulée : \(site) n'est pas quitté")
    }
    package static func migrateRecord(_ key: String) -> Message {
        Message("migrate.record", en: "signed record: \(key)", fr: "acte signé : \(key)")
    }
    package static let helpMigrate = Message(
        "help.migrate", en: "Moves a whole copy to another site, with proof; then deletes it at the first one",
        fr: "Déplace une copie entière vers un autre site, avec preuve, puis la supprime du premier")
    package static let helpMigrateFrom = Message("help.migrate-from", en: "The site that is left", fr: "Le site quitté")
    package static let helpMigrateTo = Message("help.migrate-to", en: "The site that takes the copy", fr: "Le site qui reçoit la copie")
    package static let helpMigrateProve = Message(
        "help.migrate-prove", en: "Copy, compare roots over both sites, sample restores, then delete; goes on where it ended",
        fr: "Copier, comparer les racines des deux sites, restaurer par échantillon, puis supprimer ; reprend où il en était")
    package static let helpMigrateWithdraw = Message(
        "help.migrate-withdraw", en: "Takes it back, as long as nothing was deleted", fr: "L'annule, tant que rien n'a été supprimé")
    package static let helpMigrateKeep = Message(
        "help.migrate-keep", en: "End where both are proven the same; delete nothing", fr: "S'arrêter une fois l'identité prouvée ; ne rien supprimer"
    )
    package static let helpMigrateReadAgain = Message(
        "help.migrate-read-again", en: "Read all of both sites again", fr: "Relire entièrement les deux sites")
    package static let helpMigrateDoubleRun = Message(
        "help.migrate-double-run", en: "How long both sites receive new snapshots (7d)",
        fr: "Durée pendant laquelle les deux sites reçoivent les nouveaux instantanés (7d)")
    package static let helpMigrateSamples = Message(
        "help.migrate-samples", en: "Restores to sample from the new site (3)", fr: "Restaurations à faire depuis le nouveau site (3)")
}
