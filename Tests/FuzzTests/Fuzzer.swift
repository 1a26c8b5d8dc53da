import Base
import Glibc
import TestSupport
import Testing

/// Feeds changed copies of good inputs to a parser, for a bounded time. Each input comes from a seed, which is printed
/// with the input when a property fails, and by a signal's handler when the parser traps.
///
/// `HDSFUZZ_SECONDS`: how long each parser is tried (2 by default). `HDSFUZZ_SEED`: the first seed (1 by default), so
/// that a long run does not begin where the last one did.
struct Fuzzer {
    /// The property that was broken.
    struct Broken: Error {
        let text: String
        init(_ text: String) { self.text = text }
    }

    private static let seconds = setting("HDSFUZZ_SECONDS").flatMap(Double.init) ?? 2
    private static let firstSeed = setting("HDSFUZZ_SEED").flatMap { UInt64($0) } ?? 1

    private static func setting(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// Inputs are at most this long.
    private static let inputBytes = 256 << 10
    /// Anonymous memory may grow by this while a parser is tried.
    private static let memoryBytes = 64 << 20

    let name: String
    let corpus: [[UInt8]]

    /// `share`: of the time that a parser has. `parse` throws a `Failure` for what it refuses, `Broken` where a
    /// property does not hold. Every input of the corpus must pass: else what lies behind the first checks is not reached.
    /// `refuses`: some changed inputs must be refused. `leak`: bytes that each input may leave behind.
    func run(share: Double = 1, refuses: Bool = true, leak: Int = 0, _ parse: ([UInt8]) throws -> Void) throws {
        Crash.install()
        for (number, input) in corpus.enumerated() {
            do { try parse(input) } catch { Issue.record("\(name): the good input \(number) is refused: \(error)\n\(hexString(input.prefix(4096)))") }
        }
        for input in Regressions.inputs[name] ?? [] { try attempt(bytesFromHex(input)!, seed: 0, parse) }
        for seed in Regressions.seeds[name] ?? [] { try attempt(mutated(seed), seed: seed, parse) }
        let before = try anonymousBytes()
        let end = monotonicSeconds() + Self.seconds * share
        var (seed, refused) = (Self.firstSeed, 0)
        while monotonicSeconds() < end {
            for _ in 0..<32 {
                if try !attempt(mutated(seed), seed: seed, parse) { refused += 1 }
                seed += 1
            }
            let growth = try anonymousBytes() - before
            guard growth < Self.memoryBytes + leak * Int(seed - Self.firstSeed) else {
                Issue.record("\(name): memory grew by \(growth >> 20) MiB by seed \(seed)")
                return
            }
        }
        #expect(refused > 0 || !refuses, "\(name): nothing was refused of \(seed - Self.firstSeed) inputs")
    }

    /// Whether the input passed.
    @discardableResult
    private func attempt(_ input: [UInt8], seed: UInt64, _ parse: ([UInt8]) throws -> Void) throws -> Bool {
        Crash.note(name, seed: seed, input)
        do {
            try parse(input)
            return true
        } catch is Failure {
            return false
        } catch let broken as Broken {
            Issue.record("\(name), seed \(seed): \(broken.text)\n\(hexString(input))")
        } catch {
            Issue.record("\(name), seed \(seed): \(error)\n\(hexString(input))")
        }
        return false
    }

    private func mutated(_ seed: UInt64) -> [UInt8] {
        var mutator = Mutator(seed)
        return Array(mutator.mutate(corpus).prefix(Self.inputBytes))
    }

    /// RssAnon of this process.
    private func anonymousBytes() throws -> Int {
        let text = String(decoding: try Files.read("/proc/self/status", limit: 1 << 16) ?? [], as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
        return (line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) << 10
    }
}

/// Inputs that once broke something: tried first, in every run.
enum Regressions {
    /// Seeds by parser. They hold as long as the parser's corpus is the same: prefer `inputs`.
    static let seeds: [String: [UInt64]] = [:]
    /// In hexadecimal digits, by parser.
    static let inputs: [String: [String]] = [
        // Two flipped bits that a checksum of sums and rotations did not see.
        "index run": [
            """
            4844534252554e32090000000000000073f2b2cc55dbb61f000000000000000009f5ccc00adb79477f8dabeb69bf10828034a237a0a07327\
            a34441b4ef2a313a00000000400000001e00000017552366e213153d0bf2f3a2874d1ec842a9e02c210db5b24e7ba5daf21ac35100000000\
            400000001e000000302c48dfcd42b69760f41eb60500fb244ec80beefe60c24cd835ab20a2dd84d900000000400000001e00000052b52f90\
            6e27a97fb95153d08acc41869645ebc6ecf6b192b012c9071b729c0000000000400000001e0000006c93940a6485738b28c0c36cb179ed35\
            c1aeae47b7c226a0e1fac31c6649b45000000000400000001e00000073925f2ab9cf8fc3d6454ae5f8466e6eff5f47a5cb9a4fec785b0123\
            bd56ee6900000000400000001e000000a499e38fc6062ecfd307f39972a481666efad642121c84ca333d766882f308c40000000040000000\
            1e000000e43d78402febc88bc0d6978918564babef46cda7b47966f62bb5b6703d9a697300000000400000001e000000ffa450e34dfe3159\
            d98692ccafc7e4eef5ee552e90c73bf9012d972b3f50668c00000000400000001e000000
            """
        ]
    ]
}

/// Changes bytes as chance, and as somebody who knows where lengths stand.
struct Mutator {
    private var random: SeededGenerator

    init(_ seed: UInt64) { random = SeededGenerator(seed &* 0xD134_2543_DE82_EF95) }

    mutating func mutate(_ corpus: [[UInt8]]) -> [UInt8] {
        var bytes = random.pick(corpus)
        for _ in 0...(random.chance(16) ? random.below(20) : random.below(3)) { change(&bytes, corpus) }
        return bytes
    }

    private mutating func place(_ bytes: [UInt8]) -> Int {
        // Headers, counts and tables stand in front.
        random.chance(2) ? random.below(bytes.count + 1) : random.below(min(bytes.count, 64) + 1)
    }

    private mutating func change(_ bytes: inout [UInt8], _ corpus: [[UInt8]]) {
        let at = place(bytes)
        let end = min(bytes.count, at + (random.chance(4) ? random.below(4096) : random.below(40)))
        switch random.below(14) {
        case 0, 1, 2: if at < bytes.count { bytes[at] ^= 1 << UInt8(random.below(8)) }
        case 3, 4:
            if at < bytes.count {
                bytes[at] = random.pick([0, 1, 2, 0x0A, 0x20, 0x2E, 0x2F, 0x7F, 0x80, 0xC3, 0xFE, 0xFF, UInt8(random.below(256))])
            }
        case 5: bytes.removeLast(bytes.count - at)
        case 6: bytes.insert(contentsOf: random.bytes(1 + random.below(random.chance(8) ? 300 : 5)), at: at)
        case 7: bytes.removeSubrange(at..<end)
        case 8: bytes.insert(contentsOf: bytes[at..<end], at: place(bytes))
        case 9, 10: overwrite(&bytes, at, extreme())
        case 11: overwrite(&bytes, at, [UInt8](repeating: random.chance(2) ? 0 : 0xFF, count: end - at))
        case 12:
            let other = random.pick(corpus)
            let from = place(other)
            bytes = Array(bytes[..<at]) + other[from...]
        default:
            let other = random.pick(corpus)
            let from = place(other)
            overwrite(&bytes, at, Array(other[from..<min(other.count, from + random.below(64))]))
        }
    }

    private func overwrite(_ bytes: inout [UInt8], _ at: Int, _ more: [UInt8]) {
        let end = min(bytes.count, at + more.count)
        bytes.replaceSubrange(at..<end, with: more.prefix(end - at))
    }

    /// A number at an end of its range, little-endian or as varint.
    private mutating func extreme() -> [UInt8] {
        var w = ByteWriter()
        let edges: [UInt64] = [
            0, 1, 2, 255, 256, 1024, 1025, 65_535, 65_536, 1 << 18, 1 << 20, (1 << 20) + 1, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 63, .max,
        ]
        let value = random.pick(edges) &+ UInt64(random.below(3)) &- 1
        switch random.below(5) {
        case 0: w.u16(UInt16(truncatingIfNeeded: value))
        case 1, 2: w.u32(UInt32(truncatingIfNeeded: value))
        case 3: w.u64(value)
        default: w.varint(value)
        }
        return w.bytes
    }
}

/// Says on standard error which input a parser was at when the process was killed by a signal of its own.
enum Crash {
    private static let room = 256 << 10
    // Written before each input by the one thread that runs parsers (the suite is serial), read by the handler.
    nonisolated(unsafe) private static let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: room)
    nonisolated(unsafe) private static var count = 0
    nonisolated(unsafe) private static let head = UnsafeMutablePointer<CChar>.allocate(capacity: 256)

    static func install() {
        head[0] = 0
        count = 0
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE] {
            signal(number) { number in
                Crash.tell()
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    static func note(_ name: String, seed: UInt64, _ input: [UInt8]) {
        count = min(input.count, room)
        input.withUnsafeBufferPointer { if let base = $0.baseAddress { bytes.update(from: base, count: count) } }
        let text = "\nfuzz: \(name), seed \(seed), died on the input:\n"
        text.withCString { _ = strncpy(head, $0, 255) }
    }

    /// Only what a signal's handler may do: no allocation.
    private static func tell() {
        write(2, head, strlen(head))
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 2) { pair in
            for at in 0..<count {
                pair[0] = digit(bytes[at] >> 4)
                pair[1] = digit(bytes[at] & 15)
                write(2, pair.baseAddress, 2)
            }
        }
        write(2, "\n", 1)
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
}
