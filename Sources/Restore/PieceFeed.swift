import Base
import Repository

/// Hands the sorted pieces out to the threads: each batch is of one pack, or of paths that need none.
final class PieceFeed: @unchecked Sendable {
    // Unchecked: the rows are used under the lock only.
    private static let rowGoal = 2048
    private static let rowLimit = 65_536
    /// More than a pack holds: one that is needed whole is read whole, by one thread.
    private static let byteLimit: UInt64 = 24 << 20

    private let rows: SortedRows<PlanPiece>
    private let lock = Monitor(())
    private let byteGoal: Int

    /// `bytes`: about how many there are to read in all; with few, batches are smaller, so that every thread
    /// gets some.
    init(_ rows: SortedRows<PlanPiece>, bytes: UInt64, threads: Int) {
        self.rows = rows
        byteGoal = Int(min(max(bytes / UInt64(threads * 8), 1 << 20), Self.byteLimit))
    }

    /// Fills `batch`; false when there is no more.
    func next(_ batch: inout [PlanPiece]) -> Bool {
        batch.removeAll(keepingCapacity: true)
        return lock.look { _ in
            guard let first = rows.next() else { return false }
            batch.append(first)
            var bytes = Int(first.length)
            while let row = rows.peek, row.source == first.source, batch.count < Self.rowLimit {
                // A blob is opened once: batches end between blobs where they can.
                if row.offset != batch[batch.count - 1].offset || row.site >= PlanPiece.nowhere {
                    if batch.count >= Self.rowGoal || bytes + Int(row.length) > byteGoal { break }
                    bytes += Int(row.length)
                }
                batch.append(row)
                _ = rows.next()
            }
            return true
        }
    }
}
