import Base
import Scheduling

/// The policy files: the profiles with their rules, the terms that they share, the countries, the endpoints that are refused.
///
/// Evaluating is pure: the same files, facts and day give the same decision.
package struct PolicyBook: Sendable {
    package let terms: PolicyTerms
    package let countries: Jurisdictions
    package let denied: [DeniedEndpoint]
    package let hash: Digest
    private let profiles: [ProfileName: Profile]
    private let rules: [ProfileName: [Rule]]

    /// Reads `common.json`, `countries.json`, `endpoints.json` and one file for each profile, `hds.json` and so on. Throws
    /// `DocumentProblems` with all problems of all files.
    package init(_ files: [(name: String, bytes: [UInt8])]) throws {
        var reading = Reading(files)
        let terms = reading.read("common.json", PolicyTerms.init)
        let countries = reading.read("countries.json", Jurisdictions.init)
        let denied = reading.read("endpoints.json", readDeniedEndpoints)
        var profiles: [ProfileName: Profile] = [:]
        for name in ProfileName.allCases {
            let file = name.rawValue + ".json"
            guard let profile = reading.read(file, Profile.init) else { continue }
            if profile.name != name { reading.problem(file, "profile.name", .configWrongValue(.expectedOne(of: ["\"\(name.rawValue)\""]))) }
            profiles[name] = profile
        }
        reading.refuseOthers()
        var rules: [ProfileName: [Rule]] = [:]
        for name in profiles.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            guard let all = Self.rules(of: name, profiles) else {
                reading.problem(name.rawValue + ".json", "profile.extends", .policyLoop)
                continue
            }
            var seen: Set<RuleID> = []
            for rule in all where !seen.insert(rule.id).inserted {
                reading.problem(name.rawValue + ".json", "profile.rules", .policyRuleTwice(rule.id.text))
            }
            rules[name] = all
        }
        guard reading.problems.isEmpty, let terms, let countries, let denied else { throw DocumentProblems(reading.problems) }
        self.terms = terms
        self.countries = countries
        self.denied = denied
        self.profiles = profiles
        self.rules = rules
        hash = fileHash(files)
    }

    /// Its own rules after those that it extends; nil where a profile extends itself.
    private static func rules(of name: ProfileName, _ profiles: [ProfileName: Profile]) -> [Rule]? {
        var chain: [Profile] = []
        var next: ProfileName? = name
        while let name = next, let profile = profiles[name] {
            guard !chain.contains(where: { $0.name == name }) else { return nil }
            chain.append(profile)
            next = profile.extends
        }
        return chain.reversed().flatMap(\.rules)
    }

    /// All rules of a profile, those of the profiles that it extends first.
    package func rules(of profile: ProfileName) -> [Rule] { rules[profile] ?? [] }

    /// What a profile promises, in one sentence.
    package func title(of profile: ProfileName) -> Message? { profiles[profile]?.title }

    /// Each rule of any profile, once: what the three questions are answered from.
    package var allRules: [Rule] {
        var seen: Set<RuleID> = []
        return ProfileName.allCases.flatMap(rules(of:)).filter { seen.insert($0.id).inserted }
    }
}

extension PolicyBook {
    /// Reads one file after another and gathers what is wrong in each.
    private struct Reading {
        private let files: [String: [UInt8]]
        private var known: Set<String> = []
        var problems: [DocumentProblem] = []

        init(_ files: [(name: String, bytes: [UInt8])]) {
            self.files = Dictionary(files.map { ($0.name, $0.bytes) }, uniquingKeysWith: { first, _ in first })
        }

        mutating func read<T>(_ name: String, _ read: ([UInt8], String) throws -> T) -> T? {
            known.insert(name)
            guard let bytes = files[name] else {
                problem(name, "", .documentMissing)
                return nil
            }
            do {
                return try read(bytes, name)
            } catch {
                problems += (error as? DocumentProblems)?.all ?? []
                return nil
            }
        }

        mutating func problem(_ file: String, _ key: String, _ message: Message) {
            problems.append(DocumentProblem(file: file, line: 1, key: key, message: message))
        }

        /// A file that nothing reads is somebody's mistake.
        mutating func refuseOthers() {
            for name in files.keys.sorted() where !known.contains(name) { problem(name, "", .policyUnknownFile) }
        }
    }
}

/// Reads `endpoints.json`.
private func readDeniedEndpoints(_ bytes: [UInt8], file: String) throws -> [DeniedEndpoint] {
    try readDocument(bytes, file: file) { root in
        root.required("endpoints", .expectedTable) {
            root.section("endpoints") { section in
                section.required("denied", .expectedList(of: .expectedTable)) {
                    section.sections("denied") { section -> DeniedEndpoint? in
                        let pattern = section.required("host", .expectedPattern) { section.text("host", .expectedPattern) { EndpointPattern($0) } }
                        let owner = section.requiredText("owner")
                        let source = FactSource.read(section)
                        guard let pattern, let owner, let source else { return nil }
                        return DeniedEndpoint(pattern: pattern, owner: owner, source: source)
                    }
                }
            } ?? nil
        }
    }
}
