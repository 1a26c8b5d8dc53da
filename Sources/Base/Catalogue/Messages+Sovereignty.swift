// Sentences about the rules of policy: what each found.

// MARK: When a rule does not apply
extension Message {
    package static let ruleOfAllCopies = Message(
        "rule.of-all-copies", en: "it is about all copies together", fr: "elle porte sur l'ensemble des copies")
    package static let ruleOfOneSite = Message("rule.of-one-site", en: "it is about one site", fr: "elle porte sur un seul site")
    package static let ruleOfSource = Message(
        "rule.of-source", en: "it is about a source, and none is named", fr: "elle porte sur une source, et aucune n'est nommée")
    package static func ruleNotForTenant(_ kind: String) -> Message {
        Message("rule.not-for-tenant", en: "it is not for a tenant of type \(kind)", fr: "elle ne concerne pas un établissement de type \(kind)")
    }
    package static let ruleNotForOwnSite = Message(
        "rule.not-for-own-site", en: "the establishment keeps its own data on its own machines",
        fr: "l'établissement garde ses propres données sur ses propres machines")
    package static let ruleNotForOperatorSite = Message(
        "rule.not-for-operator-site", en: "the operator runs the site itself: rules of its own judge it",
        fr: "l'opérateur gère lui-même le site : d'autres règles le jugent")
    package static let noStorageTerms = Message(
        "rule.no-storage-terms", en: "no such storage condition of this provider is known",
        fr: "aucune condition de stockage de ce genre n'est connue pour ce fournisseur")
}

