import Base

// Sections 1 to 4: who, what, where, under which rules.
extension ReportBuilder {
    func identification() -> [ReportBlock] {
        let own = facts.organisation
        let product = facts.product
        return [
            .note(
                .plain,
                t(
                    .reportSummary(
                        report.gaps.count { $0.level == .major }, report.gaps.count { $0.level == .minor }, report.gaps.count { $0.level == .unknown }
                    ))),
            card(
                .reportCaptionOperator,
                [
                    (label("Organisation.name"), show(own.name)), (label("Organisation.siren"), show(own.siren)),
                    (label("Organisation.contact"), show(own.contact)), (label("Organisation.certificates"), show(own.certificates)),
                    (.reportPeriodLabel, cell("\(facts.period.from) – \(facts.period.through)")),
                    (.reportAsOfLabel, cell(facts.period.asOf.description)),
                    (.reportMadeLabel, cell(facts.made.screenText)),
                ]),
            card(
                .reportCaptionProduct,
                [
                    (label("Product.version"), show(product.version)), (label("Product.nodes"), show(product.nodes)),
                    (label("Product.binaryHash"), showHash(product.binaryHash)), (label("Product.policyHash"), showHash(product.policyHash)),
                    (label("Product.configurationHash"), showHash(product.configurationHash)),
                ]),
        ]
    }

    func scope() -> [ReportBlock] {
        var blocks: [ReportBlock] = []
        if facts.tenants.isEmpty { blocks.append(.note(.unknown, t(.reportNothingRecorded(t(.reportCaptionTenants))))) }
        if !facts.tenants.isEmpty {
            blocks.append(
                table(
                    .reportCaptionTenants,
                    [
                        .reportColumnTenant, label("Tenant.name"), label("Tenant.siren"), label("Tenant.kind"), label("Tenant.profile"),
                        label("Tenant.contract"),
                    ],
                    facts.tenants.map { tenant in
                        [
                            cell(tenant.id), show(tenant.name), show(tenant.siren), show(tenant.kind) { cell(t.word($0.rawValue)) },
                            show(tenant.profile) { cell(t.word($0)) }, show(tenant.contract),
                        ]
                    }))
        }
        for tenant in facts.tenants {
            blocks.append(.heading(tenant.title))
            blocks.append(
                listed(tenant.contacts, .reportCaptionContacts, [.reportColumnRole, .reportColumnName, .reportColumnReach]) {
                    [cell(t.word($0.role)), cell($0.name), cell($0.reach)]
                })
            blocks.append(
                listed(tenant.responsibilities, .reportCaptionResponsibilities, [.reportColumnActivity, .reportColumnActor]) {
                    [cell(t.word($0.activity)), cell($0.actor)]
                })
        }
        guard !facts.sources.isEmpty else { return blocks + [.note(.unknown, t(.reportNothingRecorded(t(.reportCaptionSources))))] }
        return blocks + [
            table(
                .reportCaptionSources, [.reportColumnSource, label("Source.kind"), label("Source.informationNotice")],
                facts.sources.map { [cell($0.title), show($0.kind) { cell(t.word($0)) }, show($0.informationNotice)] })
        ]
    }

