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
        // Of object stores.
        case conditionalPut = "conditional put where writers agree"
        case createIfAbsentData = "create-if-absent where packs are"
        case multipart = "multipart upload"
        case versioning = "versioning"
        case objectLock = "object lock"
        case clock = "clock"
        case transportSecurity = "TLS"
        case mayOverwrite = "right to overwrite"
        case mayDeleteVersions = "right to delete versions"
        case mayBypassLock = "right to bypass a lock"

        /// Those of every kind of site, in the order in which they are tried.
        package static let everywhere: [Check] = [
            .createIfAbsent, .racingCreators, .readAfterWrite, .listAfterWrite, .rangedRead, .missingIsTold, .delete,
        ]
    }

    package enum Verdict: String, Sendable {
        case good
        /// It works, but somebody should look: a right that a node does not need.
        case warning
        case bad
        /// Not asked for, or could not be tried.
        case none
    }

    package struct Outcome: Sendable {
        package let check: Check
        package let verdict: Verdict
        package let detail: String

        package init(_ check: Check, _ verdict: Verdict, _ detail: String = "") {
            self.check = check
            self.verdict = verdict
            self.detail = detail
        }
    }

    package let outcomes: [Outcome]
    /// Median seconds of a small create and a small read.
    package let createSeconds: Double
    package let readSeconds: Double
    /// Bytes a second, each way, of 8 MiB.
    package let upload: Double
    package let download: Double
    package let freeBytes: UInt64?

    package var isGood: Bool { outcomes.allSatisfy { $0.verdict != .bad } }

    /// Whether writers and collectors can agree here. Where they cannot, the site is collected only while nobody else
    /// writes, in a window that the operator opens.
    package var canCoordinate: Bool {
        let needed: Set<Check> = [.createIfAbsent, .conditionalPut, .racingCreators, .listAfterWrite]
        return outcomes.allSatisfy { !needed.contains($0.check) || $0.verdict == .good }
    }

    /// Objects of probes, in two folders: where a store keeps what writers decide by, and where it keeps packs.
    package static let agreeing = "probe/agree/"
    package static let storing = "probe/data/"
    /// Seconds after which another probe removes what this one left behind.
    private static let stale: Int64 = 3600
    /// Of the object that speed is measured with; a multiple of eight.
    private static let speedBytes = 8 << 20

    /// Tries everything. Throws only when the site cannot be reached at all.
    package static func run(_ site: any Site) throws -> SiteProbe {
        let now = Timestamp.now().seconds
        let own = "\(now)-\(hexString(randomBytes(8)))/"
        let (agree, folder) = (agreeing + own, storing + own)
        defer { clean(site, before: now - stale, own: own) }
        var outcomes: [Outcome] = []
        func attempt(_ check: Check, _ body: () throws -> Outcome) {
            do { outcomes.append(try body()) } catch { outcomes.append(Outcome(check, .bad, "\(error)")) }
        }
        func test(_ check: Check, _ body: () throws -> Bool) { attempt(check) { Outcome(check, try body() ? .good : .bad) } }
        let small = randomBytes(4096)
        try site.create(agree + "first", small)
        try site.create(folder + "first", small)
        test(.createIfAbsent) {
            do { try site.create(agree + "first", randomBytes(16)) } catch let failure as Failure where failure.kind == .exists {
                return try site.read(agree + "first", limit: 8192) == small
            }
            return false
        }
        test(.racingCreators) { try race(site, agree) }
        test(.readAfterWrite) {
            try site.create(folder + "second", small)
            return try site.read(folder + "second", limit: 8192) == small
        }
        test(.listAfterWrite) {
            // Both stores of the site, and each object right after it was created.
            try (0..<5).allSatisfy { i in
                try [agree, folder].allSatisfy { folder in
                    try site.create(folder + "listed-\(i)", [1])
                    return try site.keys(folder).contains(folder + "listed-\(i)")
                }
            }
        }
        test(.rangedRead) {
            var part = [UInt8](repeating: 0, count: 100)
            try part.withUnsafeMutableBytes { try site.read(folder + "first", at: 1000, into: $0) }
            return part == Array(small[1000..<1100])
        }
        test(.missingIsTold) {
            do { _ = try site.read(folder + "absent", limit: 16) } catch let failure as Failure { return failure.kind == .missing }
            return false
        }
        let (create, read) = try latency(site, folder)
        // A site that is full has no rate, and is looked at all the same.
        let (upload, download): (Double, Double)
        do { (upload, download) = try throughput(site, folder) } catch let failure as Failure where failure.kind == .noSpace {
            (upload, download) = (0, 0)
        }
        attempt(.delete) {
            do { try site.delete(folder + "second") } catch let failure as Failure where failure.kind == .refused {
                return Outcome(.delete, .good, "refused, as it should be for who writes only")
            }
            return Outcome(.delete, try site.keys(folder).contains(folder + "second") ? .bad : .good)
        }
        outcomes += try site.probe(folder)
        return SiteProbe(
            outcomes: outcomes, createSeconds: create, readSeconds: read, upload: upload, download: download, freeBytes: try? site.freeSpace())
    }

    /// Removes what this probe and old ones left, as far as these credentials may: what is locked goes once its lock has ended.
    private static func clean(_ site: any Site, before: Int64, own: String) {
        for folder in [agreeing, storing] {
            for key in (try? site.keys(folder)) ?? [] {
                let name = key.dropFirst(folder.count)
                if name.hasPrefix(own) || Int64(name.prefix { $0 != "-" }).map({ $0 < before }) == true { try? site.delete(key) }
            }
        }
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
        let bytes = Buffer(capacity: speedBytes)
        bytes.count = speedBytes
        var generator = SystemRandomNumberGenerator()
        for at in stride(from: 0, to: bytes.count, by: 8) { bytes.space.storeBytes(of: generator.next(), toByteOffset: at, as: UInt64.self) }
        let before = monotonicSeconds()
        try site.create(folder + "large", bytes.bytes)
        let between = monotonicSeconds()
        try site.read(folder + "large", at: 0, into: bytes.space)
        return (Double(bytes.count) / (between - before), Double(bytes.count) / (monotonicSeconds() - between))
    }
}
