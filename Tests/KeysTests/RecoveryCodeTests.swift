import Base
import Codec
import Keys
import TestSupport
import Testing

/// The code on the recovery kit, as people type it.
@Suite struct RecoveryCodeTests {
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    /// docs/FORMAT.md §23: the bytes 60…73.
    private static let printed = "C1GP-4RV4-CNK6-ET39-D9NP-RVBE-DXR7-2WKK-9939"
    private static let tenant = ShortID(hex: "0dfe7abec5200a13a2652f7ed69876fb")!

    /// A code written down from the format's description, bit by bit.
    private static func code(_ bytes: [UInt8]) -> String {
        let check = sha256(Array("hdsbackup/1 recovery code".utf8) + bytes).bytes
        func bits(_ bytes: [UInt8]) -> [Int] { bytes.flatMap { byte in (0..<8).map { Int(byte >> (7 - $0)) & 1 } } }
        let all = bits(bytes) + bits(check)[..<20]
        let characters = stride(from: 0, to: 180, by: 5).map { alphabet[all[$0..<$0 + 5].reduce(0) { $0 * 2 + $1 }] }
        return stride(from: 0, to: 36, by: 4).map { String(characters[$0..<$0 + 4]) }.joined(separator: "-")
    }

    @Test func itsValuesAreThoseOfTheFormat() throws {
        #expect(Self.code(run(0x60, 0x73)) == Self.printed)
        let code = try RecoveryCode(Self.printed)
        #expect(code.text == Self.printed)
        let key = try code.sealingKey(tenant: Self.tenant)
        #expect(key.seed.exposed == hex("1e09e5546a14c416a0dd9f943cc2231e062e9abad47cefd52ea64a7263698019"))
        #expect(sha256(key.publicKey.bytes).hex == "1e6d1b7ec70430aac9bf496675a29eba59dcf81f19bd99a6e4a7d3696b8e40ec")
        #expect(key.publicKey.id.hex == "207ec84ae045754e8823c7d370ba2596")
    }

    @Test func aCodeStandsForAnotherKeyInEveryTenant() throws {
        let code = try RecoveryCode(Self.printed)
        #expect(try code.sealingKey(tenant: .zero).publicKey != code.sealingKey(tenant: Self.tenant).publicKey)
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func aCodeComesBackAsPrinted(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let text = Self.code(random.bytes(20))
        #expect(try RecoveryCode(text).text == text)
    }

    @Test func aGeneratedCodeIsReadBackAndNew() throws {
        let codes = (0..<50).map { _ in RecoveryCode.generate().text }
        #expect(Set(codes).count == 50)
        for code in codes {
            #expect(code.count == 44 && code.split(separator: "-").allSatisfy { $0.count == 4 })
            #expect(try RecoveryCode(code).text == code)
        }
    }

    @Test func everySingleWrongCharacterIsRefused() throws {
        let characters = Array(Self.printed)
        for (i, right) in characters.enumerated() where right != "-" {
            for wrong in Self.alphabet where wrong != right {
                var typed = characters
                typed[i] = wrong
                #expect(try failureKind { _ = try RecoveryCode(String(typed)) } == .key)
            }
        }
    }

    @Test func twoNeighboursExchangedAreRefused() throws {
        let characters = Array(Self.printed.filter { $0 != "-" })
        for i in 0..<35 where characters[i] != characters[i + 1] {
            var typed = characters
            typed.swapAt(i, i + 1)
            #expect(try failureKind { _ = try RecoveryCode(String(typed)) } == .key)
        }
    }

    @Test(arguments: [
        "c1gp-4rv4-cnk6-et39-d9np-rvbe-dxr7-2wkk-9939", "C1GP4RV4CNK6ET39D9NPRVBEDXR72WKK9939", " C1GP 4RV4 CNK6 ET39 D9NP RVBE DXR7 2WKK 9939\n",
        "\tc1gp4rv4--cnk6et39 - d9nprvbe\u{A0}dxr72wkk-9939-", "CIGP-4RV4-CNK6-ET39-D9NP-RVBE-DXR7-2WKK-9939",
        "cLgp-4rv4-cnk6-et39-d9np-rvbe-dxr7-2wkk-9939",
        "ci-gp4rv4cnk6et39d9nprvbedxr72wkk9939", "clgp4rv4cnk6et39d9nprvbedxr72wkk9939",
    ])
    func spacesHyphensCaseAndLettersLikeDigitsDoNotMatter(_ typed: String) throws {
        #expect(try RecoveryCode(typed).text == Self.printed)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func aNoughtMayBeTypedAsTheLetter(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        var bytes = random.bytes(20)
        bytes[random.below(20)] = 0
        let text = Self.code(bytes)
        #expect(text.contains("0"))
        for letter in ["O", "o"] {
            #expect(try RecoveryCode(text.split(separator: "0", omittingEmptySubsequences: false).joined(separator: letter)).text == text)
        }
    }

    @Test(arguments: [
        "", "-", "C1GP", "C1GP-4RV4-CNK6-ET39-D9NP-RVBE-DXR7-2WKK-993", "C1GP-4RV4-CNK6-ET39-D9NP-RVBE-DXR7-2WKK-99390",
        "C1GP-4RV4-CNK6-ET39-D9NP-RVBE-DXR7-2WKK", "U1GP-4RV4-CNK6-ET39-D9NP-RVBE-DXR7-2WKK-9939", "C1GP_4RV4_CNK6_ET39_D9NP_RVBE_DXR7_2WKK_9939",
        "Ć1GP-4RV4-CNK6-ET39-D9NP-RVBE-DXR7-2WKK-9939", "C1GP\u{0}4RV4-CNK6-ET39-D9NP-RVBE-DXR7-2WKK-9939", "🏥",
        String(repeating: "0", count: 100_000),
    ])
    func anythingElseIsNoCode(_ typed: String) throws {
        #expect(try failureKind { _ = try RecoveryCode(typed) } == .key)
    }
}
