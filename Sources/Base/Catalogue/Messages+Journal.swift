// Sentences about the journal.
extension Message {
    package static func journalPersonalData(_ field: String) -> Message {
        Message(
            "journal.personal-data", en: "the operations ledger holds nothing about persons (\(field))",
            fr: "le registre des opérations ne contient rien sur les personnes (\(field))")
    }
    package static func journalTooLong(_ field: String, limit: Int) -> Message {
        Message(
            "journal.too-long", en: "too long for the journal: \(field), \(limit) at most",
            fr: "trop long pour le journal : \(field), \(limit) au plus")
    }
    package static let journalRolledBack = Message(
        "journal.rolled-back", en: "the journal is behind what was seen of it before, or another one",
        fr: "le journal est en retard sur ce qui en a déjà été vu, ou c'en est un autre")
    package static let journalForked = Message(
        "journal.forked", en: "the journal goes on in more than one way", fr: "le journal se poursuit de plusieurs façons")
    package static let journalVerifyRemedy = Message(
        "journal.verify-remedy", en: "run journal verify, and compare with a site's copy; nothing was written",
        fr: "lancez journal verify et comparez avec la copie d'un site ; rien n'a été écrit")
    package static let journalBusy = Message(
        "journal.busy", en: "another process has been writing to the journal for too long",
        fr: "un autre processus écrit dans le journal depuis trop longtemps")
    package static let journalBusyRemedy = Message(
        "journal.busy-remedy", en: "see which process holds it (fuser on the file named lock), then run it again",
        fr: "voyez quel processus le tient (fuser sur le fichier lock), puis relancez")
    package static let journalMissingObject = Message(
        "journal.missing-object", en: "this part of the journal is not there", fr: "cette partie du journal est absente")
    package static let journalOpenDamaged = Message(
        "journal.open-damaged", en: "the open segment of the journal is damaged, and not by a crash",
        fr: "le segment ouvert du journal est endommagé, et pas par un arrêt brutal")
    package static let journalOpenElsewhere = Message(
        "journal.open-elsewhere", en: "the open segment of the journal does not follow the last closed one",
        fr: "le segment ouvert du journal ne suit pas le dernier segment clos")
    package static let journalSetAsideRemedy = Message(
        "journal.set-aside-remedy", en: "run journal verify; then set it aside: it is kept as it is, and an entry tells of it",
        fr: "lancez journal verify, puis mettez-le de côté : il est gardé tel quel et une entrée le dit")
    package static let journalPutBackRemedy = Message(
        "journal.put-back-remedy", en: "run journal verify, and put this segment back from a site's copy",
        fr: "lancez journal verify et remettez ce segment depuis la copie d'un site")
    package static let journalErasedTooEarly = Message(
        "journal.erased-too-early", en: "that would erase traces before their time is over",
        fr: "cela effacerait des traces avant la fin de leur durée de conservation")
    package static let journalExportExists = Message(
        "journal.export-exists", en: "there is something in the folder to export to", fr: "le dossier d'exportation n'est pas vide")

    /// What a verification found: `kind` is the stable word of a `Finding`.
    package static func journalFinding(_ kind: String, count: UInt64?) -> Message {
        let (english, french) = journalFindings[kind] ?? ("something is wrong", "quelque chose est anormal")
        let suffix = count.map { " (\($0))" } ?? ""
        return Message("journal.finding." + kind, en: english + suffix, fr: french + suffix)
    }

