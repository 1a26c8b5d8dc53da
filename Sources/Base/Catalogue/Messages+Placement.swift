// Sentences of the gate: where bytes may go, and what an operator sees of it.

// MARK: the gate
extension Message {
    package static func policyRefuses(_ profile: String, _ rule: String, _ clause: String, _ reason: Message, isDenied: Bool) -> Message {
        Message(
            "policy.refused",
            en:
                "policy \(profile) \(isDenied ? "refuses the site" : "makes the site read-only"), nothing new goes there: rule \(rule) (\(clause)): \(reason.english)",
            fr:
                "la politique \(profile) \(isDenied ? "refuse le site" : "met le site en lecture seule"), rien de nouveau n'y va : règle \(rule) (\(clause)) : \(reason.french)"
        )
    }
    package static func policyUnreadable(_ why: Message) -> Message {
        Message(
            "policy.unreadable", en: "the rules of policy cannot be read, nothing new goes to the site: \(why.english)",
            fr: "les règles de la politique sont illisibles, rien de nouveau ne va vers le site : \(why.french)")
    }
    package static let policySeeCheck = Message(
        "policy.see-check", en: "hdsbackup evidence check shows everything that is wrong",
        fr: "hdsbackup evidence check montre tout ce qui ne va pas")
    package static func policyRemedy(_ remedy: Message?, _ tenant: String, _ site: String) -> Message {
        let (english, french) = (remedy.map { $0.english + " " } ?? "", remedy.map { $0.french + " " } ?? "")
        return Message(
            "policy.remedy", en: "\(english)(hdsbackup policy explain \(tenant) \(site) shows each rule)",
            fr: "\(french)(hdsbackup policy explain \(tenant) \(site) montre chaque règle)")
    }
    package static let policyFolderEmpty = Message(
        "policy.folder-empty", en: "there are no rules here", fr: "aucune règle ne se trouve ici")
    package static let policyFolderRemedy = Message(
        "policy.folder-remedy", en: "install the program whole, or name the folders with policies and providers in [sovereignty]",
        fr: "installez le programme en entier, ou nommez les dossiers par policies et providers dans [sovereignty]")
    package static let expectedApprover = Message(
        "expected.approver", en: "a name and a public key: \"alice ssh-ed25519 AAAA…\" or \"alice RW…\"",
        fr: "un nom et une clé publique : « alice ssh-ed25519 AAAA… » ou « alice RW… »")
    package static let isolated = Message(
        "isolated", en: "this machine is isolated: nothing is sent or deleted", fr: "cette machine est isolée : rien n'est envoyé ni effacé")
    package static let isolatedRemedy = Message(
        "isolated.remedy", en: "restores from folders work; hdsbackup isolate --end ends it",
        fr: "les restaurations depuis des dossiers fonctionnent ; hdsbackup isolate --end y met fin")
}

