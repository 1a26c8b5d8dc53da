import Base
import Codec
import Crypto
import FoundationEssentials
import Keys
import TestSupport
import Testing

/// X-Wing and HPKE: against their published vectors, and as this program uses them.
@Suite struct SealingKeyTests {
    // MARK: published vectors

    @Test(arguments: Vector.file("xwing.txt"))
    func xWingMakesThePublishedKeys(_ vector: Vector) throws {
        let key = try SealingKey(seed: Secret(vector["seed"]))
        #expect(key.publicKey.bytes == vector["pk"])
        #expect(vector["pk"].count == SealingPublicKey.byteCount && vector["ct"].count == SealingKey.encapsulationCount)
    }

    @Test(arguments: Vector.file("xwing.txt"))
    func xWingDecapsulatesToThePublishedSecret(_ vector: Vector) throws {
        let key = try XWingMLKEM768X25519.PrivateKey(seedRepresentation: vector["seed"], publicKey: nil)
        #expect(bytes(try key.decapsulate(Data(vector["ct"]))) == vector["ss"])
    }

    /// The vectors' seeds are one stream; a slip in copying them would show.
    @Test func theVectorsAreWhole() {
        let vectors = Vector.file("xwing.txt")
        #expect(vectors.count == 2 && Vector.file("hpke-xwing.txt").count == 1)
        #expect(hexString(vectors[0]["seed"]) == "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26")
        #expect(vectors.allSatisfy { $0["eseed"].count == 64 && $0["ss"].count == 32 })
    }

    @Test(arguments: Vector.file("hpke-xwing.txt"))
    func hpkeOverXWingExportsAndOpensAsPublished(_ vector: Vector) throws {
        let suite = HPKE.Ciphersuite(kem: .XWingMLKEM768X25519, kdf: .HKDF_SHA256, aead: .chaChaPoly)
        let key = try XWingMLKEM768X25519.PrivateKey(seedRepresentation: vector["seed"], publicKey: nil)
        #expect(bytes(try key.decapsulate(Data(vector["enc"]))) == vector["shared_secret"])
        var recipient = try HPKE.Recipient(
            privateKey: key, ciphersuite: suite, info: Data(vector["info"]), encapsulatedKey: Data(vector["enc"]))
        for i in ["0", "1"] {
            #expect(bytes(try recipient.exportSecret(context: vector["context" + i], outputByteCount: 32)) == vector["exported" + i])
            #expect(Array(try recipient.open(vector["ct" + i], authenticating: vector["aad" + i])) == vector["pt"])
        }
    }

    // MARK: as used here

    private static let key = try! SealingKey(seed: Secret(run(0x10, 0x2F)))
    private static let other = try! SealingKey(seed: Secret(run(0x30, 0x4F)))
    private static let info = Array("info".utf8)

    @Test func theRecipientFindsWhatTheSenderExported() throws {
        let (encapsulation, exported) = try Self.key.publicKey.encapsulate(info: Self.info)
        #expect(encapsulation.count == SealingKey.encapsulationCount)
        #expect(bytes(try Self.key.decapsulate(encapsulation, info: Self.info)) == bytes(exported))
    }

    @Test func everyEncapsulationIsNew() throws {
        let both = try (0..<2).map { _ in try Self.key.publicKey.encapsulate(info: Self.info) }
        #expect(both[0].encapsulation != both[1].encapsulation)
        #expect(bytes(both[0].exported) != bytes(both[1].exported))
    }

    @Test func anotherKeyAndAnotherInfoGiveOtherBytesNotAnError() throws {
        let (encapsulation, exported) = try Self.key.publicKey.encapsulate(info: Self.info)
        #expect(bytes(try Self.other.decapsulate(encapsulation, info: Self.info)) != bytes(exported))
        #expect(bytes(try Self.key.decapsulate(encapsulation, info: [])) != bytes(exported))
    }

    @Test(arguments: [0, 1, 32, 1119, 1121, 2000])
    func anEncapsulationOfAnotherLengthIsAWrongKey(_ count: Int) throws {
        #expect(try failureKind { _ = try Self.key.decapsulate([UInt8](repeating: 1, count: count), info: Self.info) } == .key)
    }

    @Test(arguments: [0, 32, 1184, 1215, 1217])
    func aPublicKeyOfAnotherLengthIsDamaged(_ count: Int) throws {
        #expect(try failureKind { _ = try SealingPublicKey([UInt8](repeating: 1, count: count)) } == .damaged)
    }

    @Test func aPublicKeyThatIsNoneIsUnusable() throws {
        // ML-KEM's encoding check (FIPS 203, 7.2): coefficients not below 3329 are refused.
        let key = try SealingPublicKey([UInt8](repeating: 0xFF, count: 1216))
        #expect(try failureKind { _ = try key.encapsulate(info: []) } == .key)
        #expect(try failureKind { _ = try key.seal(Secret([1]), info: [], associated: []) } == .key)
    }

    @Test func aSecretSealedToAKeyOpensWithIt() throws {
        for count in [1, 32, 1000] {
            let secret = Secret([UInt8](repeating: 7, count: count))
            let sealed = try Self.key.publicKey.seal(secret, info: Self.info, associated: [1, 2])
            #expect(try Self.key.open(sealed, info: Self.info, associated: [1, 2]).equals(secret))
            #expect(sealed.commitment.count == 32 && sealed.sealed.count == count + 16)
        }
    }

    @Test func whatWasSealedToAnotherKeyIsAWrongKeyAndWhatWasChangedIsDamage() throws {
        let sealed = try Self.key.publicKey.seal(Secret([1, 2, 3]), info: Self.info, associated: [9])
        func kind(_ sealed: SealedSecret, by key: SealingKey = Self.key, info: [UInt8] = Self.info, associated: [UInt8] = [9]) throws -> Failure.Kind?
        {
            try failureKind { _ = try key.open(sealed, info: info, associated: associated) }
        }
        #expect(try kind(sealed) == nil)
        #expect(try kind(sealed, by: Self.other) == .key)
        #expect(try kind(sealed, info: []) == .key)
        #expect(try kind(sealed, associated: []) == .damaged)
        for i in stride(from: 0, to: sealed.encapsulation.count, by: 37) {
            var changed = sealed.encapsulation
            changed[i] ^= 1
            #expect(try kind(SealedSecret(encapsulation: changed, commitment: sealed.commitment, sealed: sealed.sealed)) == .key)
        }
        for i in sealed.commitment.indices {
            var changed = sealed.commitment
            changed[i] ^= 0x80
            #expect(try kind(SealedSecret(encapsulation: sealed.encapsulation, commitment: changed, sealed: sealed.sealed)) == .key)
        }
        for i in sealed.sealed.indices {
            var changed = sealed.sealed
            changed[i] ^= 4
            #expect(try kind(SealedSecret(encapsulation: sealed.encapsulation, commitment: sealed.commitment, sealed: changed)) == .damaged)
        }
        #expect(try kind(SealedSecret(encapsulation: sealed.encapsulation, commitment: sealed.commitment, sealed: [])) == .damaged)
    }

    private func bytes(_ key: SymmetricKey) -> [UInt8] { key.withUnsafeBytes { Array($0) } }
}
