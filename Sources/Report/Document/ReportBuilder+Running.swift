import Base

// Sections 9 to 15: keys, access, journal, incidents, ends of data, gaps, annex.
extension ReportBuilder {
    func cryptography() -> [ReportBlock] {
        let together: [ReportBlock] =
            facts.tenants.isEmpty
            ? []
            : [
                table(
                    .reportCaptionKeysTogether, [.reportColumnTenant, .reportColumnTogether],
                    facts.tenants.map { [cell($0.id), show($0.keysTogether) { ReportCell(t.yesNo($0), $0 ? .minor : .good) }] })
            ]
        guard let cryptography = facts.cryptography.value else {
            return [.note(.unknown, t(.reportNothingRecorded(t(label("ReportFacts.cryptography")))))] + together
        }
        return [
            listed(cryptography.algorithms, label("Cryptography.algorithms"), [.reportColumnUse, .reportColumnAlgorithm]) {
                [cell(t.word($0.use)), cell($0.name)]
            },
            listed(
                cryptography.keys, label("Cryptography.keys"),
                [.reportColumnKey, .reportColumnTenant, .reportColumnRole, .reportColumnAlgorithm, .reportColumnCreated, label("Key.headroom")]
            ) { key in
                [
                    code(String(key.id.prefix(16))), cell(key.tenant), cell(t.word(key.role)), cell(key.algorithm), cell(key.createdOn.description),
                    show(key.headroom) { ReportCell(t.percent($0), $0 < 0.1 ? .bad : .good) },
                ]
            },
            listed(cryptography.rotations, label("Cryptography.rotations"), [.reportColumnOn, .reportColumnTenant, .reportColumnAct]) {
                [cell($0.on.description), cell($0.tenant), cell(t.word($0.act))]
            },
            drill(cryptography.escrowDrill, label("Cryptography.escrowDrill")),
            card(
                label("Cryptography.isPostQuantum"),
                [(.reportColumnHybrid, show(cryptography.isPostQuantum) { ReportCell(t.yesNo($0), $0 ? .good : .minor) })]),
        ] + together
    }

    func access() -> [ReportBlock] {
        guard let access = facts.access.value else { return [.note(.unknown, t(.reportNothingRecorded(t(label("ReportFacts.access")))))] }
        return [
            listed(
                access.accounts, label("Access.accounts"),
                [.reportColumnAccount, .reportColumnRoles, .reportColumnNominative, .reportColumnSecondFactor, .reportColumnIncompatible]
            ) { account in
                [
                    cell(account.id), cell(t.words(account.roles)), good(account.isNominative), good(account.hasSecondFactor),
                    account.incompatible.isEmpty ? cell(t(.reportNone)) : ReportCell(t.words(account.incompatible), .bad),
                ]
            },
            card(
                .reportCaptionReviews,
                [
                    (
                        label("Access.review"),
                        show(access.review) { ReportCell("\($0.on), \($0.reviewer)", $0.on < facts.period.from ? .bad : .good) }
                    )
                ]),
            listed(access.consultations, label("Access.consultations"), [.reportColumnTenant, .reportColumnCount]) {
                [cell($0.tenant), cell(t.count($0.count))]
            },
            listed(access.supportGrants, label("Access.supportGrants"), [.reportColumnTenant, .reportColumnEnds, .reportColumnConsent]) {
                [cell($0.tenant), cell($0.until.description), cell($0.consentBy)]
            },
        ]
    }

    func journal() -> [ReportBlock] {
        guard let journal = facts.journal.value else { return [.note(.unknown, t(.reportNothingRecorded(t(label("ReportFacts.journal")))))] }
        return [
            listed(
                journal.chains, label("Journal.chains"),
                [
                    .reportColumnChain, .reportColumnEntries, label("Chain.verifiedOn"), .reportColumnWhole, label("Chain.retentionDays"),
                    label("Chain.copies"),
                ]
            ) { chain in
                [
                    cell("\(t.word(chain.ledger)) \(chain.id.prefix(12))"), cell(t.count(chain.entries)),
                    show(chain.verifiedOn) { cell($0.description) }, show(chain.isWhole, good), showDays(chain.retentionDays), show(chain.copies),
                ]
            },
            listed(journal.chains, .reportCaptionHeads, [.reportColumnChain, label("Chain.head")]) { chain in
                [cell("\(t.word(chain.ledger)) \(chain.id.prefix(12))"), showHash(chain.head)]
            },
            card(
                label("Journal.timeSource"),
                [
                    (.reportColumnName, show(journal.timeSource) { cell($0.name) }),
                    (.reportColumnSynchronised, show(journal.timeSource) { good($0.isSynchronised) }),
                ]),
        ]
    }

