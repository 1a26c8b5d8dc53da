/// Whether `text` may name a node, domain, site, tenant or source.
func isName(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
        && text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
            default: false
            }
        } && text != "." && text != ".."
}

/// An absolute path without needless slashes; nil for anything else, `.` and `..` included.
func absolutePath(_ text: String) -> String? {
    guard text.utf8.first == UInt8(ascii: "/") else { return nil }
    let parts = text.utf8.split(separator: UInt8(ascii: "/"))
    guard !parts.contains(where: { $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) }) else { return nil }
    return "/" + parts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
}

// What some texts must look like.
extension Configuration {
    /// Names of accounts as useradd(8) makes them, a little wider.
    static func isUserName(_ text: String) -> Bool { isName(text) && text.utf8.count <= 32 && !text.hasPrefix("-") }

    static func isMailAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
            && !text.hasPrefix("-")
    }

    /// `host:port`, or nothing.
    static func isListenAddress(_ text: String) -> Bool {
        guard !text.isEmpty else { return true }
        guard let colon = text.lastIndex(of: ":") else { return false }
        return isHost(text[..<colon]) && isPort(text[text.index(after: colon)...])
    }

    static func isHostAndPort(_ text: String) -> Bool { !text.isEmpty && isListenAddress(text) }

    /// S3: 3 to 63 lower-case letters, digits, dots and hyphens, a letter or digit at both ends.
    static func isBucketName(_ text: String) -> Bool {
        func isPlain(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) }
        let bytes = Array(text.utf8)
        return (3...63).contains(bytes.count) && isPlain(bytes[0]) && isPlain(bytes[bytes.count - 1])
            && bytes.allSatisfy { isPlain($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }
}

private func isPort(_ text: Substring) -> Bool {
    text.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt16(text).map { $0 > 0 } == true
}

/// A name, an IPv4 address, or an IPv6 address in brackets.
private func isHost(_ text: Substring) -> Bool {
    if text.hasPrefix("[") {
        return text.hasSuffix("]") && text.count > 3 && text.dropFirst().dropLast().allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
    }
    return !text.isEmpty && text.utf8.count <= 253 && isNameLike(text)
}

private func isNameLike(_ text: Substring) -> Bool { text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { isName(String($0)) } }

/// An address that data may be sent to: https, or http to this machine itself.
struct WebAddress {
    let scheme: String
    let host: String
    /// Whether a user or password stands before the host.
    let hasUser: Bool
    /// Whether anything follows the host but one slash.
    let hasPath: Bool

    init?(_ text: String) {
        guard let colon = text.firstRange(of: "://"), text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return nil }
        scheme = String(text[..<colon.lowerBound])
        var authority = text[colon.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        hasUser = authority.contains("@")
        hasPath = !["", "/"].contains(text[colon.upperBound...].drop { $0 != "/" && $0 != "?" && $0 != "#" })
        if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
        var host = authority
        if let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
            guard isPort(authority[authority.index(after: colon)...]) else { return nil }
            host = authority[..<colon]
        }
        guard isHost(host) else { return nil }
        self.host = String(host)
        guard scheme == "https" || (scheme == "http" && Self.isLoopback(self.host)) else { return nil }
    }

    /// Whether the host is an address: it cannot bear a bucket's name before it.
    var isNumeric: Bool { host.hasPrefix("[") || host.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") } }

    static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "[::1]" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
