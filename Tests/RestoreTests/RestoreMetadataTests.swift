import Base
import CLinux
import Foundation
import Repository
import Testing

@testable import Restore

@Suite("What the target gives to new files does not show")
struct RestoreMetadataTests {
    /// A POSIX ACL as its attribute: owner, user 1, group, mask, others (acl_ea.h of the kernel).
    private func acl(_ owner: UInt16, _ user: UInt16, _ group: UInt16, _ mask: UInt16, _ other: UInt16) -> [UInt8] {
        var w = ByteWriter()
        w.u32(2)
        for (tag, rights, id) in [(1, owner, UInt32.max), (2, user, 1), (4, group, .max), (16, mask, .max), (32, other, .max)]
            as [(UInt16, UInt16, UInt32)]
        {
            w.u16(tag)
            w.u16(rights)
            w.u32(id)
        }
        return w.bytes
    }

    private func set(_ path: String, _ name: String, _ value: [UInt8]) -> Bool { clinux_lsetxattr(path, name, value, value.count) == 0 }

    @Test("a default ACL of the target is not inherited; the snapshot's ACLs are set")
    func acls() throws {
        let repository = try SampleRepository()
        let own = acl(6, 4, 4, 4, 0)
        let inherited = acl(7, 7, 5, 7, 5)
        let root = try repository.snapshot { tree in
            tree.folder("d", mode: 0o750)
            tree.folder("e", mode: 0o755) { $0.xattrs = [.init(name: Array("system.posix_acl_default".utf8), value: inherited)] }
            tree.bundle([("d/plain", [1]), ("f", [2]), ("e/g", [3])])
            tree.add("d/acl", .file, mode: 0o640) { $0.xattrs = [.init(name: Array("system.posix_acl_access".utf8), value: own)] }
            try tree.file("d/big", noise(9000), chunk: 4096)
        }
        let target = TemporaryFolder()
        guard set(target.path, "system.posix_acl_default", inherited) else { return }
        let result = try restore(repository, root, to: target)
        #expect(result.exitStatus == .done, "\(result.problems)")
        for name in ["d", "d/plain", "f", "e/g", "d/big"] {
            #expect(target.attribute(name, "system.posix_acl_access") == nil && target.attribute(name, "system.posix_acl_default") == nil, "\(name)")
        }
        for name in ["d/plain", "f", "e/g", "d/big"] { #expect(target.status(name)!.mode & 0o7777 == 0o644, "\(name)") }
        #expect(target.attribute("d/acl", "system.posix_acl_access") == own && target.status("d/acl")!.mode & 0o7777 == 0o640)
        #expect(target.attribute("e", "system.posix_acl_default") == inherited && target.status("d")!.mode & 0o7777 == 0o750)
    }

    @Test("a folder's own group is not inherited", .enabled(if: geteuid() == 0))
    func group() throws {
        let repository = try SampleRepository()
        let root = try repository.snapshot { tree in
            tree.folder("d", mode: 0o755)
            tree.folder("d/new", mode: 0o755)
            tree.bundle([("d/f", [1]), ("d/new/g", [2])])
        }
        let target = TemporaryFolder()
        target.folder("d")
        chown(target.at("d"), 0, 4242)
        chmod(target.at("d"), 0o2755)
        #expect(try restore(repository, root, to: target).exitStatus == .done)
        for name in ["d", "d/f", "d/new", "d/new/g"] { #expect(target.status(name)!.gid == getegid(), "\(name)") }
        #expect(target.status("d")!.mode & 0o7777 == 0o755 && target.status("d/new")!.mode & 0o7777 == 0o755)
    }

    @Test("attributes that the snapshot lacks are removed from what was there")
    func extraneous() throws {
        let repository = try SampleRepository()
        let root = try repository.snapshot { tree in
            tree.folder("d")
            try tree.file("f", noise(20_000), chunk: 4096)
        }
        let target = TemporaryFolder()
        try restore(repository, root, to: target)
        guard set(target.at("d"), "user.old", [1]) else { return }
        try target.write("f", noise(20_000, seed: 3))
        _ = set(target.at("f"), "user.old", [1])
        try restore(repository, root, to: target)
        #expect(target.attribute("d", "user.old") == nil && target.attribute("f", "user.old") == nil && target.read("f") == noise(20_000))
    }
}
