/// The casts, by what they try out. Every past has the snapshot S0 of chunk A, and a pack with B that nobody needs, as docs/MODEL.md has it.
extension Scenario {
    private static func past(_ site: SiteBuilder) throws {
        try site.snapshot("S0", "A", packs: [["#A", "A"]])
        try site.spare("old", packs: [["#B", "B"]])
    }

    /// Everything that is played with all rules. Those that begin at the brink of a hole get where chance seldom leads.
    static let all: [Scenario] = [
        .pair, .knowingPair, .lateRegistration, .oneMachine, .bases, .basesAtTheBrink, .rivals, .rivalsAtTheBrink, .copying, .copiesAtTheBrink,
        .deletingBesideASleeper, .decidingBesideASleeper,
        .removingBesideASleeper, .longSleep, .compaction, .undoing, .relisting, .rebuilding, .rebuildingBesideASleeper, .crowd,
    ]

    // MARK: writers and collectors

    /// A writer that could reuse what a collector condemns.
    static let pair = Scenario(
        name: "pair", past: past,
        parts: [.writer("writer", letters: "B", machine: "node"), .collector("collector", rounds: 2, machine: "maintenance")])

    /// Its index was level with the site, long ago.
    static let knowingPair = pair.beginning("a writer with an old index", knowing: ["node"])

    /// It registers when older sessions have been closed and commits are listed: all that it does comes too late.
    static let lateRegistration = pair.beginning(
        "a writer that registers late", .run("writer", to: .create, "sessions/"), .run("collector", to: .create, "decided/"))

    /// Writer and collector have their caches and what they remember of the site in common.
    static let oneMachine = Scenario(
        name: "one machine", past: past,
        parts: [
            .writer("writer", letters: "B", machine: "node"), .collector("collector", rounds: 2, machine: "node"),
            .collector("other", rounds: 1, machine: "node"), .retention("retention", snapshot: "S0"),
        ])

    /// Few enough steps for every interleaving.
    static let brief = Scenario(
        name: "brief", past: past,
        parts: [.writer("writer", letters: "B", machine: "node", retries: 0), .collector("collector", rounds: 1, machine: "maintenance")],
        knowing: ["node"])

    /// Two writers that take over what they find whole.
    static let bases = Scenario(
        name: "bases", past: past,
        parts: [
            .writer("first", letters: "B", machine: "node"), .writer("second", letters: "B", machine: "neighbour", fromBase: true),
            .retention("retention", snapshot: "first"), .collector("collector", rounds: 2, machine: "maintenance"),
        ])

    static let basesAtTheBrink = bases.beginning(
        "a base that hangs on a condemned pack", .run("first", to: .create, "snapshots/"), .run("collector", past: .create, "condemned/"),
        .finish("first"), .run("second", to: .create, "snapshots/"))

    /// Collectors of different knowledge, and spare copies of what is needed.
    static let rivals = Scenario(
        name: "rivals",
        past: { site in
            try past(site)
            try site.spare("copy", packs: [["#A", "A"], ["A"]], isReplicator: true)
        },
        parts: [
            .writer("writer", letters: "B", machine: "node"), .collector("one", rounds: 2, machine: "one"),
            .collector("other", rounds: 2, machine: "other"),
        ], knowing: ["other"])

    /// One is about to decide.
    static let rivalsAtTheBrink = rivals.beginning(
        "rivals of different knowledge", .run("one", to: .create, "decided/"), .run("other", to: .create, "decided/"),
        knowing: ["other"])

    static let undoing = Scenario(
        name: "undoing", past: past,
        parts: [
            .writer("writer", letters: "B", machine: "node"), .undo("undo"), .collector("collector", rounds: 2, machine: "maintenance"),
            .retention("retention", snapshot: "S0"), .collector("other", rounds: 1, machine: "other"),
        ])

    static let compaction = Scenario(
        name: "compaction",
        past: { site in
            try past(site)
            try site.snapshot("S1", "AC", packs: [["#AC", "C", "B"]])
        },
        parts: [
            .writer("writer", letters: "B", machine: "node"), .collector("compactor", rounds: 2, machine: "one", compacts: true),
            .collector("collector", rounds: 2, machine: "other"), .retention("retention", snapshot: "S1"),
        ])

    // MARK: sleepers

    /// A writer that sleeps while others go on, and one that could take over what it left.
    private static let sleepers = Scenario(
        name: "sleepers", past: past,
        parts: [
            .writer("sleeper", letters: "C", machine: "node", retries: 0), .writer("writer", letters: "C", machine: "neighbour"),
            .collector("collector", rounds: 3, machine: "maintenance"),
        ])

    /// Its pack is doomed, and it has not listed it yet.
    static let deletingBesideASleeper = sleepers.beginning(
        "a sleeper whose pack is deleted", .run("sleeper", to: .create, "index/"), .run("collector", to: .delete, "packs/"))

