/// The name of a host in lower case, without the dot at its end. What is in the address but the host is of no interest here.
package struct EndpointName: Sendable, Hashable {
    package let text: String

    /// Nil unless `host` is a name of DNS (letters, digits, hyphens and underscores; others must come as `xn--…`), or a numeric address.
    package init?(_ host: String) {
        var name = host.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        let isAllowed = { (byte: UInt8) in (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x5F }
        let isName = name.utf8.count <= 253 && labels.allSatisfy { (1...63).contains($0.utf8.count) && $0.utf8.allSatisfy(isAllowed) }
        let isAddress =
            name.hasPrefix("[") && name.hasSuffix("]")
            && name.dropFirst().dropLast().utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) || byte == 0x3A || byte == 0x2E
            }
        guard isName || isAddress else { return nil }
        text = name
    }

    /// The host of `https://HOST[:PORT][/…]`; nil for anything else, a user before the host included.
    package init?(address: String) {
        guard address.hasPrefix("https://") || address.hasPrefix("http://"), let slashes = address.firstRange(of: "://") else { return nil }
        var host = address[slashes.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !host.contains("@") else { return nil }
        if let colon = host.lastIndex(of: ":"), !host.hasSuffix("]") {
            guard let port = UInt16(host[host.index(after: colon)...]), port > 0 else { return nil }
            host = host[..<colon]
        }
        self.init(String(host))
    }

    /// Whether it is four numbers, or an address in brackets.
    package var isNumeric: Bool {
        text.hasPrefix("[") || text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E }
    }
}

/// Names such as `*.windows.net` or `s3.ap-*.io.cloud.ovh.net`: a leading `*.` stands for any labels and none, another `*` for part of
/// one label.
package struct EndpointPattern: Sendable, Hashable {
    package let text: String

    /// Nil for a single label, an empty one, or a lone `*` anywhere but at the beginning.
    package init?(_ text: String) {
        let text = text.lowercased()
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count >= 2, labels.allSatisfy({ !$0.isEmpty }), labels.dropFirst().allSatisfy({ $0 != "*" }),
            EndpointName(text.replacing("*", with: "x")) != nil
        else { return nil }
        self.text = text
    }

    /// Whether the pattern stands for `name`.
    package func matches(_ name: EndpointName) -> Bool {
        var pattern = text.split(separator: ".")[...]
        var labels = name.text.split(separator: ".")[...]
        if pattern.first == "*" {
            pattern = pattern.dropFirst()
            labels = labels.suffix(pattern.count)
        }
        return pattern.count == labels.count && zip(pattern, labels).allSatisfy { Self.matches($0, $1) }
    }

    /// One label: `*` stands for any run of characters.
    private static func matches(_ pattern: Substring, _ label: Substring) -> Bool {
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return pattern == label }
        guard label.hasPrefix(first) else { return false }
        var rest = label.dropFirst(first.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let found = rest.firstRange(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return rest.count >= last.count && rest.hasSuffix(last)
    }
}
