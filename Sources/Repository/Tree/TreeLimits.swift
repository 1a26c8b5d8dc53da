/// Limits of the snapshot tree (docs/FORMAT.md): they hold for what is written and for what is read.
package enum TreeLimits {
    package static let keyBytes = 64 << 10
    package static let nameBytes = 255
    package static let linkTargetBytes = 4095
    package static let inlineBytes = 512
    package static let chunks = 32
    package static let holes = 4096
    package static let attributes = 1024
    package static let attributeNameBytes = 255
    package static let attributeValueBytes = 64 << 10
    /// Names and values of one entry's attributes together.
    package static let attributeBytes = 256 << 10
    /// Levels of a tree, of tree pages and of list pages alike.
    package static let levels = 8
    package static let pageBytes = 1 << 20
    package static let entriesInPage = 1024
    package static let rowsInPage = 512
    package static let ownersInPage = 2 * entriesInPage
    package static let referencesInPage = pageBytes / 32
    package static let chunksInListPage = 2048
    package static let rowsInListPage = 512
}
