import Base
import Glibc
import Keys
import Maintenance
import Repository
import Sites
import TestSupport
import Testing

/// How much memory and time a collection takes for so many chunks: `HDSBACKUP_SCALE=10000000 swift test --filter ScaleTests`.
@Suite struct ScaleTests {
    static let chunks = getenv("HDSBACKUP_SCALE").flatMap { Int(String(cString: $0)) } ?? 0

    @Test(.enabled(if: chunks > 0)) func `memory stays flat`() throws {
        let folder = try TemporaryFolder()
        let site = FileSite(name: "scale", path: folder.path, prefix: "scale")
        let depot = try Depot(site: site)
        let perPage = 1000
        var pages: [Digest] = []
        let id = depot.random.id()
        let session = try depot.begin(snapshot: id)
        var left = Self.chunks
        var began = monotonicSeconds()
        while left > 0 {
            var packs: [FinishedPack] = []
            for _ in 0..<4 where left > 0 {
                let data = depot.ids(min(30_000, left))
                left -= data.count
                var own: [(Digest, [Digest])] = []
                for start in stride(from: 0, to: data.count, by: perPage) {
                    own.append((depot.random.digest(), Array(data[start..<min(start + perPage, data.count)])))
                }
                pages += own.map(\.0)
                packs.append(depot.pack(data, pages: own.map { (id: $0.0, references: $0.1) }))
            }
            try depot.store(packs, by: session)
        }
        let middle = stride(from: 0, to: pages.count, by: perPage).map { start in
            (id: depot.random.digest(), references: Array(pages[start..<min(start + perPage, pages.count)]))
        }
        let root = depot.random.digest()
        try depot.store([depot.pack([], pages: middle + [(root, middle.map(\.id))])], by: session)
        try session.commit(manifest: depot.manifest(id, root: root), snapshot: id)
        print("filled: \(monotonicSeconds() - began) s, \(try depot.packs().count) packs")
        for round in ["first", "second", "a day later"] {
            if round == "a day later" {
                let day = depot.ids(1000)
                try depot.snapshot(day, storing: [day])
                let gone = try depot.snapshot(day, storing: [depot.ids(1000)])
                try depot.forget([gone.id])
            }
            let peak = Monitor((bytes: 0, isOver: false))
            let watch = Threads.start("watch") {
                while !peak.look({ $0.isOver }) {
                    let now = Self.anonymousBytes()
                    peak.look { $0.bytes = max($0.bytes, now) }
                    sleep(milliseconds: 20)
                }
            }
            let before = Self.anonymousBytes()
            began = monotonicSeconds()
            var usage = rusage()
            getrusage(__rusage_who_t(0), &usage)
            let cpu = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
            let report = try depot.collect { $0.segmentsOfASize = 64 }
            getrusage(__rusage_who_t(0), &usage)
            let seconds = monotonicSeconds() - began
            peak.look { $0.isOver = true }
            watch.join()
            print(
                "\(round): \(report.state), \(report.packs) packs, \(seconds) s, CPU \(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec - cpu) s, "
                    + "anonymous \(before >> 20) -> \(peak.look { $0.bytes } >> 20) MiB")
            #expect(report.exit == .done)
            #expect(peak.look { $0.bytes } < 256 << 20)
        }
    }

    /// Resident memory of this process that no file backs.
    private static func anonymousBytes() -> Int {
        guard let bytes = try? Files.read("/proc/self/status", limit: 65_536) else { return 0 }
        let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
        return line.flatMap { Int($0.filter(\.isNumber)) }.map { $0 << 10 } ?? 0
    }
}