// MARK: what a table says
extension Message {
    package static func outcome(_ name: String) -> Message {
        switch name {
        case "allow": Message("outcome.allow", en: "allow", fr: "autorisé")
        case "warn": Message("outcome.warn", en: "warn", fr: "à traiter")
        case "readOnly": Message("outcome.read-only", en: "read-only", fr: "lecture seule")
        default: Message("outcome.deny", en: "deny", fr: "refusé")
        }
    }
    package static func verdict(_ name: String) -> Message {
        switch name {
        case "holds": Message("verdict.holds", en: "holds", fr: "respectée")
        case "fails": Message("verdict.fails", en: "fails", fr: "enfreinte")
        case "unknown": Message("verdict.unknown", en: "unknown", fr: "inconnue")
        default: Message("verdict.not-applicable", en: "not applicable", fr: "sans objet")
        }
    }
    package static func adjective(_ name: String) -> Message {
        switch name {
        case "secured": Message("answer.secured", en: "Secured", fr: "Sécurisé")
        case "resilient": Message("answer.resilient", en: "Resilient", fr: "Résilient")
        default: Message("answer.sovereign", en: "Not subject to extra-EU law", fr: "Non soumis à un droit extra-européen")
        }
    }
    package static func truth(_ name: String) -> Message {
        switch name {
        case "holds": Message("truth.holds", en: "yes", fr: "oui")
        case "fails": Message("truth.fails", en: "no", fr: "non")
        default: Message("truth.unknown", en: "not known", fr: "inconnu")
        }
    }
    package static let notKnown = Message("fact.not-known", en: "not known", fr: "inconnu")
    package static func explainTitle(_ tenant: String, _ site: String, _ profile: String, _ day: String, _ outcome: Message) -> Message {
        Message(
            "policy.title", en: "\(tenant) at \(site), profile \(profile), \(day): \(outcome.english)",
            fr: "\(tenant) vers \(site), profil \(profile), le \(day) : \(outcome.french)")
    }
    package static let profileNone = Message(
        "policy.none", en: "profile none: no rule is looked at", fr: "profil none : aucune règle n'est examinée")
    package static func remedyLine(_ remedy: Message) -> Message {
        Message("policy.to-do", en: "to do: \(remedy.english)", fr: "à faire : \(remedy.french)")
    }
    package static func through(_ day: String) -> Message { Message("policy.through", en: "through \(day)", fr: "jusqu'au \(day) inclus") }
    package static func waiverInForce(_ id: String, _ day: String) -> Message {
        Message("waiver.in-force", en: "waiver \(id) through \(day)", fr: "dérogation \(id) jusqu'au \(day) inclus")
    }
    package static func waiverEnded(_ id: String, _ day: String) -> Message {
        Message("waiver.ended", en: "waiver \(id) ended on \(day)", fr: "la dérogation \(id) a pris fin le \(day)")
    }
    package static func waiverNotYet(_ id: String, _ day: String) -> Message {
        Message("waiver.not-yet", en: "waiver \(id) begins on \(day)", fr: "la dérogation \(id) commence le \(day)")
    }
    package static func waiverNotWaivable(_ id: String) -> Message {
        Message(
            "waiver.not-waivable", en: "waiver \(id) changes nothing: nobody may set this rule aside",
            fr: "la dérogation \(id) ne change rien : personne ne peut écarter cette règle")
    }
    package static func waiverBeyondTerms(_ id: String) -> Message {
        Message(
            "waiver.beyond-terms", en: "waiver \(id) changes nothing: longer than allowed, or by too few people",
            fr: "la dérogation \(id) ne change rien : plus longue que permis, ou accordée par trop peu de personnes")
    }
    package static let allCopies = Message("policy.all-copies", en: "All copies together", fr: "L'ensemble des copies")
    package static let headOutcome = Message("head.outcome", en: "OUTCOME", fr: "ISSUE")
    package static let headProfile = Message("head.profile", en: "PROFILE", fr: "PROFIL")
    package static let headRule = Message("head.rule", en: "RULE", fr: "RÈGLE")
    package static let headWhy = Message("head.why", en: "WHY", fr: "POURQUOI")
    package static let headTenantName = Message("head.tenant", en: "TENANT", fr: "ÉTABLISSEMENT")
    package static let headDocument = Message("head.document", en: "DOCUMENT", fr: "DOCUMENT")
    package static let headHolder = Message("head.holder", en: "HOLDER", fr: "TITULAIRE")
    package static let headLastDay = Message("head.last-day", en: "LAST DAY", fr: "DERNIER JOUR")
    package static let headSigned = Message("head.signed", en: "SIGNED BY", fr: "SIGNÉ PAR")
}

