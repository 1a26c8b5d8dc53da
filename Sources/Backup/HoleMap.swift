import Base
import CLinux
import Glibc
import Repository

/// Where a sparse file has data.
struct HoleMap {
    let holes: [Entry.Hole]
    /// Runs of data, in order; together with the holes they make the file.
    let data: [Range<UInt64>]

    /// Asks the file system (SEEK_DATA, SEEK_HOLE). The shortest holes are taken for zeros when there are
    /// more than the format holds.
    init(_ file: File, size: UInt64) {
        var holes: [Entry.Hole] = []
        var at: Int64 = 0
        while at < Int64(size) {
            let hole = clinux_seek_hole(file.descriptor, at)
            guard hole >= 0, hole < Int64(size) else { break }
            var data = clinux_seek_data(file.descriptor, hole)
            if data < 0 {
                // No data after it: a hole to the end. Any other error: what follows is read as data.
                guard errno == ENXIO else { break }
                data = Int64(size)
            }
            let end = min(UInt64(data), size)
            if let last = holes.last, last.offset + last.length == UInt64(hole) {
                holes[holes.count - 1].length += end - UInt64(hole)
            } else if end > UInt64(hole) {
                holes.append(Entry.Hole(offset: UInt64(hole), length: end - UInt64(hole)))
            }
            at = Int64(end)
        }
        if holes.count > TreeLimits.holes {
            let kept = Set(holes.indices.sorted { holes[$0].length > holes[$1].length }.prefix(TreeLimits.holes))
            holes = holes.enumerated().filter { kept.contains($0.offset) }.map(\.element)
        }
        self.holes = holes
        data = Self.data(between: holes, size: size)
    }

    static func data(between holes: [Entry.Hole], size: UInt64) -> [Range<UInt64>] {
        var data: [Range<UInt64>] = []
        var at: UInt64 = 0
        for hole in holes {
            if hole.offset > at { data.append(at..<hole.offset) }
            at = hole.offset + hole.length
        }
        if size > at { data.append(at..<size) }
        return data
    }
}
