/// What one verification of a site read and found.
package struct VerifyFigures: Codable, Sendable, Equatable {
    package var bytesRead: UInt64 = 0
    /// Damaged or missing, and of them those that were found whole elsewhere at the site.
    package var faults = 0
    package var healed = 0
    package init() {}

    package init(_ row: VerifyRow) {
        bytesRead = UInt64(max(0, row.bytes_read))
        let found = row.findings.filter { $0.kind != "void" }
        faults = found.count
        healed = found.count(where: \.healed)
    }
}

/// What one application of retention did.
package struct RetentionFigures: Codable, Sendable, Equatable {
    package var kept: Int
    package var forgotten: Int
}

/// What one collection did at a site.
package struct CollectFigures: Codable, Sendable, Equatable {
    package var condemned = 0
    package var deleted = 0
    package var freedBytes: UInt64 = 0
    package init() {}

    package init(_ row: CollectRow) {
        (condemned, deleted, freedBytes) = (row.condemned_packs, row.deleted_packs, row.deleted_bytes)
    }
}
