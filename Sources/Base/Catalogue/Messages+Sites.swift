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

    package static let exclusiveCollection = Message(
        "site.exclusive-collection", en: "to be collected only while nobody writes: it cannot create if absent, or lists late",
        fr: "à nettoyer seulement quand personne n'écrit : il ne sait pas créer si absent, ou liste en retard")

    // MARK: S3 stores

    package static func storeUnreachable(_ reason: String) -> Message {
        Message("store.unreachable", en: "cannot be reached, or keeps failing: \(reason)", fr: "injoignable, ou en échec répété : \(reason)")
    }

    package static let storeKeepsFailing = Message(
        "store.circuit-open", en: "kept failing: left alone for a while", fr: "en échec répété : laissé de côté pour un moment")

    package static let certificateUnknown = Message(
        "store.certificate-unknown", en: "its TLS certificate is of an unknown authority, expired, or for another name",
        fr: "son certificat TLS vient d'une autorité inconnue, est périmé, ou porte un autre nom")
    package static let certificateCheck = Message(
        "store.certificate-check", en: "check `endpoint`; for an authority of your own, set `ca_file`",
        fr: "vérifiez « endpoint » ; pour une autorité privée, indiquez « ca_file »")

    package static func certificateRefused(_ reason: String) -> Message {
        Message(
            "store.certificate", en: "its TLS certificate is not to be trusted: \(reason)",
            fr: "son certificat TLS n'est pas digne de confiance : \(reason)")
    }

    package static func bucketsDiffer(_ bucket: String, _ coordination: String?) -> Message {
        Message(
            "store.buckets-differ", en: "was prepared with bucket \(bucket) and coordination bucket \(coordination ?? "none")",
            fr: "a été préparé avec le compartiment \(bucket) et le compartiment d'accord \(coordination ?? "aucun")")
    }

    package static let bucketsCorrect = Message(
        "store.buckets-correct", en: "correct `bucket` and `coordination_bucket` in the configuration",
        fr: "corrigez « bucket » et « coordination_bucket » dans la configuration")
    package static let bucketMissing = Message("store.bucket-missing", en: "the bucket does not exist", fr: "le compartiment (bucket) n'existe pas")
    package static let bucketCheck = Message(
        "store.bucket-check", en: "make it at the provider, or correct `bucket` in the configuration",
        fr: "créez-le chez l'hébergeur, ou corrigez « bucket » dans la configuration")

    package static func storeRefuses(_ reason: String) -> Message {
        Message("store.refuses", en: "the store refuses: \(reason)", fr: "le stockage refuse : \(reason)")
    }

    package static func storeLacks(_ reason: String) -> Message {
        Message("store.lacks", en: "the store does not know this request: \(reason)", fr: "le stockage ne connaît pas cette requête : \(reason)")
    }

    package static func storeFull(_ reason: String) -> Message {
        Message("store.full", en: "no room left: \(reason)", fr: "plus de place : \(reason)")
    }

    package static let storeRedirects = Message(
        "store.redirects", en: "the store answers that the bucket is elsewhere", fr: "le stockage répond que le compartiment (bucket) est ailleurs")
    package static let regionCheck = Message(
        "store.region-check", en: "correct `endpoint` and `region`: redirects are not followed",
        fr: "corrigez « endpoint » et « region » : les redirections ne sont pas suivies")
    package static let endpointUnusable = Message(
        "store.endpoint", en: "not an address of a store: https://HOST[:PORT] is", fr: "n'est pas l'adresse d'un stockage : https://HÔTE[:PORT] l'est"
    )
    package static let proxyUnusable = Message("store.proxy", en: "not a proxy: HOST:PORT is", fr: "n'est pas un mandataire : HÔTE:PORT l'est")
    package static let authorityFileUnusable = Message(
        "store.ca-file", en: "holds no certificate in PEM form, or cannot be read", fr: "ne contient pas de certificat PEM, ou est illisible")
    package static let listUnreadable = Message("store.list", en: "its list cannot be read", fr: "sa liste est illisible")

    package static func lockedUntil(_ date: String) -> Message {
        Message("store.locked", en: "locked by the store until \(date)", fr: "verrouillé par le stockage jusqu'au \(date)")
    }
}
