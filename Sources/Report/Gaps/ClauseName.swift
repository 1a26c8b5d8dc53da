/// Clauses as policy files write them, made into ids of the clause book: `HDS v2 EXI 12, 17; CSP R.1111-11` names three. What the book does not know
/// stays as it is written.
enum ClauseName {
    private static let names = [
        ("HDS v2 ", "HDS "), ("HDS 2.0, ", "HDS "), ("SecNumCloud 3.2, ", "SecNumCloud "), ("ANSSI-BP-100", "BP-100"), ("SREN art. ", "SREN "),
    ]

    static func ids(of text: String) -> [String] {
        text.split(separator: ";").flatMap { part -> [String] in
            var part = String(part.drop { $0 == " " })
            for (long, short) in names { part = part.replacing(long, with: short) }
            let pieces = part.components(", ")
            guard let first = pieces.first, let space = first.lastIndex(of: " "), pieces.count > 1,
                pieces.dropFirst().allSatisfy({ Int($0) != nil })
            else { return part.isEmpty ? [] : [part] }
            return [first] + pieces.dropFirst().map { first[...space] + $0 }
        }
    }
}

extension String {
    fileprivate func components(_ separator: String) -> [String] { split(separator: separator, omittingEmptySubsequences: false).map(String.init) }
}