// MARK: evidence
extension Message {
    package static let noEvidence = Message("evidence.none-there", en: "no document", fr: "aucun document")
    package static let evidenceAllGood = Message("evidence.good", en: "Every document counts.", fr: "Chaque document compte.")
    package static func evidenceAdded(_ file: String) -> Message {
        Message("evidence.added", en: "\(file) added; it counts", fr: "\(file) ajouté ; il compte")
    }
    package static func evidenceAddedAbsent(_ why: Message) -> Message {
        Message(
            "evidence.added-absent", en: "added, and counts as absent: \(why.english)", fr: "ajouté, et compte comme absent : \(why.french)")
    }
    package static let evidenceSign = Message(
        "evidence.sign", en: "have two approvers sign it: ssh-keygen -Y sign -n hdsbackup-evidence, or minisign -S; signatures lie beside it",
        fr: "faites-le signer par deux approbateurs : ssh-keygen -Y sign -n hdsbackup-evidence, ou minisign -S ; les signatures sont posées à côté")
    package static func evidenceCountsAsAbsent(_ why: Message) -> Message {
        Message("evidence.counts-as-absent", en: "counts as absent: \(why.english)", fr: "compte comme absent : \(why.french)")
    }
    package static let evidenceWouldBeLost = Message(
        "evidence.would-be-lost", en: "a document of this name counts, and the new one would not",
        fr: "un document de ce nom compte, et le nouveau ne compterait pas")
    package static let evidenceFileName = Message(
        "evidence.file-name", en: "a document is a file NAME.json", fr: "un document est un fichier NOM.json")
    package static let stateValid = Message("evidence.state-valid", en: "valid", fr: "valable")
    package static let stateExpired = Message("evidence.state-expired", en: "over", fr: "échu")
    package static let stateNotYet = Message("evidence.state-not-yet", en: "not yet", fr: "pas encore")
    package static let stateSuspended = Message("evidence.state-suspended", en: "suspended", fr: "suspendu")
    package static let stateWithdrawn = Message("evidence.state-withdrawn", en: "withdrawn", fr: "retiré")
    package static let stateAbsent = Message("evidence.state-absent", en: "absent", fr: "absent")
    package static func evidenceNotCounting(_ state: Message) -> Message {
        Message("evidence.not-counting", en: "it proves nothing today: \(state.english)", fr: "il ne prouve rien aujourd'hui : \(state.french)")
    }
}

// MARK: help
extension Message {
    package static let helpPolicy = Message(
        "help.policy", en: "Why a site may or may not hold data", fr: "Pourquoi un site peut ou non détenir des données")
    package static let helpPolicyExplain = Message(
        "help.policy-explain", en: "Shows each rule for a tenant at a site: facts, result, clause, what to do",
        fr: "Montre chaque règle pour un établissement vers un site : faits, résultat, clause, quoi faire")
    package static let helpPolicySource = Message(
        "help.policy-source", en: "With the rules about this source", fr: "Avec les règles sur cette source")
    package static let helpPolicyDay = Message(
        "help.policy-day", en: "As of another day, with the documents that are there now", fr: "À un autre jour, avec les documents présents")
    package static let helpPolicyTenant = Message("help.policy-tenant", en: "A tenant", fr: "Un établissement")
    package static let helpSiteCheck = Message(
        "help.site-check", en: "What policy says of sites; exit status 5 where nothing new may go to one",
        fr: "Ce que la politique dit des sites ; code 5 si rien de nouveau ne peut aller vers l'un d'eux")
    package static let helpAllSites = Message(
        "help.all-sites", en: "All sites of all tenants (also where none is named)",
        fr: "Tous les sites de tous les établissements (aussi si aucun n'est nommé)")
    package static let helpEvidence = Message("help.evidence", en: "The register of signed documents", fr: "Le registre des documents signés")
    package static let helpEvidenceList = Message("help.evidence-list", en: "Lists the documents", fr: "Énumère les documents")
    package static let helpEvidenceCheck = Message(
        "help.evidence-check", en: "Checks every document and signature, and the rules; exit status 5 where one counts as absent or is over",
        fr: "Vérifie chaque document et signature, et les règles ; code 5 si l'un compte comme absent ou est échu")
    package static let helpEvidenceAdd = Message(
        "help.evidence-add", en: "Puts documents into the register, with the signatures that lie beside them",
        fr: "Range des documents dans le registre, avec les signatures posées à côté")
    package static let helpExpiring = Message(
        "help.expiring", en: "Only those whose last day is within this time, or past",
        fr: "Seulement ceux dont le dernier jour tombe dans ce délai, ou est passé")
    package static let helpDocuments = Message("help.documents", en: "Files NAME.json", fr: "Fichiers NOM.json")
}

