import Base
import Codec
import Glibc

/// The terminal of the person at the keyboard, whatever standard input is.
final class ConsoleTerminal: Sendable {
    private let file: File

    /// Throws `SystemError` where there is no terminal.
    init(_ path: String) throws {
        file = try File.open(RawName(path), O_RDWR | O_NOCTTY)
        guard isatty(file.descriptor) == 1 else { throw SystemError.last() }
    }

    /// Asks, and gives what was typed, as text; empty at the end of input.
    func readLine(_ prompt: String) throws -> String {
        try write(prompt)
        var line: [UInt8] = []
        while let byte = try readByte(), byte != 0x0A, line.count < 4096 { line.append(byte) }
        return String(decoding: line, as: UTF8.self)
    }

    /// Asks, and gives what was typed without showing it; nil at the end of input.
    ///
    /// The keys that edit and interrupt are handled here rather than by the terminal, so that an interruption
    /// finds the terminal set back: it throws a `Failure` of kind `.interrupted`. Throws one of kind `.key`
    /// for a line of more than `limit` bytes.
    func readHidden(_ prompt: String, limit: Int) throws -> Secret? {
        var saved = termios()
        guard tcgetattr(file.descriptor, &saved) == 0 else { throw SystemError.last() }
        var quiet = saved
        quiet.c_lflag &= ~tcflag_t(ECHO | ECHONL | ICANON | ISIG)
        // TCSAFLUSH: what was typed before the question was not meant as an answer.
        guard tcsetattr(file.descriptor, TCSAFLUSH, &quiet) == 0 else { throw SystemError.last() }
        defer {
            tcsetattr(file.descriptor, TCSAFLUSH, &saved)
            try? write("\n")
        }
        try write(prompt)

        let line = UnsafeMutableRawBufferPointer.allocate(byteCount: limit, alignment: 16)
        var count = 0
        defer {
            wipe(line)
            line.deallocate()
        }
        while let byte = try readByte() {
            switch byte {
            case 0x0A, 0x0D: return Secret(line[..<count])
            case 0x03: throw Failure(.interrupted, .interrupted)
            case 0x04 where count == 0: return nil
            case 0x7F, 0x08:
                // A letter, with the continuation bytes that it may have.
                while count > 0 {
                    count -= 1
                    if line[count] & 0xC0 != 0x80 { break }
                }
            case 0x15: count = 0
            case 0x00..<0x20: break
            default:
                guard count < limit else { throw Failure(.key, .passphraseTooLong) }
                line[count] = byte
                count += 1
            }
        }
        return nil
    }

    func write(_ text: String) throws { try file.write(Array(text.utf8)) }

    private func readByte() throws -> UInt8? {
        var byte: UInt8 = 0
        let count = try withUnsafeMutableBytes(of: &byte) { try file.read(into: $0) }
        return count == 1 ? byte : nil
    }
}
