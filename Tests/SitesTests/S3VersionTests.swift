import Base
import Codec
import Sites
import TestSupport
import Testing

@testable import S3

/// Versioned buckets with Object Lock, on real stores: what another hand lays over an object or marks as deleted hides nothing.
@Suite(.timeLimit(.minutes(2))) struct S3VersionTests {
    private static let locked = S3Store.all.filter { $0.lock != nil }
    private static let right: [UInt8] = Array("what was stored".utf8)

    /// The site, and another hand that may write at the same place, with what the store itself offers.
    private struct Pair {
        let site: S3Site
        let other: S3Site

        init(_ store: S3Store) throws {
            let prefix = "t" + hexString(randomBytes(8))
            site = try store.make(prefix: prefix)
            other = try store.make(name: "other", prefix: prefix)
        }

        func overwrite(_ key: String, _ bytes: [UInt8]) throws {
            _ = try bytes.withUnsafeBytes { try other.client.send(S3Request("PUT", other.bucket(key), other.stored(key)), body: $0) }
        }

        /// A deletion without a version, which adds a mark.
        func hide(_ key: String) throws {
            let answer = try other.client.send(S3Request("DELETE", other.bucket(key), other.stored(key)))
            #expect(answer.header("x-amz-delete-marker") == "true")
        }

        func readTwice(_ key: String) throws -> [UInt8] {
            try site.readTwice(key, limit: 1000) { bytes in
                guard bytes == right else { throw Failure(.damaged, .objectTooShort) }
                return bytes
            }
        }

        func head(_ key: String) throws -> Transport.Answer { try other.client.send(S3Request("HEAD", other.bucket(key), other.stored(key))) }
    }

    // MARK: versions

    @Test(arguments: locked, ["snapshots/x", "packs/ab/x"])
    func aWrongNewestVersionIsReadPast(_ store: S3Store, _ key: String) throws {
        let pair = try Pair(store)
        try pair.site.create(key, Self.right)
        for wrong in ["wrong", "", "wrong again, and longer than what was stored"] { try pair.overwrite(key, Array(wrong.utf8)) }
        #expect(try pair.site.read(key, limit: 1000) == Array("wrong again, and longer than what was stored".utf8))
        #expect(try pair.readTwice(key) == Self.right)
        // From now on that version is the object, for every way to read it.
        #expect(try pair.site.read(key, limit: 1000) == Self.right && pair.site.size(key) == Self.right.count)
        var part = [UInt8](repeating: 0, count: 3)
        try part.withUnsafeMutableBytes { try pair.site.read(key, at: 5, into: $0) }
        #expect(part == Array("was".utf8))
        #expect(try pair.site.keys("") == [key])
    }

    @Test(arguments: locked)
    func whenNoVersionIsRightItIsDamage(_ store: S3Store) throws {
        let pair = try Pair(store)
        try pair.site.create("snapshots/x", [1])
        for byte in [2, 3] as [UInt8] { try pair.overwrite("snapshots/x", [byte]) }
        for _ in 0..<2 {
            #expect(try failureKind { _ = try pair.readTwice("snapshots/x") } == .damaged)
            #expect(try pair.site.read("snapshots/x", limit: 1) == [3])
        }
    }

    @Test(arguments: locked)
    func olderVersionsComeOneByOneAndThenTheNewestAgain(_ store: S3Store) throws {
        let pair = try Pair(store)
        try pair.site.create("snapshots/x", [1])
        // A neighbour whose name begins the same is another object.
        try pair.site.create("snapshots/x.y", [9])
        try pair.overwrite("snapshots/x", [2])
        try pair.hide("snapshots/x")
        try pair.overwrite("snapshots/x", [3])
        for _ in 0..<2 {
            let older = try pair.site.olderVersions("snapshots/x")
            #expect(older.count == 2)
            for (version, byte) in zip([nil] + older, [3, 2, 1] as [UInt8]) {
                pair.site.read(version: version, of: "snapshots/x")
                #expect(try pair.site.read("snapshots/x", limit: 10) == [byte])
            }
            pair.site.read(version: nil, of: "snapshots/x")
        }
        #expect(try pair.site.read("snapshots/x", limit: 10) == [3])
        #expect(try pair.site.olderVersions("snapshots/x.y").isEmpty)
        #expect(try pair.site.olderVersions("snapshots/absent").isEmpty)
    }

    @Test(arguments: S3Store.all.filter { $0.coordinationBucket == nil })
    func aBucketWithoutVersionsHasNoOlderOnes(_ store: S3Store) throws {
        let pair = try Pair(store)
        try pair.site.create("snapshots/x", [1])
        try pair.overwrite("snapshots/x", [2])
        #expect(try pair.site.olderVersions("snapshots/x").isEmpty)
        #expect(try failureKind { _ = try pair.readTwice("snapshots/x") } == .damaged)
    }

    // MARK: deletion marks

    @Test(arguments: locked)
    func aForeignDeletionMarkHidesNothing(_ store: S3Store) throws {
        let pair = try Pair(store)
        for key in ["snapshots/x", "packs/ab/x", "site"] {
            try pair.site.create(key, Self.right)
            try pair.hide(key)
        }
        // A new process each time: nothing is known from before.
        func fresh() throws -> S3Site { try store.make(prefix: String(pair.site.stored("").dropLast())) }
        for key in ["snapshots/x", "packs/ab/x", "site"] {
            #expect(try fresh().read(key, limit: 1000) == Self.right)
            #expect(try fresh().size(key) == Self.right.count)
            var part = [UInt8](repeating: 0, count: 3)
            try part.withUnsafeMutableBytes { try fresh().read(key, at: 5, into: $0) }
            #expect(part == Array("was".utf8))
            #expect(try fresh().lockEnd(key) != nil)
        }
        var listed: [ObjectInfo] = []
        try fresh().list("") { listed.append($0) }
        #expect(Set(listed.map(\.key)) == ["snapshots/x", "packs/ab/x", "site"] && listed.allSatisfy { $0.size == Self.right.count })
    }

    @Test(arguments: locked)
    func whatADeletionMarkHidesIsNotCreatedAgain(_ store: S3Store) throws {
        let pair = try Pair(store)
        try pair.site.create("snapshots/x", Self.right)
        try pair.hide("snapshots/x")
        #expect(try failureKind { try pair.site.create("snapshots/x", [1]) } == .exists)
        #expect(try pair.readTwice("snapshots/x") == Self.right)
        #expect(try failureKind { _ = try pair.site.size("snapshots/absent") } == .missing)
    }

    @Test(arguments: locked)
    func aLockIsRenewedBelowADeletionMark(_ store: S3Store) throws {
        let pair = try Pair(store)
        try pair.site.create("snapshots/x", Self.right)
        try pair.hide("snapshots/x")
        let until = Timestamp(seconds: Timestamp.now().seconds + 3 * 86400)
        try pair.site.lock("snapshots/x", until: until)
        #expect(try pair.site.lockEnd("snapshots/x") == until)
    }

    // MARK: locks

    @Test(
        arguments: locked,
        [
            "packs/ab/x", "index/0-0", "index/c0-0", "snapshots/x", "descriptor/0.x", "keys/0/x", "site", "sessions/x", "commits/x",
            "condemned/0", "decided/0", "lists/x", "probe/x", "probe/agree/x",
        ])
    func whatLastsIsLockedAndWhatWritersDecideByIsNot(_ store: S3Store, _ key: String) throws {
        let pair = try Pair(store)
        let coordination = ["sessions", "commits", "condemned", "decided", "lists"].contains { key.hasPrefix($0 + "/") } || key == "probe/agree/x"
        let isFree = coordination || key.hasPrefix("probe/")
        try pair.site.create(key, Self.right)
        // In its bucket, and in no other.
        let (here, elsewhere) = coordination ? (store.coordinationBucket!, store.bucket) : (store.bucket, store.coordinationBucket!)
        let head = try pair.other.client.send(S3Request("HEAD", here, pair.site.stored(key)))
        #expect(try pair.other.client.send(S3Request("HEAD", elsewhere, pair.site.stored(key)), accepting: [404]).status == 404)
        #expect(head.header("x-amz-object-lock-mode") == (isFree ? nil : store.lock!.rawValue))
        let end = try pair.site.lockEnd(key)
        guard !isFree else {
            #expect(end == nil)
            try pair.site.delete(key)
            #expect(try failureKind { _ = try pair.site.size(key) } == .missing)
            return
        }
        let seconds = try #require(end).seconds - Timestamp.now().seconds
        #expect(seconds > 86400 - 300 && seconds <= 86400 + 1)
        #expect(try failureKind { try pair.site.delete(key) } == .refused)
        #expect(try pair.site.read(key, limit: 1000) == Self.right)
    }

    @Test(arguments: locked)
    func whatGoesInPartsIsLockedToo(_ store: S3Store) throws {
        let pair = try Pair(store)
        var random = SeededGenerator(20)
        let bytes = random.bytes((5 << 20) + 1)
        try bytes.withUnsafeBytes { try pair.site.createInParts("packs/ab/x", $0, hexString(randomBytes(16)), partBytes: 5 << 20) }
        #expect(try pair.head("packs/ab/x").header("x-amz-object-lock-mode") == store.lock!.rawValue)
        #expect(try pair.site.lockEnd("packs/ab/x") != nil)
        #expect(try failureKind { try pair.site.delete("packs/ab/x") } == .refused)
    }

    @Test(arguments: locked)
    func aLockIsExtendedAndNeverShortened(_ store: S3Store) throws {
        let pair = try Pair(store)
        try pair.site.create("packs/ab/x", Self.right)
        let now = Timestamp.now().seconds
        let first = try #require(try pair.site.lockEnd("packs/ab/x"))
        // Neither to an earlier time than the first one …
        try pair.site.lock("packs/ab/x", until: Timestamp(seconds: now + 3600))
        #expect(try pair.site.lockEnd("packs/ab/x") == first)
        for days in [3, 5] as [Int64] {
            let until = Timestamp(seconds: now + days * 86400)
            for _ in 0..<2 {
                try pair.site.lock("packs/ab/x", until: until)
                #expect(try pair.site.lockEnd("packs/ab/x") == until)
            }
        }
        // … nor to an earlier one than the last.
        try pair.site.lock("packs/ab/x", until: Timestamp(seconds: now + 2 * 86400))
        #expect(try pair.site.lockEnd("packs/ab/x") == Timestamp(seconds: now + 5 * 86400))
        #expect(try pair.head("packs/ab/x").header("x-amz-object-lock-mode") == store.lock!.rawValue)
        #expect(try failureKind { try pair.site.lock("packs/ab/absent", until: Timestamp(seconds: now + 86400)) } == .missing)
    }

    @Test(arguments: locked)
    func whatWasReadPastIsWhatIsLocked(_ store: S3Store) throws {
        let pair = try Pair(store)
        try pair.site.create("snapshots/x", Self.right)
        try pair.overwrite("snapshots/x", [1])
        #expect(try pair.readTwice("snapshots/x") == Self.right)
        let until = Timestamp(seconds: Timestamp.now().seconds + 4 * 86400)
        try pair.site.lock("snapshots/x", until: until)
        #expect(try pair.site.lockEnd("snapshots/x") == until)
        #expect(try pair.head("snapshots/x").header("x-amz-object-lock-mode") == nil)
    }

    @Test(arguments: S3Store.all.filter { $0.lock == nil })
    func withoutALockNothingIsLocked(_ store: S3Store) throws {
        let pair = try Pair(store)
        try pair.site.create("packs/ab/x", Self.right)
        try pair.site.lock("packs/ab/x", until: Timestamp.now().adding(seconds: 86400))
        #expect(try pair.site.lockEnd("packs/ab/x") == nil)
        try pair.site.delete("packs/ab/x")
        #expect(try pair.site.keys("") == [])
    }

    // MARK: uploads that never ended

    @Test(arguments: S3Store.all)
    func oldUploadsAreAbortedAndNoOthers(_ store: S3Store) throws {
        let pair = try Pair(store)
        let stranger = try Pair(store)
        func begin(_ site: S3Site, _ key: String) throws -> S3Request {
            let begun = try site.client.send(S3Request("POST", site.bucket(key), site.stored(key), query: [("uploads", "")]))
            let upload = try #require(XMLFields(begun.body)?.first("UploadId"))
            return S3Request("PUT", site.bucket(key), site.stored(key), query: [("partNumber", "1"), ("uploadId", upload)])
        }
        func isOpen(_ part: S3Request) throws -> Bool {
            try Self.right.withUnsafeBytes { try pair.site.client.send(part, body: $0, accepting: [404]).status } == 200
        }
        let parts = try ["packs/ab/x", "packs/ab/x", "index/y"].map { try begin(pair.site, $0) }
        let foreign = try begin(stranger.site, "packs/ab/x")
        for part in parts + [foreign] { #expect(try isOpen(part)) }
        // Begun an hour ago: none. Before a minute from now: all of this tenant.
        #expect(try pair.site.abortUploads(olderThan: 3600) == 0)
        for part in parts { #expect(try isOpen(part)) }
        #expect(try pair.site.abortUploads(olderThan: -60) == 3)
        for part in parts { #expect(try !isOpen(part)) }
        #expect(try pair.site.abortUploads(olderThan: -60) == 0)
        #expect(try isOpen(foreign))
        #expect(try stranger.site.abortUploads(olderThan: -60) == 1)
        #expect(try pair.site.keys("") == [])
    }
}
