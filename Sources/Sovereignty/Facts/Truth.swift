/// What is known of a condition: three values, after Kleene. What is unknown stays unknown until a fact decides it, and denies.
package enum Truth: String, Sendable, Equatable, CaseIterable {
    case holds
    case fails
    case unknown

    package init(_ value: Bool) { self = value ? .holds : .fails }

    /// Unknown where `value` is nil.
    package init(_ value: Bool?) { self = value.map(Truth.init) ?? .unknown }

    /// One that fails decides; else one that is unknown does.
    package static func && (l: Truth, r: Truth) -> Truth {
        if l == .fails || r == .fails { return .fails }
        return l == .holds && r == .holds ? .holds : .unknown
    }

    /// One that holds decides; else one that is unknown does.
    package static func || (l: Truth, r: Truth) -> Truth {
        if l == .holds || r == .holds { return .holds }
        return l == .fails && r == .fails ? .fails : .unknown
    }

    package static prefix func ! (value: Truth) -> Truth {
        switch value {
        case .holds: .fails
        case .fails: .holds
        case .unknown: .unknown
        }
    }

    /// Holds for none.
    package static func all(_ values: some Sequence<Truth>) -> Truth { values.reduce(.holds, &&) }
}
