import Base

// Keys of entries: raw path components joined by 0x00. The separator is the least byte, so a folder's
// entry is followed at once by everything below it.
extension Entry {
    /// The key of a path given as components, not checked: see `keyProblem`.
    package static func key(_ components: [[UInt8]]) -> [UInt8] {
        components.reduce(into: []) { $0 = key(of: $1, in: $0) }
    }

    /// The key of `name` in the folder of the key `parent`, empty at the top. Not checked: see `keyProblem`.
    package static func key(of name: [UInt8], in parent: [UInt8]) -> [UInt8] {
        if parent.isEmpty { return name }
        var key: [UInt8] = []
        key.reserveCapacity(parent.count + 1 + name.count)
        key.append(contentsOf: parent)
        key.append(0)
        key.append(contentsOf: name)
        return key
    }

    /// The key of an absolute path: `/a/b` gives `a`, `b`; repeated and trailing slashes do not count. Not
    /// checked: see `keyProblem`.
    package static func key(path: [UInt8]) -> [UInt8] {
        key(path.split(separator: UInt8(ascii: "/")).map { Array($0) })
    }

    /// The path components of the key; none for the root folder.
    package var components: [ArraySlice<UInt8>] {
        key.isEmpty ? [] : key.split(separator: 0, omittingEmptySubsequences: false)
    }

    /// The last component; empty for the root folder.
    package var name: ArraySlice<UInt8> {
        key[((key.lastIndex(of: 0) ?? -1) + 1)...]
    }

    /// The absolute path: `/` and the components joined by `/`.
    package var path: [UInt8] { [UInt8(ascii: "/")] + key.map { $0 == 0 ? UInt8(ascii: "/") : $0 } }

    /// The key of the folder that holds the entry; empty at the top.
    package var parentKey: ArraySlice<UInt8> { key[..<(key.lastIndex(of: 0) ?? 0)] }

    /// What is wrong with a key; nil when it is a relative path without empty, `.` or `..` components,
    /// slashes, or components over 255 bytes, of at most 64 KiB in all. Bytes before `start`, which
    /// must be the start of a component, are taken for good.
    package static func keyProblem(_ key: [UInt8], from start: Int = 0) -> StaticString? {
        if key.isEmpty { return nil }
        guard key.count <= TreeLimits.keyBytes else { return "key length" }
        return key.withUnsafeBufferPointer { key in
            var first = start
            while first <= key.count {
                var at = first
                while at < key.count, key[at] != 0 {
                    if key[at] == UInt8(ascii: "/") { return "slash in a name" }
                    at += 1
                }
                let length = at - first
                guard length > 0 else { return "empty name" }
                guard length <= TreeLimits.nameBytes else { return "name length" }
                if key[first] == UInt8(ascii: "."), length == 1 || (length == 2 && key[first + 1] == UInt8(ascii: ".")) {
                    return "name . or .."
                }
                first = at + 1
            }
            return nil
        }
    }
}

extension [UInt8] {
    /// Whether `self` comes before `other`, as unsigned bytes.
    package func precedes(_ other: [UInt8]) -> Bool {
        let shared = commonPrefix(with: other)
        return shared < other.count && (shared == count || self[shared] < other[shared])
    }

    /// How many leading bytes both have in common.
    package func commonPrefix(with other: [UInt8]) -> Int {
        withUnsafeBytes { a in
            other.withUnsafeBytes { b in
                let limit = Swift.min(a.count, b.count)
                var at = 0
                while at + 8 <= limit {
                    let difference =
                        UInt64(littleEndian: a.loadUnaligned(fromByteOffset: at, as: UInt64.self))
                        ^ UInt64(littleEndian: b.loadUnaligned(fromByteOffset: at, as: UInt64.self))
                    if difference != 0 { return at + difference.trailingZeroBitCount / 8 }
                    at += 8
                }
                while at < limit, a[at] == b[at] { at += 1 }
                return at
            }
        }
    }

    /// Whether this key is `prefix` or lies below it; everything lies below the empty key.
    package func isWithin(_ prefix: [UInt8]) -> Bool {
        prefix.isEmpty || (count >= prefix.count && commonPrefix(with: prefix) == prefix.count && (count == prefix.count || self[prefix.count] == 0))
    }
}
