// Sentences about compression and the frames that carry it.
extension Message {
    package static func unknownCompression(_ text: String) -> Message {
        Message(
            "compression.unknown", en: "unknown compression \"\(text)\"",
            fr: "compression inconnue « \(text) »")
    }

    package static let compressionChoices = Message(
        "compression.choices", en: "write auto, zstd:1 to zstd:19, lz4 or none",
        fr: "écrivez auto, zstd:1 à zstd:19, lz4 ou none")

    package static func malformedFrame(_ field: String) -> Message {
        Message(
            "frame.malformed", en: "a stored chunk cannot be decompressed (\(field))",
            fr: "un bloc stocké ne peut pas être décompressé (\(field))")
    }
}
