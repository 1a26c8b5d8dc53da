// Sentences about retention, holds and collection.
extension Message {
    package static func collectionLacksKey(_ domain: String) -> Message {
        Message(
            "collect.no-key", en: "the catalogue key of domain \(domain) is not here: its packs cannot be judged, so nothing is collected",
            fr: "la clé de catalogue du domaine \(domain) n'est pas ici : ses paquets ne peuvent être jugés, rien n'est donc collecté")
    }
    package static let segmentContradictsPack = Message(
        "collect.segment-contradicts", en: "a segment lists other blobs in it than the pack's own directory: it counts for nothing",
        fr: "un segment y situe d'autres blocs que le répertoire du paquet : il ne compte pour rien")
    package static func lostBlobs(_ count: Int) -> Message {
        Message(
            "collect.lost", en: "\(count) blobs that snapshots need are in no pack that is there; repair before collecting: replicate, or verify",
            fr: "\(count) blocs nécessaires à des instantanés ne sont dans aucun paquet présent ; réparez avant de collecter : replicate, ou verify")
    }
    package static let collectionOpen = Message(
        "collect.open", en: "a collection is open here: let it end (collect), or give it up (collect --undo)",
        fr: "une collecte est ouverte ici : laissez-la finir (collect), ou abandonnez-la (collect --undo)")
    package static func coordinationThere(_ count: Int) -> Message {
        Message(
            "site.coordination-there", en: "\(count) coordination objects are there: they are not lost, and nothing was made anew",
            fr: "\(count) objets de coordination sont présents : ils ne sont pas perdus, rien n'a été refait")
    }
    package static func snapshotNotWhole(_ id: String) -> Message {
        Message(
            "site.not-whole", en: "snapshot \(id.prefix(12)) is not whole here: it was not made visible again",
            fr: "l'instantané \(id.prefix(12)) n'est pas complet ici : il n'a pas été rendu visible")
    }
    package static let forgetRecordsDiffer = Message(
        "retention.records-differ", en: "forget records of the sites differ, or another object holds the next one's name: nothing was forgotten",
        fr: "les fiches d'oubli des sites diffèrent, ou un autre objet occupe le nom de la suivante : rien n'a été oublié")
    package static func coordinationLost(_ written: UInt32, _ found: UInt32) -> Message {
        Message(
            "collect.coordination-lost",
            en:
                "maintenance has written for generation \(written) here, and only \(found) is there: what coordinates this site was lost or put back; see site rebuild",
            fr:
                "la maintenance a écrit ici pour la génération \(written), et seule la \(found) est présente : la coordination de ce site a été perdue ou remise en arrière ; voir site rebuild"
        )
    }
    package static let undoTooLate = Message(
        "collect.undo-late", en: "it is decided already: what was doomed cannot be brought back",
        fr: "la décision est prise : ce qui était condamné ne peut plus être repris")
    package static let nothingToUndo = Message(
        "collect.nothing-to-undo", en: "nothing is condemned here", fr: "rien n'est condamné ici")
    package static let collectionNeedsWindow = Message(
        "collect.needs-window",
        en: "this site does not create an object only if it is absent: it is collected with --exclusive, while nothing else writes there",
        fr: "ce site ne sait pas créer un objet seulement s'il est absent : collectez avec --exclusive, quand rien d'autre n'y écrit")

    package static func alertRetention(_ tenant: String, _ summary: String) -> Message {
        Message(
            "alert.retention", en: "\(tenant): retention did not end well: \(summary)", fr: "\(tenant) : la rétention s'est mal terminée : \(summary)"
        )
    }
    package static func alertCollect(_ tenant: String, _ summary: String) -> Message {
        Message(
            "alert.collect", en: "\(tenant): collection did not end well: \(summary); see collect --dry-run",
            fr: "\(tenant) : la collecte s'est mal terminée : \(summary) ; voir collect --dry-run")
    }

    // MARK: commands