// MARK: copies, alerts and the red button
extension Message {
    package static func digit(_ kind: String) -> Message {
        switch kind {
        case "copies": Message("digit.copies", en: "independent copies", fr: "copies indépendantes")
        case "media": Message("digit.media", en: "media", fr: "supports")
        case "offSite": Message("digit.off-site", en: "off site", fr: "hors site")
        case "offline": Message("digit.offline", en: "offline", fr: "hors ligne")
        case "immutable": Message("digit.immutable", en: "immutable", fr: "immuable")
        default: Message("digit.unverified", en: "not verified", fr: "non vérifiées")
        }
    }
    package static func statusPolicy(_ site: String, _ rule: String, _ reason: String) -> Message {
        Message(
            "status.policy", en: "policy refuses \(site): rule \(rule): \(reason)", fr: "la politique refuse \(site) : règle \(rule) : \(reason)")
    }
    package static func alertPolicyRefused(_ site: String, _ rule: String, _ reason: String, _ remedy: String?, isDenied: Bool) -> Message {
        let move = "`hdsbackup evacuate \(site) --to OTHER`, `hdsbackup migrate --from \(site) --to OTHER --prove`"
        return Message(
            "alert.policy",
            en: "policy lets nothing new go to \(site): rule \(rule): \(reason)" + (remedy.map { ". To do: \($0)" } ?? "")
                + (isDenied ? ". What is there has to leave: \(move)" : ""),
            fr: "la politique ne laisse rien de nouveau aller vers \(site) : règle \(rule) : \(reason)" + (remedy.map { ". À faire : \($0)" } ?? "")
                + (isDenied ? ". Ce qui s'y trouve doit partir : \(move)" : ""))
    }
    package static func alertPolicySoon(_ site: String, _ rule: String, _ reason: String, _ through: String?, _ remedy: String?) -> Message {
        Message(
            "alert.policy-soon",
            en: "\(site) needs its papers looked after: rule \(rule): \(reason)" + (through.map { ", through \($0)" } ?? "")
                + (remedy.map { ". To do: \($0)" } ?? ""),
            fr: "les documents de \(site) demandent un suivi : règle \(rule) : \(reason)" + (through.map { ", jusqu'au \($0) inclus" } ?? "")
                + (remedy.map { ". À faire : \($0)" } ?? ""))
    }
    package static func alertIsolated(_ reason: String?) -> Message {
        Message(
            "alert.isolated",
            en: "this machine is isolated, nothing is backed up" + (reason.map { ": \($0)" } ?? "") + "; hdsbackup isolate --end ends it",
            fr: "cette machine est isolée, rien n'est sauvegardé" + (reason.map { " : \($0)" } ?? "") + " ; hdsbackup isolate --end y met fin")
    }
    package static let isolationOn = Message(
        "isolate.on", en: "Isolated: nothing is sent or deleted. Restores from folders work. hdsbackup isolate --end ends it.",
        fr: "Isolée : rien n'est envoyé ni effacé. Les restaurations depuis des dossiers fonctionnent. hdsbackup isolate --end y met fin.")
    package static let isolationOff = Message("isolate.off", en: "Not isolated.", fr: "Non isolée.")
    package static func whereTitle(_ id: String, _ source: String, _ time: String) -> Message {
        Message("where.title", en: "\(id) of \(source), \(time)", fr: "\(id) de \(source), \(time)")
    }
    package static let headOperator = Message("head.operator", en: "OPERATOR", fr: "EXPLOITANT")
    package static let headCountry = Message("head.country", en: "COUNTRY", fr: "PAYS")
    package static let headLaw = Message("head.law", en: "LAWS FROM OUTSIDE", fr: "LOIS EXTÉRIEURES")
    package static let headEvidence = Message("head.evidence", en: "EVIDENCE", fr: "PREUVES")
    package static let headStored = Message("head.stored", en: "STORED THERE", fr: "STOCKÉ LÀ")
    package static let lawsNoneShort = Message("where.no-law", en: "none", fr: "aucune")
    package static let helpWhere = Message(
        "help.where", en: "Who holds a snapshot, where, under which law, on which evidence; and 3-2-1-1-0",
        fr: "Qui détient un instantané, où, sous quelles lois, sur quelles preuves ; et 3-2-1-1-0")
    package static let helpIsolate = Message(
        "help.isolate", en: "The red button: no outbound connection, no deletion; restores from folders work",
        fr: "Le bouton rouge : aucune connexion sortante, aucun effacement ; les restaurations depuis des dossiers fonctionnent")
    package static let helpIsolateEnd = Message("help.isolate-end", en: "Ends the isolation", fr: "Met fin à l'isolement")
    package static let helpIsolateReason = Message("help.isolate-reason", en: "Why, for whoever comes later", fr: "Pourquoi, pour ceux qui suivront")
    package static let helpIsolateShow = Message("help.isolate-show", en: "Only says whether it is on", fr: "Dit seulement s'il est enclenché")
}

