import Base
import Codec
import Glibc
import Scheduling
import Sovereignty

/// All that decisions are made from, as it lies on the disk now: rules, what is known of providers, approvers, signed papers.
package struct Dossier: Sendable {
    package let book: PolicyBook
    package let catalogue: ProviderCatalogue
    package let approvers: Approvers
    package let register: EvidenceRegister

    private static let limit = 1 << 20

    /// Throws `Failures` with everything that is wrong in the rules, and a `Failure` where a folder is missing or cannot be read. A paper that
    /// is worth nothing is no error: it counts as absent.
    package init(_ papers: Configuration.Papers) throws {
        do {
            book = try PolicyBook(Self.files(try Self.folder(papers.policies, "policies")))
            catalogue = try ProviderCatalogue(Self.files(try Self.folder(papers.providers, "providers")))
            approvers = try ApproversFile.read(papers.approvers)
            register = EvidenceRegister(try EvidenceFolder.read(papers.evidence), approvers: approvers)
        } catch let problems as DocumentProblems { throw Failures(problems.failures) }
    }

    private static func files(_ folder: String) throws -> [(name: String, bytes: [UInt8])] {
        let files = try Files.names(folder).filter { $0.hasSuffix(".json") }.compactMap { name in
            try Files.read(folder + "/" + name, limit: limit).map { (name: name, bytes: $0) }
        }
        if files.isEmpty { throw Failure(.usage, .policyFolderEmpty, object: folder, remedy: .policyFolderRemedy) }
        return files
    }

    /// What the configuration names, else what lies beside the program: below its prefix, or in the source tree that it was built in.
    static func folder(_ configured: String?, _ name: String) throws -> String {
        if let configured { return configured }
        let program = programPath() ?? ""
        var candidates: [String] = []
        if let build = program.firstRange(of: "/.build/") { candidates.append(program[..<build.lowerBound] + "/etc/" + name) }
        if let bin = program.firstRange(of: "/bin/hdsbackup") { candidates.append(program[..<bin.lowerBound] + "/share/hdsbackup/" + name) }
        let installed = "/usr/share/hdsbackup/" + name
        for candidate in candidates where try !Files.names(candidate).isEmpty { return candidate }
        return installed
    }

    private static func programPath() -> String? {
        var buffer = [CChar](repeating: 0, count: 4_096)
        let length = readlink("/proc/self/exe", &buffer, buffer.count)
        return length > 0 ? String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }

    /// A value that changes as soon as a file that decisions are made from does: of names, sizes and times of change.
    package static func fingerprint(_ papers: Configuration.Papers) -> Digest {
        var parts: [String] = []
        let folders = [papers.evidence, try? folder(papers.policies, "policies"), try? folder(papers.providers, "providers")]
        for folder in folders.compactMap({ $0 }) {
            for name in ((try? Files.names(folder)) ?? []).sorted() { parts.append(stamp(folder + "/" + name)) }
        }
        parts.append(stamp(papers.approvers))
        return sha256(parts.joined(separator: "\n").utf8.map { $0 })
    }

    private static func stamp(_ path: String) -> String {
        var info = stat()
        guard stat(path, &info) == 0 else { return path }
        return "\(path) \(info.st_size) \(info.st_ino) \(info.st_mtim.tv_sec).\(info.st_mtim.tv_nsec) \(info.st_ctim.tv_sec).\(info.st_ctim.tv_nsec)"
    }
}
