import Base

/// The folder of documents beside the configuration.
///
/// A document is `NAME.json`; its signatures are `NAME.json.minisig`, `NAME.json.WHO.minisig`, `NAME.json.sig` and
/// `NAME.json.WHO.sig`.
package enum EvidenceFolder {
    private static let documentLimit = JSONParser.limit
    private static let signatureLimit = 64 << 10

    /// Reads all of them; a folder that is not there holds none. Throws a `Failure` where one cannot be read, since what it says is not
    /// known then.
    package static func read(_ path: String) throws -> [SignedFile] {
        let names = try Files.names(path)
        return try names.filter { $0.hasSuffix(".json") }.map { name in
            let signatures = names.filter { isSignature($0, of: name) }
            return SignedFile(
                name: name, bytes: try bytes(path, name, documentLimit),
                signatures: try signatures.map { SignatureFile(name: $0, bytes: try bytes(path, $0, signatureLimit)) })
        }
    }

    private static func isSignature(_ name: String, of document: String) -> Bool {
        name.hasPrefix(document + ".") && (name.hasSuffix(".minisig") || name.hasSuffix(".sig"))
    }

    private static func bytes(_ path: String, _ name: String, _ limit: Int) throws -> [UInt8] {
        guard let bytes = try Files.read(path + "/" + name, limit: limit) else {
            throw Failure(.missing, .documentVanished, object: "\(path)/\(name)")
        }
        return bytes
    }
}