// MARK: Where it is and which law reaches it
extension Message {
    package static let endpointNone = Message("endpoint.none", en: "the site has no endpoint", fr: "le site n'a pas de point d'accès")
    package static let endpointUnknown = Message("endpoint.unknown", en: "its endpoint is not known", fr: "son point d'accès n'est pas connu")
    package static let endpointUnstated = Message(
        "endpoint.unstated", en: "the statement about the site names no endpoint", fr: "la déclaration sur le site ne nomme aucun point d'accès")
    package static func endpointOther(_ used: String, _ stated: String) -> Message {
        Message(
            "endpoint.other", en: "the endpoint in use is \(used), the statement is about \(stated)",
            fr: "le point d'accès utilisé est \(used), la déclaration porte sur \(stated)")
    }
    package static let endpointClear = Message(
        "endpoint.clear", en: "no name behind the endpoint is refused", fr: "aucun nom derrière le point d'accès n'est refusé")
    package static func endpointDenied(_ owner: String, _ pattern: String) -> Message {
        Message(
            "endpoint.denied", en: "it leads to \(owner) (\(pattern)), which is refused by name",
            fr: "il mène à \(owner) (\(pattern)), refusé par son nom")
    }
    package static let endpointAliasLoop = Message(
        "endpoint.alias-loop", en: "its aliases lead in a circle or too far", fr: "ses alias tournent en rond ou vont trop loin")
    package static let endpointNoAddress = Message("endpoint.no-address", en: "its name leads to no address", fr: "son nom ne mène à aucune adresse")
    package static let endpointNoAnswer = Message("endpoint.no-answer", en: "its name could not be looked up", fr: "son nom n'a pas pu être résolu")
    package static let datacentresUnknown = Message(
        "datacentres.unknown", en: "where its datacentres are is not stated", fr: "l'emplacement de ses centres de données n'est pas déclaré")
    package static func datacentreCountryUnknown(_ id: String) -> Message {
        Message(
            "datacentre.country-unknown", en: "the country of datacentre \(id) is not stated",
            fr: "le pays du centre de données \(id) n'est pas déclaré")
    }
    package static func datacentreOutside(_ id: String, _ country: String, _ zone: String) -> Message {
        Message(
            "datacentre.outside", en: "datacentre \(id) is in \(country), outside the \(zone)",
            fr: "le centre de données \(id) est en \(country), hors de l'\(zoneInFrench(zone))")
    }
    package static func datacentresInside(_ zone: String) -> Message {
        Message(
            "datacentres.inside", en: "all its datacentres are in the \(zone)",
            fr: "tous ses centres de données sont dans l'\(zoneInFrench(zone))")
    }
    package static let remoteAccessUnknown = Message(
        "access.unknown", en: "who can reach it from where is not stated", fr: "qui peut y accéder et d'où n'est pas déclaré")
    package static let remoteAccessNone = Message(
        "access.none", en: "nobody reaches it from outside the EEA", fr: "personne n'y accède depuis l'extérieur de l'EEE")
    package static let remoteAccessCountryUnknown = Message(
        "access.country-unknown", en: "the country of a remote access is not stated", fr: "le pays d'un accès à distance n'est pas déclaré")
    package static func remoteAccessInside(_ country: String) -> Message {
        Message(
            "access.inside", en: "access from \(country), inside the EEA, needs no basis",
            fr: "un accès depuis \(country), dans l'EEE, n'exige pas de fondement")
    }
    package static func remoteAccessWithoutBasis(_ country: String) -> Message {
        Message("access.without-basis", en: "access from \(country) without a basis", fr: "accès depuis \(country) sans fondement")
    }
    package static func remoteAccessSafeguards(_ country: String) -> Message {
        Message(
            "access.safeguards", en: "access from \(country) under safeguards (GDPR 46)",
            fr: "accès depuis \(country) avec garanties (RGPD 46)")
    }
    package static func remoteAccessAdequate(_ country: String) -> Message {
        Message(
            "access.adequate", en: "access from \(country) under an adequacy decision (GDPR 45)",
            fr: "accès depuis \(country) sous une décision d'adéquation (RGPD 45)")
    }
    package static func remoteAccessNotAdequate(_ country: String) -> Message {
        Message(
            "access.not-adequate", en: "no adequacy decision for \(country) is in force on this day",
            fr: "aucune décision d'adéquation n'est en vigueur ce jour pour \(country)")
    }
    package static let subprocessorsUnknown = Message(
        "subprocessors.unknown", en: "its sub-processors are not stated", fr: "ses sous-traitants ultérieurs ne sont pas déclarés")
    package static func subprocessorUndeclared(_ name: String) -> Message {
        Message(
            "subprocessor.undeclared",
            en: "the sub-processor \(name) is not known to be inside the EEA or without reach, and no remote access of it is declared",
            fr:
                "le sous-traitant \(name) n'est pas établi dans l'EEE ou sans accès de façon certaine, et aucun accès à distance de sa part n'est déclaré"
        )
    }
    package static let lawsUnknown = Message(
        "laws.unknown", en: "which laws from outside the Union reach it is not stated",
        fr: "les lois extra-européennes qui l'atteignent ne sont pas déclarées")
    package static let lawsNone = Message(
        "laws.none", en: "no law from outside the Union reaches it, as stated",
        fr: "aucune loi extra-européenne ne l'atteint, d'après la déclaration")
    package static func lawsDeclared(_ laws: String) -> Message {
        Message(
            "laws.declared", en: "exposed to \(laws), as declared, with risks and mitigations",
            fr: "exposé à \(laws), selon la déclaration, avec risques et mesures")
    }
    package static func lawsExposed(_ laws: String) -> Message {
        Message("laws.exposed", en: "exposed to \(laws)", fr: "exposé à \(laws)")
    }
    package static let lawsWithoutRisks = Message(
        "laws.without-risks", en: "laws are named without the mitigations and the residual risks",
        fr: "des lois sont nommées sans les mesures ni les risques résiduels")
    package static func lawsContradicted(_ country: String) -> Message {
        Message(
            "laws.contradicted", en: "no law is named, yet its parent is in \(country)",
            fr: "aucune loi n'est nommée, alors que sa société mère est en \(country)")
    }
}

