import Base

/// How chunks are compressed before they are sealed: the `compression` setting of a source.
package enum CompressionMethod: Sendable, Equatable {
    /// Looks at a sample of each chunk first: what is compressed already is stored, samples of 16 bits are
    /// filtered, the rest takes zstd at a moderate cost.
    case auto
    /// zstd at a level from 1 to 19.
    case zstd(level: Int)
    /// For nodes short of CPU.
    case lz4
    /// Everything is stored as it is.
    case none

    /// The levels of zstd that a configuration may ask for. Above 19 memory grows and the gain does not.
    package static let zstdLevels = 1...19

    /// Reads the configuration's text: `auto`, `zstd:N` with N from 1 to 19, `lz4` or `none`.
    /// Throws `Failure` of kind `.usage` for anything else.
    package init(configuration text: String) throws {
        switch text {
        case "auto": self = .auto
        case "lz4": self = .lz4
        case "none": self = .none
        default:
            // The number must be spelled the one way that `description` gives back: no sign, no zero before.
            guard text.hasPrefix("zstd:"), let level = Int(text.dropFirst(5)), Self.zstdLevels.contains(level),
                text == "zstd:\(level)"
            else { throw Failure(.usage, .unknownCompression(text), remedy: .compressionChoices) }
            self = .zstd(level: level)
        }
    }
}

extension CompressionMethod: CustomStringConvertible {
    /// The configuration's text for this method.
    package var description: String {
        switch self {
        case .auto: "auto"
        case .zstd(let level): "zstd:\(level)"
        case .lz4: "lz4"
        case .none: "none"
        }
    }
}
