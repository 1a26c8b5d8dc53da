// Gaps that the report finds, and what to do about each.

/// A gap in one sentence, and its remedy.
package struct GapWording: Sendable {
    package let text: Message
    package let remedy: Message

    fileprivate init(_ kind: String, en: String, fr: String, remedy: (en: String, fr: String)) {
        text = Message("gap.\(kind)", en: en, fr: fr)
        self.remedy = Message("gap.\(kind).remedy", en: remedy.en, fr: remedy.fr)
    }
}

// MARK: Facts, certificates, policy
extension GapWording {
    package static func unknown(_ labels: [Message]) -> GapWording {
        GapWording(
            "fact.unknown", en: "not recorded: " + labels.map(\.english).joined(separator: ", "),
            fr: "non consigné : " + labels.map(\.french).joined(separator: ", "),
            remedy: ("record it with its evidence; until then it counts as not met", "à consigner avec sa preuve ; d'ici là, réputé non satisfait"))
    }
    package static let scopeEmpty = GapWording(
        "scope.empty", en: "no establishment is recorded", fr: "aucun établissement n'est consigné",
        remedy: ("record the establishments", "consigner les établissements"))
    package static let scopeNoSource = GapWording(
        "scope.no-source", en: "no source is recorded: nothing is shown to be backed up",
        fr: "aucune source n'est consignée : rien n'atteste d'une sauvegarde",
        remedy: ("configure the sources", "configurer les sources"))
    package static let scopeNoSite = GapWording(
        "scope.no-site", en: "no site is recorded", fr: "aucun site n'est consigné", remedy: ("record the sites", "consigner les sites"))
    package static func certificateExpired(_ kind: String, _ day: String) -> GapWording {
        GapWording(
            "certificate.expired", en: "the \(kind) document ended on \(day)", fr: "le document \(kind) a pris fin le \(day)",
            remedy: ("obtain the new document, or leave the site", "obtenir le nouveau document, ou quitter le site"))
    }
    package static func certificateExpiring(_ kind: String, _ day: String) -> GapWording {
        GapWording(
            "certificate.expiring", en: "the \(kind) document ends on \(day)", fr: "le document \(kind) prend fin le \(day)",
            remedy: ("obtain its renewal before that day", "obtenir son renouvellement avant cette date"))
    }
    package static func certificateSuspended(_ kind: String, _ status: Message) -> GapWording {
        GapWording(
            "certificate.suspended", en: "the \(kind) document is \(status.english)", fr: "le document \(kind) est \(status.french)",
            remedy: ("write nothing more there, and prepare to leave", "ne plus y écrire, et préparer l'évacuation"))
    }
    package static let certificateMissing = GapWording(
        "certificate.missing", en: "no valid HDS certificate is registered", fr: "aucun certificat HDS valable n'est enregistré",
        remedy: ("register the certificate with its document", "enregistrer le certificat avec son document"))
    package static let backupActivityMissing = GapWording(
        "certificate.activity", en: "no valid HDS certificate of the operator names the backup activity",
        fr: "aucun certificat HDS valable de l'opérateur ne couvre l'activité de sauvegarde",
        remedy: ("obtain the certificate for this activity", "obtenir la certification pour cette activité"))
    package static let contractMissing = GapWording(
        "contract.missing", en: "no valid hosting contract is registered", fr: "aucun contrat d'hébergement valable n'est enregistré",
        remedy: ("sign it, and register its hash", "le signer et en enregistrer l'empreinte"))
    package static func policyFinding(_ reason: Message, _ remedy: Message) -> GapWording {
        GapWording("policy.finding", en: reason.english, fr: reason.french, remedy: (remedy.english, remedy.french))
    }
    package static func waiverInForce(_ id: String, _ until: String) -> GapWording {
        GapWording(
            "waiver.in-force", en: "waiver \(id) sets rules aside until \(until)", fr: "la dérogation \(id) suspend des règles jusqu'au \(until)",
            remedy: ("carry out its exit plan before that day", "exécuter son plan de sortie avant cette date"))
    }
    package static func waiverEnded(_ id: String, _ until: String) -> GapWording {
        GapWording(
            "waiver.ended", en: "waiver \(id) ended on \(until)", fr: "la dérogation \(id) a pris fin le \(until)",
            remedy: ("the data has to leave the site", "les données doivent quitter le site"))
    }
    package static let changeNotApproved = GapWording(
        "policy.not-approved", en: "a change that weakens a guarantee has no approval",
        fr: "une modification qui affaiblit une garantie n'est pas approuvée",
        remedy: ("obtain the tenant's approval, or take the change back", "obtenir l'accord de l'établissement, ou annuler la modification"))
    package static func exposedLaws(_ laws: String) -> GapWording {
        GapWording(
            "law.exposed", en: "subject to laws from outside the Union: \(laws)", fr: "soumis à des lois extra-européennes : \(laws)",
            remedy: ("publish it, state mitigations and residual risks, or leave", "le publier, indiquer mesures et risques résiduels, ou quitter"))
    }
    package static func accessWithoutBasis(_ country: String) -> GapWording {
        GapWording(
            "access.no-basis", en: "access from \(country) has no stated basis", fr: "l'accès depuis le pays \(country) n'a pas de fondement déclaré",
            remedy: ("state the basis (GDPR 45 or 46), or end the access", "déclarer le fondement (RGPD 45 ou 46), ou supprimer l'accès"))
    }
    package static let sentenceUndetermined = GapWording(
        "guarantees.undetermined", en: "the sentence of EXI 31 cannot be chosen: facts are missing",
        fr: "la mention de l'EXI 31 ne peut être choisie : des faits manquent",
        remedy: ("complete the chapter 8 table", "compléter le tableau du chapitre 8"))
    package static let sentenceUnconfirmed = GapWording(
        "guarantees.unconfirmed", en: "the wording of the EXI 31 sentence was not compared with the text",
        fr: "le libellé de la mention de l'EXI 31 n'a pas été confronté au texte",
        remedy: (
            "compare it with the HDS referential, then say so in sentences.json",
            "le confronter au référentiel HDS, puis l'indiquer dans sentences.json"
        ))
}