// MARK: Whose it is
extension Message {
    package static func seatOutside(_ which: String, _ country: String, _ zone: String) -> Message {
        Message(
            "seat.outside", en: "\(which) is in \(country), outside the \(zone)",
            fr: "\(which) est en \(country), hors de l'\(zoneInFrench(zone))")
    }
    package static func seatUnknown(_ which: String) -> Message {
        Message("seat.unknown", en: "\(which) is not stated", fr: "\(which) n'est pas déclaré")
    }
    package static func seatsInside(_ zone: String) -> Message {
        Message(
            "seat.inside", en: "seat, central administration and main establishment are in the \(zone)",
            fr: "siège, administration centrale et établissement principal sont dans l'\(zoneInFrench(zone))")
    }
    package static let parentUnknown = Message(
        "parent.unknown", en: "the country of its ultimate parent is not stated", fr: "le pays de sa société mère ultime n'est pas déclaré")
    package static func parentInside(_ zone: String) -> Message {
        Message("parent.inside", en: "its ultimate parent is in the \(zone)", fr: "sa société mère ultime est dans l'\(zoneInFrench(zone))")
    }
    package static func parentOutside(_ country: String, _ zone: String) -> Message {
        Message(
            "parent.outside", en: "its ultimate parent is in \(country), outside the \(zone)",
            fr: "sa société mère ultime est en \(country), hors de l'\(zoneInFrench(zone))")
    }
    package static let holdingsUnknown = Message(
        "capital.unknown", en: "holders from outside the Union are not stated", fr: "les détenteurs extra-européens ne sont pas déclarés")
    package static func capitalShareUnknown(_ holder: String) -> Message {
        Message(
            "capital.share-unknown", en: "the capital or the votes of \(holder) are not stated",
            fr: "le capital ou les droits de vote de \(holder) ne sont pas déclarés")
    }
    package static func capitalSingleAbove(_ holder: String, _ share: String, _ limit: String) -> Message {
        Message(
            "capital.single-above", en: "\(holder) has \(share) %, more than \(limit) %",
            fr: "\(holder) détient \(decimalInFrench(share)) %, plus de \(decimalInFrench(limit)) %")
    }
    package static func capitalSingleWithin(_ limit: String) -> Message {
        Message(
            "capital.single-within", en: "no holder from outside the Union has more than \(limit) %",
            fr: "aucun détenteur extra-européen n'a plus de \(decimalInFrench(limit)) %")
    }
    package static func capitalSumAbove(_ sum: String, _ limit: String) -> Message {
        Message(
            "capital.sum-above", en: "holders from outside the Union have \(sum) % together, more than \(limit) %",
            fr: "les détenteurs extra-européens ont ensemble \(decimalInFrench(sum)) %, plus de \(decimalInFrench(limit)) %")
    }
    package static func capitalSumWithin(_ limit: String) -> Message {
        Message(
            "capital.sum-within", en: "holders from outside the Union have at most \(limit) % together",
            fr: "les détenteurs extra-européens ont ensemble au plus \(decimalInFrench(limit)) %")
    }
    package static func capitalVeto(_ holds: Bool?) -> Message {
        switch holds {
        case true:
            Message(
                "capital.veto.holds", en: "holders from outside the Union have no veto",
                fr: "les détenteurs extra-européens n'ont pas de droit de veto")
        case false:
            Message("capital.veto.fails", en: "holders from outside the Union have a veto", fr: "des détenteurs extra-européens ont un droit de veto")
        case nil:
            Message(
                "capital.veto.unknown", en: "whether holders from outside the Union have a veto is not stated",
                fr: "l'existence d'un droit de veto extra-européen n'est pas déclarée")
        }
    }
    package static func capitalBoard(_ holds: Bool?) -> Message {
        switch holds {
        case true:
            Message(
                "capital.board.holds", en: "holders from outside the Union cannot appoint a majority of the board",
                fr: "les détenteurs extra-européens ne peuvent nommer la majorité du conseil")
        case false:
            Message(
                "capital.board.fails", en: "holders from outside the Union can appoint a majority of the board",
                fr: "des détenteurs extra-européens peuvent nommer la majorité du conseil")
        case nil:
            Message(
                "capital.board.unknown", en: "whether holders from outside the Union can appoint a majority of the board is not stated",
                fr: "le pouvoir extra-européen de nommer la majorité du conseil n'est pas déclaré")
        }
    }
    package static func ownershipStated(_ id: String) -> Message {
        Message("ownership.stated", en: "stated in \(id)", fr: "déclarée dans \(id)")
    }
    package static func ownershipOverdue(_ day: String) -> Message {
        Message(
            "ownership.overdue", en: "the statement about its ownership ran out on \(day)",
            fr: "la déclaration sur son actionnariat a expiré le \(day)")
    }
    package static let technologyUnknown = Message(
        "technology.unknown", en: "its technology suppliers are not stated", fr: "ses fournisseurs de technologie ne sont pas déclarés")
    package static func technologyCountryUnknown(_ name: String) -> Message {
        Message(
            "technology.country-unknown", en: "the country of the supplier \(name) is not stated",
            fr: "le pays du fournisseur \(name) n'est pas déclaré")
    }
    package static let technologyNoReach = Message(
        "technology.no-reach", en: "no supplier from outside the Union can reach data",
        fr: "aucun fournisseur extra-européen ne peut atteindre les données")
    package static func technologyReaches(_ name: String) -> Message {
        Message(
            "technology.reaches", en: "the supplier \(name), from outside the Union, can reach data",
            fr: "le fournisseur extra-européen \(name) peut atteindre les données")
    }
    package static func technologyReachUnknown(_ name: String) -> Message {
        Message(
            "technology.reach-unknown", en: "whether the supplier \(name) can reach data is not stated",
            fr: "la possibilité pour le fournisseur \(name) d'atteindre les données n'est pas déclarée")
    }
    package static let technologyAutonomous = Message(
        "technology.autonomous", en: "it can go on without its suppliers from outside the Union",
        fr: "il peut se passer de ses fournisseurs extra-européens")
    package static func technologyDependent(_ name: String) -> Message {
        Message("technology.dependent", en: "it cannot go on without \(name)", fr: "il ne peut se passer de \(name)")
    }
    package static func technologyAutonomyUnknown(_ name: String) -> Message {
        Message(
            "technology.autonomy-unknown", en: "whether it can go on without \(name) is not stated",
            fr: "sa capacité à se passer de \(name) n'est pas déclarée")
    }
}

