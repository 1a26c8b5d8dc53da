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
        guard size >= PackLimits.headerBytes + PackLimits.trailerBytes else { throw Failure(.damaged, .objectTooShort) }
        guard size <= PackLimits.packBytes else { throw Failure(.damaged, .objectTooLarge(size)) }
        let header = try packHeader(pack, size: size)
        var tail = try read(pack, at: max(0, size - (32 << 10)), to: size)
        let sealed = try tail.withUnsafeBytes {
            try PackDirectory.sealedCount(UnsafeRawBufferPointer(rebasing: $0.suffix(PackLimits.trailerBytes)), packSize: size)
        }
        let wanted = sealed + PackLimits.trailerBytes
        if wanted > tail.count { tail = try read(pack, at: size - wanted, to: size) }
        return try tail.withUnsafeBytes { tail in
            let start = tail.count - wanted
            let bytes = UnsafeRawBufferPointer(rebasing: tail[start..<start + sealed])
            return try PackDirectory(header: header, sealed: bytes, packSize: size, keys: keys)
        }
    }

    private func packHeader(_ pack: PackKey, size: Int) throws -> PackHeader {
        var head = try read(pack, at: 0, to: min(size, 4 << 10))
        let length = try head.withUnsafeBytes { try PackHeader.length($0, tenant: tenant) }
        guard length <= size else { throw Failure(.damaged, .truncatedRecord) }
        if length > head.count { head = try read(pack, at: 0, to: length) }
        return try head.withUnsafeBytes { try PackHeader($0, tenant: tenant) }
    }

    /// The bytes of a pack from `start` to `end`.
    package func read(_ pack: PackKey, at start: Int, to end: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: end - start)
        try bytes.withUnsafeMutableBytes { try site.read(pack.key, at: start, into: $0) }
        return bytes
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
