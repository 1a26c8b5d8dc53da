// Sentences of the lowest layer: records, memory, system calls.
extension Message {
    package static let truncatedRecord = Message(
        "record.truncated", en: "a stored record ends too early", fr: "un enregistrement stocké s'arrête trop tôt")

    package static func malformedRecord(_ field: String) -> Message {
        Message(
            "record.malformed", en: "a stored record is malformed (\(field))",
            fr: "un enregistrement stocké est mal formé (\(field))")
    }

    package static func system(_ act: String, _ reason: String) -> Message {
        Message("system.error", en: "cannot \(act): \(reason)", fr: "échec de \(act) : \(reason)")
    }

    package static let noSpace = Message("system.no-space", en: "no space left", fr: "plus d'espace disponible")

    package static let freeSpace = Message(
        "system.free-space", en: "free some space and run it again; nothing that was stored before is affected",
        fr: "libérez de la place et relancez ; rien de ce qui était déjà stocké n'est touché")
}