// MARK: What documents say
extension Message {
    package static let operatorUnknown = Message(
        "operator.unknown", en: "who runs the site is not stated", fr: "l'exploitant du site n'est pas déclaré")
    package static let tenantUnknown = Message(
        "tenant.entity-unknown", en: "the tenant's legal entity is not stated", fr: "l'entité juridique de l'établissement n'est pas déclarée")
    package static func referentialNotInForce(_ name: String, _ since: String?) -> Message {
        Message(
            "referential.not-in-force",
            en: since.map { "certificates after \(name) have no effect since \($0)" } ?? "\(name) is not a referential in force",
            fr: since.map { "les certificats selon \(name) sont sans effet depuis le \($0)" } ?? "\(name) n'est pas un référentiel en vigueur")
    }
    package static func evidenceNone(_ kind: String, _ holder: String) -> Message {
        Message("evidence.none", en: "no evidence of kind \(kind) for \(holder)", fr: "aucune preuve de type \(kind) pour \(holder)")
    }
    package static let evidenceNotThere = Message("evidence.not-there", en: "there is no such document", fr: "ce document n'existe pas")
    package static func evidenceAbsent(_ id: String, _ why: Message) -> Message {
        Message("evidence.absent", en: "\(id) counts as absent: \(why.english)", fr: "\(id) compte pour absent : \(why.french)")
    }
    package static func evidenceOfAnother(_ id: String, _ holder: String, _ wanted: String) -> Message {
        Message("evidence.of-another", en: "\(id) is \(holder)'s, not \(wanted)'s", fr: "\(id) est au nom de \(holder), non de \(wanted)")
    }
    package static func evidenceNotYet(_ id: String, _ day: String) -> Message {
        Message("evidence.not-yet", en: "\(id) begins on \(day)", fr: "\(id) commence le \(day)")
    }
    package static func evidenceExpired(_ id: String, _ day: String) -> Message {
        Message("evidence.expired", en: "\(id) was valid until \(day)", fr: "\(id) était valable jusqu'au \(day)")
    }
    package static func evidenceSuspended(_ id: String) -> Message {
        Message("evidence.suspended", en: "\(id) is suspended", fr: "\(id) est suspendu")
    }
    package static func evidenceWithdrawn(_ id: String) -> Message {
        Message("evidence.withdrawn", en: "\(id) is withdrawn", fr: "\(id) est retiré")
    }
    package static func certificateValid(_ id: String) -> Message {
        Message("certificate.valid", en: "\(id) is valid", fr: "\(id) est valable")
    }
    package static let certificateNoneValid = Message(
        "certificate.none-valid", en: "there is no valid certificate to look at", fr: "il n'y a pas de certificat valable à examiner")
    package static let certificateNoneInScope = Message(
        "certificate.none-in-scope", en: "there is no valid certificate for this service and region to look at",
        fr: "il n'y a pas de certificat valable pour ce service et cette région à examiner")
    package static func referentialInForce(_ name: String) -> Message {
        Message("referential.in-force", en: "after \(name), which is in force", fr: "selon \(name), en vigueur")
    }
    package static func scopeCovers(_ id: String) -> Message {
        Message("scope.covers", en: "\(id) covers this service in this region", fr: "\(id) couvre ce service dans cette région")
    }
    package static func scopeMisses(_ service: String, _ region: String) -> Message {
        Message(
            "scope.misses", en: "no valid certificate covers \(service) in \(region)",
            fr: "aucun certificat valable ne couvre \(service) en \(region)")
    }
    package static let scopeUnknown = Message(
        "scope.unknown", en: "service and region of the site or of the certificate are not stated",
        fr: "le service et la région du site ou du certificat ne sont pas déclarés")
    package static let activitiesCovered = Message(
        "activities.covered", en: "all activities are certified", fr: "toutes les activités sont certifiées")
    package static func activitiesMissing(_ missing: String) -> Message {
        Message("activities.missing", en: "not certified for: \(missing)", fr: "non certifié pour : \(missing)")
    }
    package static func contractSigned(_ id: String) -> Message {
        Message("contract.signed", en: "\(id) is in force", fr: "\(id) est en vigueur")
    }
}

