import Base

/// A JSON value (RFC 8259) with the line that it begins on. Numbers keep their digits: a limit of 24 % is compared exactly.
struct JSONNode: Sendable, Equatable {
    let line: Int
    let value: Value

    enum Value: Sendable, Equatable {
        case object([JSONMember])
        case list([JSONNode])
        case text(String)
        /// As it is written.
        case number(String)
        case boolean(Bool)
        case null
    }

    /// What it is, for a person.
    var typeName: Message {
        switch value {
        case .object: .typeTable
        case .list: .typeList
        case .text: .typeText
        case .number: .typeNumber
        case .boolean: .typeBoolean
        case .null: .typeNull
        }
    }
}

/// One key of an object, with its own line.
struct JSONMember: Sendable, Equatable {
    let key: String
    let line: Int
    let value: JSONNode
}

/// Why bytes are no JSON that is accepted here, and where.
struct JSONSyntaxError: Error, Equatable {
    let line: Int
    let message: Message
}
