import Base
import Repository

extension RestorePlanner {
    /// What to walk: the chosen keys in order, none within another; the whole tree as the empty key.
    func chosenPaths() throws -> [[UInt8]] {
        if options.strip, options.paths.count != 1 { throw Failure(.usage, .stripNeedsOnePath) }
        guard !options.paths.isEmpty else { return [[]] }
        var chosen: [[UInt8]] = []
        for path in options.paths.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            if let last = chosen.last, path.isWithin(last) { continue }
            chosen.append(path)
        }
        return chosen
    }

    /// Whether `key` is within one of the paths that the snapshot was taken of.
    func isRoot(_ key: [UInt8]) -> Bool { options.roots.contains { key.isWithin($0) } }

    /// Adds the folders above a chosen path, or above where a range begins, that the walk has not met yet; none above the target's own.
    func addAncestors(of path: [UInt8]) throws {
        for (end, byte) in path.enumerated() where byte == 0 && end > stack[0].end {
            let key = Array(path[..<end])
            if stack.contains(where: { $0.end == end }), folderKey.isWithin(key) { continue }
            guard let entry = try tree.entry(at: key) else { continue }
            if try !add(entry, isAncestor: true) { return }
        }
    }
}

extension Entry {
    /// The path of a key, for people.
    static func path(ofKey key: [UInt8]) -> [UInt8] { [UInt8(ascii: "/")] + key.map { $0 == 0 ? UInt8(ascii: "/") : $0 } }
}
