import Base

/// What a site can really do, found out by trying inside a scratch folder: nothing that a store says of
/// itself is believed.
package struct SiteProbe: Sendable {
    package enum Check: String, Sendable, CaseIterable {
        case createIfAbsent = "create-if-absent"
        case racingCreators = "one of 20 racing creators wins"
        case readAfterWrite = "read after write"
        case listAfterWrite = "list after write"
        case rangedRead = "ranged read"
        case missingIsTold = "missing object is told"
        case delete = "delete"
    }

    package struct Outcome: Sendable {
        package let check: Check
        package let isGood: Bool
        package let detail: String
    }

    package let outcomes: [Outcome]
    /// Median seconds of a small create and a small read.
    package let createSeconds: Double
    package let readSeconds: Double
    /// Bytes a second, each way, of 16 MiB.
    package let upload: Double
    package let download: Double
    package let freeBytes: UInt64?

    package var isGood: Bool { outcomes.allSatisfy(\.isGood) }

    /// Tries everything. Throws only when the site cannot be reached at all.
    package static func run(_ site: any Site) throws -> SiteProbe {
        let folder = "probe/" + hexString(randomBytes(8)) + "/"
        defer { for key in (try? site.keys(folder)) ?? [] { try? site.delete(key) } }
        var outcomes: [Outcome] = []
        func attempt(_ check: Check, _ body: () throws -> Bool) {
            do { outcomes.append(Outcome(check: check, isGood: try body(), detail: "")) } catch {
                outcomes.append(Outcome(check: check, isGood: false, detail: "\(error)"))
            }
        }
        let small = randomBytes(4096)
        try site.create(folder + "first", small)
        attempt(.createIfAbsent) {
            do { try site.create(folder + "first", randomBytes(16)) } catch let failure as Failure where failure.kind == .exists {
                return try site.read(folder + "first", limit: 8192) == small
            }
            return false
        }
        attempt(.racingCreators) { try race(site, folder) }
        attempt(.readAfterWrite) {
            try site.create(folder + "second", small)
            return try site.read(folder + "second", limit: 8192) == small
        }
        attempt(.listAfterWrite) { try site.keys(folder).contains(folder + "second") }
        attempt(.rangedRead) {
            var part = [UInt8](repeating: 0, count: 100)
            try part.withUnsafeMutableBytes { try site.read(folder + "first", at: 1000, into: $0) }
            return part == Array(small[1000..<1100])
        }
        attempt(.missingIsTold) {
            do { _ = try site.read(folder + "absent", limit: 16) } catch let failure as Failure { return failure.kind == .missing }
            return false
        }
        let (create, read) = try latency(site, folder)
        let (upload, download) = try throughput(site, folder)
        attempt(.delete) {
            try site.delete(folder + "second")
            return try !site.keys(folder).contains(folder + "second")
        }
        return SiteProbe(
            outcomes: outcomes, createSeconds: create, readSeconds: read, upload: upload, download: download, freeBytes: try? site.freeSpace())
    }

    private static func race(_ site: any Site, _ folder: String) throws -> Bool {
        let winners = Monitor<[UInt8]>([])
        try Threads.run("racer", count: 20) { number in
            let body = [UInt8(number)] + randomBytes(64)
            do {
                try site.create(folder + "race", body)
                winners.look { $0.append(UInt8(number)) }
            } catch let failure as Failure where failure.kind == .exists {}
        }
        let won = winners.look { $0 }
        guard won.count == 1 else { return false }
        return try site.read(folder + "race", limit: 128).first == won[0]
    }

    private static func latency(_ site: any Site, _ folder: String) throws -> (Double, Double) {
        var creates: [Double] = []
        var reads: [Double] = []
        for i in 0..<9 {
            let before = monotonicSeconds()
            try site.create(folder + "latency-\(i)", [1, 2, 3])
            let between = monotonicSeconds()
            _ = try site.read(folder + "latency-\(i)", limit: 16)
            creates.append(between - before)
            reads.append(monotonicSeconds() - between)
        }
        return (creates.sorted()[4], reads.sorted()[4])
    }

    private static func throughput(_ site: any Site, _ folder: String) throws -> (Double, Double) {
        let bytes = randomBytes(16 << 20)
        let before = monotonicSeconds()
        try site.create(folder + "large", bytes)
        let between = monotonicSeconds()
        _ = try site.read(folder + "large", limit: bytes.count)
        return (Double(bytes.count) / (between - before), Double(bytes.count) / (monotonicSeconds() - between))
    }
}