// MARK: evacuate
extension Message {
    package static func seenOn(_ day: String) -> Message { Message("where.seen-on", en: "last here on \(day)", fr: "vu le \(day)") }
    package static let evacuateToItself = Message(
        "evacuate.to-itself", en: "a site is not evacuated to itself", fr: "un site ne s'évacue pas vers lui-même")
    package static func evacuatePlan(_ from: String, _ to: String, _ missing: Int, _ all: Int, _ packs: String, _ bytes: String) -> Message {
        Message(
            "evacuate.plan", en: "\(to) lacks \(missing) of the \(all) snapshots of \(from): up to \(packs) packs, \(bytes)",
            fr: "il manque à \(to) \(missing) des \(all) instantanés de \(from) : au plus \(packs) paquets, \(bytes)")
    }
    package static func evacuateDone(_ from: String, _ to: String, _ snapshots: Int) -> Message {
        Message(
            "evacuate.done", en: "all \(snapshots) snapshots of \(from) are at \(to), and all that lies there was read and is right",
            fr: "les \(snapshots) instantanés de \(from) sont tous vers \(to), et tout ce qui s'y trouve a été relu et est juste")
    }
    package static func evacuateNotDone(_ from: String, _ to: String, _ missing: Int) -> Message {
        Message(
            "evacuate.not-done", en: "not complete: \(missing) snapshots of \(from) are not at \(to), or something was found wrong; see above",
            fr: "incomplet : \(missing) instantanés de \(from) ne sont pas vers \(to), ou une anomalie a été trouvée ; voir ci-dessus")
    }
    package static func evacuateLeft(_ site: String, _ objects: String, _ bytes: String) -> Message {
        Message(
            "evacuate.left",
            en: "still at \(site): \(objects) objects, \(bytes). Take it out of the tenant's sites, then have them destroyed and certified",
            fr:
                "encore vers \(site) : \(objects) objets, \(bytes). Retirez-le des sites de l'établissement, puis faites-les détruire avec attestation"
        )
    }
    package static let helpEvacuate = Message(
        "help.evacuate", en: "Brings all that a site holds to another one, reads it back there, and says what is left to destroy",
        fr: "Porte vers un autre site tout ce qu'un site détient, l'y relit, et dit ce qui reste à détruire")
    package static let helpEvacuateTo = Message("help.evacuate-to", en: "The site that takes it", fr: "Le site qui le reçoit")
}
