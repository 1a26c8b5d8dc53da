import Testing

@testable import Chunking

/// Heads of files, made from the formats' own descriptions.
private struct MadeHead {
    var bytes = [UInt8](repeating: 0, count: ContentProbe.headLength)

    init() {}
    init(seed: UInt64) { bytes = SeededGenerator.bytes(ContentProbe.headLength, seed: seed) }

    mutating func put(_ text: String, at offset: Int) { put(text.unicodeScalars.map { UInt8($0.value) }, at: offset) }
    mutating func put(_ more: [UInt8], at offset: Int) { bytes.replaceSubrange(offset..<offset + more.count, with: more) }
    mutating func put16(_ value: UInt16, at offset: Int) { put([UInt8(value & 0xFF), UInt8(value >> 8)], at: offset) }

    static func with(_ text: String, at offset: Int) -> MadeHead {
        var head = MadeHead(seed: 1)
        head.put(text, at: offset)
        return head
    }

    static var postgres: MadeHead {
        var head = MadeHead(seed: 2)
        for page in stride(from: 0, to: head.bytes.count, by: 8192) {
            for (offset, value) in [(10, 1), (12, 24 + 4 * 40), (14, 3000), (16, 8192), (18, 0x2004)] as [(Int, UInt16)] {
                head.put16(value, at: page + offset)
            }
        }
        head.put([UInt8](repeating: 0, count: 8192), at: 3 * 8192)
        return head
    }

    static var innoDB: MadeHead {
        var head = MadeHead(seed: 3)
        for page in 0..<8 {
            head.put([0, 0, 0, UInt8(page)], at: page * 16384 + 4)
            head.put([0, page == 0 ? 8 : 5], at: page * 16384 + 24)
            head.put([0, 0, 0, 42], at: page * 16384 + 34)
        }
        head.put([UInt8](repeating: 0, count: 16384), at: 5 * 16384)
        return head
    }

    static var oracle: MadeHead {
        var head = MadeHead.with("}|{z", at: 28)
        head.put([0, 0x20, 0, 0], at: 20)
        return head
    }

    /// `entry` is the first partition's.
    static func masterBootRecord(_ entry: [UInt8] = [0x80, 32, 33, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 0, 16, 0]) -> MadeHead {
        var head = MadeHead()
        head.put(entry, at: 446)
        head.put([0x55, 0xAA], at: 510)
        return head
    }

    static var ext4: MadeHead {
        var head = MadeHead()
        head.put([2, 0, 0, 0], at: 1024 + 24)
        head.put([0x53, 0xEF], at: 1024 + 56)
        return head
    }
}

@Suite struct ContentProbeTests {
    private func kind(_ head: MadeHead, size: UInt64 = 100 << 20, isSparse: Bool = false) -> ContentKind {
        head.bytes.withUnsafeBytes { ContentProbe.kind(head: $0, size: size, isSparse: isSparse) }
    }

    enum Written: CaseIterable {
        case postgres, sqlite, innoDB, oracle, qcow2, vmdk, vhdx, vhd, vdi, mbr, gpt, gpt4k, ext4, xfs, btrfs, ntfs, luks, lvm

        fileprivate var head: MadeHead {
            switch self {
            case .postgres: return .postgres
            case .sqlite: return .with("SQLite format 3\0", at: 0)
            case .innoDB: return .innoDB
            case .oracle: return .oracle
            case .qcow2: return .with("QFI\u{FB}", at: 0)
            case .vmdk: return .with("KDMV", at: 0)
            case .vhdx: return .with("vhdxfile", at: 0)
            case .vhd: return .with("conectix", at: 0)
            case .vdi: return .with("\u{7F}\u{10}\u{DA}\u{BE}", at: 0x40)
            case .mbr: return .masterBootRecord()
            case .gpt: return .with("EFI PART", at: 512)
            case .gpt4k: return .with("EFI PART", at: 4096)
            case .ext4: return .ext4
            case .xfs: return .with("XFSB", at: 0)
            case .btrfs: return .with("_BHRfS_M", at: 65536 + 64)
            case .ntfs: return .with("NTFS    ", at: 3)
            case .luks: return .with("LUKS\u{BA}\u{BE}", at: 0)
            case .lvm:
                var head = MadeHead.with("LABELONE", at: 512)
                head.put("LVM2 001", at: 536)
                return head
            }
        }
    }

    @Test(arguments: Written.allCases)
    func filesWrittenInPlaceAreCutInBlocks(_ format: Written) {
        #expect(kind(format.head) == .blocks)
        #expect(kind(format.head, size: 1 << 20) == .blocks)
    }

    @Test(arguments: Written.allCases)
    func shortFilesAreStreamsWhateverTheyHold(_ format: Written) {
        #expect(kind(format.head, size: (1 << 20) - 1) == .stream)
        #expect(kind(format.head, size: (1 << 20) - 1, isSparse: true) == .stream)
    }

    @Test(arguments: Written.allCases)
    func aShortHeadIsNotReadPastItsEnd(_ format: Written) {
        for length in [0, 1, 3, 18, 30, 511, 512, 1081, 8191, 8192, 16384] {
            var head = format.head
            head.bytes.removeLast(head.bytes.count - length)
            _ = kind(head)
        }
    }

    @Test func everythingElseIsAStream() {
        #expect(kind(MadeHead()) == .stream)
        for seed in 10..<20 { #expect(kind(MadeHead(seed: UInt64(seed))) == .stream) }
        #expect(kind(.with("%PDF-1.7\n", at: 0)) == .stream)
        #expect(kind(.with("DICM", at: 128)) == .stream)
    }

    @Test func onePageOutOfOrderIsNotADatabase() {
        for (offset, value) in [(18, 0x2003), (12, 20), (12, 3004), (14, 8196), (16, 9000), (10, 8)] as [(Int, UInt16)] {
            var head = MadeHead.postgres
            head.put16(value, at: 5 * 8192 + offset)
            #expect(kind(head) == .stream)
        }
        for offset in [7, 37] {
            var head = MadeHead.innoDB
            head.put([99], at: 2 * 16384 + offset)
            #expect(kind(head) == .stream)
        }
    }

    @Test func aBootSignatureAloneIsNotADisk() {
        #expect(kind(.masterBootRecord([UInt8](repeating: 0, count: 16))) == .stream)
        #expect(kind(.masterBootRecord([0x41] + [UInt8](repeating: 1, count: 15))) == .stream)
        var hybrid = MadeHead.masterBootRecord()
        hybrid.put("CD001", at: 32769)
        #expect(kind(hybrid) == .stream)
    }

    @Test func filesWithHolesAreDiskImagesFromSixteenMebibytes() {
        #expect(kind(MadeHead(), size: 16 << 20, isSparse: true) == .blocks)
        #expect(kind(MadeHead(), size: (16 << 20) - 1, isSparse: true) == .stream)
    }

    @Test(
        arguments: [
            (0, 64 << 10), (1 << 20, 64 << 10), (16 << 30, 64 << 10), (16 << 30 | 1, 128 << 10), (32 << 30, 128 << 10), (32 << 30 | 1, 256 << 10),
            (1 << 40, 4 << 20), (1 << 40 | 1, 4 << 20), (.max, 4 << 20),
        ] as [(UInt64, Int)])
    func blocksGrowWithTheFile(_ size: UInt64, _ expected: Int) {
        #expect(ContentProbe.blockSize(fileSize: size) == expected)
        if size <= 1 << 40 { #expect((size + UInt64(expected) - 1) / UInt64(expected) <= 262_144) }
    }
}
