import Base
import CLinux
import Glibc

/// A new private folder for one restore test, wiped when it ends. It is locked meanwhile: what a killed test has left bears
/// no lock, and the next one wipes it.
package final class ScratchFolder {
    private static let prefix = "test-"

    /// Absolute.
    package let path: String
    private let place: File
    private let name: String
    private let folder: File
    /// What earlier tests had left and this one has wiped.
    package let leftovers: Int

    /// Makes a folder of a random name in `place`, which is made where there is none (0711: who may know the name may pass
    /// on to it). Throws `.failed`, `.noSpace`.
    package init(in place: String) throws {
        if access(place, F_OK) != 0 {
            try Files.makeFolder(place, mode: 0o711)
            // Whatever the umask is.
            chmod(place, 0o711)
        }
        name = Self.prefix + hexString(randomBytes(16))
        path = place + "/" + name
        do {
            let parent = try File.open(RawName(place), O_RDONLY | O_DIRECTORY)
            // One at a time: between the making of a folder and its lock, nobody may take it for a leftover.
            let gate = try File.open(RawName(place), O_RDONLY | O_DIRECTORY)
            while clinux_lock(gate.descriptor) != 0 {
                guard errno == EWOULDBLOCK || errno == EINTR else { throw SystemError.last() }
                sleep(milliseconds: 20)
            }
            leftovers = Self.wipeLeftovers(parent)
            let new = name
            try retrying { mkdirat(parent.descriptor, new, 0o700) }
            folder = try File.open(RawName(new), in: parent, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            self.place = parent
            guard clinux_lock(folder.descriptor) == 0 else { throw SystemError.last() }
            withExtendedLifetime(gate) {}
        } catch let error as SystemError { throw error.failure(.failed, "mkdir", object: place) }
    }

    /// Folders of tests that nobody holds any more. What cannot be removed now is tried again by the next test.
    private static func wipeLeftovers(_ place: File) -> Int {
        var names: [RawName] = []
        try? place.forEachEntry { if isScratchName($0.name) { names.append(RawName($0.name)) } }
        var wiped = 0
        for name in names {
            guard let folder = try? File.open(name, in: place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), clinux_lock(folder.descriptor) == 0 else {
                continue
            }
            if (try? name.withCString { try FolderRemoval.remove(place.descriptor, $0, opening: true) }) != nil { wiped += 1 }
        }
        return wiped
    }

    private static func isScratchName(_ name: [UInt8]) -> Bool {
        name.count == prefix.utf8.count + 32 && name.starts(with: Array(prefix.utf8))
            && name.dropFirst(prefix.utf8.count).allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// Lets the user pass into it, and nobody else: the folder is theirs from now on. Needs the right to give files away.
    package func give(to user: String) throws {
        let id = RawName(user).withCString { clinux_user_id($0) }
        guard id >= 0 else { throw Failure(.failed, .system("user", "no such user"), object: user) }
        do { try retrying { fchown(folder.descriptor, UInt32(id), .max) } } catch let error as SystemError {
            throw error.failure(.failed, "chown", object: path)
        }
    }

    /// Removes it with everything in it: no link is followed, no other file system entered. Throws `.failed` for the first
    /// thing that cannot be removed.
    package func wipe() throws {
        do { try RawName(name).withCString { try FolderRemoval.remove(place.descriptor, $0, opening: true) } } catch let error as SystemError {
            throw error.failure(.failed, "remove", object: path)
        }
    }
}