// MARK: How it is stored, and why
extension Message {
    package static let lockNone = Message("lock.none", en: "the site locks nothing", fr: "le site ne verrouille rien")
    package static let lockUnknown = Message(
        "lock.unknown", en: "how long the site locks is not known", fr: "la durée de verrouillage du site n'est pas connue")
    package static let retentionUnknown = Message(
        "retention.unknown", en: "how long the source is kept is not stated", fr: "la durée de conservation de la source n'est pas déclarée")
    package static let lockWithin = Message("lock.within", en: "the lock ends within the retention", fr: "le verrou s'achève pendant la conservation")
    package static func lockTooLong(_ lock: Int, _ retention: Int) -> Message {
        Message("lock.too-long", en: "locked for \(lock) days, kept for \(retention)", fr: "verrouillé \(lock) jours, conservé \(retention)")
    }
    package static let storageClassUnknown = Message(
        "class.unknown", en: "the storage class is not stated", fr: "la classe de stockage n'est pas déclarée")
    package static let storageClassAllowed = Message(
        "class.allowed", en: "the provider's conditions allow this storage class",
        fr: "les conditions du fournisseur admettent cette classe de stockage")
    package static func storageClassRefused(_ name: String) -> Message {
        Message(
            "class.refused", en: "the provider's conditions exclude the storage class \(name)",
            fr: "les conditions du fournisseur excluent la classe de stockage \(name)")
    }
    package static func lifecycle(_ holds: Bool?) -> Message {
        switch holds {
        case true: Message("lifecycle.holds", en: "no lifecycle rule is set", fr: "aucune règle de cycle de vie n'est posée")
        case false:
            Message(
                "lifecycle.fails", en: "lifecycle rules are set, which the provider's conditions exclude",
                fr: "des règles de cycle de vie sont posées, que les conditions du fournisseur excluent")
        case nil:
            Message(
                "lifecycle.unknown", en: "whether lifecycle rules are set is not known", fr: "la présence de règles de cycle de vie n'est pas connue")
        }
    }
    package static func bucketEncryption(_ holds: Bool?) -> Message {
        switch holds {
        case true: Message("bucket-encryption.holds", en: "the bucket's encryption is on", fr: "le chiffrement du compartiment est actif")
        case false:
            Message(
                "bucket-encryption.fails", en: "the bucket's encryption is off, which the provider's conditions want on",
                fr: "le chiffrement du compartiment est inactif, alors que les conditions du fournisseur l'exigent")
        case nil:
            Message(
                "bucket-encryption.unknown", en: "whether the bucket's encryption is on is not known",
                fr: "l'état du chiffrement du compartiment n'est pas connu")
        }
    }
    package static let authorisationNone = Message(
        "authorisation.none", en: "no authorisation is stated, and none is asked for",
        fr: "aucune autorisation n'est déclarée, et aucune n'est demandée")
    package static let authorisationMissing = Message(
        "authorisation.missing", en: "no authorisation is stated", fr: "aucune autorisation n'est déclarée")
    package static func authorisationInForce(_ id: String) -> Message {
        Message("authorisation.in-force", en: "authorisation \(id) is in force", fr: "l'autorisation \(id) est en vigueur")
    }
    package static func authorisationEnded(_ id: String, _ day: String) -> Message {
        Message("authorisation.ended", en: "authorisation \(id) ended on \(day)", fr: "l'autorisation \(id) a pris fin le \(day)")
    }
    package static let retentionBasisMissing = Message(
        "basis.missing", en: "why it is kept that long is not stated", fr: "la raison de la durée de conservation n'est pas déclarée")
    package static let retentionBasisStated = Message(
        "basis.stated", en: "why it is kept that long is stated", fr: "la raison de la durée de conservation est déclarée")
    package static let noticeMissing = Message(
        "notice.missing", en: "no information notice is stated", fr: "aucune notice d'information n'est déclarée")
    package static let noticeStated = Message("notice.stated", en: "an information notice is stated", fr: "une notice d'information est déclarée")
}

