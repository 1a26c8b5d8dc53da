import Base
import Operations

// The sites: whether they answer, what they lack, and how much of them was read.
extension DashboardPage {
    func sites(_ place: TenantPlace) -> HTML {
        var table = DashboardTable(
            format.say(.dashboardSitesCaption),
            [
                (format.say(.dashboardSite), .text), (format.say(.dashboardReachable), .text), (format.say(.dashboardLacking), .text),
                (format.say(.dashboardHolds), .text), (format.say(.dashboardCoverage), .text), (format.say(.dashboardDamage), .text),
                (format.say(.dashboardProbe), .text),
            ])
        for (index, site) in place.tenant.sites.prefix(Limit.siteRows).enumerated() {
            let state = DashboardState(of: site)
            table.add(
                [
                    HTML(truncated(site.name, columns: 70)) + tag("small", [:]) { kind(site) },
                    reachability(site), lag(site), content(site), coverage(site, id: "\(place.id)c\(index)"), damage(site), probe(site),
                ],
                state: state == .critical ? state : nil)
        }
        return tag("section", [:]) {
            heading(place.level, .dashboardSites)
            if table.isEmpty {
                tag("p", ["class": "nothing"]) { format.say(.dashboardNoSite) }
            } else {
                table.html
            }
            more(place.tenant.sites.count, Limit.siteRows)
        }
    }

    private func kind(_ site: Overview.Site) -> String { site.isOffline ? format.say(.dashboardOfflineKind(site.kind)) : site.kind }

    private func reachability(_ site: Overview.Site) -> HTML {
        let reached = site.lastReached.map { last in tag("small", [:]) { format.say(.dashboardReached(format.distance(last))) } } ?? .none
        switch site.isReachable {
        case nil: return DashboardState.idle.word(format.say(.dashboardNeverLookedAt))
        case true?: return DashboardState.good.word(format.say(.dashboardAnswers)) + reached
        case false? where site.isOffline: return DashboardState.idle.word(format.say(.dashboardAwayAsExpected)) + reached
        case false?:
            let since = site.failingSince.map { format.say(.dashboardFailingSince(format.span(Double(format.now) - Double($0)))) }
            return DashboardState.critical.word(since ?? format.say(.dashboardUnreachable)) + reached
                + (site.failure.map { failure in tag("small", ["class": "reason"]) { clipped(failure) } } ?? .none)
        }
    }

    private func lag(_ site: Overview.Site) -> HTML {
        guard site.isReachable != nil || site.lacks > 0 else { return .none }
        guard site.lacks > 0 else { return DashboardState.good.word(format.say(.dashboardLevel)) }
        let state: DashboardState = site.isOffline && site.isReachable != true ? .idle : .warning
        return state.word(format.say(.dashboardLacksObjects(format.count(site.lacks), one: site.lacks == 1)))
            + (site.lacksSince.map { since in
                tag("small", [:]) { format.say(.dashboardSince(format.span(Double(format.now) - Double(since)))) }
            } ?? .none)
    }

    private func content(_ site: Overview.Site) -> HTML {
        HTML(format.size(site.packBytes))
            + tag("small", [:]) {
                format.say(
                    .dashboardContent(snapshots: format.count(site.snapshots), one: site.snapshots == 1, packs: format.count(site.packs)))
            }
    }

    /// How much was read whole and found good within the period. The bar repeats what the number says.
    private func coverage(_ site: Overview.Site, id: String) -> HTML {
        let period = format.promise(site.scrubPeriod)
        guard let share = site.coverage, share.isFinite else {
            return DashboardState.idle.word(format.say(.dashboardNeverVerified))
        }
        let percent = format.percent(share)
        return tag("span", ["class": "cover"]) {
            tag("svg", ["viewBox": "0 0 100 6", "role": "img", "aria-labelledby": id, "preserveAspectRatio": "none"]) {
                tag("title", ["id": id]) { format.say(.dashboardCoverageOf(percent, within: period)) }
                tag("path", ["class": "grid", "d": "M0 3H100"])
                tag("path", ["class": "fill", "d": "M0 3H\(Int((max(0, min(1, share)) * 100).rounded()))"])
            }
            " \(percent) "
        }
            + tag("small", [:]) {
                format.say(.dashboardCoverageWithin(period))
                if site.neverRead > 0 { " · " + format.say(.dashboardNeverRead(format.count(site.neverRead))) }
                if let oldest = site.oldestRead { " · " + format.say(.dashboardOldestRead(format.distance(oldest))) }
            }
    }

    private func damage(_ site: Overview.Site) -> HTML {
        let verified = site.lastVerified.map { last in tag("small", [:]) { format.say(.dashboardVerified(format.distance(last))) } } ?? .none
        if site.damaged > 0 {
            return DashboardState.critical.word(format.say(.dashboardDamaged(format.count(site.damaged), one: site.damaged == 1))) + verified
        }
        return site.lastVerified == nil ? .none : DashboardState.good.word(format.say(.dashboardNoDamage)) + verified
    }

    private func probe(_ site: Overview.Site) -> HTML {
        let when = site.lastProbe.map { last in tag("small", [:]) { format.distance(last) } } ?? .none
        switch site.isProbeGood {
        case nil: return .none
        case true?: return DashboardState.good.word(format.say(.dashboardProbeGood)) + when
        case false?: return DashboardState.warning.word(format.say(.dashboardProbeBad)) + when
        }
    }
}
