import CLibcrypto

/// BLAKE2b-512 (RFC 7693) of `bytes`, by libcrypto: what minisign signs of a file.
package func blake2b512(_ bytes: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 64) { out, count in
        check(EVP_Digest(bytes, bytes.count, out.baseAddress, nil, EVP_blake2b512(), nil))
        count = 64
    }
}
