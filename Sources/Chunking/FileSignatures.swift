/// The first bytes of a file, and the formats that can be recognised in them. Reads past the end see no match.
struct Head {
    let bytes: UnsafeRawBufferPointer

    /// Database files, written page by page.
    var isDatabase: Bool { isSQLite || isPostgreSQL || isInnoDB || isOracle }

    /// Images of disks, and of the file systems and volumes on them.
    var isDiskImage: Bool { isVirtualDisk || isPartitioned || isFileSystem || isVolume }

    // MARK: - Databases

    /// SQLite file format, §1.3: the header string.
    private var isSQLite: Bool { has("SQLite format 3\0", at: 0) }

    /// PostgreSQL relation forks: every whole page of 8 KiB is empty or begins with a sane page header
    /// (src/include/storage/bufpage.h, layout version 4), and at least one is not empty.
    private var isPostgreSQL: Bool {
        let size = 8192
        var headers = 0
        for page in stride(from: 0, through: bytes.count - size, by: size) {
            if isZero(page, size) { continue }
            guard little16(page + 18) == 0x2004, let flags = little16(page + 10), let lower = little16(page + 12),
                let upper = little16(page + 14), let special = little16(page + 16)
            else { return false }
            guard flags & ~7 == 0, lower >= 24, lower <= upper, upper <= special, special <= size else { return false }
            headers += 1
        }
        return headers > 0
    }

    /// InnoDB tablespaces with the default page of 16 KiB: the first page is the space header (type 8), and every page
    /// that is not empty carries its own number (FIL header: number at 4, space at 34, type at 24, big-endian).
    private var isInnoDB: Bool {
        let size = 16384
        guard big32(4) == 0, big16(24) == 8, let space = big32(34), bytes.count >= 2 * size else { return false }
        for page in stride(from: size, through: bytes.count - size, by: size) where !isZero(page, size) {
            guard big32(page + 4) == UInt32(page / size), big32(page + 34) == space else { return false }
        }
        return true
    }

    /// Oracle data files: a first block that gives the block size and the mark `}|{z`.
    private var isOracle: Bool {
        guard has("}|{z", at: 28), let size = little32(20) else { return false }
        return size.nonzeroBitCount == 1 && (2048...32768).contains(size)
    }

    // MARK: - Disks

    /// qcow2, VMDK sparse extents, VHDX, dynamic VHD and VDI, by their marks.
    private var isVirtualDisk: Bool {
        has("QFI\u{FB}", at: 0) || has("KDMV", at: 0) || has("vhdxfile", at: 0) || has("conectix", at: 0)
            || little32(0x40) == 0xBEDA_107F
    }

    /// A GPT header after the first sector (of 512 or 4,096 bytes), or an MBR whose partition table makes sense.
    private var isPartitioned: Bool {
        if has("EFI PART", at: 512) || has("EFI PART", at: 4096) { return true }
        // An ISO 9660 image can carry an MBR too, but is never written in place.
        guard little16(510) == 0xAA55, !has("CD001", at: 32769) else { return false }
        var partitions = 0
        for entry in stride(from: 446, to: 510, by: 16) {
            guard let status = byte(entry), let type = byte(entry + 4), let sectors = little32(entry + 12) else { return false }
            guard status & 0x7F == 0 else { return false }
            if type != 0 && sectors != 0 { partitions += 1 }
        }
        return partitions > 0
    }

    /// ext2 to ext4 (superblock at 1,024, mark at 56 in it, and a sane block size), XFS, Btrfs, NTFS.
    private var isFileSystem: Bool {
        if little16(1024 + 56) == 0xEF53, let blockSize = little32(1024 + 24), blockSize <= 6 { return true }
        return has("XFSB", at: 0) || has("_BHRfS_M", at: 65536 + 64) || has("NTFS    ", at: 3)
    }

    /// LUKS and LVM physical volumes.
    private var isVolume: Bool {
        has("LUKS\u{BA}\u{BE}", at: 0) || (has("LABELONE", at: 512) && has("LVM2 001", at: 512 + 24))
    }

    // MARK: - Reading

    /// Whether the characters of `mark`, all below 256, stand at `offset`.
    private func has(_ mark: StaticString, at offset: Int) -> Bool {
        var at = offset
        for scalar in mark.description.unicodeScalars {
            guard byte(at).map(UInt32.init) == scalar.value else { return false }
            at += 1
        }
        return true
    }

    private func isZero(_ offset: Int, _ count: Int) -> Bool {
        offset + count <= bytes.count && bytes[offset..<offset + count].allSatisfy { $0 == 0 }
    }

    private func byte(_ offset: Int) -> UInt8? { offset < bytes.count ? bytes[offset] : nil }
    private func load<T: FixedWidthInteger>(_ offset: Int, _: T.Type) -> T? {
        offset + MemoryLayout<T>.size <= bytes.count ? bytes.loadUnaligned(fromByteOffset: offset, as: T.self) : nil
    }
    private func little16(_ offset: Int) -> UInt16? { load(offset, UInt16.self).map(UInt16.init(littleEndian:)) }
    private func little32(_ offset: Int) -> UInt32? { load(offset, UInt32.self).map(UInt32.init(littleEndian:)) }
    private func big16(_ offset: Int) -> UInt16? { load(offset, UInt16.self).map(UInt16.init(bigEndian:)) }
    private func big32(_ offset: Int) -> UInt32? { load(offset, UInt32.self).map(UInt32.init(bigEndian:)) }
}
