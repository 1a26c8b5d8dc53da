import Base
import Codec

extension ReportFolder {
    /// What a report can be put out as.
    package enum Format: String, Sendable, CaseIterable {
        case json, html, pdf
    }

    /// The files of a report: always `report.json`, with `html` and `pdf` the page, with `pdf` that too.
    ///
    /// `tool` makes the PDF, in a folder of its own below `work` that is gone on return. Throws what `PDFTool.convert` throws.
    package static func files(
        of report: AuditReport, as format: Format, in language: Language, pdf tool: @autoclosure () throws -> PDFTool, work: String
    ) throws -> [Item] {
        let json = try report.json
        guard format != .json else { return [Item(name: "report.json", bytes: json)] }
        let page = HTMLPage(report, language: language, dataHash: sha256(json).hex).bytes
        let items = [Item(name: "report.json", bytes: json), Item(name: "report.html", bytes: page)]
        guard format == .pdf else { return items }
        let tool = try tool()
        let folder = work + "/report-" + hexString(randomBytes(6))
        try Files.makeFolder(folder, mode: 0o700)
        let result = Result { () throws -> [UInt8] in
            try Files.create(folder + "/report.html", page)
            try tool.convert(page: folder + "/report.html", to: folder + "/report.pdf")
            guard let bytes = try Files.read(folder + "/report.pdf", limit: 1 << 30) else {
                throw Failure(.missing, .reportFileMissing, object: "report.pdf")
            }
            return bytes
        }
        try Files.removeFolder(folder)
        return items + [Item(name: "report.pdf", bytes: try result.get())]
    }
}