// MARK: Backups and copies
extension GapWording {
    package static func backupMissed(_ count: Int) -> GapWording {
        GapWording(
            "backup.missed", en: "\(count) planned \(count == 1 ? "backup" : "backups") not done",
            fr: count == 1 ? "1 sauvegarde prévue non réalisée" : "\(count) sauvegardes prévues non réalisées",
            remedy: ("find the cause in the journal, and back up now", "en chercher la cause dans le journal et sauvegarder maintenant"))
    }
    package static func backupFailed(_ count: Int) -> GapWording {
        GapWording(
            "backup.failed", en: "\(count) \(count == 1 ? "backup" : "backups") failed",
            fr: count == 1 ? "1 sauvegarde en échec" : "\(count) sauvegardes en échec",
            remedy: ("find the cause in the journal", "en chercher la cause dans le journal"))
    }
    package static func backupPartial(_ count: Int) -> GapWording {
        GapWording(
            "backup.partial", en: "\(count) \(count == 1 ? "backup" : "backups") done in part",
            fr: count == 1 ? "1 sauvegarde incomplète" : "\(count) sauvegardes incomplètes",
            remedy: (
                "look at what could not be read, and at sites that got no copy", "examiner ce qui n'a pas pu être lu, et les sites restés sans copie"
            ))
    }
    package static let backupNone = GapWording(
        "backup.none", en: "no backup succeeded in the period", fr: "aucune sauvegarde réussie dans la période",
        remedy: ("back up now", "sauvegarder maintenant"))
    package static func rpoExceeded(_ measured: (en: String, fr: String), _ promised: (en: String, fr: String)) -> GapWording {
        GapWording(
            "rpo.exceeded", en: "measured RPO \(measured.en), promised \(promised.en)", fr: "PDMA mesurée \(measured.fr), promise \(promised.fr)",
            remedy: (
                "back up more often, or change the promise with the tenant", "sauvegarder plus souvent, ou revoir l'engagement avec l'établissement"
            ))
    }
    package static func anomalyOpen(_ detail: (en: String, fr: String)) -> GapWording {
        GapWording(
            "anomaly.open", en: "unusual change that nobody released: \(detail.en)",
            fr: "variation inhabituelle que personne n'a levée : \(detail.fr)",
            remedy: ("look at the source, then release it", "examiner la source, puis la lever"))
    }
    package static func digit(_ kind: Message, known: Int, wanted: Int, fails: Bool) -> GapWording {
        GapWording(
            "copies.digit", en: "\(kind.english): \(known) known, \(wanted) wanted" + (fails ? "" : "; the rest is unknown"),
            fr: "\(kind.french) : \(known) établi(s), \(wanted) exigé(s)" + (fails ? "" : " ; le reste est inconnu"),
            remedy: (
                "add or bring level a copy of that kind, or register its evidence",
                "ajouter ou mettre à niveau une copie de ce type, ou en enregistrer la preuve"
            ))
    }
    package static func notIndependent(_ reason: (en: String, fr: String)) -> GapWording {
        GapWording(
            "sites.not-independent", en: "these sites fall together: \(reason.en)", fr: "ces sites tombent ensemble : \(reason.fr)",
            remedy: (
                "replace one by a site of another operator, parent and datacentre",
                "remplacer l'un d'eux par un site d'un autre opérateur, d'une autre maison mère et d'un autre centre"
            ))
    }
    package static let independenceUnknown = GapWording(
        "sites.independence-unknown", en: "whether these sites are independent is not known", fr: "l'indépendance de ces sites n'est pas établie",
        remedy: ("state their operators, parents and datacentres", "déclarer leurs opérateurs, maisons mères et centres de données"))
    package static let probeFailed = GapWording(
        "probe.failed", en: "the probe of the store found a fault", fr: "l'essai du stockage a révélé un défaut",
        remedy: ("run site probe, and correct what it names", "lancer site probe et corriger ce qu'il indique"))
    package static func probeOld(_ day: String) -> GapWording {
        GapWording(
            "probe.old", en: "the last probe of the store is of \(day)", fr: "le dernier essai du stockage date du \(day)",
            remedy: ("run site probe", "lancer site probe"))
    }
    package static let deletionAccepted = GapWording(
        "probe.deletion", en: "a locked version could be deleted", fr: "une version verrouillée a pu être supprimée",
        remedy: (
            "it is not immutable: use compliance mode and separate credentials", "la copie n'est pas immuable : mode compliance et droits séparés"
        ))
    package static func mediumExpired(_ day: String) -> GapWording {
        GapWording(
            "medium.expired", en: "the offline medium expired on \(day)", fr: "le support hors ligne est périmé depuis le \(day)",
            remedy: ("replace the medium", "remplacer le support"))
    }
}

