import Base
import Testing

/// A published test vector: values by name.
struct Vector: Sendable, CustomTestStringConvertible {
    private let values: [String: String]

    /// The vectors of a file in `Vectors/`: `[vector]`, then `name = value` for each, lines that begin with a space
    /// going on with the value above. Its head names its source.
    static func file(_ name: String) -> [Vector] {
        let folder = String((#filePath as String).dropLast("Vectors.swift".count))
        guard let bytes = try? Files.read(folder + "Vectors/" + name) else { fatalError("no \(name) beside the tests") }
        var vectors: [[String: String]] = []
        var last = ""
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") where !line.hasPrefix("#") {
            if line == "[vector]" {
                vectors.append([:])
            } else if line.hasPrefix(" ") {
                vectors[vectors.count - 1][last]! += line.drop { $0 == " " }
            } else if let equals = line.firstIndex(of: "=") {
                last = String(line[..<equals].dropLast())
                vectors[vectors.count - 1][last] = String(line[equals...].dropFirst().drop { $0 == " " })
            }
        }
        return vectors.map { Vector(values: $0) }
    }

    func text(_ name: String) -> String { values[name]! }
    /// A value given in hexadecimal digits.
    subscript(_ name: String) -> [UInt8] { bytesFromHex(values[name]!)! }

    var testDescription: String { values["name"] ?? String((values["seed"] ?? "vector").prefix(16)) }
}

/// Bytes from hexadecimal digits, white space aside.
func hex(_ digits: String) -> [UInt8] { bytesFromHex(digits.filter { !$0.isWhitespace })! }

/// `i`, `i` + 1 … `j`, as docs/FORMAT.md writes it.
func run(_ i: UInt8, _ j: UInt8) -> [UInt8] { Array(i...j) }
