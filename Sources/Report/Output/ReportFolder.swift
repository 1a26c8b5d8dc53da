import Base
import Codec
import Glibc
import Keys

/// A report on disk: its files, a manifest with the SHA-256 of each, and detached signatures of the manifest.
///
/// `sha256sum` reads the manifest as it is, `openssl` verifies its Ed25519 signature (docs/REPORT.md, `docs/tools/report-verify.sh`).
package enum ReportFolder {
    package static let manifestName = "report.manifest"
    /// 64 bytes; and 3309, beside it, for what must hold for twenty years.
    package static let signatureName = "report.manifest.ed25519"
    package static let lastingSignatureName = "report.manifest.mldsa65"
    /// Keeps this signature from being one of anything else.
    private static let label = "# hdsbackup/1 report manifest"
    private static let limit = 1 << 30

    /// What stands in the annex of the report.
    static let verificationCommands = """
        sh report-verify.sh KEYS REPORT

        cd REPORT
        grep '^# signer' report.manifest
        { printf 'hdsbackup/1 signing key'; cat KEYS/ID.pub; } | sha256sum
        { printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000'; head -c 32 KEYS/ID.pub; } > /tmp/key.der
        openssl pkeyutl -verify -pubin -keyform DER -inkey /tmp/key.der -rawin \\
            -in report.manifest -sigfile report.manifest.ed25519
        sha256sum --strict -c report.manifest
        """

    /// One file of a report: a name of lower-case letters, digits, dots and hyphens.
    package struct Item: Sendable {
        package let name: String
        package let bytes: [UInt8]
        package init(name: String, bytes: [UInt8]) { (self.name, self.bytes) = (name, bytes) }
    }

    /// The manifest: comments that say of what, then a line for each file as `sha256sum` writes it, by name.
    package static func manifest(_ items: [Item], of report: AuditReport, signer: KeyID) -> [UInt8] {
        let facts = report.facts
        var lines = [
            label, "# format \(report.format)", "# month \(facts.period.month)", "# as-of \(facts.period.asOf)", "# made \(facts.made)",
            "# tenant \(facts.tenant.map { printable(Array($0.utf8)) } ?? "-")", "# signer \(signer.hex)",
        ]
        lines += items.sorted { $0.name < $1.name }.map { "\(sha256($0.bytes).hex)  \($0.name)" }
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }

    /// Writes a report to the new folder `path`, whole or not at all. Durable on return. Throws `.exists` where there is something already.
    package static func write(_ items: [Item], of report: AuditReport, signedBy key: SigningKey, to path: String) throws {
        for item in items { precondition(isName(item.name), "a name of our own") }
        guard access(path, F_OK) != 0 else { throw Failure(.exists, .reportExists, object: path, remedy: .reportOtherPlace) }
        let manifest = manifest(items, of: report, signer: key.id)
        let signatures = try key.sign(manifest, lasting: true)
        let temporary = path + ".new-" + hexString(randomBytes(6))
        try Files.makeFolder(temporary, mode: 0o700)
        do {
            for item in items { try Files.create(temporary + "/" + item.name, item.bytes) }
            try Files.create(temporary + "/" + manifestName, manifest)
            for signature in signatures {
                try Files.create(temporary + "/" + (signature.algorithm == .ed25519 ? signatureName : lastingSignatureName), signature.bytes)
            }
            try Files.move(temporary, to: path)
        } catch {
            try Files.removeFolder(temporary)
            throw error
        }
    }

    /// Verifies a report with both signatures. Throws `.key` where its signer is not one of `trusted`, `.damaged` or `.missing` with the file where
    /// something is not what was signed, or was not signed at all.
    package static func verify(_ path: String, trusted: [VerifyingKey]) throws {
        func read(_ name: String) throws -> [UInt8] {
            guard let bytes = try Files.read(path + "/" + name, limit: limit) else { throw Failure(.missing, .reportFileMissing, object: name) }
            return bytes
        }
        let manifest = try read(manifestName)
        let lines = String(decoding: manifest, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.first == label, lines.last == "" else { throw Failure(.damaged, .malformedRecord("report manifest"), object: manifestName) }
        guard let signer = lines.first(where: { $0.hasPrefix("# signer ") }).flatMap({ Base.Digest(hex: $0.dropFirst(9)) }),
            let key = trusted.first(where: { $0.id == signer })
        else { throw Failure(.key, .reportUnknownSigner, object: manifestName) }
        for (algorithm, name) in [(Signature.Algorithm.ed25519, signatureName), (.mldsa65, lastingSignatureName)] {
            guard key.verifies(Signature(algorithm: algorithm, signer: signer, bytes: try read(name)), manifest) else {
                throw Failure(.damaged, .reportWrongSignature, object: name)
            }
        }
        var signed: Set<String> = [manifestName, signatureName, lastingSignatureName]
        for line in lines.dropLast() where !line.hasPrefix("#") {
            let name = String(line.dropFirst(66))
            guard let hash = Base.Digest(hex: line.prefix(64)), line.dropFirst(64).hasPrefix("  "), isName(name), signed.insert(name).inserted else {
                throw Failure(.damaged, .malformedRecord("report manifest"), object: manifestName)
            }
            guard sha256(try read(name)) == hash else { throw Failure(.damaged, .reportFileAltered, object: name) }
        }
        if let other = try Files.names(path).first(where: { !signed.contains($0) }) {
            throw Failure(.damaged, .reportFileUnsigned, object: printable(Array(other.utf8)))
        }
    }

    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && !name.hasPrefix(".")
            && name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2E || $0 == 0x2D }
    }
}
