import Base
import Codec
import Keys

/// What this machine remembers of a tenant between runs, in a folder of its own. Losing it loses no
/// backup: everything but the watermarks is a cache, and they exist at sites as the heads of manifests.
package final class TenantState: Sendable {
    /// The highest numbers seen at a site: an older copy of it is refused.
    package struct Watermarks: Sendable, Equatable {
        package var descriptor: UInt32 = 0
        package var forget: UInt32 = 0
        package var generation: UInt32 = 0

        package init() {}
    }

    package let folder: String
    private let lock = Monitor(())

    package init(folder: String) throws {
        self.folder = folder
        try Files.makeFolder(folder)
    }

    private func path(_ site: ShortID) -> String { folder + "/seen-" + site.hex }

    package func watermarks(_ site: ShortID) throws -> Watermarks {
        guard let bytes = try Files.read(path(site), limit: 4096) else { return Watermarks() }
        return try bytes.decode { r in
            var marks = Watermarks()
            marks.descriptor = try r.u32()
            marks.forget = try r.u32()
            marks.generation = try r.u32()
            return marks
        }
    }

    /// Remembers `marks` where they are higher than what was known.
    package func remember(_ marks: Watermarks, site: ShortID) throws {
        try lock.look { _ in
            let old = try watermarks(site)
            var new = old
            new.descriptor = max(old.descriptor, marks.descriptor)
            new.forget = max(old.forget, marks.forget)
            new.generation = max(old.generation, marks.generation)
            guard new != old else { return }
            var w = ByteWriter()
            w.u32(new.descriptor)
            w.u32(new.forget)
            w.u32(new.generation)
            try Files.replace(path(site), w.bytes)
        }
    }

    package func indexFolder(site: ShortID, domain: ShortID) -> String { folder + "/index-" + site.hex + "-" + domain.hex }

    // MARK: holds that were verified, by their names

    package func keepHold(_ bytes: [UInt8], _ key: String) throws {
        let path = folder + "/" + key
        if try Files.read(path, limit: 1 << 17) == bytes { return }
        try Files.makeFolder(folder + "/holds")
        try Files.replace(path, bytes)
    }

    package func holds() throws -> [(key: String, bytes: [UInt8])] {
        let names = (try? Files.names(folder + "/holds")) ?? []
        return try names.compactMap { name in try Files.read(folder + "/holds/" + name, limit: 1 << 17).map { ("holds/" + name, $0) } }
    }

    // MARK: manifests already verified, by the hash that a commit names

    package func manifest(_ digest: Digest) -> [UInt8]? {
        guard let bytes = try? Files.read(folder + "/manifests/" + digest.hex, limit: 2 << 20), sha256(bytes) == digest else { return nil }
        return bytes
    }

    package func keepManifest(_ bytes: [UInt8], _ digest: Digest) throws {
        try Files.makeFolder(folder + "/manifests")
        try Files.replace(folder + "/manifests/" + digest.hex, bytes)
    }
}
