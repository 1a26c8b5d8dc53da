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
    package static let migrationTooLate = Message(
        "migration.too-late", en: "deletion has begun: it cannot be taken back", fr: "la suppression a commencé : elle ne peut être annulée")
    package static let migrationNotSampling = Message(
        "migration.not-sampling", en: "restores are sampled once both sites were proven the same",
        fr: "les restaurations d'essai se font une fois les deux sites prouvés identiques")
    package static let migrationMarkerGone = Message(
        "migration.marker-gone", en: "objects without the site's marker: this may be another place; nothing was deleted",
        fr: "des objets sans le marqueur du site : c'est peut-être un autre emplacement ; rien n'a été supprimé")
}
