/// Bytes of a name made fit for a terminal and for JSON: valid UTF-8 stays as it is, except control
/// characters and backslashes; every other byte becomes `\xNN`. Two names never print the same.
package func printable(_ bytes: some Collection<UInt8>) -> String {
    var text = ""
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
        var decoder = UTF8()
        var iterator = rest.makeIterator()
        let before = rest.first!
        switch decoder.decode(&iterator) {
        case .scalarValue(let scalar) where scalar.value >= 0x20 && scalar.value != 0x7F && !(0x80...0x9F).contains(scalar.value) && scalar != "\\":
            text.unicodeScalars.append(scalar)
            rest = rest.dropFirst(UTF8.width(scalar))
        case .scalarValue(let scalar) where scalar == "\\":
            text += "\\\\"
            rest = rest.dropFirst()
        default:
            text += "\\x" + hexString([before])
            rest = rest.dropFirst()
        }
    }
    return text
}
