import Base
import Foundation

/// A terminal with nobody at it but the test.
final class PseudoTerminal: @unchecked Sendable {
    // Unchecked: used by one thread, the test's own.
    private var keyboard: Int32
    /// What a program opens as its terminal.
    let path: String

    struct Unavailable: Error {}

    init() throws {
        // What posix_openpt, unlockpt and ptsname do: Glibc's module lacks them.
        keyboard = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        var locked: Int32 = 0
        var number: Int32 = 0
        let (setLock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)
        guard keyboard >= 0, ioctl(keyboard, setLock, &locked) == 0, ioctl(keyboard, getNumber, &number) == 0 else { throw Unavailable() }
        path = "/dev/pts/\(number)"
    }

    deinit { if keyboard >= 0 { close(keyboard) } }

    func type(_ text: String) { type(Array(text.utf8)) }

    func type(_ bytes: [UInt8]) { _ = bytes.withUnsafeBytes { write(keyboard, $0.baseAddress, $0.count) } }

    /// What shows on it and was not taken yet, waiting for `words` for up to a minute; then it hangs
    /// up, so that nobody waits for ever.
    func shown(until words: String = "") -> String {
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        let start = monotonicSeconds()
        while true {
            if monotonicSeconds() - start > 60 {
                close(keyboard)
                keyboard = -1
                break
            }
            var wanted = pollfd(fd: keyboard, events: Int16(POLLIN), revents: 0)
            if poll(&wanted, 1, 10) == 1, wanted.revents & Int16(POLLIN) != 0 {
                let count = read(keyboard, &buffer, buffer.count)
                if count <= 0 { break }
                text += buffer[..<count]
            } else if words.isEmpty || String(decoding: text, as: UTF8.self).contains(words) || wanted.revents != 0 {
                break
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
