// Sentences about sites and their objects.
extension Message {
    package static let objectMissing = Message("object.missing", en: "missing", fr: "absent")
    package static let objectExists = Message("object.exists", en: "an object of this name exists already", fr: "un objet de ce nom existe déjà")
    package static let objectTooShort = Message("object.short", en: "damaged: shorter than it should be", fr: "endommagé : plus court que prévu")

    package static func objectTooLarge(_ size: Int) -> Message {
        Message("object.large", en: "damaged: too large (\(size) bytes)", fr: "endommagé : trop volumineux (\(size) octets)")
    }

    package static func siteFolderMissing(_ path: String) -> Message {
        Message("site.folder-missing", en: "cannot be reached: no folder \(path)", fr: "injoignable : pas de dossier \(path)")
    }

    package static func mountOrPrepare(_ name: String) -> Message {
        Message(
            "site.mount-or-prepare", en: "mount it; if its content is lost for good, make the folder and run: hdsbackup init --site \(name)",
            fr: "montez-le ; si son contenu est perdu, créez le dossier et lancez : hdsbackup init --site \(name)")
    }

    package static func markerMissing(_ name: String) -> Message {
        Message(
            "site.marker-missing", en: "not a prepared site: its signed marker is not there (is the disk mounted?)",
            fr: "ce n'est pas un site préparé : son marqueur signé est absent (le disque est-il monté ?)")
    }

    package static let markerForeign = Message(
        "site.marker-foreign", en: "this place is marked as another site or another tenant's",
        fr: "cet emplacement est marqué comme un autre site ou celui d'un autre établissement")
}
