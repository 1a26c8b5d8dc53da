import Base
import Foundation
import Testing

@testable import Report

@Suite struct PDFToolTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "pdf-test-\(hexString(randomBytes(8)))").path

    private func script(_ name: String, _ body: String) throws {
        try Files.makeFolder(folder)
        try Files.create(folder + "/" + name, Array("#!/bin/sh\n\(body)\n".utf8), mode: 0o700)
    }

    private func remove() { try? FileManager.default.removeItem(atPath: folder) }

    @Test func withoutAProgramTheErrorSaysWhatToInstall() throws {
        let failure = #expect(throws: Failure.self) { try PDFTool.find(searchPath: "/nowhere:relative::") }
        #expect(failure?.message.code == "report.no-pdf-tool")
        #expect(failure?.remedy?.french.contains("apt-get install weasyprint") == true)
        #expect(failure?.exitStatus == .failed)
    }

    @Test func weasyPrintComesBeforeChromium() throws {
        defer { remove() }
        try script("chromium", "exit 0")
        #expect(try PDFTool.find(searchPath: "/nowhere:\(folder)") == PDFTool(program: .chromium, path: folder + "/chromium"))
        try script("weasyprint", "exit 0")
        #expect(try PDFTool.find(searchPath: folder).program == .weasyPrint)
    }

    @Test func aProgramThatFailsIsNamedWithItsLastWords() throws {
        defer { remove() }
        try script("weasyprint", "echo first; echo 'no font' >&2; exit 3")
        let failure = #expect(throws: Failure.self) { try PDFTool.find(searchPath: folder).convert(page: "p.html", to: folder + "/o.pdf") }
        #expect(failure?.message.english.contains("status 3") == true)
        #expect(failure?.message.english.contains("no font") == true)
    }

    @Test func aProgramThatMakesNoPDFHasFailed() throws {
        defer { remove() }
        try script("weasyprint", "for last; do :; done; echo text > \"$last\"")
        #expect(throws: Failure.self) { try PDFTool.find(searchPath: folder).convert(page: "p.html", to: folder + "/o.pdf") }
        remove()
        try script("weasyprint", "for last; do :; done; printf '%%PDF-1.7' > \"$last\"")
        #expect(throws: Never.self) { try PDFTool.find(searchPath: folder).convert(page: "p.html", to: folder + "/o.pdf") }
    }

    @Test func eachFormatHasItsFilesAndLeavesNothingBehind() throws {
        defer { remove() }
        let report = try Samples.report(Samples.flawed())
        func names(_ format: ReportFolder.Format, _ tool: @autoclosure () throws -> PDFTool) throws -> [String] {
            try ReportFolder.files(of: report, as: format, in: .french, pdf: try tool(), work: folder).map(\.name)
        }
        let none = PDFTool(program: .chromium, path: "/nowhere/chromium")
        #expect(try names(.json, none) == ["report.json"])
        #expect(try names(.html, none) == ["report.json", "report.html"])
        try script("weasyprint", "for last; do :; done; printf '%%PDF-1.7' > \"$last\"")
        #expect(try names(.pdf, PDFTool.find(searchPath: folder)) == ["report.json", "report.html", "report.pdf"])
        #expect(throws: Failure.self) { try names(.pdf, none) }
        #expect(try Files.names(folder) == ["weasyprint"])
    }

    /// Where a program is installed, a whole report goes through it.
    @Test(.enabled(if: (try? PDFTool.find(searchPath: ProcessInfo.processInfo.environment["PATH"] ?? "")) != nil))
    func aReportBecomesAPDF() throws {
        defer { remove() }
        try Files.makeFolder(folder)
        let page = HTMLPage(try Samples.report(Samples.flawed()), language: .french, dataHash: Samples.hash("0"))
        try Files.create(folder + "/report.html", page.bytes)
        let tool = try PDFTool.find(searchPath: ProcessInfo.processInfo.environment["PATH"] ?? "")
        try tool.convert(page: folder + "/report.html", to: folder + "/report.pdf")
        #expect(try Files.read(folder + "/report.pdf")?.count ?? 0 > 20_000)
    }
}