    /// The decision comes between its pack and its segment.
    static let decidingBesideASleeper = sleepers.beginning(
        "a sleeper that a decision does not see", .run("sleeper", to: .create, "index/"), .run("collector", to: .create, "decided/"), isLate: false)

    /// What ended its session is about to be removed.
    static let removingBesideASleeper = sleepers.beginning(
        "a sleeper whose fence is removed", .run("sleeper", to: .create, "index/"), .run("collector", to: .create, "decided/"),
        .run("writer", to: .list, "commits/"), .run("collector", to: .delete, "commits/"), isLate: false)

    /// For so long that two decisions come and go.
    static let longSleep = Scenario(
        name: "a sleeper for two decisions", past: past,
        parts: [
            .writer("sleeper", letters: "C", machine: "node", retries: 0), .collector("first", rounds: 1, machine: "maintenance"),
            .retention("retention", snapshot: "S0"), .collector("second", rounds: 2, machine: "other"),
            .writer("writer", letters: "C", machine: "neighbour"),
        ], cues: [.run("sleeper", to: .create, "snapshots/"), .finish("first"), .finish("retention")])

    // MARK: copies

    static let copying = Scenario(
        name: "copying",
        past: { site in
            try past(site)
            try site.snapshot("S1", "C", packs: [["#C", "C"]], isReplicator: true)
        },
        parts: [
            .replicator("S2", letters: "C", machine: "maintenance"), .retention("retention", snapshot: "S1"),
            .writer("writer", letters: "C", machine: "node"), .collector("collector", rounds: 2, machine: "other"),
        ])

    /// The same bytes come again while they are deleted.
    static let copiesAtTheBrink = Scenario(
        name: "a copy of what is being deleted",
        past: { site in
            try site.snapshot("S0", "A", packs: [["#A", "A"]], isReplicator: true)
            try site.snapshot("S1", "C", packs: [["#C", "C"]], isReplicator: true)
        },
        parts: [
            .replicator("S2", letters: "C", machine: "maintenance"), .retention("retention", snapshot: "S1"),
            .collector("collector", rounds: 2, machine: "other"),
        ], cues: [.finish("retention"), .run("collector", to: .delete, "packs/")])

    // MARK: after a loss

    /// A segment is lost; who lists again what was in it has looked before a decision, and begins after it.
    static let relisting = Scenario(
        name: "relisting",
        past: { site in
            try site.snapshot("S0", "A", packs: [["#A", "A"]])
            try site.snapshot("S1", "C", packs: [["#C", "C"], ["#B", "B"]])
            try site.loseSegment(2)
        },
        parts: [
            .relister("relister", machine: "other"), .writer("writer", letters: "B", machine: "node"),
            .collector("collector", rounds: 2, machine: "maintenance"),
        ], cues: [.run("relister", to: .create, "sessions/"), .run("collector", to: .delete, "packs/")])

    /// The index is made anew, and a late message brings packs back.
    static let rebuilding = Scenario(
        name: "rebuilding", past: past,
        parts: [
            .writer("sleeper", letters: "C", machine: "node", retries: 0), .collector("first", rounds: 1, machine: "first"),
            .collector("late", rounds: 1, machine: "late"), .network(copies: 1), .rebuilder("rebuilder", machine: "maintenance"),
            .writer("writer", letters: "C", machine: "neighbour"),
        ])

    /// The same, while a collector sleeps that is about to delete.
    static let rebuildingBesideASleeper = rebuilding.beginning(
        "rebuilding beside a sleeper", .run("sleeper", to: .create, "index/"), .run("first", to: .delete, "packs/"),
        .run("late", to: .size, "packs/"),
        .finish("first"))

    /// Everybody, with whatever can happen to them.
    static let crowd = Scenario(
        name: "crowd",
        past: { site in
            try past(site)
            try site.snapshot("S1", "AC", packs: [["#AC", "C"], ["A"]])
        },
        parts: [
            .writer("writer", letters: "B", machine: "node"), .writer("neighbour", letters: "BC", machine: "neighbour", fromBase: true),
            .replicator("S2", letters: "AB", machine: "maintenance"), .collector("collector", rounds: 3, machine: "maintenance"),
            .collector("compactor", rounds: 2, machine: "other", compacts: true), .retention("retention", snapshot: "S1"),
            .network(copies: 3),
        ], knowing: ["node", "neighbour"], accidents: .all)

    private func beginning(_ name: String, _ cues: Cue..., isLate: Bool = true, knowing: [String] = []) -> Scenario {
        Scenario(name: name, past: past, parts: parts, cues: cues, knowing: knowing, isLate: isLate, accidents: accidents)
    }
}