    func incidents() -> [ReportBlock] {
        let breaches = (facts.incidents.value ?? []).filter { $0.isPersonalDataBreach.value == true }
        let details = breaches.map { incident in
            card(
                .reportCaptionBreach(incident.id),
                [
                    (.reportColumnSubjects, incident.subjectsConcerned.map { cell(t.count($0)) } ?? notRecorded),
                    (.reportColumnConsequences, incident.consequences.map { cell($0) } ?? notRecorded),
                    (.reportColumnMeasures, incident.measures.map { cell($0) } ?? notRecorded),
                ])
        }
        return [
            listed(
                facts.incidents, .reportCaptionIncidents,
                [
                    .reportColumnIncident, .reportColumnTenant, .reportColumnOpened, .reportColumnSummary, .reportColumnBreach, .reportColumnDeadline,
                    .reportColumnNotified, .reportColumnClosed,
                ], isWide: true
            ) { incident in
                let isBreach = incident.isPersonalDataBreach.value
                return [
                    cell(incident.id), cell(incident.tenants.joined(separator: ", ")), cell(incident.openedAt.screenText), cell(incident.summary),
                    show(incident.isPersonalDataBreach) { cell(t.yesNo($0)) },
                    cell(isBreach == true ? ReportMoment(seconds: incident.openedAt.seconds + 72 * 3_600).screenText : "–"),
                    cell(incident.notifiedAt?.screenText ?? "–"),
                    incident.closedAt.map { cell($0.screenText) } ?? ReportCell(t(.reportOpen), .minor),
                ]
            }
        ] + details
    }

    func retention() -> [ReportBlock] {
        var blocks: [ReportBlock] = []
        if facts.sources.isEmpty { blocks.append(.note(.unknown, t(.reportNothingRecorded(t(.reportCaptionSources))))) }
        if !facts.sources.isEmpty {
            blocks.append(
                table(
                    .reportCaptionBases, [.reportColumnSource, label("Source.basis"), label("Source.retentionDays")],
                    facts.sources.map { [cell($0.title), show($0.basis), showDays($0.retentionDays)] }))
        }
        guard let retention = facts.retention.value else {
            return blocks + [.note(.unknown, t(.reportNothingRecorded(t(label("ReportFacts.retention")))))]
        }
        return blocks + [
            listed(
                retention.holds, label("Retention.holds"),
                [.reportColumnSource, .reportColumnBy, .reportColumnSince, .reportColumnEnds, .reportColumnReason]
            ) { hold in
                [
                    cell("\(hold.tenant)/\(hold.source)"), cell(hold.by), cell(hold.since.description),
                    cell(hold.until?.description ?? t(.reportUntilReleased)), cell(hold.reason),
                ]
            },
            listed(
                retention.applied, label("Retention.applied"), [.reportColumnWhen, .reportColumnTenant, .reportColumnKept, .reportColumnForgotten]
            ) {
                [cell($0.at.screenText), cell($0.tenant), cell(t.count($0.kept)), cell(t.count($0.forgotten))]
            },
            listed(
                retention.collections, label("Retention.collections"),
                [.reportColumnWhen, .reportColumnSite, .reportColumnCondemned, .reportColumnDeleted, .reportColumnFreed]
            ) {
                [
                    cell($0.at.screenText), cell("\($0.tenant)/\($0.site)"), cell(t.count($0.condemned)), cell(t.count($0.deleted)),
                    bytes($0.freedBytes),
                ]
            },
            disposals(retention.erasures, "Retention.erasures"), disposals(retention.restitutions, "Retention.restitutions"),
            disposals(retention.destructions, "Retention.destructions"),
            listed(
                retention.migrations, label("Retention.migrations"),
                [
                    .reportColumnOn, .reportColumnTenant, .reportColumnFromTo, .reportColumnObjects, .reportColumnSize, .reportColumnRoot,
                    .reportColumnProved,
                ],
                isWide: true
            ) { migration in
                [
                    cell(migration.on.description), cell(migration.tenant), cell("\(migration.from) → \(migration.to)"),
                    cell(t.count(migration.objects)), bytes(migration.bytes), migration.rootAtTarget.map { code($0) } ?? notRecorded,
                    good(migration.isProved),
                ]
            },
        ]
    }

    private func disposals(_ list: Recorded<[ReportFacts.Disposal]>, _ field: String) -> ReportBlock {
        listed(list, label(field), [.reportColumnOn, .reportColumnTenant, .reportColumnSummary, .reportColumnRecordHash]) {
            [cell($0.on.description), cell($0.tenant), cell($0.subject), $0.recordHash.map { code($0) } ?? ReportCell(t(.reportNone), .bad)]
        }
    }

