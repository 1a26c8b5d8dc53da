import Base
import Codec
import Keys
import Report

/// `hdsbackup report`: what is known of one tenant, put together, signed and written to a new folder.
package struct TenantReport: Sendable {
    package struct Request: Sendable {
        /// As `2026-11`; nil: the month of today (UTC).
        package var month: String?
        /// As `2026-11-30`; nil: today.
        package var asOf: String?
        package var format = "html"
        package var language = Language.english
        package init() {}
    }

    /// `report --json`.
    package struct Row: Encodable, Sendable {
        package struct Gaps: Encodable, Sendable {
            package let major: Int
            package let unknown: Int
            package let minor: Int
        }
        package let tenant: String
        package let month: String
        package let as_of: String
        package let format: String
        package let folder: String
        package let files: [String]
        /// Id of the key that signed.
        package let signer: String
        package let gaps: Gaps
    }

    private let period: ReportPeriod
    private let format: ReportFolder.Format
    private let language: Language
    private let now = Timestamp.now()

    /// Throws `.usage` for a month, a day or a format that is none, and for a day that has not come.
    package init(_ request: Request) throws {
        let today = ReportMoment(seconds: now.seconds).day
        let asOf = request.asOf ?? today.description
        period = try ReportPeriod(month: request.month ?? String(today.description.prefix(7)), asOf: asOf)
        guard period.asOf <= today else { throw Failure(.usage, .reportDayToCome, object: asOf, remedy: .reportDayForm) }
        guard let format = ReportFolder.Format(rawValue: request.format) else {
            throw Failure(.usage, .configWrongValue(.expectedOne(of: ReportFolder.Format.allCases.map(\.rawValue))), object: request.format)
        }
        self.format = format
        language = request.language
    }

    /// Writes the report to the new folder `path`, whole or not at all; and what kept facts from being found. Durable on return.
    ///
    /// Throws `.key` on a machine without a role's signing key, `.exists`, `.failed` where nothing makes a PDF, `.refused` for what no report may hold.
    package func write(_ workspace: Workspace, _ history: HistoryStore, to path: String) throws -> (row: Row, failures: [Failure]) {
        guard let signer = try workspace.keys.journalSigner() else {
            throw Failure(.key, .reportNoSigner, object: workspace.tenant.name, remedy: .reportSignerRemedy)
        }
        func tool() throws -> PDFTool { try PDFTool.find(searchPath: environmentVariables()["PATH"] ?? "/usr/bin:/bin") }
        // Before all the work.
        if format == .pdf { _ = try tool() }
        let folder = try Dossier.folder(nil, "report")
        func file(_ name: String) throws -> [UInt8] {
            guard let bytes = try Files.read(folder + "/" + name, limit: 1 << 20) else {
                throw Failure(.usage, .objectMissing, object: folder + "/" + name, remedy: .reportRestoreFile)
            }
            return bytes
        }
        let sentences = try Sentences(file("sentences.json"), file: folder + "/sentences.json")
        let book = try ClauseBook(file("clauses.json"), file: folder + "/clauses.json")
        var facts = FactsOfTenant(workspace, history, period, now: now)
        let report = try AuditReport(facts.facts(), sentences: sentences, book: book)
        let items = try ReportFolder.files(of: report, as: format, in: language, pdf: tool(), work: workspace.state.folder)
        try ReportFolder.write(items, of: report, signedBy: signer, to: path)
        func count(_ level: Gap.Level) -> Int { report.gaps.count { $0.level == level } }
        let row = Row(
            tenant: workspace.tenant.name, month: period.month, as_of: period.asOf.description, format: format.rawValue, folder: path,
            files: items.map(\.name).sorted(), signer: signer.id.hex,
            gaps: Row.Gaps(major: count(.major), unknown: count(.unknown), minor: count(.minor)))
        return (row, facts.failures)
    }
}
