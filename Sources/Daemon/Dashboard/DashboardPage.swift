import Base
import Operations

/// The page for whoever is on call: one answer of the server, without scripts and without anything from elsewhere.
///
/// It shows an overview and asks for nothing more. Addresses in it are relative, so that a proxy may put it below any
/// path: the page is at `./`, that of a source at `./sources/NAME`, and `?lang=fr` or `?lang=en` chooses the language.
package struct DashboardPage: Sendable {
    let overview: Overview
    let format: DashboardFormat

    /// `moment` is when the page is made; ages are counted from it. Without one, it is when the overview was put together.
    package init(_ overview: Overview, language: Language, at moment: Int64? = nil) {
        self.overview = overview
        format = DashboardFormat(language: language, now: moment ?? overview.now)
    }

    /// The whole page.
    package var text: String {
        let verdict = DashboardVerdict(overview)
        let sentence = format.say(verdict.message)
        return document(title: "\(sentence) · \(overview.node)", state: verdict.state, refreshes: true, isRoot: true) {
            tag("h1", [:]) {
                verdict.state.mark
                " \(sentence)"
            }
            tag("p", ["class": "when"]) { dataTimes }
        } main: {
            attention
            overview.tenants.prefix(Limit.tenants).enumerated().map { index, tenant in section(of: tenant, index) }
            more(overview.tenants.count, Limit.tenants)
            activity
        }
    }

    /// What is shown at most of each list; the rest is counted.
    enum Limit {
        static let tenants = 20
        static let alerts = 30
        static let sources = 60
        /// Columns of the matrix; the sites have a table of their own, which goes further.
        static let sites = 6
        static let siteRows = 20
        static let charts = 12
        static let running = 20
        static let upcoming = 10
        static let recent = 25
        static let history = 100
        /// Columns of a sentence that came from elsewhere.
        static let sentence = 400
    }

    private func section(of tenant: Overview.Tenant, _ index: Int) -> HTML {
        let isAlone = overview.tenants.count == 1
        let place = TenantPlace(tenant: tenant, id: "t\(index)", level: isAlone ? 2 : 3)
        return tag("section", ["aria-label": tenant.name]) {
            if !isAlone { tag("h2", ["class": "tenant"]) { tenant.name } }
            matrix(place)
            sites(place)
            restoreProof(place)
            charts(place)
        }
    }

    /// Where a tenant's part stands in the page.
    struct TenantPlace {
        let tenant: Overview.Tenant
        /// Begins the ids of its part.
        let id: String
        /// Of its headings.
        let level: Int
    }

    func heading(_ level: Int, _ message: Message) -> HTML {
        level == 2 ? tag("h2", [:]) { format.say(message) } : tag("h3", [:]) { format.say(message) }
    }

    /// How many of a list are not shown; nothing when all are.
    func more(_ count: Int, _ limit: Int) -> HTML {
        count > limit ? tag("p", ["class": "more"]) { format.say(.progressMore(count - limit)) } : .none
    }

    /// When the data are of, and how old they are; a page that a dead daemon left in a browser tells by it.
    private var dataTimes: HTML {
        let age = Double(format.now) - Double(overview.now)
        let observed = overview.tenants.compactMap(\.observed).min()
        return HTML("\(format.say(.dashboardDataOf)) ") + time(overview.now)
            + (age > 120 ? HTML(" ") + DashboardState.warning.word(format.say(.dashboardDataOld(format.span(age)))) : .none)
            + HTML(" · " + format.say(observed.map { .dashboardObserved(format.distance($0)) } ?? .dashboardNotObserved))
            + tag("span", ["class": "screen"]) { " · " + format.say(.dashboardReloads) }
    }

    func time(_ seconds: Int64) -> HTML { format.time(seconds) }

    /// A sentence that came from elsewhere, at a length that leaves the page a page.
    func clipped(_ text: String) -> String { truncated(text, columns: Limit.sentence) }
}

// MARK: The frame
extension DashboardPage {
    /// The page for an address that leads nowhere, or for another refusal of the server.
    package static func errorPage(_ status: Int, language: Language) -> String {
        let page = DashboardPage(Overview(), language: language)
        let sentence = page.format.say(status == 404 ? .dashboardNotFound : .dashboardRefused(status))
        return page.document(title: sentence, state: .warning, refreshes: false, isRoot: false) {
            tag("h1", [:]) {
                DashboardState.warning.mark
                " \(sentence)"
            }
        } main: {
            // The depth of an address that leads nowhere is not known: from the top.
            tag("p", [:]) { tag("a", ["href": "/"]) { page.format.say(.dashboardBack) } }
        }
    }

    func document(
        title: String, state: DashboardState, refreshes: Bool, isRoot: Bool, @HTMLBuilder header: () -> HTML, @HTMLBuilder main: () -> HTML
    ) -> String {
        let other: Language = format.language == .french ? .english : .french
        let root = tag("html", ["lang": format.language.rawValue]) {
            tag("head", [:]) {
                tag("meta", ["charset": "utf-8"])
                tag("title", [:]) { title }
                tag("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
                tag("meta", ["name": "color-scheme", "content": "light dark"])
                tag("meta", ["name": "robots", "content": "noindex"])
                if refreshes { tag("meta", ["http-equiv": "refresh", "content": "60"]) }
                tag("link", ["rel": "icon", "href": icon(state)])
                HTML.style(dashboardStyle)
            }
            tag("body", [:]) {
                tag("header", ["class": "is-\(state.rawValue)"]) {
                    tag("p", ["class": "top"]) {
                        tag("span", [:]) {
                            tag("b", [:]) { "hdsbackup" }
                            " \(overview.node)"
                        }
                        tag("a", ["href": "?lang=\(other.rawValue)", "hreflang": other.rawValue, "lang": other.rawValue]) {
                            Message.dashboardLanguageName.text(other)
                        }
                    }
                    header()
                }
                tag("main", [:]) { main() }
                if overview.now != 0 { footer(isRoot: isRoot) }
            }
        }
        return HTML.document(root)
    }

    private func footer(isRoot: Bool) -> HTML {
        tag("footer", [:]) {
            "hdsbackup \(overview.version) · \(format.say(.dashboardStarted)) "
            time(overview.started)
            " · \(format.say(.dashboardConfigurationLoaded)) "
            time(overview.configuration.loaded)
            tag("span", ["class": "screen"]) {
                " · "
                tag("a", ["href": isRoot ? "metrics" : "../metrics"]) { format.say(.dashboardMetrics) }
            }
        }
    }

    /// A sign for the browser's tab, in the colour and the shape of the state.
    private func icon(_ state: DashboardState) -> String {
        let shape =
            switch state {
            case .good: "%3Ccircle cx='8' cy='8' r='7' fill='%23217a43'/%3E"
            case .warning: "%3Cpath d='M8 1l7.5 14H.5z' fill='%23d08a00'/%3E"
            case .critical: "%3Cpath d='M1 1h14v14H1z' fill='%23b3161b'/%3E"
            case .idle: "%3Ccircle cx='8' cy='8' r='6' fill='none' stroke='%23777' stroke-width='2'/%3E"
            }
        return "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E\(shape)%3C/svg%3E"
    }
}
