/// The casts, by what they try out. Every past has the snapshot S0 of chunk A, and a pack with B that nobody needs, as docs/MODEL.md has it.
extension Scenario {
    private static func past(_ site: SiteBuilder) throws {
        try site.snapshot("S0", "A", packs: [["#A", "A"]])
        try site.spare("old", packs: [["#B", "B"]])
    }

    /// A writer that could reuse what a collector condemns.
    static let pair = Scenario(
        name: "pair", past: past,
        parts: [.writer("writer", letters: "B", machine: "node"), .collector("collector", rounds: 2, machine: "maintenance")])

    /// Two writers that take over what they find whole.
    static let bases = Scenario(
        name: "bases", past: past,
        parts: [
            .writer("first", letters: "B", machine: "node"), .writer("second", letters: "B", machine: "neighbour", fromBase: true),
            .retention("retention", snapshot: "first"), .collector("collector", rounds: 2, machine: "maintenance"),
        ])

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

    /// A writer that sleeps while others go on, and one that could take over what it left.
    static let sleepers = Scenario(
        name: "sleepers", past: past,
        parts: [
            .writer("sleeper", letters: "C", machine: "node", retries: 0), .writer("writer", letters: "C", machine: "neighbour"),
            .collector("collector", rounds: 3, machine: "maintenance"),
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

    static let undoing = Scenario(
        name: "undoing", past: past,
        parts: [
            .writer("writer", letters: "B", machine: "node"), .undo("undo"), .collector("collector", rounds: 2, machine: "maintenance"),
            .retention("retention", snapshot: "S0"), .collector("other", rounds: 1, machine: "other"),
        ])

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

    /// Copies of a pack whose snapshot is forgotten.
    static let copies = Scenario(
        name: "copies",
        past: { site in
            try site.snapshot("S0", "A", packs: [["#A", "A"]], isReplicator: true)
            try site.snapshot("S1", "C", packs: [["#C", "C"]], isReplicator: true)
        },
        parts: [
            .replicator("S2", letters: "C", machine: "maintenance"), .retention("retention", snapshot: "S1"),
            .collector("collector", rounds: 2, machine: "other"),
        ])

    /// A segment is lost; what it listed is listed again, or condemned.
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
        ])

    /// The index is made anew while a collector sleeps and a late message brings a doomed pack back.
    static let rebuilding = Scenario(
        name: "rebuilding", past: past,
        parts: [
            .writer("sleeper", letters: "C", machine: "node", retries: 0), .collector("first", rounds: 1, machine: "first"),
            .collector("late", rounds: 1, machine: "late"), .network(copies: 1), .rebuilder("rebuilder", machine: "maintenance"),
            .writer("writer", letters: "C", machine: "neighbour"),
        ])

    /// As `sleepers`, for so long that what ended the sleeper's session is removed.
    static let longSleepers = Scenario(
        name: "long sleepers", past: past,
        parts: [
            .writer("sleeper", letters: "C", machine: "node", retries: 0), .collector("first", rounds: 1, machine: "maintenance"),
            .retention("retention", snapshot: "S0"), .collector("second", rounds: 2, machine: "other"),
            .writer("writer", letters: "C", machine: "neighbour"),
        ])

    func beginning(_ cues: Cue..., isLate: Bool = true, knowing: [String] = []) -> Scenario {
        var scenario = self
        (scenario.cues, scenario.isLate, scenario.knowing) = (cues, isLate, knowing)
        return scenario
    }
}
