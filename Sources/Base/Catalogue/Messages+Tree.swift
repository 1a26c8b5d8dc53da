// Sentences about the snapshot tree and its pages.
extension Message {
    package static func entryUnfit(_ rule: String) -> Message {
        Message("tree.entry-unfit", en: "it cannot be stored (\(rule))", fr: "élément impossible à stocker (\(rule))")
    }
    package static let treeTooDeep = Message(
        "tree.too-deep", en: "there are more entries than a snapshot can hold", fr: "il y a plus d'éléments qu'un instantané ne peut en contenir")
    package static func damagedTree(_ rule: String) -> Message {
        Message(
            "tree.damaged", en: "the snapshot's pages contradict each other (\(rule))",
            fr: "les pages de l'instantané se contredisent (\(rule))")
    }
}
