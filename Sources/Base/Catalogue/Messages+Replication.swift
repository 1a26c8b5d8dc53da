// Sentences about a writer's session and about copying between sites.
extension Message {
    package static let signerWithoutRight = Message(
        "session.no-right", en: "the tenant's descriptor gives this machine's key no right to write here; nothing was written",
        fr: "le descripteur de l'établissement ne donne à la clé de cette machine aucun droit d'écrire ici ; rien n'a été écrit")
    package static let manifestNameTaken = Message(
        "manifest.name-taken", en: "other bytes hold this snapshot's name", fr: "d'autres octets occupent le nom de cet instantané")
    package static let removeWrongManifest = Message(
        "manifest.remove-wrong", en: "somebody with the right to delete there should move it away; then run it again",
        fr: "une personne ayant le droit d'y supprimer doit le retirer ; puis relancez")
    package static func directoryLacksBlob(_ id: String) -> Message {
        Message(
            "pack.lacks-blob", en: "damaged: the index says that it holds blob \(id), its directory does not",
            fr: "endommagé : l'index y situe le bloc \(id), son répertoire ne le contient pas")
    }
    package static let tooManyBadCopies = Message(
        "replicate.bad-copies", en: "too many damaged copies at the sources; verify them, then run it again",
        fr: "trop de copies endommagées aux sites d'origine ; vérifiez-les, puis relancez")
    package static let recordsDiffer = Message(
        "replicate.records-differ", en: "two sites hold different records of this number; neither was changed",
        fr: "deux sites possèdent des fiches différentes de ce numéro ; aucune n'a été modifiée")
}
