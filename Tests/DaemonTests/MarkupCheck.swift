/// The tags of a page in order, without text, if every element is closed and every attribute quoted; nil otherwise. It
/// takes what the page writes and no more: it is stricter than a browser on purpose.
func tagsIfWellFormed(_ page: String) -> [String]? {
    guard page.hasPrefix("<!DOCTYPE html>\n") else { return nil }
    var rest = page.dropFirst(16)
    var open: [Substring] = []
    var tags: [String] = []
    while let start = rest.firstIndex(of: "<") {
        guard !rest[..<start].contains(">"), let end = rest[start...].firstIndex(of: ">") else { return nil }
        let inner = rest[rest.index(after: start)..<end]
        rest = rest[rest.index(after: end)...]
        if inner.hasPrefix("/") {
            guard open.popLast() == inner.dropFirst() else { return nil }
            continue
        }
        let name = inner.prefix { $0.isLetter || $0.isNumber }
        let isEmpty = inner.hasSuffix("/")
        guard !name.isEmpty, areAttributes(inner.dropFirst(name.count).dropLast(isEmpty ? 1 : 0)) else { return nil }
        tags.append(String(name))
        if name == "style" {  // its text is no markup
            guard let closing = rest.firstIndex(of: "<") else { return nil }
            rest = rest[closing...]
        }
        if !isEmpty { open.append(name) }
    }
    return open.isEmpty ? tags : nil
}

/// ` name="value"`, again and again.
private func areAttributes(_ text: Substring) -> Bool {
    var rest = text
    while !rest.isEmpty {
        guard rest.first == " " else { return false }
        let name = rest.dropFirst().prefix { $0.isLetter || $0.isNumber || $0 == "-" }
        rest = rest.dropFirst(1 + name.count)
        guard !name.isEmpty, rest.hasPrefix("=\""), let end = rest.dropFirst(2).firstIndex(of: "\"") else { return false }
        rest = rest[rest.index(after: end)...]
    }
    return true
}
