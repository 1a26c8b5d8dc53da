// Sentences about verifying what is stored.
extension Message {
    package static let readsDiffer = Message(
        "verify.reads-differ", en: "two readings gave different bytes, the second the right ones: faulty memory, cable or network?",
        fr: "deux lectures ont donné des octets différents, la seconde les bons : mémoire, câble ou réseau défectueux ?")
    package static let unknownDomain = Message(
        "verify.unknown-domain", en: "it belongs to no deduplication domain of this tenant",
        fr: "il n'appartient à aucun domaine de déduplication de cet établissement")
    package static let referencesDiffer = Message(
        "verify.references-differ", en: "damaged: the pack's directory and the page disagree on what the page needs",
        fr: "endommagé : le répertoire du paquet et la page ne s'accordent pas sur ce dont la page a besoin")
    package static let indexDiffers = Message(
        "verify.index-differs", en: "damaged: the index and the pack's directory disagree",
        fr: "endommagé : l'index et le répertoire du paquet ne s'accordent pas")
    package static let presenceNotChecked = Message(
        "verify.presence-not-checked",
        en: "without a catalogue key: hashes and signatures were checked, not whether everything a snapshot needs is there",
        fr: "sans clé de catalogue : empreintes et signatures vérifiées, mais pas la présence de tout ce qu'exige un instantané")
    package static let pathsNotKnown = Message(
        "verify.paths-not-known", en: "without the restore key the paths affected cannot be named",
        fr: "sans la clé de restauration, les chemins concernés ne peuvent être nommés")

    package static func segmentLost(_ packs: Int) -> Message {
        Message(
            "verify.segment-lost", en: "no index segment lists \(packs) packs of this session, which committed",
            fr: "aucun segment d'index ne cite \(packs) paquets de cette session, pourtant validée")
    }
    package static let replicateRepairs = Message(
        "verify.replicate-repairs", en: "hdsbackup replicate brings back what another site has, and lists such packs again",
        fr: "hdsbackup replicate rapporte ce qu'un autre site possède, et cite à nouveau ces paquets")

    package static func domainNotChecked(_ snapshots: Int) -> Message {
        Message(
            "verify.domain-not-checked", en: "no catalogue key for \(snapshots) snapshots: their content was not looked for",
            fr: "pas de clé de catalogue pour \(snapshots) instantanés : leur contenu n'a pas été recherché")
    }

    package static func snapshotsGone(_ numbers: String) -> Message {
        Message(
            "verify.snapshots-gone", en: "snapshots \(numbers) of this node are gone and no record says why: tampering?",
            fr: "les instantanés \(numbers) de ce nœud ont disparu sans qu'aucune fiche l'explique : falsification ?")
    }

    package static func gapsNotJudged(_ sites: String) -> Message {
        Message(
            "verify.gaps-not-judged", en: "snapshots seem to be gone, but \(sites) could not be asked",
            fr: "des instantanés semblent avoir disparu, mais \(sites) n'a pas pu être interrogé")
    }
}
