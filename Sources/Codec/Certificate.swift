import CLibcrypto

/// The issuer of an X.509 certificate in DER form, as `/CN=…/O=…`; nil when it is none.
package func certificateIssuer(_ der: [UInt8]) -> String? {
    der.withUnsafeBufferPointer { der in
        var at = der.baseAddress
        guard let certificate = d2i_X509(nil, &at, der.count) else { return nil }
        defer { X509_free(certificate) }
        var text = [CChar](repeating: 0, count: 1024)
        guard X509_NAME_oneline(X509_get_issuer_name(certificate), &text, Int32(text.count)) != nil else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
