/// Watches entries go by in order: keys must increase, and the folder that holds an entry must have gone by
/// before. Whatever stands at the top needs none.
struct AncestorChain {
    private(set) var last: [UInt8]?
    /// Where the component of `last` begins that first differs from the key before it.
    private(set) var firstNew = 0
    /// Lengths of the keys of the folders that hold `last`, and its own where it is one.
    private var folders: [Int] = []

    enum Verdict {
        case good
        case outOfOrder
        case orphan
    }

    mutating func admit(_ key: [UInt8], isFolder: Bool) -> Verdict {
        firstNew = 0
        if let last {
            let shared = last.commonPrefix(with: key)
            guard shared < key.count, shared == last.count || last[shared] < key[shared] else { return .outOfOrder }
            while let length = folders.last, !(length <= shared && key[length] == 0) { folders.removeLast() }
            firstNew = key[..<shared].lastIndex(of: 0).map { $0 + 1 } ?? 0
        }
        let parent = key.lastIndex(of: 0) ?? 0
        guard parent == 0 || folders.last == parent else { return .orphan }
        last = key
        if isFolder, !key.isEmpty { folders.append(key.count) }
        return .good
    }
}
