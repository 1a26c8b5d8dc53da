import Base
import Codec
import Sites
import TestSupport
import Testing

@testable import S3

extension S3Store: CustomTestStringConvertible {
    package var testDescription: String { label }
}

/// A site below a prefix of its own, through the fault proxy and beside it. Faults name the prefix, so that tests may run at once.
struct FaultySite {
    let store: S3Store
    let prefix = "t" + hexString(randomBytes(8))
    let proxy: FaultProxy
    /// Through the proxy, with little patience.
    let site: S3Site
    /// The same objects, straight at the store.
    let direct: S3Site

    init(_ store: S3Store, proxy: FaultProxy? = nil) throws {
        self.store = store
        self.proxy = try proxy ?? FaultProxy.of(store)
        site = try store.make(prefix: prefix, through: self.proxy.endpoint, patience: 1)
        direct = try store.make(name: "direct", prefix: prefix)
    }

    var traffic: SiteTraffic { site.client.traffic }

    func add(
        _ kind: String, _ method: String = "", path: String = "", count: Int? = 1, skip: Int = 0, side: String? = nil,
        with settings: [String: Double] = [:]
    ) throws {
        try proxy.add(.init(kind, method, path: "\(prefix).*\(path)", count: count, skip: skip, side: side, with: settings))
    }

    /// How many requests of this site had the fault.
    func hits(_ kind: String) throws -> Int { try proxy.log(prefix).filter { $0.contains("\"fault\": \"\(kind)\"") }.count }

    /// Uploads in parts that were begun and neither completed nor aborted.
    func uploads() throws -> Int {
        let answer = try direct.client.send(S3Request("GET", direct.options.bucket, query: [("uploads", ""), ("prefix", prefix + "/")]))
        return try #require(XMLFields(answer.body)).groups.filter { $0.name == "Upload" }.count
    }
}