    private static let journalFindings: [String: (String, String)] = [
        "changed-entry": ("this entry was changed, or the one before it", "cette entrée a été modifiée, ou celle d'avant"),
        "removed-entries": ("entries were removed here", "des entrées ont été retirées ici"),
        "reordered-entries": ("entries are not in their order from here on", "les entrées ne sont plus dans l'ordre à partir d'ici"),
        "duplicated-entry": ("an earlier entry stands here again", "une entrée antérieure figure de nouveau ici"),
        "added-entries": ("entries were added after the signed ones", "des entrées ont été ajoutées après celles qui sont signées"),
        "rewritten-entries": ("the entries are not those that were signed", "les entrées ne sont pas celles qui ont été signées"),
        "damaged-entries": ("from here on the bytes are no entries", "à partir d'ici les octets ne sont pas des entrées"),
        "personal-data": (
            "an entry holds personal data in the operations ledger", "une entrée du registre des opérations contient des données personnelles"
        ),
        "damaged-segment": ("this object is damaged", "cet objet est endommagé"),
        "truncated-segment": ("this segment is cut short", "ce segment est tronqué"),
        "missing-segment": ("segments are missing from here on", "des segments manquent à partir d'ici"),
        "misplaced-segment": ("this segment stands under another's name", "ce segment figure sous le nom d'un autre"),
        "duplicated-segment": ("this segment is here twice", "ce segment est présent deux fois"),
        "fork": ("the chain goes on in two ways, both signed", "la chaîne se poursuit de deux façons, toutes deux signées"),
        "broken-chain": ("this segment does not follow the one before it", "ce segment ne suit pas le précédent"),
        "bad-signature": ("its signature is wrong", "sa signature est fausse"),
        "wrong-signer": ("it is signed by a key that has no right to this chain", "il est signé par une clé qui n'a pas de droit sur cette chaîne"),
        "unknown-writer": ("the key of this chain is not one of those that are trusted", "la clé de cette chaîne n'est pas de celles qui font foi"),
        "foreign": ("it belongs to another chain, ledger or tenant", "il appartient à une autre chaîne, un autre registre ou un autre établissement"),
        "strange-object": ("this is no part of a journal", "ceci ne fait pas partie d'un journal"),
        "newer-format": ("it was written by a newer version", "écrit par une version plus récente"),
        "erased-without-record": (
            "its entries are gone, and no signed record says why", "ses entrées ont disparu et aucun acte signé ne dit pourquoi"
        ),
        "erased-too-early": (
            "entries were erased before their time was over", "des entrées ont été effacées avant la fin de leur durée de conservation"
        ),
        "broken-erasure": ("the record of the erasure does not fit", "l'acte d'effacement ne concorde pas"),
        "not-erased": ("its erasure was decided, but its entries are still here", "son effacement a été décidé, mais ses entrées sont encore là"),
        "truncated-chain": ("entries that were seen elsewhere are missing at the end", "des entrées vues ailleurs manquent à la fin"),
        "rewritten-chain": ("up to here it is not the chain that was seen before", "jusqu'ici ce n'est pas la chaîne qui avait été vue"),
        "missing-chain": ("a chain that was seen elsewhere is not here", "une chaîne vue ailleurs est absente"),
        "second-beginning": ("a second chain begins here, and follows none", "une seconde chaîne commence ici sans en suivre une autre"),
        "extended-after-end": (
            "entries were added after the next chain had begun", "des entrées ont été ajoutées après le début de la chaîne suivante"
        ),
        "copy-differs": ("the copy has another segment of this number", "la copie a un autre segment de ce numéro"),
        "copy-behind": ("the copy lacks segments from here on", "il manque à la copie les segments à partir d'ici"),
        "erased-here": ("segments erased here are still whole in the copy", "des segments effacés ici sont encore entiers dans la copie"),
        "torn-tail": (
            "a crash cut the last write short; nobody was told that it had been done",
            "un arrêt brutal a coupé la dernière écriture ; personne n'avait été informé qu'elle était faite"
        ),
        "unclosed-tail": ("entries from here on are not signed yet", "les entrées à partir d'ici ne sont pas encore signées"),
        "unverifiable-head": (
            "what was remembered lies in erased or absent entries", "ce qui était retenu se trouve dans des entrées effacées ou absentes"
        ),
        "clock-went-back": ("the machine's clock went back before this entry", "l'horloge de la machine a reculé avant cette entrée"),
    ]
}
