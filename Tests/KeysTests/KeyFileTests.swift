import Base
import Codec
import Glibc
import Keys
import TestSupport
import Testing

/// Private keys in local files.
@Suite struct KeyFileTests {
    private let folder: TemporaryFolder
    private let secret = Secret(run(0x01, 0x40))
    private let passphrase = Secret(Array("mot de passe é".utf8))
    private var path: String { folder.path + "/key" }

    init() throws { folder = try TemporaryFolder() }

    private func read(_ passphrase: Secret?, kind: KeyFile.Kind = .restore) throws -> Secret? {
        try KeyFile.read(path, kind: kind) { passphrase }
    }

    private func decode(_ bytes: [UInt8], kind: KeyFile.Kind = .restore, _ passphrase: Secret?) throws -> Failure.Kind? {
        try failureKind { _ = try KeyFile.decode(bytes, kind: kind) { passphrase } }
    }

    /// The bytes with a right checksum at the end.
    private func sealed(_ bytes: [UInt8]) -> [UInt8] { bytes + sha256(bytes).bytes }

    @Test(arguments: [KeyFile.Kind.node, .maintain, .verify, .restore], [true, false])
    func aKeyIsReadBack(_ kind: KeyFile.Kind, _ hasPassphrase: Bool) throws {
        try KeyFile.create(path, kind: kind, secret, passphrase: hasPassphrase ? passphrase : nil)
        #expect(try KeyFile.needsPassphrase(path) == hasPassphrase)
        let back = try KeyFile.read(path, kind: kind) {
            #expect(hasPassphrase)
            return passphrase
        }
        #expect(try #require(back).equals(secret))
        #expect(try File.open(RawName(path), O_RDONLY).stat().mode & 0o7777 == 0o600)
    }

    @Test func thereIsNoKeyWhereThereIsNoFile() throws {
        #expect(try KeyFile.needsPassphrase(path) == nil)
        #expect(try read(nil) == nil)
    }

    @Test func createNeverReplacesAndReplaceDoes() throws {
        try KeyFile.create(path, kind: .restore, secret, passphrase: nil)
        #expect(try failureKind { try KeyFile.create(path, kind: .restore, Secret([1]), passphrase: nil) } == .exists)
        #expect(try #require(try read(nil)).equals(secret))
        try KeyFile.replace(path, kind: .restore, Secret([1]), passphrase: nil)
        #expect(try #require(try read(nil)).exposed == [1])
        #expect(try Files.names(folder.path) == ["key"])
    }

    @Test func aKeyOfAnotherRoleIsAWrongKey() throws {
        try KeyFile.create(path, kind: .node, secret, passphrase: nil)
        #expect(try failureKind { _ = try read(nil, kind: .restore) } == .key)
    }

    @Test func aMissingOrWrongPassphraseIsAWrongKey() throws {
        try KeyFile.create(path, kind: .restore, secret, passphrase: passphrase)
        #expect(try failureKind { _ = try read(nil) } == .key)
        #expect(try failureKind { _ = try read(Secret(Array("mot de passe e".utf8))) } == .key)
        #expect(try failureKind { _ = try read(Secret([])) } == .key)
    }

    @Test(arguments: [true, false])
    func aChangedByteAnywhereIsDamage(_ hasPassphrase: Bool) throws {
        try KeyFile.create(path, kind: .restore, secret, passphrase: hasPassphrase ? passphrase : nil)
        let bytes = try #require(try Files.read(path))
        for i in bytes.indices {
            for bit in [1, 0x80] as [UInt8] {
                var changed = bytes
                changed[i] ^= bit
                #expect(try decode(changed, passphrase) == .damaged)
            }
        }
        for count in 0..<bytes.count { #expect(try decode(Array(bytes[..<count]), passphrase) == .damaged) }
        #expect(try decode(bytes + [0], passphrase) == .damaged)
    }

    /// Whoever changes a file and its checksum cannot make it say another thing, nor cost much.
    @Test func aForgedFileIsRefusedByWhatItBreaks() throws {
        try KeyFile.create(path, kind: .restore, secret, passphrase: passphrase)
        let body = Array(try #require(try Files.read(path)).dropLast(32))
        func forged(_ at: Int, _ values: [UInt8]) throws -> Failure.Kind? {
            var changed = body
            changed.replaceSubrange(at..<at + values.count, with: values)
            return try decode(sealed(changed), passphrase)
        }
        #expect(try decode(sealed(body), passphrase) == nil)
        #expect(try forged(0, [0x78]) == .damaged)
        #expect(try forged(8, [2]) == .format)
        #expect(try forged(9, [1]) == .key)
        #expect(try forged(9, [77]) == .key)
        #expect(try forged(20, [body[20] ^ 1]) == .key)
        #expect(try forged(52, [body[52] ^ 1]) == .key)
        #expect(try forged(84, [body[84] ^ 1]) == .damaged)
        #expect(try forged(body.count - 1, [body[body.count - 1] ^ 1]) == .damaged)
        // scrypt: log N, r, p outside their limits, or more memory than 1 GiB.
        for (at, values) in [(11, [9]), (11, [21]), (11, [255]), (12, [0]), (12, [17]), (16, [0]), (16, [5]), (13, [1]), (11, [20, 16])]
            as [(Int, [UInt8])]
        {
            #expect(try forged(at, values) == .damaged)
        }
    }

    @Test(arguments: 0..<1000 as Range<UInt64>)
    func anyBytesWithARightChecksumAreReadOrRefused(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let head = Array("HDSBKEYF".utf8) + [1, 4, random.chance(3) ? 0 : 1]
        // Parameters beyond their limits, so that no memory is asked for.
        let bytes = Array(head[..<(random.chance(5) ? random.below(11) : 11)]) + [9] + random.bytes(random.below(150))
        let kind = try decode(sealed(bytes), passphrase)
        #expect(kind == nil || kind == .damaged || kind == .format || kind == .key)
    }
}
