// Sentences about restoring, and about reading across sites.
extension Message {
    package static let noGoodCopy = Message(
        "blob.no-good-copy", en: "damaged, and no site has another copy", fr: "endommagé, et aucun site n'en a d'autre copie")

    package static let pathNotInSnapshot = Message(
        "restore.path-missing", en: "the snapshot has no such path", fr: "l'instantané ne contient pas ce chemin")
    package static let stripNeedsOnePath = Message(
        "restore.strip-one-path", en: "--strip needs exactly one path", fr: "--strip demande exactement un chemin")
    package static let targetIsNoFolder = Message(
        "restore.target-no-folder", en: "the target is not a folder", fr: "la destination n'est pas un dossier")
    package static let restoreInterrupted = Message(
        "restore.interrupted", en: "interrupted; run it again to go on: what is restored is kept",
        fr: "interrompu ; relancez pour continuer : ce qui est restauré est conservé")

    package static func targetTooSmall(_ needed: UInt64, _ free: UInt64) -> Message {
        Message(
            "restore.no-space", en: "not enough space: \(needed) bytes needed, \(free) free; nothing was written",
            fr: "pas assez de place : \(needed) octets nécessaires, \(free) libres ; rien n'a été écrit")
    }

    package static func targetFewInodes(_ needed: UInt64, _ free: UInt64) -> Message {
        Message(
            "restore.no-inodes", en: "not enough inodes: \(needed) needed, \(free) free; nothing was written",
            fr: "pas assez d'inodes : \(needed) nécessaires, \(free) libres ; rien n'a été écrit")
    }

    package static let testNeedsRoom = Message(
        "test.needs-room", en: "give [restore_test] another place, or a smaller share or limit; nothing was restored",
        fr: "donnez à [restore_test] une autre place, ou une part ou une limite plus petite ; rien n'a été restauré")

    package static let chooseAnotherTarget = Message(
        "restore.other-target", en: "free some space or choose another target", fr: "libérez de la place ou choisissez une autre destination")

    package static func cannotRestore(_ reason: String) -> Message {
        Message("restore.not-restored", en: "not restored: \(reason)", fr: "non restauré : \(reason)")
    }

    package static let deviceNotAllowed = Message(
        "restore.device", en: "device not created: this needs root", fr: "périphérique non créé : il faut être root")

    package static func attributeNotSet(_ name: String, _ reason: String) -> Message {
        Message("restore.attribute", en: "attribute \(name) not set: \(reason)", fr: "attribut \(name) non défini : \(reason)")
    }

    package static func ownerNotSet(_ reason: String) -> Message {
        Message("restore.owner", en: "owner not set: \(reason)", fr: "propriétaire non défini : \(reason)")
    }

    package static func modeNotSet(_ reason: String) -> Message {
        Message("restore.mode", en: "mode not set: \(reason)", fr: "droits non définis : \(reason)")
    }

    package static func timeNotSet(_ reason: String) -> Message {
        Message("restore.time", en: "modification time not set: \(reason)", fr: "date de modification non définie : \(reason)")
    }

    package static let folderInTheWay = Message(
        "restore.folder-in-the-way", en: "not restored: a folder that is not empty is in its place (--delete removes it)",
        fr: "non restauré : un dossier non vide occupe la place (--delete le supprime)")
    package static let keptAnotherKind = Message(
        "restore.kept-in-the-way", en: "not restored, nor anything below: something else is in its place and is kept (--overwrite never)",
        fr: "non restauré, ni ce qui est dessous : autre chose occupe la place et est conservé (--overwrite never)")
    package static let unsafeName = Message(
        "restore.unsafe-name", en: "the snapshot holds a name that must not be written; refused",
        fr: "l'instantané contient un nom qui ne doit pas être écrit ; refusé")
    package static let chunkTooShort = Message(
        "restore.chunk-length", en: "damaged: a chunk is shorter than the file says", fr: "endommagé : un bloc est plus court que ne dit le fichier")

    package static func notRemoved(_ reason: String) -> Message {
        Message("restore.not-removed", en: "not removed: \(reason)", fr: "non supprimé : \(reason)")
    }

    package static let notAFile = Message("cat.no-file", en: "it is not a file", fr: "ce n'est pas un fichier")

    /// `what`: `missing`, `kind`, `size`, `time`, `target`, `owner`, `mode`, `device`, `attribute`, `link`, `unreadable`,
    /// `content`, or `source`.
    package static func testDiffers(_ what: String) -> Message {
        let parts: [String: (String, String)] = [
            "missing": ("it is not there", "absent"), "kind": ("another kind of file", "autre type de fichier"), "size": ("size", "taille"),
            "time": ("modification time", "date de modification"), "target": ("target of the link", "cible du lien"),
            "owner": ("owner", "propriétaire"), "mode": ("mode", "droits"), "device": ("device number", "numéro de périphérique"),
            "attribute": ("extended attribute", "attribut étendu"), "link": ("hard link", "lien physique"),
            "unreadable": ("it cannot be read", "illisible"), "content": ("content", "contenu"),
        ]
        if what == "source" {
            return Message(
                "test.differs-source", en: "the source has the size and time of the snapshot, and other content",
                fr: "la source a la taille et la date de l'instantané, mais un autre contenu")
        }
        let (english, french) = parts[what] ?? (what, what)
        return Message(
            "test.differs", en: "restored, and not as the snapshot says: \(english)", fr: "restauré, mais pas conforme à l'instantané : \(french)")
    }
}
