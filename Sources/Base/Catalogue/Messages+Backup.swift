// Sentences about taking a snapshot.
extension Message {
    package static func cannotRead(_ reason: String) -> Message {
        Message("source.cannot-read", en: "cannot be read: \(reason)", fr: "illisible : \(reason)")
    }

    package static let changedWhileRead = Message(
        "source.changed", en: "changed while it was read; this snapshot holds what was read",
        fr: "modifié pendant la lecture ; cet instantané contient ce qui a été lu")
    package static let vanished = Message(
        "source.vanished", en: "vanished while the source was read", fr: "disparu pendant la lecture de la source")
    package static let pathTooLong = Message(
        "source.path-too-long", en: "the path is too long to store (64 KiB at most)", fr: "chemin trop long pour être stocké (64 Kio au plus)")
    package static let pathTooDeep = Message(
        "source.path-too-deep", en: "too many folders inside one another; what is below was left out",
        fr: "trop de dossiers imbriqués ; ce qui est au-dessous a été omis")
    package static let sourceIsLink = Message(
        "source.is-link", en: "this path of the source is a symbolic link: the link was stored, not what it leads to",
        fr: "ce chemin de la source est un lien symbolique : le lien a été stocké, non ce qu'il désigne")
    package static let attributesTooLarge = Message(
        "source.attributes-too-large", en: "its extended attributes are too large; they were left out",
        fr: "ses attributs étendus sont trop volumineux ; ils ont été omis")

    package static func sourceMissing(_ source: String) -> Message {
        Message(
            "source.missing", en: "source \(source): none of its paths is there; no snapshot was made",
            fr: "source \(source) : aucun de ses chemins n'existe ; aucun instantané n'a été fait")
    }

    package static func commandFailed(_ status: Int32) -> Message {
        Message(
            "source.command-failed", en: "the source's command failed (status \(status)); no snapshot was made",
            fr: "la commande de la source a échoué (code \(status)) ; aucun instantané n'a été fait")
    }

    package static let commandTimedOut = Message(
        "source.command-timeout", en: "the source's command took too long and was stopped; no snapshot was made",
        fr: "la commande de la source a dépassé son délai et a été arrêtée ; aucun instantané n'a été fait")

    package static func quorumMissed(_ reached: Int, _ wanted: Int) -> Message {
        Message(
            "backup.quorum", en: "only \(reached) of the \(wanted) sites required hold the snapshot",
            fr: "seuls \(reached) des \(wanted) sites exigés possèdent l'instantané")
    }

    package static func siteBehind(_ name: String) -> Message {
        Message(
            "backup.site-behind", en: "does not hold the previous snapshot: left out of this run; replicate will bring it level",
            fr: "ne possède pas l'instantané précédent : laissé hors de cette sauvegarde ; la réplication le remettra à niveau")
    }

    package static let sourceBusy = Message(
        "backup.source-busy", en: "another run of this source is at work on this machine",
        fr: "une autre sauvegarde de cette source est en cours sur cette machine")
}
