import Testing

@testable import Chunking

@Suite struct SipHashTests {
    /// From the reference implementation: key 00 01 … 0f, input 00 01 … of each length; the last is appendix A of the paper.
    @Test(
        arguments: [
            (0, 0x726f_db47_dd0e_0e31), (1, 0x74f8_39c5_93dc_67fd), (2, 0x0d6c_8009_d9a9_4f5a), (3, 0x8567_6696_d7fb_7e2d),
            (4, 0xcf27_94e0_2771_87b7), (7, 0xab02_00f5_8b01_d137), (8, 0x93f5_f579_9a93_2462), (15, 0xa129_ca61_49be_45e5),
        ] as [(Int, UInt64)])
    func agreesWithTheReferenceVectors(_ count: Int, _ expected: UInt64) {
        let hash = SipHash24(key: Array(0..<16))
        #expect(hash.hash((0..<count).map(UInt8.init)) == expected)
        // The same from memory that is not aligned.
        ([0xFF] + (0..<count).map(UInt8.init)).withUnsafeBytes { bytes in
            #expect(hash.hash(UnsafeRawBufferPointer(rebasing: bytes[1...])) == expected)
        }
    }

    @Test func anotherKeyIsAnotherFunction() {
        #expect(SipHash24(key: Array(1...16)).hash([]) != SipHash24(key: Array(0..<16)).hash([]))
    }
}
