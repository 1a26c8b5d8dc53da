import Base
import Codec
import Crypto

/// HKDF-SHA256 (RFC 5869): `count` bytes for the use that `label` names. Every label of the program is
/// listed in docs/FORMAT.md; none is used twice.
package func derive(_ secret: Secret, salt: [UInt8], label: String, context: [UInt8] = [], count: Int = 32) -> Secret {
    let key = secret.withBytes { SymmetricKey(data: $0) }
    let derived = HKDF<SHA256>.deriveKey(
        inputKeyMaterial: key, salt: salt, info: Array("hdsbackup/1 \(label)".utf8) + context, outputByteCount: count)
    return derived.withUnsafeBytes { Secret(Array($0)) }
}

/// HKDF-Extract alone: mixes a secret of `salt` into `material`.
package func extract(salt: Secret, material: SymmetricKey) -> Secret {
    let mixed = HKDF<SHA256>.extract(inputKeyMaterial: material, salt: salt.exposed)
    return mixed.withUnsafeBytes { Secret(Array($0)) }
}
