import Base
import Codec
import Crypto
import Keys
import TestSupport
import Testing

/// HKDF, AES-256-GCM and the keys of a domain: against published vectors and the values of docs/FORMAT.md §23,
/// which another implementation made.
@Suite struct DerivationTests {
    // MARK: HKDF (RFC 5869, appendix A.1 to A.3)

    @Test(arguments: [
        (
            "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
            "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"
        ),
        (hexString(run(0x00, 0x4F)), hexString(run(0x60, 0xAF)), "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244"),
        ("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04"),
    ])
    func extractIsThatOfTheRFC(_ material: String, _ salt: String, _ key: String) {
        #expect(extract(salt: Secret(hex(salt)), material: SymmetricKey(data: hex(material))).exposed == hex(key))
    }

    @Test func aDerivationIsBoundToAllItsInputs() {
        let secret = Secret(run(0x20, 0x3F))
        let first = derive(secret, salt: [1], label: "label", context: [2], count: 32).exposed
        #expect(first.count == 32)
        #expect(derive(secret, salt: [1], label: "label", context: [2], count: 32).exposed == first)
        #expect(derive(Secret(run(0x21, 0x40)), salt: [1], label: "label", context: [2], count: 32).exposed != first)
        #expect(derive(secret, salt: [2], label: "label", context: [2], count: 32).exposed != first)
        #expect(derive(secret, salt: [1], label: "label2", context: [2], count: 32).exposed != first)
        #expect(derive(secret, salt: [1], label: "label", context: [], count: 32).exposed != first)
        #expect(Array(derive(secret, salt: [1], label: "label", context: [2], count: 64).exposed[..<32]) == first)
    }

