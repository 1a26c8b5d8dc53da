import Base
import Codec
import Keys
import Sites

extension SiteRepository {
    /// Opens the directory of a stored pack from its two ends (docs/FORMAT.md, "Reading a pack"): two requests
    /// for most packs. The seals alone vouch for what is read: the bytes between were not looked at.
    ///
    /// Throws `.key` without the catalogue key, `.wrongPlace` for another tenant's pack, `.damaged`, `.missing`.
    package func directory(_ pack: PackKey, size: Int, keys: KeyRing) throws -> PackDirectory {
        do {
            var isOlder = false
            return try site.tryingVersions(of: pack.key, turning: { isOlder = true }) {
                try openDirectory(pack, size: isOlder ? site.size(pack.key) : size, keys: keys)
            }
        } catch let failure as Failure { throw failure.of("\(name):\(pack.key)") }
    }

    private func openDirectory(_ pack: PackKey, size: Int, keys: KeyRing) throws -> PackDirectory {
        try ends(of: pack, size: size).directory(tenant: tenant, keys: keys)
    }

    /// The two ends of a stored pack, as they were read. Throws `.wrongPlace`, `.damaged`, `.missing`.
    package func ends(of pack: PackKey, size: Int) throws -> PackEnds {
        guard size >= PackLimits.headerBytes + PackLimits.trailerBytes else { throw Failure(.damaged, .objectTooShort) }
        guard size <= PackLimits.packBytes else { throw Failure(.damaged, .objectTooLarge(size)) }
        let header = try packHeader(pack, size: size)
        var tail = try read(pack, at: max(0, size - (32 << 10)), to: size)
        let wanted =
            try tail.withUnsafeBytes {
                try PackDirectory.sealedCount(UnsafeRawBufferPointer(rebasing: $0.suffix(PackLimits.trailerBytes)), packSize: size)
            } + PackLimits.trailerBytes
        tail = wanted > tail.count ? try read(pack, at: size - wanted, to: size) : Array(tail.suffix(wanted))
        return PackEnds(size: size, header: header, tail: tail)
    }

    private func packHeader(_ pack: PackKey, size: Int) throws -> [UInt8] {
        let head = try read(pack, at: 0, to: min(size, 4 << 10))
        let length = try head.withUnsafeBytes { try PackHeader.length($0, tenant: tenant) }
        guard length <= size else { throw Failure(.damaged, .truncatedRecord) }
        return length > head.count ? try read(pack, at: 0, to: length) : Array(head.prefix(length))
    }

    /// The bytes of a pack from `start` to `end`.
    package func read(_ pack: PackKey, at start: Int, to end: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: end - start)
        try bytes.withUnsafeMutableBytes { try site.read(pack.key, at: start, into: $0) }
        return bytes
    }
}

/// The header of a pack, and its sealed directory with the trailer.
package struct PackEnds: Sendable {
    package let size: Int
    package let header: [UInt8]
    package let tail: [UInt8]

    package func directory(tenant: ShortID, keys: KeyRing) throws -> PackDirectory {
        let header = try header.withUnsafeBytes { try PackHeader($0, tenant: tenant) }
        return try tail.withUnsafeBytes {
            try PackDirectory(
                header: header, sealed: UnsafeRawBufferPointer(rebasing: $0.dropLast(PackLimits.trailerBytes)), packSize: size, keys: keys)
        }
    }
}

extension PackDirectory {
    /// The directory of a pack that is in memory whole.
    package init(whole pack: UnsafeRawBufferPointer, tenant: ShortID, keys: KeyRing) throws {
        guard pack.count >= PackLimits.headerBytes + PackLimits.trailerBytes else { throw Failure(.damaged, .objectTooShort) }
        let header = try PackHeader(pack, tenant: tenant)
        let trailer = UnsafeRawBufferPointer(rebasing: pack.suffix(PackLimits.trailerBytes))
        let sealed = try PackDirectory.sealedCount(trailer, packSize: pack.count)
        let end = pack.count - PackLimits.trailerBytes
        try self.init(header: header, sealed: UnsafeRawBufferPointer(rebasing: pack[end - sealed..<end]), packSize: pack.count, keys: keys)
    }
}
