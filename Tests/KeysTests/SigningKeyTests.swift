import Base
import Codec
import Crypto
import Keys
import TestSupport
import Testing

/// Ed25519 and ML-DSA-65: against their published vectors, and as one key pair.
@Suite struct SigningKeyTests {
    // MARK: published vectors

    /// RFC 8032, 7.1: tests 1 to 3.
    private static let rfc8032: [(key: String, message: String, signature: String)] = [
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ]

    @Test(arguments: 0..<3)
    func ed25519SignaturesOfTheRFCAreRightAndNoOthers(_ number: Int) throws {
        let vector = Self.rfc8032[number]
        let key = try VerifyingKey(ed25519: hex(vector.key), mldsa: [UInt8](repeating: 0, count: 1952))
        func verifies(_ bytes: [UInt8], _ message: [UInt8]) -> Bool {
            key.verifies(Signature(algorithm: .ed25519, signer: key.id, bytes: bytes), message)
        }
        let (signature, message) = (hex(vector.signature), hex(vector.message))
        #expect(verifies(signature, message))
        #expect(!verifies(signature, message + [0]))
        for i in signature.indices {
            var changed = signature
            changed[i] ^= 1
            #expect(!verifies(changed, message))
        }
        #expect(!verifies(Array(signature.dropLast()), message))
        #expect(!verifies([], message))
    }

    /// RFC 8032, 5.1.7: S must be below the group's order, or anybody could make a second signature of each.
    @Test func aSignatureHasNoSecondSpelling() throws {
        let vector = Self.rfc8032[1]
        let key = try VerifyingKey(ed25519: hex(vector.key), mldsa: [UInt8](repeating: 0, count: 1952))
        let order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        var signature = hex(vector.signature)
        var carry = 0
        for i in 0..<32 {
            carry += Int(signature[32 + i]) + Int(order[i])
            signature[32 + i] = UInt8(carry & 255)
            carry >>= 8
        }
        #expect(!key.verifies(Signature(algorithm: .ed25519, signer: key.id, bytes: signature), hex(vector.message)))
    }

    @Test(arguments: Vector.file("ml-dsa-65-keygen.txt"))
    func mlDSAMakesThePublishedKeys(_ vector: Vector) throws {
        let key = try MLDSA65.PrivateKey(seedRepresentation: vector["seed"], publicKey: nil)
        #expect(Array(key.publicKey.rawRepresentation) == vector["pub"])
    }

    @Test(arguments: Vector.file("ml-dsa-65-verify.txt"))
    func mlDSASignaturesAreJudgedAsPublished(_ vector: Vector) throws {
        let key = try VerifyingKey(ed25519: [UInt8](repeating: 0, count: 32), mldsa: vector["pub"])
        let signature = Signature(algorithm: .mldsa65, signer: key.id, bytes: vector["sig"])
        #expect(key.verifies(signature, vector["msg"]) == (vector.text("result") == "valid"))
    }

    // MARK: as one pair

    private static let key = try! SigningKey(seed: Secret(run(0x40, 0x5F)))
    private static let message = Array("message".utf8)

    @Test func aPairHasTheSizesOfTheFormat() {
        #expect(Self.key.verifying.bytes.count == VerifyingKey.byteCount)
        #expect(Self.key.verifying.id == Self.key.id)
        #expect(Signature.Algorithm.ed25519.count == 64 && Signature.Algorithm.mldsa65.count == 3309)
    }

    @Test func theSameSeedMakesTheSamePair() throws {
        #expect(try SigningKey(seed: Secret(run(0x40, 0x5F))).verifying == Self.key.verifying)
        #expect(try SigningKey(seed: Secret(run(0x41, 0x60))).verifying != Self.key.verifying)
    }

    @Test func onlyWhatMustLastCarriesBothSignatures() throws {
        let short = try Self.key.sign(Self.message, lasting: false)
        let lasting = try Self.key.sign(Self.message, lasting: true)
        #expect(short.map(\.algorithm) == [.ed25519])
        #expect(lasting.map(\.algorithm) == [.ed25519, .mldsa65])
        for signature in short + lasting {
            #expect(signature.signer == Self.key.id && signature.bytes.count == signature.algorithm.count)
            #expect(Self.key.verifying.verifies(signature, Self.message))
        }
    }

    @Test func aSignatureIsNoOthersAndOfNothingElse() throws {
        let other = try SigningKey(seed: Secret(run(0x80, 0x9F)))
        for signature in try Self.key.sign(Self.message, lasting: true) {
            #expect(!other.verifying.verifies(signature, Self.message))
            #expect(!Self.key.verifying.verifies(signature, Self.message + [0]))
            #expect(!Self.key.verifying.verifies(signature, []))
            var changed = signature.bytes
            changed[changed.count / 2] ^= 1
            #expect(!Self.key.verifying.verifies(Signature(algorithm: signature.algorithm, signer: signature.signer, bytes: changed), Self.message))
            let swapped: Signature.Algorithm = signature.algorithm == .ed25519 ? .mldsa65 : .ed25519
            #expect(!Self.key.verifying.verifies(Signature(algorithm: swapped, signer: signature.signer, bytes: signature.bytes), Self.message))
        }
    }

    @Test func aPublicKeyIsReadBackAndOtherSizesAreDamaged() throws {
        #expect(try Self.key.verifying.bytes.decode { try VerifyingKey(&$0) } == Self.key.verifying)
        #expect(try failureKind { _ = try Array(Self.key.verifying.bytes.dropLast()).decode { try VerifyingKey(&$0) } } == .damaged)
        #expect(try failureKind { _ = try VerifyingKey(ed25519: [], mldsa: []) } == .damaged)
        #expect(try failureKind { _ = try VerifyingKey(ed25519: run(0, 31), mldsa: run(0, 31)) } == .damaged)
    }

    @Test func aPublicKeyThatIsNoneVerifiesNothing() throws {
        let signatures = try Self.key.sign(Self.message, lasting: true)
        let rubbish = try VerifyingKey(ed25519: [UInt8](repeating: 0xFF, count: 32), mldsa: [UInt8](repeating: 0xFF, count: 1952))
        for signature in signatures { #expect(!rubbish.verifies(signature, Self.message)) }
    }
}
