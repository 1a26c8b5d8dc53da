import Codec

/// A public key of minisign(1): `Ed`, eight bytes that name it, and the Ed25519 key.
package struct MinisignKey: Sendable, Hashable {
    /// Chosen at random when the key is made; it says which key to try, and proves nothing.
    package struct ID: Sendable, Hashable {
        let bytes: [UInt8]
    }

    package let id: ID
    package let ed25519: [UInt8]

    /// Nil unless `text` is the base64 line of a public key file.
    package init?(_ text: String) {
        guard let bytes = bytesFromBase64(text), bytes.count == 42, bytes.starts(with: "Ed".utf8) else { return nil }
        id = ID(bytes: Array(bytes[2..<10]))
        ed25519 = Array(bytes[10...])
    }
}

/// A signature file of minisign(1), both kinds, <https://jedisct1.github.io/minisign/>:
///
///     untrusted comment: anything
///     base64 of algorithm (2) ‖ key id (8) ‖ signature (64)
///     trusted comment: text
///     base64 of the signature over the first signature ‖ text
///
/// `Ed` signs the file itself, `ED` its BLAKE2b-512.
struct MinisignSignature: Sendable, Equatable {
    enum Algorithm { case legacy, prehashed }

    let algorithm: Algorithm
    let key: MinisignKey.ID
    let signature: [UInt8]
    let trustedComment: String
    let commentSignature: [UInt8]

    /// Nil for what is no such file.
    init?(_ bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        // By scalars: Swift's "\r\n" is one character that neither "\n" nor "\r" splits.
        var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            String(String.UnicodeScalarView(line.last == "\r" ? line.dropLast() : line))
        }
        if lines.last == "" { lines.removeLast() }
        let trusted = "trusted comment: "
        guard lines.count == 4, lines[0].hasPrefix("untrusted comment: "), lines[2].hasPrefix(trusted),
            let body = bytesFromBase64(lines[1]), body.count == 74, let global = bytesFromBase64(lines[3]), global.count == 64
        else { return nil }
        switch String(decoding: body[..<2], as: UTF8.self) {
        case "Ed": algorithm = .legacy
        case "ED": algorithm = .prehashed
        default: return nil
        }
        key = MinisignKey.ID(bytes: Array(body[2..<10]))
        signature = Array(body[10...])
        trustedComment = String(lines[2].dropFirst(trusted.count))
        commentSignature = global
    }

    /// Whether `key` signed `message`, and the trusted comment with it.
    func isValid(_ key: MinisignKey, _ message: [UInt8]) -> Bool {
        let signed = algorithm == .legacy ? message : blake2b512(message)
        return key.id == self.key && ed25519Verifies(signature, signed, key: key.ed25519)
            && ed25519Verifies(commentSignature, signature + Array(trustedComment.utf8), key: key.ed25519)
    }
}