    func sites() -> [ReportBlock] {
        var blocks: [ReportBlock] = []
        if facts.sites.isEmpty {
            blocks.append(.note(.unknown, t(.reportNothingRecorded(t(.reportCaptionSites)))))
        } else {
            blocks.append(
                table(
                    .reportCaptionSites,
                    [
                        .reportColumnSite, label("Site.operatorName"), label("Site.parent"), label("Site.underlyingOperator"),
                        label("Site.datacentres"), label("Site.service"),
                    ],
                    facts.sites.map { site in
                        [
                            cell(site.id), named(site.operatorName, site.seat), named(site.parent, site.parentCountry), show(site.underlyingOperator),
                            show(site.datacentres) { list in cell(list.map { "\($0.id) (\($0.country))" }.joined(separator: ", ")) },
                            named(site.service, site.region),
                        ]
                    }))
        }
        blocks.append(chapterEight())
        if let sentence = report.guarantees.sentence {
            blocks.append(.note(sentence.kind == .exposed ? .bad : .plain, t(sentence.text)))
            if !sentence.isConfirmed { blocks.append(.note(.unknown, t(.reportSentenceUnconfirmed))) }
        } else {
            blocks.append(.note(.unknown, t(.reportSentenceNone)))
        }
        for site in facts.sites {
            blocks.append(
                table(
                    .reportCaptionExposure(site.id), [.reportColumnItem, .reportColumnValue],
                    [
                        [cell(t(label("Site.exposedLaws"))), show(site.exposedLaws)],
                        [cell(t(label("Site.mitigations"))), show(site.mitigations)],
                        [cell(t(label("Site.residualRisks"))), show(site.residualRisks)],
                        [
                            cell(t(label("Site.subprocessors"))),
                            show(site.subprocessors) { list in
                                cell(
                                    list.isEmpty
                                        ? t(.reportNone)
                                        : list.map { subprocessor in
                                            let role = subprocessor.role.value.map { ", \($0)" } ?? ""
                                            let seat = subprocessor.seat.value.map { " (\($0))" } ?? ""
                                            return subprocessor.name + seat + role
                                        }.joined(separator: " ; "))
                            },
                        ],
                    ]))
        }
        return blocks + [transfers(), certificates()]
    }

    private func transfers() -> ReportBlock {
        listed(
            facts.transfers, .reportCaptionTransfers,
            [.reportColumnSite, .reportColumnCountry, .reportColumnWrittenBytes, .reportColumnDeleted, .reportColumnStoredBytes]
        ) { one in
            [
                cell(one.site), one.country.contains("unknown") ? ReportCell(one.country, .bad) : cell(one.country), bytes(one.writtenBytes),
                bytes(one.deletedBytes), bytes(one.storedBytes),
            ]
        }
    }

    private func named(_ name: Recorded<String>, _ place: Recorded<String>) -> ReportCell {
        guard let text = name.value else { return notRecorded }
        return cell(text + " (" + (place.value ?? "?") + ")")
    }

    private func chapterEight() -> ReportBlock {
        table(
            .reportCaptionChapterEight,
            [
                .reportColumnActor, .reportColumnRole, .reportColumnHDS, .reportColumnSecNumCloud, .reportColumnActivities, .reportColumnAccess,
                .reportColumnLaws,
            ],
            report.guarantees.rows.map { row in
                [
                    row.actor.isEmpty ? notRecorded : cell(row.actor), cell(t.word(row.role.rawValue)), standing(row.hds), standing(row.qualified),
                    cell(row.activities.isEmpty ? "–" : t.words(row.activities)),
                    row.remoteAccess.map { list in
                        list.isEmpty
                            ? cell(t(.reportNo))
                            : ReportCell(
                                list.map { "\($0.country), \($0.actor) (\($0.basis ?? t(.reportNoBasis)))" }.joined(separator: " ; "), .minor)
                    } ?? notRecorded,
                    row.exposedLaws.map { $0.isEmpty ? cell(t(.reportNo)) : ReportCell($0.joined(separator: ", "), .bad) } ?? notRecorded,
                ]
            }, isWide: true)
    }

    private func standing(_ standing: GuaranteeTable.Standing) -> ReportCell {
        standing == .unknown ? notRecorded : ReportCell(t.word(standing.rawValue), standing == .yes ? .good : .plain)
    }

