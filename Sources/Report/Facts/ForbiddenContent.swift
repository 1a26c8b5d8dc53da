import Base

extension ReportFacts {
    /// Throws `.refused`, naming the place and never the content, where a text holds what no report may: key material, or the number of an insured
    /// person (NIR or INS).
    package func refuseForbiddenContent() throws {
        var walk = TextWalk()
        walk.visit(self, path: "")
        for (path, text) in walk.texts {
            if text.contains("PRIVATE KEY") || text.uppercased().contains("AGE-SECRET-KEY") {
                throw Failure(.refused, .reportKeyMaterial, object: path, remedy: .reportTakeItOut)
            }
            if holdsInsuranceNumber(text) { throw Failure(.refused, .reportPatientNumber, object: path, remedy: .reportTakeItOut) }
        }
    }
}

/// Every text of a model, with the names of its properties.
private struct TextWalk {
    var texts: [(path: String, text: String)] = []

    mutating func visit(_ value: Any, path: String) {
        if let text = value as? String {
            texts.append((path, text))
            return
        }
        for (index, child) in Mirror(reflecting: value).children.enumerated() {
            // What wraps a value is no place of its own.
            let name = child.label == "known" || child.label == "some" ? nil : child.label ?? "\(index)"
            visit(child.value, path: [path, name].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: "."))
        }
    }
}

/// Whether a text holds a number of the register of natural persons: 13 digits (2A and 2B for Corsica) and a key of two, which checks (97 less
/// the number modulo 97), blanks, dots and hyphens between them or not.
func holdsInsuranceNumber(_ text: String) -> Bool {
    let separators: Set<Character> = [" ", ".", "-", "\u{A0}", "\u{202F}"]
    let characters = Array(text.uppercased())
    for start in characters.indices where characters[start] == "1" || characters[start] == "2" {
        if start > 0, characters[start - 1].isLetter || characters[start - 1].isNumber { continue }
        var digits = ""
        var at = start
        while at < characters.count, digits.count < 15 {
            let character = characters[at]
            if character.isASCII, character.isNumber || (digits.count == 6 && (character == "A" || character == "B")) {
                digits.append(character)
            } else if !separators.contains(character) {
                break
            }
            at += 1
        }
        guard digits.count == 15, at == characters.count || !(characters[at].isLetter || characters[at].isNumber) else { continue }
        // INSEE: 2A counts as 19, 2B as 18.
        let body = digits.prefix(13).replacing("2A", with: "19").replacing("2B", with: "18")
        guard let number = Int64(body), let key = Int64(digits.suffix(2)), (1...42).contains(Int(digits.dropFirst(3).prefix(2)) ?? 0) else {
            continue
        }
        if 97 - number % 97 == key { return true }
    }
    return false
}
