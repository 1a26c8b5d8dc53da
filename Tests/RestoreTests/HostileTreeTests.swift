import Base
import CLinux
import Foundation
import Repository
import Testing

@testable import Restore

@Suite("Nothing outside the target is reached")
struct HostileTreeTests {
    /// The root of a tree of one page with these entries, whatever they are.
    private func page(_ repository: SampleRepository, _ entries: [Entry]) throws -> Digest {
        let (plain, references) = TreePage.encode(entries)
        var id: Digest?
        _ = try repository.snapshot { tree in id = tree.blob(.treePage, plain, references) }
        return id!
    }

    private func entry(_ key: [UInt8], _ kind: Entry.Kind, _ change: (inout Entry) -> Void = { _ in }) -> Entry {
        var entry = Entry(key: key, kind: kind, mode: 0o644, uid: 0, gid: 0, mtime: SampleTree.time)
        change(&entry)
        return entry
    }

    @Test("names that lead out are refused before anything is written", arguments: ["..", ".", "", "a/b", "../x"])
    func names(_ name: String) throws {
        let repository = try SampleRepository()
        let root = try page(
            repository,
            [
                entry(Array("d".utf8), .folder), entry(Array("d".utf8) + [0] + Array(name.utf8), .file),
            ])
        let target = TemporaryFolder()
        #expect(kind { try restore(repository, root, to: target) } == .damaged)
        #expect(target.names.isEmpty)
    }

    @Test("a file below a link is refused")
    func belowLink() throws {
        let outside = TemporaryFolder()
        let repository = try SampleRepository()
        let root = try page(
            repository,
            [
                entry(Array("d".utf8), .symlink) { $0.linkTarget = Array(outside.path.utf8) }, entry(Array("d".utf8) + [0] + Array("x".utf8), .file),
            ])
        let target = TemporaryFolder()
        #expect(kind { try restore(repository, root, to: target) } == .damaged)
        #expect(outside.names.isEmpty && target.names.isEmpty)
    }

    @Test("links in the target are replaced, never followed", arguments: [RestoreOptions.Overwrite.changed, .always])
    func targetLinks(_ overwrite: RestoreOptions.Overwrite) throws {
        let outside = TemporaryFolder()
        outside.folder("d")
        try outside.write("f", [9])
        let repository = try SampleRepository()
        let big = noise(20_000)
        let root = try repository.snapshot { tree in
            tree.folder("d", mode: 0o711)
            tree.bundle([("d/x", [1]), ("f", [2])])
            try tree.file("g", big, chunk: 4096)
        }
        let target = TemporaryFolder()
        symlink(outside.at("d"), target.at("d"))
        symlink(outside.at("f"), target.at("f"))
        symlink(outside.at("new"), target.at("g"))
        let result = try restore(repository, root, to: target) { $0.overwrite = overwrite }
        #expect(result.exitStatus == .done, "\(result.problems)")
        #expect(outside.names == ["d", "f"] && outside.read("f") == [9] && outside.status("d")!.mode & 0o777 == 0o755)
        #expect(target.read("d/x") == [1] && target.read("f") == [2] && target.read("g") == big && target.link("d") == nil)
    }

    @Test("with never, what is below another kind is left alone and said")
    func never() throws {
        let outside = TemporaryFolder()
        let repository = try SampleRepository()
        let root = try repository.snapshot { tree in
            tree.folder("d")
            tree.bundle([("d/x", [1]), ("f", [2])])
        }
        let target = TemporaryFolder()
        symlink(outside.path, target.at("d"))
        let result = try restore(repository, root, to: target) { $0.overwrite = .never }
        #expect(result.exitStatus == .partial && result.problemCount == 1 && outside.names.isEmpty && target.link("d") == outside.path)
        #expect(target.read("f") == [2])
    }
}
