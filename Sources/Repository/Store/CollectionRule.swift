import Base

/// The rules of the collection protocol, each of which closes a hole (docs/MODEL.md, "Rules"). In debug builds one can be taken away: a test
/// of the interleavings that does not notice proves nothing.
package enum CollectionRule: Int, CaseIterable, Sendable {
    /// `condemned/` is listed again after a writer has registered.
    case listAgain = 1
    /// A base snapshot must be marked while a generation is open.
    case markedBase
    /// Every session has its own suffix in pack keys.
    case packSuffix
    /// Only a stored decision licenses to delete.
    case decisionAlone
    /// Segments count or are void.
    case segmentsCount
    /// While a generation is open, a segment of an older session counts for reuse only if it is named, or the session has committed.
    case committedSegments
    /// Sessions and fences are removed one decision late.
    case lateRemoval
    /// Commits count or are void, and a writer looks again after its commit.
    case commitsCount
    /// Cached segments are used only if listed and counting.
    case freshIndex
    /// Commits are listed only after older sessions have ended.
    case closedFirst
    /// What is reachable at the second mark is rescued.
    case secondMark
    /// One open generation at a time.
    case oneOpen

    #if DEBUG
        private static let taken = Monitor<CollectionRule?>(nil)

        /// Runs `body` without one rule.
        package static func without<T>(_ rule: CollectionRule?, _ body: () throws -> T) rethrows -> T {
            taken.look { $0 = rule }
            defer { taken.look { $0 = nil } }
            return try body()
        }

        package var holds: Bool { Self.taken.look { $0 != self } }
    #else
        package var holds: Bool { true }
    #endif
}