/// Faults between a client and real stores: what passes is retried and not seen; what lasts is `.unreachable`, soon, and never damage.
@Suite(.timeLimit(.minutes(3))) struct S3FaultTests {
    /// A failure that passes: it hits one request.
    enum Passing: String, CaseIterable, Sendable {
        case drop, resetUpload, resetDownload, truncate, wrongUpload, duplicate
        case status403, status408, status429, status500, status502, status503, status504

        static let uploads: [Passing] = [.drop, .resetUpload, .wrongUpload, .duplicate] + common
        static let downloads: [Passing] = [.drop, .resetDownload, .truncate] + common
        static let common: [Passing] = [.status403, .status500, .status503]
        static let statuses = allCases.filter { $0.status != nil }

        var kind: String {
            switch self {
            case .drop: "drop"
            case .resetUpload: "reset-upload"
            case .resetDownload: "reset-download"
            case .truncate: "truncate"
            case .wrongUpload: "flip"
            case .duplicate: "duplicate"
            default: "answer"
            }
        }

        var status: Double? { kind == "answer" ? Double(rawValue.suffix(3)) : nil }

        func add(_ faulty: FaultySite, _ method: String, path: String = "") throws {
            try faulty.add(kind, method, path: path, side: self == .wrongUpload ? "up" : nil, with: status.map { ["status": $0] } ?? [:])
        }
    }

    private static let bytes: [UInt8] = {
        var random = SeededGenerator(17)
        return random.bytes(300_000)
    }()

    private func part(_ site: any Site, _ key: String, at offset: Int, _ count: Int) throws -> [UInt8] {
        var part = [UInt8](repeating: 0xEE, count: count)
        try part.withUnsafeMutableBytes { try site.read(key, at: offset, into: $0) }
        return part
    }

    // MARK: what passes

    @Test(arguments: S3Store.all, Passing.uploads)
    func creatingGetsOverWhatPasses(_ store: S3Store, _ fault: Passing) throws {
        let faulty = try FaultySite(store)
        let keys = ["packs/ab/x", "commits/x"]
        for key in keys { try fault.add(faulty, "PUT", path: key) }
        try Threads.run("creator", count: keys.count) { try faulty.site.create(keys[$0], Self.bytes) }
        for key in keys { #expect(try faulty.direct.read(key, limit: Self.bytes.count) == Self.bytes) }
        #expect(try faulty.hits(fault.kind) == keys.count)
        #expect(faulty.traffic.retries == (fault == .duplicate ? 0 : keys.count))
        #expect(try faulty.direct.keys("packs/") == ["packs/ab/x"] && faulty.direct.keys("commits/") == ["commits/x"])
        #expect(faulty.traffic.failures == 0)
    }

    @Test(arguments: S3Store.all, Passing.downloads)
    func readingGetsOverWhatPasses(_ store: S3Store, _ fault: Passing) throws {
        let faulty = try FaultySite(store)
        try faulty.direct.create("packs/ab/x", Self.bytes)
        try faulty.direct.create("packs/ab/y", Self.bytes)
        for path in ["packs/ab/x", "packs/ab/y", "packs%2F"] { try fault.add(faulty, "GET", path: path) }
        try Threads.run("reader", count: 3) { (number: Int) throws -> Void in
            if number == 0 {
                #expect(try faulty.site.read("packs/ab/x", limit: Self.bytes.count) == Self.bytes)
            } else if number == 1 {
                #expect(try part(faulty.site, "packs/ab/y", at: 1000, 200_000) == Array(Self.bytes[1000..<201_000]))
            } else {
                #expect(try faulty.site.keys("packs/") == ["packs/ab/x", "packs/ab/y"])
            }
        }
        #expect(try faulty.hits(fault.kind) == 3)
        #expect(faulty.traffic.retries == 3 && faulty.traffic.requests == 6 && faulty.traffic.failures == 0)
    }

    @Test(arguments: S3Store.all, [.drop] + Passing.common)
    func askingAndDeletingGetOverWhatPasses(_ store: S3Store, _ fault: Passing) throws {
        let faulty = try FaultySite(store)
        try faulty.direct.create("commits/x", Self.bytes)
        try fault.add(faulty, "HEAD")
        #expect(try faulty.site.size("commits/x") == Self.bytes.count)
        try fault.add(faulty, "DELETE")
        try faulty.site.delete("commits/x")
        #expect(try failureKind { _ = try faulty.direct.size("commits/x") } == .missing)
        #expect(try faulty.hits(fault.kind) == 2)
        #expect(faulty.traffic.retries == 2)
    }

    @Test(arguments: S3Store.all.prefix(1), Passing.statuses)
    func everyStatusThatMayPassIsTriedAgain(_ store: S3Store, _ fault: Passing) throws {
        let faulty = try FaultySite(store)
        try fault.add(faulty, "GET")
        #expect(try failureKind { _ = try faulty.site.read("commits/x", limit: 1) } == .missing)
        #expect(faulty.traffic.requests == 2 && faulty.traffic.retries == 1)
    }

    @Test(arguments: S3Store.all)
    func aRefusedConnectionIsTriedAgain(_ store: S3Store) throws {
        let faulty = try FaultySite(store, proxy: FaultProxy(store))
        try faulty.add("refuse", with: ["seconds": 0.2])
        try faulty.site.create("commits/x", [1, 2, 3])
        try faulty.add("refuse", with: ["seconds": 0.2])
        #expect(try faulty.site.read("commits/x", limit: 3) == [1, 2, 3])
        #expect(faulty.traffic.retries > 0 && faulty.traffic.failures == 0)
    }

    /// Each byte that comes would do to go on waiting; the request's own deadline ends it.
    @Test(arguments: S3Store.all)
    func aSlowDripIsGivenUpAndTriedAgain(_ store: S3Store) throws {
        // A proxy of its own, which ends with the test: what drips goes on for long.
        let faulty = try FaultySite(store, proxy: FaultProxy(store))
        try faulty.direct.create("packs/ab/x", Self.bytes)
        try faulty.add("slow", "PUT", side: "up", with: ["bytes": 1000, "every": 0.1])
        try faulty.add("slow", "GET", with: ["bytes": 100, "every": 0.1])
        try Threads.run("slow", count: 2) { number in
            if number == 0 { return try faulty.site.create("packs/ab/y", Self.bytes) }
            #expect(try part(faulty.site, "packs/ab/x", at: 0, 10_000) == Array(Self.bytes[..<10_000]))
        }
        #expect(try faulty.direct.read("packs/ab/y", limit: Self.bytes.count) == Self.bytes)
        #expect(faulty.traffic.retries == 2 && faulty.traffic.failures == 0)
    }

    @Test(arguments: S3Store.all.prefix(1), [429, 500, 503] as [Double])
    func theTimeThatAStoreAsksForIsWaited(_ store: S3Store, _ status: Double) throws {
        let faulty = try FaultySite(store)
        try faulty.direct.create("commits/x", [1])
        let began = monotonicSeconds()
        try faulty.add("answer", "GET", with: ["status": status, "retry_after": 1])
        #expect(try faulty.site.read("commits/x", limit: 1) == [1])
        #expect(monotonicSeconds() - began >= 1)
        #expect(faulty.traffic.retries == 1)
    }

    // MARK: an answer that is lost

    @Test(arguments: S3Store.all)
    func anOwnAttemptWhoseAnswerWasLostIsRecognised(_ store: S3Store) throws {
        let faulty = try FaultySite(store)
        let keys = ["commits/x", "packs/ab/x", "index/x"]
        for key in keys { try faulty.add("swallow", "PUT", path: key) }
        try Threads.run("creator", count: keys.count) { try faulty.site.create(keys[$0], Self.bytes) }
        #expect(try faulty.hits("swallow") == keys.count)
        #expect(faulty.traffic.retries == keys.count && faulty.traffic.failures == 0)
        for key in keys { #expect(try faulty.direct.read(key, limit: Self.bytes.count) == Self.bytes) }
        #expect(try Set(faulty.direct.keys("")) == Set(keys) && faulty.direct.keys("").count == keys.count)
        // Each is an object as any other: nobody creates it again. A pack's name is used once, and not every store with versions refuses it.
        for key in keys where !key.hasPrefix("packs/") { #expect(try failureKind { try faulty.site.create(key, Self.bytes) } == .exists) }
    }

    @Test(arguments: S3Store.all)
    func anotherWritersObjectIsNotTakenForAnOwnAttempt(_ store: S3Store) throws {
        let faulty = try FaultySite(store)
        // The store does not get it; while the writer waits for the answer, another one comes.
        try faulty.add("hang", "PUT")
        let outcome = Monitor<(isDone: Bool, kind: Failure.Kind?)>((false, nil))
        let writer = Threads.start("writer") {
            let kind = try? failureKind { try faulty.site.create("commits/x", Self.bytes) }
            outcome.change { $0 = (true, kind ?? nil) }
        }
        // Whether there is one is asked first: the second request is the one that hangs.
        while faulty.traffic.requests < 2 { sleep(milliseconds: 5) }
        try faulty.direct.create("commits/x", Self.bytes)
        writer.join()
        #expect(outcome.look { $0.kind } == .exists)
        #expect(faulty.traffic.retries == 1)
        #expect(try faulty.direct.read("commits/x", limit: Self.bytes.count) == Self.bytes)
    }

    @Test(arguments: S3Store.all)
    func twentyCreatorsWhoseAnswersAreLostAgreeOnOne(_ store: S3Store) throws {
        let faulty = try FaultySite(store)
        try faulty.add("swallow", "PUT", count: 5)
        let outcomes = Monitor<(winners: [UInt8], losers: Int)>(([], 0))
        try Threads.run("racer", count: 20) { number in
            do {
                try faulty.site.create("commits/x", [UInt8(number)])
                outcomes.look { $0.winners.append(UInt8(number)) }
            } catch let failure as Failure where failure.kind == .exists { outcomes.look { $0.losers += 1 } }
        }
        let (winners, losers) = outcomes.look { $0 }
        #expect(winners.count == 1 && losers == 19)
        #expect(try faulty.direct.read("commits/x", limit: 1) == winners)
    }

    // MARK: wrong bytes and old lists

    /// At this level nobody knows what is right: bytes are given as they came, and the caller's hash decides.
    @Test(arguments: S3Store.all)
    func wrongBytesAreGivenAsTheyCame(_ store: S3Store) throws {
        let faulty = try FaultySite(store)
        try faulty.direct.create("packs/ab/x", Self.bytes)
        try faulty.add("flip", "GET", count: 2)
        var expected = Self.bytes
        expected[150_000] ^= 1
        #expect(try faulty.site.read("packs/ab/x", limit: Self.bytes.count) == expected)
        expected = Array(Self.bytes[1000..<3000])
        expected[1000] ^= 1
        #expect(try part(faulty.site, "packs/ab/x", at: 1000, 2000) == expected)
        #expect(faulty.traffic.requests == 2 && faulty.traffic.retries == 0)
    }

    @Test(arguments: S3Store.all)
    func whatCameWrongOnceComesRightWhenReadTwice(_ store: S3Store) throws {
        let faulty = try FaultySite(store)
        try faulty.direct.create("packs/ab/x", Self.bytes)
        try faulty.add("flip", "GET")
        let hash = sha256(Self.bytes)
        let read = try faulty.site.readTwice("packs/ab/x", limit: Self.bytes.count) { bytes in
            guard sha256(bytes) == hash else { throw Failure(.damaged, .objectTooShort) }
            return bytes
        }
        #expect(read == Self.bytes)
        #expect(faulty.traffic.requests == 2)
    }

    @Test(arguments: S3Store.all)
    func whatIsWrongAtTheStoreIsDamageEvenWhenReadTwice(_ store: S3Store) throws {
        let faulty = try FaultySite(store)
        try faulty.direct.create("packs/ab/x", Self.bytes)
        let kind = try failureKind {
            try faulty.site.readTwice("packs/ab/x", limit: Self.bytes.count) { _ in throw Failure(.damaged, .objectTooShort) }
        }
        #expect(kind == .damaged)
        guard store.lock == nil else { return }
        // A store that keeps no versions, and says so, changes nothing of it.
        try faulty.add("answer", "GET", path: "versions", count: nil, with: ["status": 501])
        let other = try failureKind {
            try faulty.site.readTwice("packs/ab/x", limit: Self.bytes.count) { _ in throw Failure(.damaged, .objectTooShort) }
        }
        #expect(other == .damaged)
    }

    /// A stale list lacks what is new, and nobody can tell: what is missing from a list is asked for before it is called missing.
    @Test(arguments: S3Store.all)
    func aStaleListLacksWhatIsNewAndTheObjectIsThere(_ store: S3Store) throws {
        let faulty = try FaultySite(store)
        try faulty.site.create("packs/ab/x", [1])
        #expect(try faulty.site.keys("packs/") == ["packs/ab/x"])
        try faulty.site.create("packs/ab/y", [2])
        try faulty.add("stale", "GET")
        #expect(try faulty.site.keys("packs/") == ["packs/ab/x"])
        #expect(try faulty.hits("stale") == 1)
        #expect(try faulty.site.size("packs/ab/y") == 1 && faulty.site.read("packs/ab/y", limit: 1) == [2])
        #expect(try faulty.site.keys("packs/") == ["packs/ab/x", "packs/ab/y"])
    }

    // MARK: what does not pass

    @Test(arguments: S3Store.all)
    func aRefusalThatLastsIsARefusal(_ store: S3Store) throws {
        let faulty = try FaultySite(store)
        try faulty.direct.create("commits/x", [1])
        try faulty.add("answer", count: nil, with: ["status": 403])
        #expect(try failureKind { _ = try faulty.site.read("commits/x", limit: 1) } == .refused)
        #expect(try failureKind { _ = try faulty.site.size("commits/x") } == .refused)
        #expect(try failureKind { try faulty.site.create("packs/ab/x", [1]) } == .refused)
        #expect(try failureKind { try faulty.site.delete("commits/x") } == .refused)
        #expect(try failureKind { _ = try faulty.site.keys("commits/") } == .refused)
        // Each is asked twice; the store answers, so that its circuit stays closed.
        #expect(faulty.traffic.requests == 10 && faulty.traffic.retries == 5 && faulty.traffic.failures == 0)
        #expect(try faulty.direct.keys("") == ["commits/x"])
    }

    @Test(arguments: S3Store.all)
    func aWrongKeyIsARefusal(_ store: S3Store) throws {
        var endpoint = S3Endpoint(url: store.endpoint, region: store.region, usesPathStyle: true)
        endpoint.authorityFile = store.authorityFile
        for accessKey in [store.accessKey, "NOBODY"] {
            let stranger = try S3Site(
                name: "stranger", endpoint: endpoint, credentials: S3Credentials(accessKey: accessKey, secretKey: Secret(Array("wrong".utf8))),
                options: S3Site.Options(bucket: store.bucket), tenantPrefix: "stranger")
            #expect(try failureKind { _ = try stranger.read("site", limit: 1) } == .refused)
            #expect(try failureKind { try stranger.create("packs/ab/x", [1]) } == .refused)
        }
    }

    @Test(arguments: S3Store.all)
    func aBucketThatIsNotThereIsNotDamage(_ store: S3Store) throws {
        let site = try store.make { options in
            options.bucket = "absent-" + hexString(randomBytes(8))
            options.coordinationBucket = nil
        }
        #expect(try failureKind { _ = try site.read("packs/ab/x", limit: 1) } == .unreachable)
        #expect(try failureKind { _ = try site.size("packs/ab/x") } == .unreachable)
        #expect(try failureKind { _ = try site.keys("") } == .unreachable)
        #expect(try failureKind { try site.create("packs/ab/x", [1]) } == .unreachable)
        #expect(try failureKind { try site.create("commits/x", [1]) } == .unreachable)
    }

    /// A failure of this kind that lasts, for one store: what is done about it is the client's own.
    @Test(arguments: S3Store.all.prefix(1))
    func whatLastsIsUnreachableWithinItsDeadlineAndNeverDamage(_ store: S3Store) throws {
        let faults: [(kind: String, settings: [String: Double])] = [
            ("drop", [:]), ("hang", [:]), ("swallow", [:]), ("reset-upload", [:]), ("reset-download", [:]), ("truncate", [:]),
            ("slow", ["bytes": 10, "every": 0.2]), ("answer", ["status": 500]), ("answer", ["status": 503]),
            ("answer", ["status": 503, "retry_after": 1]), ("answer", ["status": 503, "retry_after": 3600]), ("refuse", [:]),
        ]
        // Proxies of its own, which end with the test: what drips goes on for long.
        let (proxy, refusing) = (try FaultProxy(store), try FaultProxy(store))
        try Threads.run("lasting", count: faults.count * 2) { number in
            let (kind, settings) = faults[number / 2]
            let faulty = try FaultySite(store, proxy: kind == "refuse" ? refusing : proxy)
            try faulty.direct.create("packs/ab/x", Self.bytes)
            let isCreating = number % 2 == 1
            if isCreating, ["reset-download", "truncate"].contains(kind) { return }
            if !isCreating, kind == "reset-upload" { return }
            try faulty.add(kind, count: nil, side: kind == "slow" && isCreating ? "up" : nil, with: settings)
            let began = monotonicSeconds()
            let found = try failureKind {
                if isCreating { try faulty.site.create("packs/ab/y", Self.bytes) } else { _ = try part(faulty.site, "packs/ab/x", at: 0, 100_000) }
            }
            // Four times the patience, and what the bytes may take.
            #expect(monotonicSeconds() - began < 30, "\(kind)")
            // The store may have what it did not answer for; nothing else is believed.
            #expect(found == .unreachable, "\(kind) \(settings) creating: \(isCreating)")
            #expect(faulty.traffic.failures == 1, "\(kind)")
        }
    }

    @Test(arguments: S3Store.all.prefix(1), ["size", "list", "delete"])
    func everyOperationIsUnreachableWhileTheStoreFails(_ store: S3Store, _ operation: String) throws {
        let faulty = try FaultySite(store)
        try faulty.direct.create("commits/x", [1])
        // Longer than any deadline: nothing is waited for.
        try faulty.add("answer", count: nil, with: ["status": 503, "retry_after": 3600])
        let kind = try failureKind {
            switch operation {
            case "size": _ = try faulty.site.size("commits/x")
            case "list": _ = try faulty.site.keys("commits/")
            default: try faulty.site.delete("commits/x")
            }
        }
        #expect(kind == .unreachable)
        #expect(faulty.traffic.requests == 1 && faulty.traffic.failures == 1)
        #expect(try faulty.direct.read("commits/x", limit: 1) == [1])
    }

    @Test(arguments: S3Store.all.prefix(1))
    func theCircuitOpensForAStoreThatKeepsFailingAndClosesWhenItIsBack(_ store: S3Store) throws {
        let faulty = try FaultySite(store, proxy: FaultProxy(store))
        try faulty.direct.create("commits/x", [1])
        try faulty.add("answer", count: nil, with: ["status": 503, "retry_after": 3600])
        for _ in 0..<3 { #expect(try failureKind { _ = try faulty.site.read("commits/x", limit: 1) } == .unreachable) }
        let asked = faulty.traffic.requests
        for _ in 0..<20 {
            #expect(try failureKind { _ = try faulty.site.read("commits/x", limit: 1) } == .unreachable)
            #expect(try failureKind { try faulty.site.create("packs/ab/x", [1]) } == .unreachable)
            #expect(try failureKind { _ = try faulty.site.keys("") } == .unreachable)
        }
        #expect(faulty.traffic.requests == asked)
        #expect(try faulty.proxy.log(faulty.prefix).count == asked)
        // Another site goes on meanwhile.
        #expect(try faulty.direct.read("commits/x", limit: 1) == [1])
        try faulty.proxy.clear()
        let began = monotonicSeconds()
        while try failureKind({ _ = try faulty.site.read("commits/x", limit: 1) }) == .unreachable {
            try #require(monotonicSeconds() - began < 30)
            sleep(milliseconds: 50)
        }
        for _ in 0..<5 { #expect(try faulty.site.read("commits/x", limit: 1) == [1]) }
        try faulty.site.create("packs/ab/x", [1])
    }

    /// A store that says that it is busy gets fewer requests at once.
    @Test(arguments: S3Store.all.prefix(1))
    func aBusyStoreIsAskedForLessAtOnce(_ store: S3Store) throws {
        let faulty = try FaultySite(store)
        #expect(faulty.traffic.concurrency == 4)
        try faulty.add("answer", "PUT", with: ["status": 503])
        try faulty.site.create("packs/ab/x", [1])
        #expect(faulty.traffic.concurrency == 2)
        try faulty.add("answer", "PUT", with: ["status": 500])
        try faulty.site.create("packs/ab/y", [1])
        #expect(faulty.traffic.concurrency == 2)
    }

    // MARK: uploads in parts

    /// A part of the smallest size that stores take, and a little.
    private static let long: [UInt8] = {
        var random = SeededGenerator(18)
        return random.bytes(partBytes + 1000)
    }()
    private static let partBytes = 5 << 20

    private func createLong(_ site: S3Site, _ key: String = "packs/ab/x") throws {
        try Self.long.withUnsafeBytes { try site.createInParts(key, $0, hexString(randomBytes(16)), partBytes: Self.partBytes) }
    }

    private func expectLong(_ faulty: FaultySite) throws {
        #expect(try sha256(faulty.direct.read("packs/ab/x", limit: Self.long.count)) == sha256(Self.long))
        #expect(try faulty.direct.keys("") == ["packs/ab/x"])
        #expect(try faulty.uploads() == 0)
    }

    @Test(arguments: S3Store.all, [Passing.drop, .resetUpload, .wrongUpload, .status500, .duplicate])
    func aPartGetsOverWhatPasses(_ store: S3Store, _ fault: Passing) throws {
        let faulty = try FaultySite(store)
        try fault.add(faulty, "PUT", path: "partNumber=2")
        try createLong(faulty.site)
        #expect(try faulty.hits(fault.kind) == 1)
        #expect(faulty.traffic.retries == (fault == .duplicate ? 0 : 1))
        try expectLong(faulty)
    }

    @Test(arguments: S3Store.all, ["swallow", "drop", "duplicate"])
    func aCompletionWhoseAnswerIsLostIsACompletion(_ store: S3Store, _ fault: String) throws {
        let faulty = try FaultySite(store)
        try faulty.add(fault, "POST", path: "uploadId=")
        try createLong(faulty.site)
        #expect(try faulty.hits(fault) == 1)
        #expect(faulty.traffic.failures == 0)
        try expectLong(faulty)
    }

    @Test(arguments: S3Store.all, ["partNumber=2", "x.uploadId="])
    func anUploadThatFailsLeavesNothingBehind(_ store: S3Store, _ path: String) throws {
        let faulty = try FaultySite(store)
        try faulty.add("answer", "P", path: path, count: nil, with: ["status": 503, "retry_after": 3600])
        #expect(try failureKind { try createLong(faulty.site) } == .unreachable)
        #expect(try faulty.uploads() == 0)
        #expect(try faulty.direct.keys("") == [])
        #expect(try faulty.proxy.log(faulty.prefix).filter { $0.contains("\"method\": \"DELETE\"") }.count == 1)
    }

    /// What writers decide by is created in one piece: Ceph 16 heeds no condition when an upload in parts is completed.
    @Test(arguments: S3Store.all)
    func whatWritersDecideByIsNeverInParts(_ store: S3Store) throws {
        let site = try store.make()
        let bytes = [UInt8](repeating: 7, count: (32 << 20) + 1)
        try site.create("decided/0", bytes)
        #expect(site.client.traffic.requests == 2)
        #expect(try failureKind { try site.create("decided/0", bytes) } == .exists)
        try site.delete("decided/0")
    }

    @Test(arguments: S3Store.all)
    func whatIsLongGoesInParts(_ store: S3Store) throws {
        let site = try store.make()
        var random = SeededGenerator(19)
        let bytes = random.bytes((32 << 20) + 1)
        try site.create("packs/ab/x", bytes)
        let traffic = site.client.traffic
        // Begun, two parts, completed; where it is to be locked, asked whether it is, and locked where the store forgot it.
        #expect(store.lock == nil ? traffic.requests == 4 : (5...8).contains(traffic.requests))
        #expect(traffic.retries == 0)
        #expect(traffic.sent > bytes.count && traffic.sent < bytes.count + 1000)
        #expect(try site.size("packs/ab/x") == bytes.count)
        #expect(try sha256(site.read("packs/ab/x", limit: bytes.count)) == sha256(bytes))
    }

    // MARK: counts

    @Test(arguments: S3Store.all)
    func trafficIsCountedExactly(_ store: S3Store) throws {
        let faulty = try FaultySite(store)
        let site = faulty.site
        func expect(_ requests: Int, _ retries: Int, _ sent: Int, _ received: Int, _ line: Int = #line) {
            let found = faulty.traffic
            let counts = [found.requests, found.retries, found.sent, found.received, found.failures]
            #expect(counts == [requests, retries, sent, received, 0], "line \(line)")
        }
        expect(0, 0, 0, 0)
        try site.create("packs/ab/x", Self.bytes)
        expect(1, 0, 300_000, 0)
        // Whether it is there is asked first.
        try site.create("commits/x", [1, 2])
        expect(3, 0, 300_002, 0)
        _ = try site.size("packs/ab/x")
        expect(4, 0, 300_002, 0)
        _ = try part(site, "packs/ab/x", at: 100, 5000)
        expect(5, 0, 300_002, 5000)
        _ = try site.read("packs/ab/x", limit: 400_000)
        expect(6, 0, 300_002, 305_000)
        _ = try site.read("packs/ab/x", limit: 2 << 20)
        expect(7, 0, 300_002, 605_000)
        // Half of the body came before the reset.
        try faulty.add("reset-download", "GET")
        _ = try part(site, "packs/ab/x", at: 0, 2000)
        expect(9, 1, 300_002, 608_000)
        try faulty.add("drop", "HEAD")
        _ = try site.size("packs/ab/x")
        expect(11, 2, 300_002, 608_000)
        let sum = faulty.traffic + faulty.traffic
        #expect(sum.requests == 22 && sum.retries == 4 && sum.sent == 600_004 && sum.received == 1_216_000)
    }

    // MARK: limits

    /// Held back to less than a piece in the time that a request waits for a byte, it is slow, not broken.
    @Test(arguments: S3Store.all.prefix(1))
    func aSiteThatIsHeldBackIsSlowNotUnreachable(_ store: S3Store) throws {
        let site = try store.make(patience: 1) { options in
            options.upload = RateLimiter { 256 << 10 }
            options.download = RateLimiter { 256 << 10 }
        }
        let began = monotonicSeconds()
        try Threads.run("writer", count: 2) { try site.create("packs/ab/\($0)", Self.bytes) }
        // 600,000 bytes, a quarter of a second ahead.
        #expect(monotonicSeconds() - began > 1.9)
        for number in 0..<2 { #expect(try site.read("packs/ab/\(number)", limit: Self.bytes.count) == Self.bytes) }
        #expect(site.client.traffic.retries == 0)
    }
}