    package static let helpCollect = Message(
        "help.collect", en: "Delete packs that no snapshot needs, while others write.",
        fr: "Supprimer les paquets dont aucun instantané n'a besoin, pendant que d'autres écrivent.")
    package static let helpCollectDryRun = Message(
        "help.collect-dry-run", en: "Say what would be done; do nothing.", fr: "Dire ce qui serait fait ; ne rien faire.")
    package static let helpCollectUndo = Message(
        "help.collect-undo", en: "Bring back what is condemned and not yet decided.", fr: "Reprendre ce qui est condamné et pas encore décidé.")
    package static let helpCollectWait = Message(
        "help.collect-wait", en: "Wait for sessions that began earlier, as long as patience says.",
        fr: "Attendre les sessions plus anciennes, aussi longtemps que le veut la patience.")
    package static let helpCollectExclusive = Message(
        "help.collect-exclusive", en: "Nothing else writes there: for a site that cannot create only if absent.",
        fr: "Rien d'autre n'y écrit : pour un site qui ne sait pas créer seulement si absent.")
    package static let helpCollectQuarantine = Message(
        "help.collect-quarantine", en: "Time between condemning and deleting (policy: quarantine; 7d).",
        fr: "Temps entre condamner et supprimer (politique : quarantine ; 7d).")
    package static let helpCollectPatience = Message(
        "help.collect-patience", en: "Time for which earlier sessions are waited for, before they are fenced (policy: patience; 6h).",
        fr: "Temps pendant lequel les sessions plus anciennes sont attendues avant d'être closes (politique : patience ; 6h).")
    package static let helpIndex = Message("help.index", en: "The index of a site.", fr: "L'index d'un site.")
    package static let helpIndexRebuild = Message(
        "help.index-rebuild", en: "Make the index anew from the packs' own directories.",
        fr: "Refaire l'index à partir des répertoires des paquets.")
    package static let helpSiteRebuild = Message(
        "help.site-rebuild", en: "Make lost coordination objects anew from signed manifests.",
        fr: "Refaire les objets de coordination perdus à partir des manifestes signés.")
    package static let collectUndoAlone = Message(
        "collect.undo-alone", en: "--undo goes with neither --dry-run nor --wait", fr: "--undo ne va ni avec --dry-run ni avec --wait")
    package static let headCondemned = Message("head.condemned", en: "Condemned", fr: "Condamnés")
    package static let headDeleted = Message("head.deleted", en: "Deleted", fr: "Supprimés")
    package static let headCompacted = Message("head.compacted", en: "Compacted", fr: "Compactés")
    package static func collectState(_ state: String) -> Message {
        switch state {
        case "nothing": Message("collect.state.nothing", en: "nothing to do", fr: "rien à faire")
        case "condemned": Message("collect.state.condemned", en: "condemned", fr: "condamné")
        case "waiting": Message("collect.state.waiting", en: "waiting for sessions", fr: "attend des sessions")
        case "swept": Message("collect.state.swept", en: "collected", fr: "collecté")
        case "undone": Message("collect.state.undone", en: "given up", fr: "abandonné")
        case "rebuilt": Message("collect.state.rebuilt", en: "made anew", fr: "refait")
        case "blocked": Message("collect.state.blocked", en: "repair first", fr: "réparer d'abord")
        default: Message("collect.state.failed", en: "failed", fr: "échec")
        }
    }
    package static func lockedObject(_ object: String, _ until: String) -> Message {
        Message("collect.locked", en: "\(object): locked until \(until)", fr: "\(object) : verrouillé jusqu'au \(until)")
    }
    package static func waitingForSession(_ object: String) -> Message {
        Message("collect.waiting-for", en: "\(object): at work since before", fr: "\(object) : à l'œuvre depuis plus longtemps")
    }
    package static let helpRetention = Message("help.retention", en: "How long snapshots are kept.", fr: "Durée de conservation des instantanés.")
    package static let helpRetentionExplain = Message(
        "help.retention-explain", en: "Say of each snapshot whether it is kept, by which rule, and when it goes.",
        fr: "Dire de chaque instantané s'il est conservé, par quelle règle, et quand il part.")
    package static let helpRetentionApply = Message(
        "help.retention-apply", en: "Forget the snapshots that nothing keeps.", fr: "Oublier les instantanés que rien ne conserve.")
    package static let helpHold = Message("help.hold", en: "Legal holds.", fr: "Gels légaux.")
    package static let helpHoldAdd = Message(
        "help.hold-add", en: "Keep snapshots whatever retention says.", fr: "Conserver des instantanés quoi que dise la rétention.")
    package static let helpHoldList = Message("help.hold-list", en: "List holds.", fr: "Énumérer les gels.")
    package static let helpHoldRelease = Message("help.hold-release", en: "End a hold.", fr: "Lever un gel.")
    package static let helpHoldReason = Message("help.hold-reason", en: "Why; no personal data.", fr: "Motif ; sans donnée personnelle.")
    package static let helpHoldUntil = Message(
        "help.hold-until", en: "Last day of the hold, YYYY-MM-DD; without it only a release ends it.",
        fr: "Dernier jour du gel, AAAA-MM-JJ ; sans lui, seule une levée y met fin.")
    package static let helpHoldID = Message("help.hold-id", en: "Beginning of the hold's id.", fr: "Début de l'identifiant du gel.")
    package static func sourcesUnknown(_ domain: String) -> Message {
        Message(
            "retention.sources-unknown",
            en:
                "a source has rules of its own, and which snapshots of domain \(domain.prefix(12)) are its cannot be told without the domain's secret: nothing is forgotten",
            fr:
                "une source a ses propres règles, et ses instantanés du domaine \(domain.prefix(12)) ne peuvent être reconnus sans le secret du domaine : rien n'est oublié"
        )
    }
    package static let holdOver = Message("hold.over", en: "the hold would be over already", fr: "le gel serait déjà terminé")
    package static func notADay(_ text: String) -> Message {
        Message("hold.not-a-day", en: "\"\(text)\" is no day: YYYY-MM-DD", fr: "« \(text) » n'est pas un jour : AAAA-MM-JJ")
    }
    package static func tooManyHeld(_ limit: Int) -> Message {
        Message("hold.too-many", en: "a hold has at most \(limit) snapshots", fr: "un gel a au plus \(limit) instantanés")
    }
    package static func noSuchHold(_ prefix: String) -> Message {
        Message(
            "hold.unknown", en: "no single open hold begins with \"\(prefix)\"; see hold list",
            fr: "aucun gel en cours unique ne commence par « \(prefix) » ; voir hold list")
    }
    package static let noHolds = Message("hold.none", en: "No holds.", fr: "Aucun gel.")
    package static let headFate = Message("head.fate", en: "Fate", fr: "Sort")
    package static let headGoes = Message("head.goes", en: "Goes", fr: "Part le")
    package static let headUntil = Message("head.until", en: "Until", fr: "Jusqu'au")
    package static func clockJumped(_ days: Int64) -> Message {
        Message(
            "retention.clock",
            en: "maintenance last looked \(days) days ago by this clock: set it right, or say --after-absence; nothing was forgotten",
            fr: "selon cette horloge, la maintenance a regardé il y a \(days) jours : réglez-la, ou dites --after-absence ; rien n'a été oublié")
    }
    package static let helpAfterAbsence = Message(
        "help.after-absence", en: "The clock is right although maintenance has not looked for long.",
        fr: "L'horloge est juste bien que la maintenance n'ait pas regardé depuis longtemps.")
    package static let kept = Message("retention.kept", en: "kept", fr: "conservé")
    package static let dropped = Message("retention.dropped-word", en: "dropped", fr: "oublié")
    package static let claimedTimes = Message(
        "retention.claimed", en: "* as its node says: maintenance had not looked before",
        fr: "* selon son nœud : la maintenance n'avait pas regardé avant")
    package static func forgot(_ count: Int, _ all: Int) -> Message {
        Message("retention.forgot", en: "\(count) of \(all) snapshots forgotten", fr: "\(count) instantanés oubliés sur \(all)")
    }
    package static func wouldForget(_ count: Int, _ all: Int) -> Message {
        Message(
            "retention.would-forget", en: "\(count) of \(all) snapshots would be forgotten", fr: "\(count) instantanés sur \(all) seraient oubliés")
    }
}