// MARK: Integrity, restores
extension GapWording {
    package static func scrubIncomplete(_ percent: Int, _ days: Int) -> GapWording {
        GapWording(
            "scrub.incomplete", en: "\(percent)% of the packs read within \(days) days", fr: "\(percent) % des paquets relus en \(days) jours",
            remedy: ("verify --read due", "verify --read due"))
    }
    package static func damageOutstanding(_ count: Int) -> GapWording {
        GapWording(
            "damage.outstanding", en: "\(count) damaged or missing \(count == 1 ? "object" : "objects") not repaired",
            fr: count == 1 ? "1 objet altéré ou manquant non réparé" : "\(count) objets altérés ou manquants non réparés",
            remedy: ("replicate from another site", "répliquer depuis un autre site"))
    }
    package static let restoreTestNone = GapWording(
        "restore-test.none", en: "no restore test in the period", fr: "aucun test de restauration dans la période",
        remedy: ("hdsbackup restore-test", "hdsbackup restore-test"))
    package static func restoreTestFailed(_ day: String) -> GapWording {
        GapWording(
            "restore-test.failed", en: "the restore test of \(day) failed", fr: "le test de restauration du \(day) a échoué",
            remedy: ("find the cause, and test again", "en chercher la cause et recommencer"))
    }
    package static func restoreTestUnchecked(_ day: String) -> GapWording {
        GapWording(
            "restore-test.unchecked", en: "the restore test of \(day) ran no check of the application",
            fr: "le test de restauration du \(day) n'a exécuté aucun contrôle applicatif",
            remedy: ("configure check for this source", "configurer check pour cette source"))
    }
    package static func rtoExceeded(_ measured: (en: String, fr: String), _ promised: (en: String, fr: String)) -> GapWording {
        GapWording(
            "rto.exceeded", en: "a whole restore takes \(measured.en), promised \(promised.en)",
            fr: "une restauration complète prend \(measured.fr), promesse \(promised.fr)",
            remedy: (
                "bring a copy nearer, or change the promise with the tenant", "rapprocher une copie, ou revoir l'engagement avec l'établissement"
            ))
    }
    package static let restoreFailed = GapWording(
        "restore.failed", en: "a restore that was asked for failed", fr: "une restauration demandée a échoué",
        remedy: ("find the cause, and restore from another site", "en chercher la cause et restaurer depuis un autre site"))
    package static func drillOld(_ day: String) -> GapWording {
        GapWording(
            "drill.old", en: "the last exercise is of \(day), more than a year ago", fr: "le dernier exercice date du \(day), il y a plus d'un an",
            remedy: ("repeat the exercise", "refaire l'exercice"))
    }
    package static func drillFailed(_ day: String) -> GapWording {
        GapWording(
            "drill.failed", en: "the exercise of \(day) failed", fr: "l'exercice du \(day) a échoué",
            remedy: ("find the cause, and repeat it", "en chercher la cause et le refaire"))
    }
}

