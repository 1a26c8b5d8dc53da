import Base
import Operations

// Which site holds the last snapshot of which source.
extension DashboardPage {
    func matrix(_ place: TenantPlace) -> HTML {
        let sites = place.tenant.sites.prefix(Limit.sites)
        let sources = ranked(place.tenant.sources)
        var table = DashboardTable(
            format.say(.dashboardMatrixCaption),
            [
                (format.say(.dashboardSource), .text), (format.say(.dashboardLastSnapshot), .text), (format.say(.dashboardRPO), .number),
                (format.say(.dashboardNextRun), .text), (format.say(.dashboardSize), .number),
            ] + sites.map { (truncated($0.name, columns: 70), .sign) })
        for source in sources.prefix(Limit.sources) {
            let state = DashboardState(of: source)
            table.add(
                [
                    sourceLink(source.name) + tag("small", [:]) { state.word(word(of: source)) },
                    source.last.map(format.moment) ?? .none,
                    source.rpo.map { HTML(format.promise($0)) } ?? .none,
                    next(source),
                    source.last == nil ? .none : HTML(format.size(source.bytes)) + tag("small", [:]) { files(source) },
                ] + sites.map { holding(source, $0) },
                state: state == .critical ? state : nil)
        }
        return tag("section", [:]) {
            heading(place.level, .dashboardSourcesAndSites)
            if table.isEmpty {
                tag("p", ["class": "nothing"]) { format.say(.dashboardNoSource) }
            } else {
                table.html
            }
            more(sources.count, Limit.sources)
            if place.tenant.sites.count > Limit.sites {
                tag("p", ["class": "more"]) { format.say(.dashboardMoreSites(place.tenant.sites.count - Limit.sites)) }
            }
            if place.tenant.keysTogether { tag("p", ["class": "note"]) { format.say(.dashboardKeysTogether) } }
        }
    }

    /// The gravest first, and else in the order of the configuration: what a limit hides is what is well.
    func ranked(_ sources: [Overview.Source]) -> [Overview.Source] {
        let ranks: [DashboardState: Int] = [.critical: 0, .warning: 1]
        return sources.enumerated().map { (rank: ranks[DashboardState(of: $0.element)] ?? 2, offset: $0.offset, source: $0.element) }
            .sorted { ($0.rank, $0.offset) < ($1.rank, $1.offset) }.map(\.source)
    }

    /// What is said of a source in one or two words.
    func word(of source: Overview.Source) -> String {
        if source.isLate { return format.say(.dashboardLate) }
        if source.last == nil { return format.say(.dashboardNeverBackedUp) }
        if let exit = source.lastExit, exit != 0 { return format.say(.dashboardLastTry(.dashboardExit(exit))) }
        if !source.isComplete { return format.say(.dashboardIncomplete) }
        if !source.anomalies.isEmpty { return format.say(.dashboardAnomalies(source.anomalies.count)) }
        return format.say(.dashboardUpToDate)
    }

    func sourceLink(_ name: String) -> HTML {
        tag("a", ["href": "sources/\(percentEncoded(name))?lang=\(format.language.rawValue)"]) { truncated(name, columns: 70) }
    }

    func files(_ source: Overview.Source) -> String { format.say(.dashboardFiles(format.count(source.files), one: source.files == 1)) }

    private func next(_ source: Overview.Source) -> HTML {
        if let next = source.next { return format.moment(next) }
        return HTML(format.say(source.schedule == nil ? .dashboardByHand : .dashboardUnplanned))
    }

    /// A site that is meant to be away does not fail by lacking something, and one that fails does not merely lag.
    private func holding(_ source: Overview.Source, _ site: Overview.Site) -> HTML {
        guard source.last != nil else { return .none }
        if source.copies.contains(site.name) { return DashboardState.good.word(format.say(.dashboardHeld)) }
        if site.isReachable == false {
            return site.isOffline
                ? DashboardState.idle.word(format.say(.dashboardAway)) : DashboardState.critical.word(format.say(.dashboardUnreachable))
        }
        return DashboardState.warning.word(format.say(.dashboardLacks))
    }

    /// RFC 3986 §2.3: everything but unreserved characters.
    private func percentEncoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.reduce(into: "") { out, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                out.unicodeScalars.append(Unicode.Scalar(byte))
            default: out += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
    }
}