// MARK: The copies together
extension Message {
    package static func sharedOperator(_ a: String, _ b: String) -> Message {
        Message("copies.shared-operator", en: "\(a) and \(b) have one operator", fr: "\(a) et \(b) ont un même opérateur")
    }
    package static func sharedParent(_ a: String, _ b: String) -> Message {
        Message("copies.shared-parent", en: "\(a) and \(b) have one parent company", fr: "\(a) et \(b) ont une même société mère")
    }
    package static func sharedDatacentre(_ a: String, _ b: String) -> Message {
        Message("copies.shared-datacentre", en: "\(a) and \(b) are in one datacentre", fr: "\(a) et \(b) sont dans un même centre de données")
    }
    package static func tooNear(_ a: String, _ b: String, _ kilometres: Int) -> Message {
        Message(
            "copies.too-near", en: "\(a) and \(b) are less than \(kilometres) km apart",
            fr: "\(a) et \(b) sont à moins de \(kilometres) km l'un de l'autre")
    }
    package static func independenceUnknown(_ a: String, _ b: String) -> Message {
        Message(
            "copies.independence-unknown", en: "whether \(a) and \(b) are independent is not known: operator, parent or datacentre is not stated",
            fr: "l'indépendance de \(a) et \(b) n'est pas connue : opérateur, société mère ou centre de données non déclaré")
    }
    package static func independentPair(_ a: String, _ b: String) -> Message {
        Message("copies.independent-pair", en: "\(a) and \(b) are independent", fr: "\(a) et \(b) sont indépendants")
    }
    package static func copiesIndependent(_ known: Int, _ wanted: Int) -> Message {
        Message("copies.independent", en: "\(known) independent copies, \(wanted) wanted", fr: "\(known) copies indépendantes, \(wanted) attendues")
    }
    package static func copiesImmutable(_ known: Int, _ wanted: Int) -> Message {
        Message(
            "copies.immutable", en: "\(known) copies proven immutable, \(wanted) wanted",
            fr: "\(known) copies à l'immuabilité prouvée, \(wanted) attendues")
    }
    package static func copiesOffline(_ known: Int, _ wanted: Int) -> Message {
        Message("copies.offline", en: "\(known) offline copies, \(wanted) wanted", fr: "\(known) copies hors ligne, \(wanted) attendues")
    }
    package static let offlineNone = Message("offline.none", en: "no copy is known to be offline", fr: "aucune copie n'est connue comme hors ligne")
    package static let offlineAgeUnknown = Message(
        "offline.age-unknown", en: "when the offline copy was last brought level is not known",
        fr: "la dernière mise à niveau de la copie hors ligne n'est pas connue")
    package static func offlineFresh(_ day: String) -> Message {
        Message("offline.fresh", en: "the offline copy was brought level on \(day)", fr: "la copie hors ligne a été mise à niveau le \(day)")
    }
    package static func offlineOverdue(_ day: String, _ days: Int) -> Message {
        Message(
            "offline.overdue", en: "the offline copy was last brought level on \(day), more than \(days) days ago",
            fr: "la copie hors ligne a été mise à niveau le \(day), il y a plus de \(days) jours")
    }
}

/// The name of a zone in French.
private func zoneInFrench(_ zone: String) -> String { zone == "EU" ? "UE" : "EEE" }

/// With a decimal comma.
private func decimalInFrench(_ digits: String) -> String { digits.replacing(".", with: ",") }
