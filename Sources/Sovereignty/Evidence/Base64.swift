/// The bytes that base64 with padding spells (RFC 4648, section 4); nil for anything else, spaces and loose bits included: one text for one
/// value.
func bytesFromBase64(_ text: some StringProtocol) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count % 4 == 0, !digits.isEmpty else { return nil }
    let padding = digits.suffix(2).count { $0 == UInt8(ascii: "=") }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 4 * 3)
    var word: UInt32 = 0
    for (index, digit) in digits.dropLast(padding).enumerated() {
        guard let value = value(digit) else { return nil }
        word = word << 6 | value
        if index % 4 == 3 {
            bytes += [UInt8(truncatingIfNeeded: word >> 16), UInt8(truncatingIfNeeded: word >> 8), UInt8(truncatingIfNeeded: word)]
            word = 0
        }
    }
    switch padding {
    case 1:
        guard word & 3 == 0 else { return nil }
        bytes += [UInt8(truncatingIfNeeded: word >> 10), UInt8(truncatingIfNeeded: word >> 2)]
    case 2:
        guard word & 15 == 0 else { return nil }
        bytes.append(UInt8(truncatingIfNeeded: word >> 4))
    default: break
    }
    return bytes
}

private func value(_ digit: UInt8) -> UInt32? {
    switch digit {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit) - 65
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit) - 97 + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit) - 48 + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
}
