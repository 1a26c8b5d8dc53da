// Sentences of the commands about the journal.
extension Message {
    package static let helpJournal = Message("help.journal", en: "the ledgers of what was done", fr: "les registres de ce qui a été fait")
    package static let helpJournalVerify = Message(
        "help.journal-verify", en: "checks the ledgers, or those in a folder, with public keys alone",
        fr: "vérifie les registres, ou ceux d'un dossier, avec les seules clés publiques")
    package static let helpJournalExport = Message(
        "help.journal-export", en: "puts one tenant's ledgers into a folder", fr: "met les registres d'un établissement dans un dossier")
    package static let helpJournalSetAside = Message(
        "help.journal-set-aside", en: "goes on where the open segment is damaged; it is kept",
        fr: "reprend là où le segment ouvert est endommagé ; il est gardé")
    package static let helpJournalClose = Message(
        "help.journal-close", en: "signs what is open, sends the sites what they miss, erases what is over",
        fr: "signe ce qui est ouvert, envoie aux sites ce qui leur manque, efface ce qui est échu")
    package static let helpJournalAt = Message(
        "help.journal-at", en: "also against the copy at this site", fr: "aussi contre la copie de ce site")
    package static let helpJournalKeys = Message(
        "help.journal-keys", en: "folder of the public keys to trust, *.pub", fr: "dossier des clés publiques de confiance, *.pub")
    package static let helpJournalHead = Message(
        "help.journal-head", en: "a head that somebody remembers: chain:count:link",
        fr: "une tête que quelqu'un a retenue : chaîne:nombre:lien")
    package static let helpJournalFolder = Message(
        "help.journal-folder", en: "an export, or a folder of chains", fr: "une exportation, ou un dossier de chaînes")
    package static let helpJournalTo = Message("help.journal-to", en: "folder to write to, new or empty", fr: "dossier à écrire, nouveau ou vide")
    package static let helpReason = Message(
        "help.reason", en: "why: kept in the accesses ledger", fr: "pourquoi : conservé dans le registre des accès")

    package static let restoreReasonNeeded = Message(
        "journal.reason-needed", en: "this asks for a reason ([journal] require_reason)", fr: "un motif est demandé ([journal] require_reason)")
    package static let restoreReasonRemedy = Message(
        "journal.reason-remedy", en: "give it with --reason; the accesses ledger keeps it",
        fr: "donnez-le par --reason ; le registre des accès le conserve")
    package static let askReason = Message("journal.ask-reason", en: "Reason:", fr: "Motif :")
    package static let journalNotWritten = Message(
        "journal.not-written", en: "WARNING: the journal could not be written: this act is not traced, or not wholly",
        fr: "ATTENTION : le journal n'a pas pu être écrit : cet acte n'est pas tracé, ou pas entièrement")
    package static let journalNothingDeleted = Message(
        "journal.nothing-deleted", en: "the journal cannot be written: without a trace nothing is deleted",
        fr: "le journal ne peut pas être écrit : sans trace, rien n'est supprimé")
    package static let journalNotSent = Message(
        "journal.not-sent", en: "closed segments of the journal could not be sent there; a later command tries again",
        fr: "des segments clos du journal n'ont pas pu y être envoyés ; une commande ultérieure réessaiera")
    package static let journalNotErasedAtSite = Message(
        "journal.not-erased-at-site", en: "erased segments are still there: locked, or not for this role to delete",
        fr: "des segments effacés y sont encore : verrouillés, ou ce rôle ne peut les supprimer")
    package static let journalKeysNeeded = Message(
        "journal.keys-needed", en: "no public key to verify with", fr: "aucune clé publique pour vérifier")
    package static let journalKeysRemedy = Message(
        "journal.keys-remedy", en: "give a folder of *.pub files that come from elsewhere: --keys",
        fr: "donnez un dossier de fichiers *.pub venus d'ailleurs : --keys")
    package static let journalNoLedger = Message("journal.no-ledger", en: "there is no ledger", fr: "il n'y a pas de registre")
    package static let journalBadHead = Message(
        "journal.bad-head", en: "this is no head: chain:count:link", fr: "ceci n'est pas une tête : chaîne:nombre:lien")
    package static let journalTenantNeeded = Message(
        "journal.tenant-needed", en: "name the tenant: --tenant", fr: "nommez l'établissement : --tenant")
    package static func journalGood(_ ledger: String, _ entries: String, _ unsigned: String) -> Message {
        Message(
            "journal.good", en: "\(ledger): whole, \(entries) entries, \(unsigned) of them not signed yet",
            fr: "\(ledger) : intact, \(entries) entrées, dont \(unsigned) pas encore signées")
    }
    package static func journalBad(_ ledger: String, _ findings: String) -> Message {
        Message("journal.bad", en: "\(ledger): NOT whole, \(findings) findings", fr: "\(ledger) : ALTÉRÉ, \(findings) anomalies")
    }
    package static func journalHead(_ head: String) -> Message { Message("journal.head", en: "  head \(head)", fr: "  tête \(head)") }
    package static func journalExported(_ entries: String, _ folder: String) -> Message {
        Message("journal.exported", en: "\(entries) entries exported to \(folder)", fr: "\(entries) entrées exportées dans \(folder)")
    }
    package static func journalSetAside(_ path: String) -> Message {
        Message("journal.set-aside", en: "set aside: \(path)", fr: "mis de côté : \(path)")
    }
    package static let journalNothingAside = Message(
        "journal.nothing-aside", en: "no open segment is damaged", fr: "aucun segment ouvert n'est endommagé")
    package static func journalClosed(_ closed: Int, _ sent: Int, _ erased: Int) -> Message {
        Message(
            "journal.closed", en: "\(closed) segments closed, \(sent) objects sent to sites, \(erased) segments erased",
            fr: "\(closed) segments clos, \(sent) objets envoyés aux sites, \(erased) segments effacés")
    }
}
