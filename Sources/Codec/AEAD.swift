import Base
import CLibcrypto

/// AES-256-GCM (NIST SP 800-38D) under one key at a time, by libcrypto. One thread at a time.
///
/// The key must be used for one thing: the caller gives each message of a key its own `nonce`.
package final class AEAD {
    /// 96 bits: a number, little-endian, then eight bytes of the message's id. The number alone is unique
    /// in a run; with the id, a machine that was copied in mid-run and goes on twice still never seals two
    /// different messages under one key and nonce.
    package struct Nonce: Sendable {
        let number: UInt32
        let tail: UInt64

        package init(_ number: UInt32, id: Digest = .zero) {
            self.number = number
            tail = id.leading
        }
    }

    /// Bytes that sealing adds.
    package static let overhead = 16

    private let context: OpaquePointer

    package init() { context = EVP_CIPHER_CTX_new() }

    deinit { EVP_CIPHER_CTX_free(context) }

    /// Seals `bytes[..<count]` in place and writes the tag behind: `count + 16` bytes are the result.
    package func seal(
        key: UnsafeRawBufferPointer, nonce: Nonce, context associated: UnsafeRawBufferPointer,
        inPlace bytes: UnsafeMutableRawPointer, count: Int
    ) {
        precondition(key.count == 32)
        begin(key: key, nonce: nonce, associated: associated, encrypt: 1)
        var written: Int32 = 0
        let text = bytes.assumingMemoryBound(to: UInt8.self)
        check(EVP_CipherUpdate(self.context, text, &written, text, Int32(count)))
        check(EVP_CipherFinal_ex(self.context, text + count, &written))
        check(EVP_CIPHER_CTX_ctrl(self.context, EVP_CTRL_AEAD_GET_TAG, 16, bytes + count))
    }

    /// Opens `sealed` (text and tag) into `output`, which has room for `sealed.count - 16` bytes and may
    /// not overlap it. Returns false, with `output` cleared, when the tag is wrong.
    package func open(
        key: UnsafeRawBufferPointer, nonce: Nonce, context associated: UnsafeRawBufferPointer,
        _ sealed: UnsafeRawBufferPointer, into output: UnsafeMutableRawPointer
    ) -> Bool {
        precondition(key.count == 32)
        let count = sealed.count - Self.overhead
        guard count >= 0 else { return false }
        begin(key: key, nonce: nonce, associated: associated, encrypt: 0)
        var written: Int32 = 0
        let from = sealed.baseAddress!.assumingMemoryBound(to: UInt8.self)
        let to = output.assumingMemoryBound(to: UInt8.self)
        check(EVP_CipherUpdate(self.context, to, &written, from, Int32(count)))
        var tag = (UInt64(0), UInt64(0))
        return withUnsafeMutableBytes(of: &tag) { tag in
            tag.copyMemory(from: UnsafeRawBufferPointer(rebasing: sealed[count...]))
            check(EVP_CIPHER_CTX_ctrl(self.context, EVP_CTRL_AEAD_SET_TAG, 16, tag.baseAddress))
            if EVP_CipherFinal_ex(self.context, to + count, &written) == 1 { return true }
            OPENSSL_cleanse(output, count)
            return false
        }
    }

    private func begin(key: UnsafeRawBufferPointer, nonce: Nonce, associated: UnsafeRawBufferPointer, encrypt: Int32) {
        withUnsafeTemporaryAllocation(byteCount: 12, alignment: 4) { iv in
            iv.storeBytes(of: nonce.number.littleEndian, as: UInt32.self)
            iv.storeBytes(of: nonce.tail.bigEndian, toByteOffset: 4, as: UInt64.self)
            check(
                EVP_CipherInit_ex2(
                    context, Algorithms.aes256gcm, key.bindMemory(to: UInt8.self).baseAddress,
                    iv.bindMemory(to: UInt8.self).baseAddress, encrypt, nil))
        }
        var written: Int32 = 0
        if associated.count > 0 {
            check(EVP_CipherUpdate(context, nil, &written, associated.bindMemory(to: UInt8.self).baseAddress, Int32(associated.count)))
        }
    }
}

/// Overwrites memory in a way that the compiler keeps.
package func wipe(_ bytes: UnsafeMutableRawBufferPointer) {
    if let base = bytes.baseAddress { OPENSSL_cleanse(base, bytes.count) }
}

/// Whether two byte strings are equal, in a time that does not tell where they differ.
package func equalInConstantTime(_ l: [UInt8], _ r: [UInt8]) -> Bool {
    l.count == r.count && CRYPTO_memcmp(l, r, l.count) == 0
}
