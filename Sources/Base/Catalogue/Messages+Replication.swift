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
}
