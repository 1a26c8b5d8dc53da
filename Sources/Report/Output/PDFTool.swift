import Base
import Glibc

/// The outside program that makes a PDF of a page: WeasyPrint, or Chromium without a window. Neither is part of this program.
package struct PDFTool: Sendable, Equatable {
    package let program: Program
    /// Path of the program.
    package let path: String

    package enum Program: String, Sendable, CaseIterable {
        case weasyPrint = "weasyprint"
        case chromium
    }

    package init(program: Program, path: String) { (self.program, self.path) = (program, path) }

    /// Seconds after which it is ended.
    private static let timeout = 300.0
    private static let outputLimit = 64 << 10

    /// The first of `Program.allCases` in the folders of `searchPath` (as PATH: colons between them). Throws `.failed` where there is none.
    package static func find(searchPath: String) throws -> PDFTool {
        for program in Program.allCases {
            for folder in searchPath.split(separator: ":") where folder.hasPrefix("/") {
                let path = "\(folder)/\(program.rawValue)"
                if access(path, X_OK) == 0 { return PDFTool(program: program, path: path) }
            }
        }
        throw Failure(.failed, .reportNoPDFTool, remedy: .reportInstallPDFTool)
    }

    /// Writes the PDF of `page` to `target`, both paths of files. Throws `.failed` with the program's last words where it failed or made none.
    package func convert(page: String, to target: String) throws {
        let words =
            switch program {
            case .weasyPrint: [path, "--encoding", "utf-8", "--pdf-variant", "pdf/ua-1", page, target]
            case .chromium:
                // Its sandbox refuses to work for root.
                [path, "--headless", "--disable-gpu"] + (geteuid() == 0 ? ["--no-sandbox"] : []) + [
                    "--no-pdf-header-footer", "--generate-pdf-document-outline", "--print-to-pdf=\(target)", "file://\(page)",
                ]
            }
        let child: ChildProcess
        do { child = try ChildProcess(words, capturesOutput: true, capturesErrors: true) } catch let error as SystemError {
            throw error.failure(.failed, "start", object: path)
        }
        let said = try lastWords(of: child)
        let status = child.wait()
        let start = try Files.read(target, limit: 1 << 30)?.prefix(5)
        guard status == 0, let start, Array(start) == Array("%PDF-".utf8) else {
            throw Failure(.failed, .reportPDFFailed(program.rawValue, status, said), object: target, remedy: .reportInstallPDFTool)
        }
    }

    /// What it writes until it ends, at most for the timeout: the last line is kept.
    private func lastWords(of child: ChildProcess) throws -> String {
        let deadline = monotonicSeconds() + Self.timeout
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while let output = child.output {
            guard child.waitForOutput(until: deadline) else {
                child.terminate()
                break
            }
            let count = try buffer.withUnsafeMutableBytes { try output.read(into: $0) }
            if count == 0 { break }
            bytes += buffer.prefix(count)
            if bytes.count > Self.outputLimit { bytes.removeFirst(bytes.count - Self.outputLimit) }
        }
        return bytes.split(separator: 0x0A).last.map { printable($0) } ?? ""
    }
}