// MARK: Keys, access, journal, incidents, retention
extension GapWording {
    package static func keyNearLimit(_ percent: Int) -> GapWording {
        GapWording(
            "key.limit", en: "\(percent)% left before the limit of the key", fr: "\(percent) % avant la limite de la clé",
            remedy: ("rotate the key", "renouveler la clé"))
    }
    package static let notPostQuantum = GapWording(
        "crypto.classical", en: "keys are not wrapped with a post-quantum algorithm",
        fr: "les clés ne sont pas enveloppées par un algorithme post-quantique",
        remedy: ("rewrap the keys", "réenvelopper les clés"))
    package static let keysTogether = GapWording(
        "keys.together", en: "keys that write and keys that open are on one machine",
        fr: "les clés d'écriture et d'ouverture sont sur une même machine",
        remedy: (
            "keep the opening keys elsewhere, or accept the risk in writing", "garder ailleurs les clés d'ouverture, ou accepter le risque par écrit"
        ))
    package static let accountShared = GapWording(
        "account.shared", en: "the account is not one person's", fr: "le compte n'est pas nominatif",
        remedy: ("give each person an account", "donner un compte à chaque personne"))
    package static let secondFactorMissing = GapWording(
        "account.second-factor", en: "the account has no second factor", fr: "le compte n'a pas de second facteur",
        remedy: ("enrol one", "en enrôler un"))
    package static func rightsIncompatible(_ roles: String) -> GapWording {
        GapWording(
            "account.incompatible", en: "roles that nobody may hold together: \(roles)", fr: "rôles incompatibles : \(roles)",
            remedy: ("take one of them away", "retirer l'un d'eux"))
    }
    package static let reviewMissing = GapWording(
        "access.review", en: "the access traces of the month were not reviewed", fr: "les traces d'accès du mois n'ont pas été revues",
        remedy: ("review them, and sign the review", "les revoir et signer la revue"))
    package static func supportGrantEnded(_ day: String) -> GapWording {
        GapWording(
            "support.ended", en: "a support grant ended on \(day) and is still listed",
            fr: "une autorisation d'assistance a pris fin le \(day) et figure encore",
            remedy: ("revoke it", "la révoquer"))
    }
    package static let journalBroken = GapWording(
        "journal.broken", en: "the chain does not verify", fr: "la chaîne ne se vérifie pas",
        remedy: (
            "treat it as an incident: compare with the copies and the heads kept apart",
            "le traiter en incident : comparer aux copies et aux têtes conservées à part"
        ))
    package static func journalNotVerified(_ day: String) -> GapWording {
        GapWording(
            "journal.not-verified", en: "not verified since \(day)", fr: "non vérifiée depuis le \(day)",
            remedy: ("hdsbackup journal verify", "hdsbackup journal verify"))
    }
    package static let journalNoCopy = GapWording(
        "journal.no-copy", en: "the chain is on one machine only", fr: "la chaîne n'est que sur une machine",
        remedy: ("send it to another machine", "l'envoyer sur une autre machine"))
    package static func journalRetention(_ days: Int) -> GapWording {
        GapWording(
            "journal.retention", en: "kept for \(days) days, less than six months", fr: "conservée \(days) jours, moins de six mois",
            remedy: ("keep it for six months at least", "la conserver six mois au moins"))
    }
    package static let clockLoose = GapWording(
        "clock.loose", en: "the clock is not synchronised", fr: "l'horloge n'est pas synchronisée",
        remedy: ("repair the time service", "rétablir le service de temps"))
    package static let incidentOpen = GapWording(
        "incident.open", en: "the incident is open", fr: "l'incident est ouvert",
        remedy: ("close it with its cause and measures", "le clore avec sa cause et ses mesures"))
    package static let incidentIncomplete = GapWording(
        "incident.incomplete", en: "persons concerned, consequences or measures of the breach are not recorded",
        fr: "personnes concernées, conséquences ou mesures de la violation non consignées",
        remedy: ("complete the record (GDPR 33(3))", "compléter l'enregistrement (RGPD 33(3))"))
    package static let incidentLate = GapWording(
        "incident.late", en: "a breach of personal data was not notified within 72 hours",
        fr: "une violation de données personnelles n'a pas été notifiée dans les 72 heures",
        remedy: ("notify it now, with the reasons of the delay", "la notifier sans délai, avec les motifs du retard"))
    package static func disposalUnproved(_ subject: String) -> GapWording {
        GapWording(
            "disposal.unproved", en: "no signed record of: \(subject)", fr: "aucun enregistrement signé de : \(subject)",
            remedy: ("make the record", "établir l'enregistrement"))
    }
    package static func migrationUnproved(_ from: String, _ to: String) -> GapWording {
        GapWording(
            "migration.unproved", en: "the roots of \(from) and \(to) are not shown to be equal",
            fr: "l'égalité des racines de \(from) et \(to) n'est pas établie",
            remedy: ("migrate --prove", "migrate --prove"))
    }
    package static func actionOverdue(_ owner: String, _ day: String) -> GapWording {
        GapWording(
            "action.overdue", en: "the action of \(owner) was due on \(day)", fr: "l'action de \(owner) était attendue le \(day)",
            remedy: ("finish it, or set a new day with a reason", "la terminer, ou fixer une nouvelle date motivée"))
    }
}
