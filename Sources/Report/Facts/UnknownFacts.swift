import Base

/// A fact that nobody recorded: where it would stand.
package struct UnknownFact: Sendable, Equatable {
    /// Such as `sites[gra].seat`.
    package let path: String
    /// The object that lacks it: `sites[gra]`; empty for the model itself.
    package let object: String
    /// How a person calls the object; empty where it has no name.
    package let subject: String
    /// Type and property, such as `Site.seat`: names its label.
    package let field: String
}

/// Walks through a model and finds each `Recorded` that is unknown, so that no field can be forgotten.
package func unknownFacts(in facts: ReportFacts) -> [UnknownFact] {
    var walk = UnknownWalk()
    walk.visit(facts, path: "", subject: "")
    return walk.found
}

private struct UnknownWalk {
    var found: [UnknownFact] = []

    mutating func visit(_ value: Any, path: String, subject: String) {
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .struct?:
            let subject = (value as? any Titled)?.title ?? subject
            for child in mirror.children {
                guard let name = child.label else { continue }
                let place = path.isEmpty ? name : path + "." + name
                guard let recorded = child.value as? any PerhapsRecorded else {
                    visit(child.value, path: place, subject: subject)
                    continue
                }
                if let inner = recorded.anyValue {
                    visit(inner, path: place, subject: subject)
                } else {
                    found.append(UnknownFact(path: place, object: path, subject: subject, field: "\(mirror.subjectType).\(name)"))
                }
            }
        case .collection?:
            for (index, child) in mirror.children.enumerated() {
                visit(child.value, path: "\(path)[\((child.value as? any Titled)?.title ?? "\(index)")]", subject: subject)
            }
        case .optional?:
            if let inner = mirror.children.first { visit(inner.value, path: path, subject: subject) }
        default: break
        }
    }
}