    func gapList() -> [ReportBlock] {
        guard !report.gaps.isEmpty else { return [.note(.good, t(.reportNoGap))] }
        let levels = Gap.Level.allCases.compactMap { level -> ReportBlock? in
            let gaps = report.gaps.filter { $0.level == level }
            guard !gaps.isEmpty else { return nil }
            return table(
                .reportCaptionGaps(capitalised(t.word(level.rawValue)), gaps.count),
                [.reportColumnSubject, .reportColumnGap, .reportColumnClause, .reportColumnRemedy, .reportColumnOwner, .reportColumnDue],
                gaps.map { gap in
                    [
                        cell("\(gap.section). \(subject(gap))"), cell(t(gap.text)),
                        cell(gap.clauses.joined(separator: ", ")), cell(t(gap.remedy)),
                        gap.owner.map { cell($0) } ?? ReportCell(t(.reportToAssign), .unknown),
                        gap.due.map { ReportCell($0.description, $0 < facts.period.asOf ? .bad : .plain) }
                            ?? ReportCell(t(.reportToAssign), .unknown),
                    ]
                }, isWide: true, unbroken: [5])
        }
        return [.paragraph(t(.reportGapsExplained))] + levels
    }

    /// What the gap is about; the section where it is about no single thing.
    private func subject(_ gap: Gap) -> String {
        if gap.subject.isEmpty { return t(Message.reportSectionTitles[gap.section - 1]) }
        // A word of the report; any other subject is a name, which stays as it is.
        if gap.kind.hasPrefix("drill.") || gap.kind.hasPrefix("guarantees.") { return t.word(gap.subject) }
        // A key's role, a ledger: before the start of an id.
        var parts = gap.subject.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard [9, 11].contains(gap.section), parts.count > 1, let id = parts.last, id.count == 12, id.allSatisfy(\.isHexDigit) else {
            return gap.subject
        }
        parts[parts.count - 2] = t.word(parts[parts.count - 2])
        return parts.joined(separator: " ")
    }

    func annex() -> [ReportBlock] {
        let matrix = table(
            .reportCaptionMatrix, [.reportColumnClause, .reportColumnFramework, .reportColumnRequirement, .reportColumnEvidence, .reportColumnState],
            report.clauses.map { row in
                let state: ReportCell =
                    switch row.worst {
                    case nil: ReportCell(t(.reportNoGapFound), .good)
                    case .major?: ReportCell(t(.reportGapCount(row.gaps.count)), .bad)
                    case .minor?: ReportCell(t(.reportGapCount(row.gaps.count)), .minor)
                    case .unknown? where row.gaps.isEmpty: ReportCell(t(.reportNotEstablished), .unknown)
                    case .unknown?: ReportCell(t(.reportGapCount(row.gaps.count)), .unknown)
                    }
                return [
                    cell(row.clause), cell(row.framework), cell(t(row.title)), cell("§ " + row.sections.map(String.init).joined(separator: ", ")),
                    state,
                ]
            }, unbroken: [0, 4])
        let hashes = [("report.json", dataHash)] + hashList
        return [
            matrix,
            table(.reportCaptionHashes, [.reportColumnDocument, .reportColumnHash], hashes.map { [cell($0.0), code($0.1)] }),
            .heading(t(.reportVerifyTitle)), .paragraph(t(.reportVerifyIntroduction)),
            .steps([t(.reportVerifyStepOne), t(.reportVerifyStepTwo), t(.reportVerifyStepThree), t(.reportVerifyStepFour)]),
            .code(ReportFolder.verificationCommands), .paragraph(t(.reportVerifyLimits)),
        ]
    }

    /// Every document that the report names a hash of.
    private var hashList: [(String, String)] {
        let product = facts.product
        let own = [
            (t(label("Product.binaryHash")), product.binaryHash.value), (t(label("Product.policyHash")), product.policyHash.value),
            (t(label("Product.configurationHash")), product.configurationHash.value),
        ].compactMap { name, hash in hash.map { (name, $0) } }
        let certificates = (facts.certificates.value ?? []).map { ("\($0.kind) \($0.id)", $0.documentHash) }
        let sheets = facts.sources.flatMap { source in
            (source.restoreTests.value ?? []).compactMap { test in test.sheetHash.value.map { ("\(source.title), \(test.at.screenText)", $0) } }
        }
        return own + certificates + sheets + facts.documents.map { ($0.name, $0.hash) }
    }
}