    private func certificates() -> ReportBlock {
        let sorted = Recorded(
            facts.certificates.value?.sorted { ($0.validUntil?.description ?? "9999", $0.id) < ($1.validUntil?.description ?? "9999", $1.id) })
        return listed(
            sorted, .reportCaptionCertificates,
            [
                .reportColumnDocument, .reportColumnHolder, label("Certificate.number"), label("Certificate.referential"), .reportColumnCovers,
                .reportColumnIssued, .reportColumnEnds, .reportColumnState,
            ], isWide: true
        ) { certificate in
            [
                cell("\(certificate.kind) (\(certificate.id))"), cell(certificate.holder), show(certificate.number), show(certificate.referential),
                cell(
                    certificate.services.isEmpty && certificate.regions.isEmpty
                        ? "–" : (certificate.services + certificate.regions).joined(separator: ", ")), cell(certificate.issuedOn.description),
                cell(certificate.validUntil?.description ?? "–"), state(certificate),
            ]
        }
    }

    private func state(_ certificate: ReportFacts.Certificate) -> ReportCell {
        if certificate.status != "valid" { return ReportCell(t.word(certificate.status), .bad) }
        guard certificate.isValid(on: facts.period.asOf) else { return ReportCell(t.word("expired"), .bad) }
        let isEnding = certificate.validUntil.map { $0 < facts.period.asOf.adding(days: 90) } ?? false
        return ReportCell(t.word(isEnding ? "expiring" : "valid"), isEnding ? .minor : .good)
    }

    func policy() -> [ReportBlock] {
        var blocks = [
            listed(
                facts.decisions, .reportCaptionDecisions,
                [.reportColumnTenant, .reportColumnSite, label("Tenant.profile"), .reportColumnOn, .reportColumnOutcome, .reportColumnPolicyHash]
            ) { decision in
                [
                    cell(decision.tenant), cell(decision.site), cell(t.word(decision.profile)), cell(decision.on.description),
                    outcome(decision.outcome), code(String(decision.policyHash.prefix(16))),
                ]
            }
        ]
        let findings = (facts.decisions.value ?? []).flatMap { decision in decision.findings.map { (decision, $0) } }
        if !findings.isEmpty {
            blocks.append(
                table(
                    .reportCaptionFindings, [.reportColumnSite, .reportColumnRule, .reportColumnClause, .reportColumnOutcome, .reportColumnReason],
                    findings.map { decision, finding in
                        [
                            cell("\(decision.tenant)/\(decision.site)"), code(finding.rule), cell(finding.clause), outcome(finding.outcome),
                            cell(t(finding.reason)),
                        ]
                    }))
        }
        return blocks + [
            listed(
                facts.waivers, .reportCaptionWaivers,
                [
                    .reportColumnWaiver, .reportColumnSite, .reportColumnRule, .reportColumnReason, .reportColumnApprovers, .reportColumnEnds,
                    .reportColumnExitPlan,
                ],
                isWide: true
            ) { waiver in
                [
                    cell(waiver.id), cell("\(waiver.tenant)/\(waiver.site)"), code(waiver.rules.joined(separator: ", ")), cell(waiver.reason),
                    cell(waiver.approvers.joined(separator: ", ")),
                    ReportCell(waiver.until.description, waiver.until < facts.period.asOf ? .bad : .minor), cell(waiver.exitPlan),
                ]
            },
            listed(facts.policyChanges, .reportCaptionChanges, [.reportColumnOn, .reportColumnSummary, .reportColumnWeakens, .reportColumnApprovers])
            { change in
                [
                    cell(change.on.description), cell(change.summary), cell(t.yesNo(change.weakens)),
                    change.approvedBy.isEmpty && change.weakens
                        ? ReportCell(t(.reportNone), .bad) : cell(change.approvedBy.isEmpty ? "–" : change.approvedBy.joined(separator: ", ")),
                ]
            },
        ]
    }

    private func outcome(_ outcome: ReportFacts.Outcome) -> ReportCell {
        ReportCell(t.word(outcome.rawValue), outcome == .allow ? .good : outcome == .warn ? .minor : .bad)
    }
}
