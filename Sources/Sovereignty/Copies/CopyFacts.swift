import Scheduling

/// One copy of a snapshot, or the place where one is to be.
package struct CopyFacts: Sendable, Equatable {
    package var site: SiteFacts
    /// What policy says of the site: under `deny` the copy does not count.
    package var outcome: Outcome
    /// When it was last found whole; nil: never.
    package var verifiedOn: CalendarDay?
    package var isDamaged = false
    /// When the site was last brought level, for one that is offline; nil where that is not known.
    package var levelOn: CalendarDay?
    /// Whether this snapshot's objects are under lock there; nil where that is not known.
    package var isLocked: Bool?

    package init(site: SiteFacts, outcome: Outcome) {
        self.site = site
        self.outcome = outcome
    }
}

/// Where the data itself lives.
package struct ProductionFacts: Sendable, Equatable {
    package var media: SiteFacts.Media?
    package var datacentre: SiteFacts.Datacentre?

    package init() {}
}
