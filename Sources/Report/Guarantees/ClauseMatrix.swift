import Base

/// Clauses of the standards, where the report shows their evidence, and the gaps that touch them.
package struct ClauseBook: Codable, Sendable, Equatable {
    package let clauses: [Clause]

    package struct Clause: Codable, Sendable, Equatable {
        /// As gaps name it: `HDS EXI 12`.
        package let id: String
        package let framework: String
        package let title: LocalText
        /// Sections of the report, 1 to 15.
        package let sections: [Int]
    }

    /// Throws `.usage` where a clause is there twice or names a section that does not exist; `file` is named.
    package init(_ bytes: [UInt8], file: String) throws {
        self = try readReportFile(bytes, file)
        var seen: Set<String> = []
        for clause in clauses
        where !seen.insert(clause.id).inserted || clause.sections.isEmpty || !clause.sections.allSatisfy((1...15).contains) {
            throw Failure(.usage, .reportBadFile(clause.id), object: file, remedy: .reportRestoreFile)
        }
    }
}

/// One line of the clause matrix.
package struct ClauseRow: Codable, Sendable, Equatable {
    package let clause: String
    package let framework: String
    package let title: LocalText
    package let sections: [Int]
    /// Ids of gaps that name it.
    package let gaps: [String]
    /// Nil: no gap was found. Unknown without a gap of its own where its sections have nothing to be judged by.
    package let worst: Gap.Level?

    /// `bare`: sections without facts. A line for each clause of the book, then for those that only gaps name.
    static func matrix(_ book: ClauseBook, _ gaps: [Gap], bare: Set<Int>) -> [ClauseRow] {
        func row(_ id: String, _ framework: String, _ title: LocalText, _ sections: [Int]) -> ClauseRow {
            let touching = gaps.filter { $0.clauses.contains(id) }
            var worst = Gap.Level.allCases.first { level in touching.contains { $0.level == level } }
            if worst == nil, bare.isSuperset(of: sections) { worst = .unknown }
            return ClauseRow(clause: id, framework: framework, title: title, sections: sections, gaps: touching.map(\.id), worst: worst)
        }
        let known = Set(book.clauses.map(\.id))
        let others = Set(gaps.flatMap(\.clauses)).subtracting(known).sorted()
        return book.clauses.map { row($0.id, $0.framework, $0.title, $0.sections) }
            + others.map { id in row(id, "—", LocalText(en: "named by a policy rule", fr: "citée par une règle de politique"), [4]) }
    }
}
