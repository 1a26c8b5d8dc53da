import Base

/// Something about a snapshot that its source's history does not lead one to expect: an emptied folder, a mount that failed, files that
/// somebody encrypted. It never stops a backup: the data may be right, and what is lost cannot be had again.
package struct Anomaly: Sendable, Equatable {
    package enum Kind: String, Sendable {
        /// Far fewer files than before.
        case files
        /// Far fewer or far more bytes.
        case volume
        /// A far larger part than usual is new.
        case new
        /// New content no longer compresses: it may be encrypted.
        case incompressible
        /// Many files have an extension that was not there before.
        case extensions
    }

    package let kind: Kind
    package let message: Message

    /// Snapshots that make a history.
    static let fewest = 3
    /// How many of the last ones count.
    package static let window = 14

    /// What is unusual about `now` after `history`, youngest first. Pure. A history of fewer than three says nothing but about a source
    /// that had something and is empty.
    package static func judge(_ now: SourceCensus, after history: [SourceCensus]) -> [Anomaly] {
        var found: [Anomaly] = []
        guard !history.isEmpty else { return [] }
        let recent = Array(history.prefix(window))
        let files = median(recent.map { Double($0.files) })
        let bytes = median(recent.map { Double($0.bytes) })
        if files >= 1, now.files == 0 {
            found.append(Anomaly(kind: .files, message: .anomalyEmpty(Int(files))))
        } else if recent.count >= fewest, files >= 10, Double(now.files) < files * 0.5 {
            found.append(Anomaly(kind: .files, message: .anomalyFewer(Int(files), Int(now.files))))
        }
        guard recent.count >= fewest else { return found }
        let large = 1_048_576.0
        if bytes >= large, now.files > 0, Double(now.bytes) < bytes * 0.5 || Double(now.bytes) > bytes * 3 {
            found.append(Anomaly(kind: .volume, message: .anomalyVolume(Double(now.bytes) / bytes)))
        }
        let shares = recent.dropLast().map(newShare)
        let share = newShare(now)
        if now.newBytes >= UInt64(large), share > 0.3, share > 5 * median(shares.isEmpty ? recent.map(newShare) : shares) {
            found.append(Anomaly(kind: .new, message: .anomalyNew(share)))
        }
        let ratios = recent.filter { $0.newBytes >= 65_536 }.map(ratio)
        if now.newBytes >= UInt64(large), ratios.count >= 2, ratio(now) >= 0.97, median(ratios) <= 0.85, share > 0.02 {
            found.append(Anomaly(kind: .incompressible, message: .anomalyIncompressible(median(ratios), ratio(now))))
        }
        if let (name, part) = newcomer(now, recent) { found.append(Anomaly(kind: .extensions, message: .anomalyExtension(name, part))) }
        return found
    }

    private static func newShare(_ census: SourceCensus) -> Double { census.bytes == 0 ? 0 : min(1, Double(census.newBytes) / Double(census.bytes)) }

    private static func ratio(_ census: SourceCensus) -> Double {
        census.newBytes == 0 ? 0 : Double(census.newStoredBytes) / Double(census.newBytes)
    }

    /// An extension that at least a tenth of the files has now, ten at least, and hardly any had before.
    private static func newcomer(_ now: SourceCensus, _ history: [SourceCensus]) -> (name: String, part: Double)? {
        func part(_ name: String, _ census: SourceCensus) -> Double {
            census.files == 0 ? 0 : Double(census.extensions[name] ?? 0) / Double(census.files)
        }
        return now.extensions.keys.sorted().compactMap { name -> (String, Double)? in
            let share = part(name, now)
            guard now.extensions[name]! >= 10, share >= 0.1, share > 10 * (history.map { part(name, $0) }.max() ?? 0) else { return nil }
            return (name, share)
        }.max { $0.1 < $1.1 }
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}
