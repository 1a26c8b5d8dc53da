import Base
import CLibcrypto

/// Algorithms fetched once: an implicit fetch at each use costs more than hashing a small file.
enum Algorithms {
    nonisolated(unsafe) static let sha256: OpaquePointer = EVP_MD_fetch(nil, "SHA256", nil)
    nonisolated(unsafe) static let aes256gcm: OpaquePointer = EVP_CIPHER_fetch(nil, "AES-256-GCM", nil)
}

/// SHA-256 (FIPS 180-4) over pieces, by libcrypto. One thread at a time.
package final class SHA256Hasher {
    private let context: OpaquePointer

    package init() {
        context = EVP_MD_CTX_new()
        reset()
    }

    deinit { EVP_MD_CTX_free(context) }

    package func reset() { check(EVP_DigestInit_ex2(context, Algorithms.sha256, nil)) }

    package func update(_ bytes: UnsafeRawBufferPointer) {
        if bytes.count > 0 { check(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)) }
    }

    /// The digest of everything since the last reset; resets.
    package func finish() -> Digest {
        withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { out in
            check(EVP_DigestFinal_ex(context, out.bindMemory(to: UInt8.self).baseAddress, nil))
            reset()
            return Digest(loading: out.baseAddress!)
        }
    }

    package func hash(_ bytes: UnsafeRawBufferPointer) -> Digest {
        update(bytes)
        return finish()
    }
}

/// SHA-256 of `bytes`.
package func sha256(_ bytes: UnsafeRawBufferPointer) -> Digest { SHA256Hasher().hash(bytes) }

/// SHA-256 of `bytes`.
package func sha256(_ bytes: [UInt8]) -> Digest { bytes.withUnsafeBytes { sha256($0) } }

/// HMAC-SHA256 (RFC 2104) under one key, for many messages: both key blocks are hashed once. One thread
/// at a time.
package final class KeyedHasher {
    private let inner: OpaquePointer
    private let outer: OpaquePointer
    private let work: OpaquePointer

    /// `key` has at most 64 bytes.
    package init(key: UnsafeRawBufferPointer) {
        precondition(key.count <= 64)
        inner = EVP_MD_CTX_new()
        outer = EVP_MD_CTX_new()
        work = EVP_MD_CTX_new()
        for (context, pad) in [(inner, UInt8(0x36)), (outer, UInt8(0x5C))] {
            withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { block in
                for i in 0..<64 { block[i] = (i < key.count ? key[i] : 0) ^ pad }
                check(EVP_DigestInit_ex2(context, Algorithms.sha256, nil))
                check(EVP_DigestUpdate(context, block.baseAddress, 64))
                OPENSSL_cleanse(block.baseAddress, 64)
            }
        }
    }

    deinit {
        EVP_MD_CTX_free(inner)
        EVP_MD_CTX_free(outer)
        EVP_MD_CTX_free(work)
    }

    /// HMAC of one prefix byte followed by `bytes`.
    package func hash(prefix: UInt8, _ bytes: UnsafeRawBufferPointer) -> Digest {
        start(prefix: prefix)
        update(bytes)
        return finish()
    }

    /// Begins a message in pieces.
    package func start(prefix: UInt8) {
        check(EVP_MD_CTX_copy_ex(work, inner))
        withUnsafeBytes(of: prefix) { update($0) }
    }

    package func update(_ bytes: UnsafeRawBufferPointer) {
        if bytes.count > 0 { check(EVP_DigestUpdate(work, bytes.baseAddress, bytes.count)) }
    }

    package func finish() -> Digest {
        withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { out in
            let bytes = out.bindMemory(to: UInt8.self).baseAddress
            check(EVP_DigestFinal_ex(work, bytes, nil))
            check(EVP_MD_CTX_copy_ex(work, outer))
            check(EVP_DigestUpdate(work, bytes, 32))
            check(EVP_DigestFinal_ex(work, bytes, nil))
            return Digest(loading: out.baseAddress!)
        }
    }
}

/// libcrypto's digests and ciphers fail only for lack of memory or a broken installation.
@inline(__always)
func check(_ status: Int32) {
    if status != 1 { fatalError("libcrypto refused a basic operation") }
}
