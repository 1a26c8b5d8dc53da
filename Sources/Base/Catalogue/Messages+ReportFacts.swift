// How the report calls each fact that it may lack: by type and property of its model.
extension Message {
    /// Nil for a field that has no label.
    package static func reportFact(_ field: String) -> Message? {
        reportFactLabels[field].map { Message("report.fact.\(field)", en: $0.en, fr: $0.fr) }
    }

    /// The fields that have labels.
    package static var reportFactFields: [String] { reportFactLabels.keys.sorted() }

    private static let reportFactLabels: [String: (en: String, fr: String)] = [
        // Identification
        "Product.version": ("version of the product", "version du produit"),
        "Product.binaryHash": ("SHA-256 of the program", "SHA-256 du programme"),
        "Product.policyHash": ("SHA-256 of the policy", "SHA-256 de la politique"),
        "Product.configurationHash": ("SHA-256 of the configuration", "SHA-256 de la configuration"),
        "Product.nodes": ("machines", "machines"),
        "Organisation.name": ("name of the operator", "raison sociale de l'opérateur"),
        "Organisation.siren": ("SIREN", "SIREN"),
        "Organisation.contact": ("contact", "contact"),
        "Organisation.certificates": ("own certificates", "certificats propres"),
        "Organisation.remoteAccess": ("access from outside the EEA", "accès depuis un pays hors EEE"),
        "Organisation.exposedLaws": ("laws from outside the Union", "lois extra-européennes applicables"),
        // Scope
        "Tenant.name": ("name", "raison sociale"),
        "Tenant.siren": ("SIREN", "SIREN"),
        "Tenant.kind": ("relation to the operator", "relation avec l'opérateur"),
        "Tenant.profile": ("policy profile", "profil de politique"),
        "Tenant.contract": ("contract", "contrat"),
        "Tenant.contacts": ("contacts and referents", "contacts et référents"),
        "Tenant.responsibilities": ("who does what", "partage des responsabilités"),
        "Tenant.keysTogether": (
            "whether keys that write and keys that open are on one machine", "réunion ou non des clés d'écriture et d'ouverture sur une machine"
        ),
        "Source.kind": ("kind", "type"),
        "Source.informationNotice": ("information notice for patients", "note d'information des patients"),
        // Sites
        "Site.service": ("service", "service"),
        "Site.region": ("region", "région"),
        "Site.operatorName": ("operator", "opérateur"),
        "Site.siren": ("SIREN", "SIREN"),
        "Site.seat": ("country of the seat", "pays du siège"),
        "Site.parent": ("ultimate parent", "maison mère ultime"),
        "Site.parentCountry": ("country of the parent", "pays de la maison mère"),
        "Site.underlyingOperator": ("owner of the machines", "propriétaire des machines"),
        "Site.datacentres": ("datacentres", "centres de données"),
        "Site.remoteAccess": ("access from outside the EEA", "accès depuis un pays hors EEE"),
        "Site.exposedLaws": ("laws from outside the Union", "lois extra-européennes applicables"),
        "Site.residualRisks": ("residual risks", "risques résiduels"),
        "Site.mitigations": ("mitigations", "mesures de réduction des risques"),
        "Site.subprocessors": ("sub-processors", "sous-traitants"),
        "Site.certificates": ("certificates", "certificats"),
        "Site.media": ("medium", "support"),
        "Site.isOffline": ("whether it is offline", "caractère hors ligne"),
        "Site.probe": ("probe of immutability", "essai d'immuabilité"),
        "Subprocessor.role": ("role", "rôle"),
        "Subprocessor.seat": ("country of the seat", "pays du siège"),
        "Subprocessor.certified": ("HDS certification", "certification HDS"),
        "Subprocessor.canReachData": ("whether it can reach data", "accès possible aux données"),
        "Probe.deletionRefused": ("whether deleting a locked version was refused", "refus de supprimer une version verrouillée"),
        "Certificate.issuer": ("issuer", "émetteur"),
        "Certificate.number": ("number", "numéro"),
        "Certificate.referential": ("referential", "référentiel"),
        "ReportFacts.certificates": ("register of certificates", "registre des certificats"),
        // Policy
        "ReportFacts.decisions": ("decisions of the policy", "décisions de la politique"),
        "ReportFacts.waivers": ("waivers", "dérogations"),
        "ReportFacts.policyChanges": ("changes of the policy", "modifications de la politique"),
        // Execution
        "Source.plan": ("backup plan", "plan de sauvegarde"),
        "Source.execution": ("runs of the period", "exécutions de la période"),
        "Source.anomalies": ("unusual changes", "variations inhabituelles"),
        "Plan.schedule": ("schedule", "fréquence"),
        "Plan.rpoSeconds": ("promised RPO", "PDMA promise"),
        "Plan.rtoSeconds": ("promised RTO", "DMIA promise"),
        "Plan.keep": ("retention", "conservation"),
        "Plan.restoreOrder": ("order of restores", "ordre de restauration"),
        "Plan.restoreTestDays": ("period of restore tests", "période des tests de restauration"),
        "Execution.rpoMeasuredSeconds": ("measured RPO", "PDMA mesurée"),
        "Execution.lastSnapshot": ("last snapshot", "dernier instantané"),
        // Resilience
        "Source.resilience": ("3-2-1-1-0 of the last snapshot", "3-2-1-1-0 du dernier instantané"),
        "ReportFacts.independence": ("independence of the sites", "indépendance des sites"),
        "ReportFacts.offlineMedia": ("register of offline media", "registre des supports hors ligne"),
        "ReportFacts.transfers": ("ledger of transfers", "registre des transferts"),
        // Integrity
        "ReportFacts.verifications": ("verifications of stored data", "contrôles des données stockées"),
        "Verification.coverage": ("part that was read within the period", "part relue dans la période"),
        "Verification.lastRead": ("last reading", "dernière relecture"),
        // Restores
        "Source.restoreTests": ("restore tests", "tests de restauration"),
        "RestoreSheet.snapshotAt": ("time of the snapshot that was restored", "date de l'instantané restauré"),
        "RestoreSheet.requestedBy": ("who asked for the restore test", "demandeur du test de restauration"),
        "RestoreSheet.sheetHash": ("SHA-256 of the signed sheet", "SHA-256 de la fiche signée"),
        "ReportFacts.restores": ("restores", "restaurations"),
        "ReportFacts.recoveryDrill": ("exercise of the recovery kit", "exercice du kit de reprise"),
        // Cryptography
        "ReportFacts.cryptography": ("inventory of cryptography", "inventaire cryptographique"),
        "Cryptography.algorithms": ("algorithms", "algorithmes"),
        "Cryptography.keys": ("inventory of keys", "inventaire des clés"),
        "Cryptography.rotations": ("rotations", "rotations"),
        "Cryptography.escrowDrill": ("exercise of the escrow", "exercice du séquestre"),
        "Cryptography.isPostQuantum": ("post-quantum status", "statut post-quantique"),
        "Key.headroom": ("what is left of its limit", "marge avant limite"),
        // Access
        "ReportFacts.access": ("accounts and rights", "comptes et droits"),
        "Access.accounts": ("accounts", "comptes"),
        "Access.review": ("monthly review of access traces", "revue mensuelle des traces d'accès"),
        "Access.consultations": ("consultations by tenants", "consultations par les établissements"),
        "Access.supportGrants": ("support grants", "autorisations d'assistance"),
        // Journal
        "ReportFacts.journal": ("journal", "journal"),
        "Journal.chains": ("chains of the ledgers", "chaînes des registres"),
        "Journal.timeSource": ("time source", "source de temps"),
        "Chain.head": ("head", "tête de chaîne"),
        "Chain.verifiedOn": ("day of the last verification", "date de la dernière vérification"),
        "Chain.isWhole": ("result of the verification", "résultat de la vérification"),
        "Chain.retentionDays": ("retention", "conservation"),
        "Chain.copies": ("places of copies", "emplacements des copies"),
        // Incidents, retention
        "ReportFacts.incidents": ("register of incidents", "registre des incidents"),
        "Incident.isPersonalDataBreach": ("whether personal data was concerned", "violation ou non de données personnelles"),
        "Source.basis": ("legal basis of the retention", "fondement de la conservation"),
        "Source.retentionDays": ("longest retention", "durée maximale de conservation"),
        "ReportFacts.retention": ("records of retention", "enregistrements de conservation"),
        "Retention.holds": ("legal holds", "gels juridiques"),
        "Retention.applied": ("runs of retention", "applications de la conservation"),
        "Retention.collections": ("collections", "purges"),
        "Retention.erasures": ("erasures", "effacements"),
        "Retention.restitutions": ("restitutions", "restitutions"),
        "Retention.destructions": ("destructions", "destructions"),
        "Retention.migrations": ("migrations", "migrations"),
    ]
}
