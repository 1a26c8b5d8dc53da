// Sentences of the ledger of transfers.

// MARK: the ledger
extension Message {
    package static let transfersBusy = Message(
        "transfers.busy", en: "another process has held the ledger of transfers for too long",
        fr: "un autre processus tient le registre des transferts depuis trop longtemps")
    package static let transfersUnreadable = Message(
        "transfers.unreadable", en: "the ledger of transfers is damaged", fr: "le registre des transferts est endommagé")
    package static func transfersPutAside(_ folder: String) -> Message {
        Message(
            "transfers.put-aside", en: "keep the file for whoever asks, move it out of \(folder), and a new ledger begins",
            fr: "conservez le fichier pour qui le demandera, sortez-le de \(folder), et un nouveau registre commence")
    }
    package static let transfersKeyUnfit = Message(
        "transfers.key-unfit", en: "a name that the ledger of transfers cannot hold, nothing was sent",
        fr: "un nom que le registre des transferts ne peut contenir, rien n'a été envoyé")
    package static let transfersNotNoted = Message(
        "transfers.not-noted", en: "the ledger of transfers could not be written to the end",
        fr: "le registre des transferts n'a pu être tenu jusqu'au bout")
}

// MARK: the command
extension Message {
    package static let headMonth = Message("head.month", en: "MONTH", fr: "MOIS")
    package static let headObjects = Message("head.objects", en: "OBJECTS", fr: "OBJETS")
    package static let headWritten = Message("head.written", en: "WRITTEN", fr: "ÉCRIT")
    package static let headBalance = Message("head.balance", en: "BALANCE", fr: "SOLDE")
    package static let transfersNow = Message("transfers.now", en: "now there", fr: "présent")
    package static func exactBytes(_ count: String) -> Message { Message("bytes.exact", en: "\(count) bytes", fr: "\(count) octets") }
    package static func transfersUnsettled(_ site: String, _ count: Int) -> Message {
        Message(
            "transfers.unsettled", en: "\(site): of \(count) objects nobody knows yet whether they were stored or deleted; --check asks the site",
            fr: "\(site) : de \(count) objets on ne sait pas encore s'ils ont été stockés ou effacés ; --check interroge le site")
    }
    package static func transfersTorn(_ site: String, _ count: String) -> Message {
        Message(
            "transfers.torn", en: "\(site): \(count) notes were torn by a crash and say nothing",
            fr: "\(site) : \(count) notes ont été déchirées par un arrêt brutal et ne disent rien")
    }
    package static func transfersForeignDeletions(_ site: String, _ count: String) -> Message {
        Message(
            "transfers.foreign-deletions", en: "\(site): \(count) deletions of objects that this ledger does not hold",
            fr: "\(site) : \(count) effacements d'objets que ce registre ne contient pas")
    }
    package static func transfersSetAside(_ site: String, _ name: String) -> Message {
        Message(
            "transfers.set-aside", en: "\(site): an earlier ledger was put aside as \(name)",
            fr: "\(site) : un registre antérieur a été mis de côté sous \(name)")
    }
    package static func transfersEqual(_ site: String, _ objects: String, _ bytes: String) -> Message {
        Message(
            "transfers.equal", en: "\(site): the ledger and the site agree: \(objects) objects, \(bytes)",
            fr: "\(site) : le registre et le site concordent : \(objects) objets, \(bytes)")
    }
    package static func transfersUnequal(_ site: String, ledger: String, stored: String) -> Message {
        Message(
            "transfers.unequal", en: "\(site): by the ledger \(ledger), at the site \(stored)",
            fr: "\(site) : selon le registre \(ledger), sur le site \(stored)")
    }
    package static func transfersMissing(_ site: String, _ objects: String, _ bytes: String) -> Message {
        Message(
            "transfers.missing", en: "\(site): \(objects) objects with \(bytes) are missing; hdsbackup verify says what it means for snapshots",
            fr: "\(site) : il manque \(objects) objets de \(bytes) ; hdsbackup verify dit ce que cela change pour les instantanés")
    }
    package static func transfersGone(_ site: String, _ objects: String, _ bytes: String) -> Message {
        Message(
            "transfers.gone",
            en: "\(site): \(objects) objects with \(bytes) are no longer there; another machine may delete here. They are now noted as gone",
            fr:
                "\(site) : \(objects) objets de \(bytes) ne s'y trouvent plus ; une autre machine peut y effacer. Ils sont désormais notés comme partis"
        )
    }
    package static func transfersAccepted(_ site: String, _ objects: String, _ bytes: String) -> Message {
        Message(
            "transfers.accepted", en: "\(site): \(objects) objects with \(bytes) were missing, and are now noted as gone",
            fr: "\(site) : il manquait \(objects) objets de \(bytes), désormais notés comme partis")
    }
    package static let transfersAcceptHow = Message(
        "transfers.accept-how", en: "--accept goes with --check and --reason", fr: "--accept va avec --check et --reason")
    package static func transfersChanged(_ site: String, _ objects: String) -> Message {
        Message(
            "transfers.changed", en: "\(site): \(objects) objects have another size than was written",
            fr: "\(site) : \(objects) objets n'ont pas la taille qui a été écrite")
    }
    package static func transfersOthers(_ site: String, _ objects: String, _ bytes: String, _ reason: Message) -> Message {
        Message(
            "transfers.others", en: "\(site): not written by this machine: \(objects) objects, \(bytes); \(reason.english):",
            fr: "\(site) : non écrits par cette machine : \(objects) objets, \(bytes) ; \(reason.french) :")
    }
    package static let transfersOthersMay = Message(
        "transfers.others-may", en: "other machines have a right to write here", fr: "d'autres machines ont le droit d'y écrire")
    package static let transfersOthersBefore = Message(
        "transfers.others-before", en: "the ledger began after the site, or lost notes",
        fr: "le registre a commencé après le site, ou a perdu des notes")
    package static let transfersOthersNobody = Message(
        "transfers.others-nobody", en: "no other machine has a right to write here", fr: "aucune autre machine n'a le droit d'y écrire")
    package static let helpTransfers = Message(
        "help.transfers", en: "What this machine wrote to each site and deleted there, by country and month",
        fr: "Ce que cette machine a écrit sur chaque site et y a effacé, par pays et par mois")
    package static let helpTransfersAccept = Message(
        "help.transfers-accept", en: "With --check: what is missing is noted as gone, once a person knows why",
        fr: "Avec --check : ce qui manque est noté comme parti, une fois que quelqu'un sait pourquoi")
    package static let helpTransfersReason = Message("help.transfers-reason", en: "Why, for the journal", fr: "Pourquoi, pour le journal")
    package static let helpTransfersCheck = Message(
        "help.transfers-check", en: "Lists each site and compares what is there with the ledger",
        fr: "Liste chaque site et compare ce qui s'y trouve avec le registre")
}
