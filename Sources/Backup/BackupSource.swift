import Base
import Codec

/// What to back up, as the configuration says it.
package struct BackupSource: Sendable {
    package enum Origin: Sendable {
        /// Absolute paths, raw bytes.
        case paths([[UInt8]])
        /// A program whose standard output is the content.
        case command([String], user: String?, timeout: Double?)
        /// Standard input.
        case input
    }

    package enum Chunking: String, Sendable {
        case auto
        case content
        case fixed
    }

    package let name: String
    package let origin: Origin
    package let exclude: ExcludePatterns
    package let excludeTexts: [String]
    package let staysOnFileSystem: Bool
    package let chunking: Chunking
    package let compression: CompressionMethod

    package init(
        name: String, origin: Origin, exclude: [String] = [], staysOnFileSystem: Bool = false, chunking: Chunking = .auto,
        compression: CompressionMethod = .auto
    ) throws {
        self.name = name
        self.origin = origin
        self.exclude = try ExcludePatterns(exclude)
        excludeTexts = exclude
        self.staysOnFileSystem = staysOnFileSystem
        self.chunking = chunking
        self.compression = compression
    }
}
