import Base

/// What a run saw of its source, for a look at whether that is usual: how many files of each extension, and what was new.
package struct Census: Sendable, Equatable {
    /// Files by extension, in lower case and without the dot; the empty text for none. At most `kept` of them, the commonest; the others
    /// count as `others`.
    package var extensions: [String: UInt64] = [:]
    package var others: UInt64 = 0
    /// Plain bytes of content that no site had, and what sealing made of them.
    package var newBytes: UInt64 = 0
    package var newStoredBytes: UInt64 = 0

    package static let kept = 64

    package init() {}
}

/// Counts the files of each extension as they pass: some tens of nanoseconds each. One thread.
struct ExtensionCounter {
    /// By up to eight bytes of the extension, packed; zero for none.
    private var counts: [UInt64: UInt64] = [:]
    private var last: (key: UInt64, count: UInt64) = (0, 0)
    /// Names that are made up, one for each file, must not fill the memory.
    private static let limit = 65_536
    private var others: UInt64 = 0

    /// `key`: of the entry; only what follows the last dot of its last component matters.
    mutating func count(_ key: [UInt8]) {
        let packed = Self.pack(key)
        if packed == last.key {
            last.count += 1
            return
        }
        flush()
        last = (packed, 1)
    }

    private mutating func flush() {
        guard last.count > 0 else { return }
        if counts[last.key] != nil || counts.count < Self.limit { counts[last.key, default: 0] += last.count } else { others += last.count }
    }

    private static func pack(_ key: [UInt8]) -> UInt64 {
        var packed: UInt64 = 0
        for (index, byte) in key.reversed().enumerated() {
            if byte == UInt8(ascii: ".") {
                // A name that begins with its only dot has no extension.
                let before = key.count - index - 2
                return before >= 0 && key[before] != 0 ? packed : 0
            }
            guard index < 8, byte != 0 else { return 0 }
            let lower = (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
            packed |= UInt64(lower) << UInt64(8 * index)
        }
        return 0
    }

    private static func text(_ packed: UInt64) -> String {
        var bytes: [UInt8] = []
        var rest = packed
        while rest != 0 {
            bytes.insert(UInt8(truncatingIfNeeded: rest), at: 0)
            rest >>= 8
        }
        return printable(bytes)
    }

    /// The census so far.
    mutating func finish() -> Census {
        flush()
        last = (0, 0)
        var census = Census()
        let sorted = counts.sorted { ($0.value, $1.key) > ($1.value, $0.key) }
        for (packed, count) in sorted.prefix(Census.kept) { census.extensions[Self.text(packed), default: 0] += count }
        census.others = sorted.dropFirst(Census.kept).reduce(others) { $0 + $1.value }
        return census
    }
}
