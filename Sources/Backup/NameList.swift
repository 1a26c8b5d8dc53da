import Base
import Glibc

/// The names of a folder, sorted as bytes. All in one array: a folder of a million names costs little
/// more than their bytes.
struct NameList {
    private var bytes: [UInt8] = []
    private var spans: [(start: UInt32, count: UInt16, isFile: Bool)] = []

    /// Reads and sorts the names of `folder`.
    init(_ folder: File) throws {
        try folder.forEachEntry { entry in
            spans.append((UInt32(bytes.count), UInt16(entry.name.count), entry.type == UInt8(DT_REG)))
            bytes.append(contentsOf: entry.name)
        }
        bytes.withUnsafeBufferPointer { bytes in
            spans.sort { a, b in
                let order = memcmp(bytes.baseAddress! + Int(a.start), bytes.baseAddress! + Int(b.start), Int(min(a.count, b.count)))
                return order != 0 ? order < 0 : a.count < b.count
            }
        }
    }

    var count: Int { spans.count }

    /// The names from `start` on that are regular files as far as the folder tells.
    func files(from start: Int) -> Range<Int> {
        var end = start
        while end < spans.count, spans[end].isFile { end += 1 }
        return start..<end
    }

    subscript(_ index: Int) -> ArraySlice<UInt8> {
        let span = spans[index]
        return bytes[Int(span.start)..<Int(span.start) + Int(span.count)]
    }
}
