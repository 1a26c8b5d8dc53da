extension ReportFacts {
    /// Sections of which nothing is known that could be judged: their clauses are not called good for want of a gap.
    var bareSections: Set<Int> {
        func any<Value>(_ field: (Source) -> Recorded<Value>) -> Bool { sources.contains { field($0).value != nil } }
        let known: [Int: Bool] = [
            2: !tenants.isEmpty, 3: !sites.isEmpty || certificates.value != nil, 4: decisions.value != nil, 5: any(\.execution),
            6: any(\.resilience) || independence.value != nil, 7: verifications.value != nil, 8: any(\.restoreTests) || restores.value != nil,
            9: cryptography.value != nil, 10: access.value != nil, 11: journal.value != nil, 12: incidents.value != nil,
            13: any(\.basis) || retention.value != nil,
        ]
        return Set(known.filter { !$0.value }.keys)
    }
}
