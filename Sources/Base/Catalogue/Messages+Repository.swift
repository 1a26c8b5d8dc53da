// Sentences about the repository: trust, packs, snapshots.
extension Message {
    package static let foreignObject = Message(
        "object.foreign", en: "it belongs to another tenant; refused", fr: "il appartient à un autre établissement ; refusé")
    package static let badSignature = Message(
        "object.bad-signature", en: "its signature is not valid, or its signer has no right to it; ignored",
        fr: "sa signature n'est pas valable, ou son signataire n'en a pas le droit ; ignoré")
    package static let wrongFingerprint = Message(
        "tenant.wrong-fingerprint", en: "it is not signed by the tenant whose fingerprint is configured",
        fr: "il n'est pas signé par l'établissement dont l'empreinte est configurée")
    package static let brokenChain = Message(
        "descriptor.broken-chain", en: "the chain of descriptors is broken", fr: "la chaîne des descripteurs est rompue")

    package static func rolledBack(_ seen: UInt32, _ found: UInt32) -> Message {
        Message(
            "site.rolled-back", en: "older than what was seen before (record \(found), seen \(seen)): an old copy was put back; refused",
            fr: "plus ancien que ce qui a déjà été vu (fiche \(found), vue \(seen)) : une ancienne copie a été remise ; refusé")
    }

    package static let noDescriptor = Message(
        "descriptor.missing", en: "no descriptor of the tenant", fr: "aucun descripteur de l'établissement")
    package static let wrongHash = Message(
        "object.wrong-hash", en: "damaged: its bytes do not match its name", fr: "endommagé : les octets ne correspondent pas au nom")
    package static let wrongID = Message(
        "blob.wrong-id", en: "damaged: its content does not match its id", fr: "endommagé : le contenu ne correspond pas à l'identifiant")

    package static func blobUnknown(_ id: String) -> Message {
        Message("blob.unknown", en: "no site has blob \(id)", fr: "aucun site ne possède le bloc \(id)")
    }

    package static let noOpeningKey = Message(
        "key.no-opening-key", en: "no key here opens stored content (the restore role has it)",
        fr: "aucune clé ici n'ouvre le contenu stocké (le rôle de restauration la détient)")
    package static let noCatalogueKey = Message(
        "key.no-catalogue-key", en: "no key here opens the catalogue of this domain",
        fr: "aucune clé ici n'ouvre le catalogue de ce domaine")
    package static let guardFailed = Message(
        "guard.failed", en: "what was sealed does not open to what was read: faulty memory? nothing of it was stored",
        fr: "ce qui a été scellé ne redonne pas ce qui a été lu : mémoire défectueuse ? rien n'en a été stocké")
    package static let sessionFenced = Message(
        "session.fenced", en: "collection ended this session; run it again", fr: "la collecte a mis fin à cette session ; relancez")
    package static func recordTooLarge(_ bytes: Int) -> Message {
        Message(
            "record.too-large", en: "a record would be too large to read again (\(bytes) bytes)",
            fr: "une fiche serait trop volumineuse pour être relue (\(bytes) octets)")
    }

    package static let labelsTooLarge = Message(
        "snapshot.labels-too-large", en: "its paths, command or exclusions are too long to store",
        fr: "ses chemins, sa commande ou ses exclusions sont trop longs à stocker")
    package static let tooManyAtOnce = Message(
        "index.too-many", en: "too many commands at work at once on this machine", fr: "trop de commandes à la fois sur cette machine")
    package static let unsupportedFeature = Message(
        "format.feature", en: "it uses a feature that this version does not know; nothing was changed",
        fr: "il utilise une fonction inconnue de cette version ; rien n'a été modifié")
}