    @Test func aLabelStandsBehindTheProgramsName() {
        let secret = Secret(run(0x20, 0x3F))
        let plain = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret.exposed), salt: [9], info: Array("hdsbackup/1 domain id".utf8) + [7], outputByteCount: 40)
        #expect(derive(secret, salt: [9], label: "domain id", context: [7], count: 40).exposed == plain.withUnsafeBytes { Array($0) })
    }

    // MARK: AES-256-GCM

    /// A nonce of twelve given bytes: its number is the first four, little-endian, its id begins with the rest.
    private func nonce(_ bytes: [UInt8]) -> AEAD.Nonce {
        let number = bytes[..<4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return AEAD.Nonce(number, id: Base.Digest(bytes[4...] + [UInt8](repeating: 0, count: 24))!)
    }

    private func seal(_ plain: [UInt8], key: [UInt8], nonce: AEAD.Nonce, associated: [UInt8]) -> [UInt8] {
        var out = plain + [UInt8](repeating: 0xEE, count: AEAD.overhead)
        key.withUnsafeBytes { key in
            associated.withUnsafeBytes { associated in
                out.withUnsafeMutableBytes {
                    AEAD().seal(key: key, nonce: nonce, context: associated, inPlace: $0.baseAddress!, count: plain.count)
                }
            }
        }
        return out
    }

    /// Nil when the tag is wrong, and then nothing of the text is left.
    private func open(_ sealed: [UInt8], key: [UInt8], nonce: AEAD.Nonce, associated: [UInt8]) -> [UInt8]? {
        var out = [UInt8](repeating: 0xEE, count: max(1, sealed.count - AEAD.overhead))
        let isGood = key.withUnsafeBytes { key in
            associated.withUnsafeBytes { associated in
                sealed.withUnsafeBytes { sealed in
                    out.withUnsafeMutableBytes { AEAD().open(key: key, nonce: nonce, context: associated, sealed, into: $0.baseAddress!) }
                }
            }
        }
        let text = Array(out[..<(sealed.count - AEAD.overhead)])
        if isGood { return text }
        #expect(text.allSatisfy { $0 == 0 })
        return nil
    }

    @Test(arguments: Vector.file("aes-256-gcm.txt"))
    func aesGCMSealsAndOpensAsPublished(_ vector: Vector) {
        let nonce = nonce(vector["iv"])
        let sealed = vector["ct"] + vector["tag"]
        let opened = open(sealed, key: vector["key"], nonce: nonce, associated: vector["aad"])
        if vector.text("result") == "valid" {
            #expect(opened == vector["msg"])
            #expect(seal(vector["msg"], key: vector["key"], nonce: nonce, associated: vector["aad"]) == sealed)
        } else {
            #expect(opened == nil)
        }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func bothLibrariesSealTheSameBytes(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let (key, iv, associated) = (random.bytes(32), random.bytes(12), random.bytes(random.below(150)))
        let plain = random.bytes(random.chance(4) ? 100_000 + random.below(1000) : random.below(80))
        let other = try AES.GCM.seal(plain, using: SymmetricKey(data: key), nonce: AES.GCM.Nonce(data: iv), authenticating: associated)
        let sealed = seal(plain, key: key, nonce: nonce(iv), associated: associated)
        #expect(sealed == Array(other.ciphertext) + Array(other.tag))
        #expect(open(sealed, key: key, nonce: nonce(iv), associated: associated) == plain)
        var changed = sealed
        changed[random.below(changed.count)] ^= 1 << UInt8(random.below(8))
        #expect(open(changed, key: key, nonce: nonce(iv), associated: associated) == nil)
        #expect(open(sealed, key: key, nonce: nonce(iv), associated: associated + [0]) == nil)
        var otherIV = iv
        otherIV[random.below(12)] ^= 1
        #expect(open(sealed, key: key, nonce: nonce(otherIV), associated: associated) == nil)
    }

    // MARK: keys of a domain (docs/FORMAT.md §23)

    private static let domain = DomainKeys(domain: ShortID(run(0x00, 0x0F))!, secret: Secret(run(0x20, 0x3F)))

    @Test func theKeysOfADomainAreThoseOfTheFormat() {
        let keys = Self.domain
        #expect(keys.id.exposed == hex("c32b6c78acd5092eb8ec6e9898c74e842d1e7a478eebe9ac2e84bf21729a3810"))
        #expect(keys.catalogue.key.exposed == hex("b48b0b8045acde36c6d6104bd73d6945c2743591b6b27fdbeaedba217125d7ff"))
        #expect(keys.seal.exposed == hex("3afd33548b17b51275d963bde71ba266aeedbea0a20d0b1f72977139a30bb2f8"))
        #expect(keys.local.exposed == hex("0da29c5ac99888fab9163852932065c989cf921c6c1aceb05758b5148becd40a"))
        #expect(keys.commitment == hex("889536ffe661fc7c451e972621cb802ab80caf5a4d3c9d5a691dd4670f72bef8"))
        #expect(
            derive(keys.secret, salt: keys.domain.bytes, label: "domain cut").exposed
                == hex("2d659db8ed0b380d19a508657f66aa82aeb72c000856c1801e96b1ef4dcedafe"))
        #expect(Array(keys.gear[..<16]) == hex("c67de6eb03465a0bb141ba79d9322975"))
        #expect(keys.bundleEdgeKey == hex("34516ba612b730e2bc331f3c966b0ceb"))
        #expect(keys.pageEdgeKey == hex("0d89d07972200e6e0e62d9a679833d02"))
        #expect(keys.catalogue.domain == keys.domain && keys.gear.count == 2048)
    }

    @Test func idsAreThoseOfTheFormat() {
        let hasher = Self.domain.hasher()
        let content = Array("hello\n".utf8)
        func id(_ kind: IDKind) -> Base.Digest { content.withUnsafeBytes { hasher.hash(prefix: kind.rawValue, $0) } }
        #expect(id(.data).hex == "fc97939f800a423c1fc7b31c061b8435017422eceb5292ecb6d8b6a7fc7d42ab")
        #expect(ShortID(id(.content)).hex == "915aa2b3e425702cbf9f983b7bffc10e")
        #expect(Self.domain.sourceID("dpi").hex == "5b58aee139fbb59a5c7812b31300480e")
        let page = hex("0100000001000000") + id(.data).bytes + hex("06000000")
        #expect(
            page.withUnsafeBytes { hasher.hash(prefix: IDKind.listPage.rawValue, $0) }.hex
                == "03d77e35191916d936002ecb47ebb18164fee6078a18f1333087fbdc9925b551")
        #expect(Set([IDKind.data, .treePage, .listPage, .content, .source].map { id($0) }).count == 5)
    }

    @Test func theSigningKeyIsThatOfTheFormat() throws {
        let key = try SigningKey(seed: Secret(run(0x40, 0x5F)))
        #expect(key.verifying.ed25519 == hex("26d5fb07a05d8d35760963a262c29143a1bed414461d121cc10e701b9da5633b"))
        #expect(sha256(key.verifying.mldsa).hex == "75d859ae514eeccee2280fa9f247c24bcad888e821f32cee832f6a3806c8245c")
        #expect(key.id.hex == "0dfe7abec5200a13a2652f7ed69876fbdcadb3d1ec81955014ae9a247177d976")
    }

    @Test func theRunSecretIsThatOfTheFormat() {
        let secret = extract(salt: Self.domain.seal, material: SymmetricKey(data: run(0x80, 0x9F)))
        #expect(secret.exposed == hex("b225d4be312d587b90a60a939491947cc7d398c1aa37155df388adc14328b932"))
    }

    @Test func everyKeyOfADomainIsAnother() {
        let keys = Self.domain
        let all = [
            keys.secret.exposed, keys.id.exposed, keys.catalogue.key.exposed, keys.seal.exposed, keys.local.exposed, keys.commitment,
            Array(keys.cut.exposed[..<32]), keys.bundleEdgeKey + keys.pageEdgeKey,
        ]
        #expect(Set(all).count == all.count)
        #expect(keys.bundleEdgeKey != keys.pageEdgeKey)
    }

    @Test func anotherDomainOrAnotherSecretSharesNothing() {
        let keys = Self.domain
        for other in [DomainKeys(domain: .zero, secret: keys.secret), DomainKeys(domain: keys.domain, secret: Secret(run(0x21, 0x40)))] {
            #expect(!other.id.equals(keys.id) && !other.cut.equals(keys.cut) && !other.catalogue.key.equals(keys.catalogue.key))
            #expect(!other.seal.equals(keys.seal) && !other.local.equals(keys.local) && other.commitment != keys.commitment)
            #expect(other.sourceID("dpi") != keys.sourceID("dpi"))
        }
    }

    @Test func secretsAreNeverPrinted() {
        let keys = DomainKeys.generate()
        for text in ["\(keys.secret)", "\(keys)", String(reflecting: keys.secret), String(reflecting: keys)] {
            #expect(!text.contains(hexString(keys.secret.exposed)) && !text.contains("\(keys.secret.exposed)"))
        }
    }
}
