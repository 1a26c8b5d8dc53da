import Base
import Codec
import Glibc
import Sites
import TestSupport
import Testing

@testable import Operations

/// The ledger of transfers: its sums are what is at the site, whatever happens to who writes it.
@Suite struct TransferLedgerTests {
    let folder: TemporaryFolder
    let site = MemorySite(name: "paris")
    private static let tenant = ShortID(sha256([1]))
    private static let france = TransferPlace(countries: ["FR"], datacentres: ["dc-1"])

    init() throws { folder = try TemporaryFolder() }

    private func ledger(foldBytes: Int = 1 << 20, id: ShortID? = nil, tenant: ShortID = tenant, patience: Int64 = 0) -> TransferLedger {
        TransferLedger(folder: folder.path, site: "paris", siteID: id, tenant: tenant, patience: patience, foldBytes: foldBytes)
    }

    private var path: String { folder.path + "/paris/ledger" }

    private func put(_ key: String, _ count: Int, _ ledger: TransferLedger, place: TransferPlace = france) throws {
        try ledger.put(key, bytes: count, place: place, asking: site.size) { try site.create(key, [UInt8](repeating: 7, count: count)) }
    }

    private func delete(_ key: String, _ ledger: TransferLedger) throws {
        try ledger.delete(key, asking: site.size) { try site.delete(key) }
    }

    private struct Killed: Error {}

    /// What the site holds.
    private func stored() throws -> TransferCount {
        var count = TransferCount()
        try site.list("") { count.add(UInt64($0.size)) }
        return count
    }

    private func expectEqual(_ ledger: TransferLedger, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let book = try #require(try ledger.book())
        #expect(try book.sums.balance == stored(), sourceLocation: sourceLocation)
        var rows = TransferCount()
        book.forEachRow { _, row in rows.add(row.bytes) }
        #expect(try rows == stored(), sourceLocation: sourceLocation)
    }

    // MARK: what is noted

    @Test func theBalanceIsWhatIsAtTheSite() throws {
        let ledger = ledger()
        for n in 0..<20 { try put("packs/\(n)", 100 + n, ledger) }
        for n in 0..<7 { try delete("packs/\(n)", ledger) }
        try expectEqual(ledger)
        let sums = try #require(try ledger.book()).sums
        #expect(sums.written == TransferCount(objects: 20, bytes: 2190) && sums.deleted == TransferCount(objects: 7, bytes: 721))
        // It says the same to who opens it next.
        try expectEqual(self.ledger())
    }

    @Test func whatIsThereAlreadyIsNotWrittenAgain() throws {
        let ledger = ledger()
        try put("a", 10, ledger)
        #expect(throws: Failure.self) { try put("a", 99, ledger) }
        try expectEqual(ledger)
        #expect(try ledger.book()?.open.isEmpty == true)
    }

    @Test func nothingIsSentThatCannotBeNoted() throws {
        let ledger = ledger()
        #expect(throws: Failure.self) { try put("packs/" + String(repeating: "x", count: 200), 1, ledger) }
        #expect(throws: Failure.self) { try put("packs/é", 1, ledger) }
        #expect(try stored() == TransferCount())
        // The folder cannot be made: a file is in its place.
        let other = TransferLedger(folder: folder.path + "/file", site: "paris", siteID: nil, tenant: Self.tenant)
        try Files.replace(folder.path + "/file", [1])
        #expect(throws: Failure.self) { try put("b", 1, other) }
        #expect(try stored() == TransferCount())
    }

    @Test func eachPlaceKeepsItsOwnSumsAndDeletionsComeFromWhereItWasWritten() throws {
        let ledger = ledger()
        try put("a", 10, ledger)
        try put("b", 20, ledger, place: .unknown)
        try put("c", 40, ledger, place: TransferPlace(countries: ["FR", "DE", nil], datacentres: ["x y", "z,"]))
        try delete("a", ledger)
        let book = try #require(try ledger.book())
        #expect(book.byCountry.map(\.country) == ["DE+FR+unknown", "FR", "unknown"])
        #expect(book.byCountry.map(\.sums.balance.bytes) == [40, 0, 20])
        #expect(book.places.last?.datacentres == ["x_y", "z_"])
    }

    @Test func aPlaceNamesAllCountriesAndTheDatacentresThatFit() throws {
        let place = TransferPlace(countries: ["FR"], datacentres: (0..<50).map { "centre-\($0)" })
        #expect(place.country == "FR" && place.text.utf8.count <= TransferPlace.limit && !place.datacentres.isEmpty)
        #expect(try TransferPlace(reading: Array(place.text.utf8)) == place)
    }

    // MARK: crashes

    /// Where a process may be killed.
    enum Moment: CaseIterable { case beforeSending, afterSending, beforeDeleting, afterDeleting }

    @Test(arguments: Moment.allCases) func whatAKilledProcessLeftIsSettledByTheNextWriter(_ moment: Moment) throws {
        do {
            let killed = ledger()
            try put("a", 10, killed)
            try? killed.put("b", bytes: 20, place: Self.france, asking: site.size) {
                if moment == .afterSending { try site.create("b", [UInt8](repeating: 1, count: 20)) }
                if moment == .afterSending || moment == .beforeSending { throw Killed() }
                try site.create("b", [UInt8](repeating: 1, count: 20))
            }
            if moment == .beforeDeleting || moment == .afterDeleting {
                try? killed.delete("b", asking: site.size) {
                    if moment == .afterDeleting { try site.delete("b") }
                    throw Killed()
                }
            }
            #expect(try killed.book()?.open.count == 1)
        }
        let next = ledger()
        try put("c", 40, next)
        #expect(try next.book()?.open.isEmpty == true)
        try expectEqual(next)
    }

    @Test func aCheckSettlesTooButNotWhileSomebodyWrites() throws {
        let writer = ledger()
        try? writer.put("a", bytes: 10, place: Self.france, asking: site.size) {
            try site.create("a", [UInt8](repeating: 1, count: 10))
            // In the middle of it, another process checks.
            let other = ledger()
            #expect(try other.settle(asking: site.size) == false)
            #expect(try other.book()?.open.count == 1)
            throw Killed()
        }
        #expect(try writer.settle(asking: site.size) == false)
        let dead = try #require(try writer.book()).open
        #expect(dead.count == 1)
    }

    @Test func aCheckSettlesWhatNobodyIsWritingAnyMore() throws {
        do {
            let writer = ledger()
            try? writer.put("a", bytes: 10, place: Self.france, asking: site.size) {
                try site.create("a", [UInt8](repeating: 1, count: 10))
                throw Killed()
            }
        }
        let check = ledger()
        #expect(try check.settle(asking: site.size))
        try expectEqual(check)
    }

    @Test func aSiteThatDoesNotAnswerLeavesTheQuestionOpen() throws {
        do { let killed = ledger(); try? killed.put("a", bytes: 10, place: Self.france, asking: site.size) { throw Killed() } }
        let check = ledger()
        let silent: TransferLedger.Asking = { _ in throw Failure(.unreachable, .system("read", "gone")) }
        #expect(try check.settle(asking: silent))
        #expect(try check.book()?.open.count == 1)
        #expect(try check.settle(asking: site.size))
        #expect(try check.book()?.open.isEmpty == true)
        try expectEqual(check)
    }

    @Test func whatAStoreTakesInAfterItsSenderIsDeadIsWaitedFor() throws {
        do { let killed = ledger(patience: 900); try? killed.put("a", bytes: 10, place: Self.france, asking: site.size) { throw Killed() } }
        let check = ledger(patience: 900)
        #expect(try check.settle(asking: site.size))
        #expect(try check.book()?.open.count == 1)
        try site.create("a", [UInt8](repeating: 1, count: 10))
        #expect(try check.settle(asking: site.size))
        #expect(try check.book()?.open.isEmpty == true)
        try expectEqual(check)
        // One that is old is not waited for any more.
        var old = TransferRecord(kind: .put, id: 7, seconds: Timestamp.now().seconds - 1_000)
        (old.key, old.name, old.bytes, old.place) = ("b", TransferRecord.name("b"), 20, "FR")
        let salt = try #require(try check.book()).header.salt
        try File.open(RawName(path), O_WRONLY | O_APPEND).write(old.encoded(salt: salt))
        #expect(try check.book()?.open.count == 1)
        #expect(try check.settle(asking: site.size))
        #expect(try check.book()?.open.isEmpty == true)
        try expectEqual(check)
    }

    @Test func anotherObjectOfThatNameIsNotOurs() throws {
        do {
            let killed = ledger()
            try put("first", 1, killed)
            try? killed.put("a", bytes: 10, place: Self.france, asking: site.size) { throw Killed() }
        }
        try site.create("a", [1, 2, 3])
        let check = ledger()
        #expect(try check.settle(asking: site.size))
        #expect(try check.book()?.sums.balance == TransferCount(objects: 1, bytes: 1))
    }

    @Test func aTornNoteIsToldAndTheNextKeepsItsPlace() throws {
        do {
            let first = ledger()
            try put("a", 10, first)
            try File.open(RawName(path), O_WRONLY | O_APPEND).write([UInt8](repeating: 9, count: 123))
            try put("b", 20, first)
            try expectEqual(first)
            #expect(try first.book()?.torn == 1)
        }
        // Cut in the middle of the last note: what became of b is open again.
        let size = try #require(try Files.read(path)).count
        try retrying { truncate(path, size - 5) }
        let after = ledger()
        #expect(try after.book()?.open.values.map(\.key) == ["b"])
        #expect(try after.settle(asking: site.size))
        try expectEqual(after)
        #expect(try after.book()?.torn == 2)
    }

    @Test func everyCutOfTheFileIsReadWithoutInventingAnything() throws {
        let ledger = ledger()
        for n in 0..<3 { try put("\(n)", 10, ledger) }
        let all = try #require(try Files.read(path))
        for length in stride(from: TransferBook.Header.size, to: all.count, by: 37) {
            try Files.replace(path, Array(all[..<length]))
            let book = try TransferBook(File.open(RawName(path), O_RDONLY))
            #expect(book.sums.balance.objects <= 3 && book.sums.balance.bytes == 10 * book.sums.balance.objects)
        }
    }

    // MARK: several at once

    @Test func twoWritersNoteAtOnceWhileTheFileIsFoldedUnderThem() throws {
        // Each of them its own descriptors and locks, as two processes have; folded every few notes.
        let writers = [ledger(foldBytes: 3_000), ledger(foldBytes: 2_000)]
        let failures = Monitor(0)
        try Threads.run("writer", count: 4) { number in
            let own = writers[number % 2]
            for n in 0..<40 {
                do {
                    try put("\(number)/\(n)", 1 + n, own)
                    if n % 3 == 0 { try delete("\(number)/\(n)", own) }
                } catch { failures.look { $0 += 1 } }
            }
        }
        #expect(failures.look { $0 } == 0)
        for writer in writers { try expectEqual(writer) }
        let sums = try #require(try writers[0].book()).sums
        #expect(sums.written.objects == 160 && sums.deleted.objects == 56)
        #expect(try #require(try writers[0].book()).torn == 0)
    }

    // MARK: folding

    @Test func theFileGrowsWithWhatIsStoredAndNotWithWhatHappened() throws {
        let ledger = ledger(foldBytes: 4_000)
        for n in 0..<200 {
            try put("x\(n)", 5, ledger)
            try delete("x\(n)", ledger)
        }
        for n in 0..<3 { try put("y\(n)", 5, ledger) }
        #expect(try #require(try Files.read(path)).count < 12_000)
        try expectEqual(ledger)
        #expect(try ledger.book()?.sums.written.objects == 203)
        #expect(try Files.names(folder.path + "/paris") == ["ledger", "lock", "writers"])
    }

    @Test func aFoldedBookIsTheSameBook() throws {
        let ledger = ledger()
        for n in 0..<30 { try put("k\(n)", n, ledger, place: n % 2 == 0 ? Self.france : .unknown) }
        for n in 0..<10 { try delete("k\(n * 3)", ledger) }
        try? ledger.put("open", bytes: 9, place: Self.france, asking: site.size) { throw Killed() }
        try put("k0", 77, ledger)
        let before = try #require(try ledger.book())
        try Files.replace(path, before.folded())
        let after = try #require(try ledger.book())
        #expect(after.cells == before.cells && after.open == before.open && after.places == before.places)
        var (rows, old): ([String], [String]) = ([], [])
        before.forEachRow { old.append("\($0) \($1)") }
        after.forEachRow { rows.append("\($0) \($1)") }
        #expect(rows == old && rows.count == 21)
        // And once more, with notes on both sides of the fold.
        try delete("k0", ledger)
        try delete("k1", ledger)
        try put("k1", 5, ledger)
        let last = try #require(try ledger.book())
        try Files.replace(path, last.folded())
        #expect(try ledger.book()?.cells == last.cells)
        try expectEqual(ledger)
    }

    @Test func aCrashInTheMiddleOfAFoldLeavesTheOldFile() throws {
        let ledger = ledger(foldBytes: 2_000)
        try put("a", 1, ledger)
        // What a killed fold leaves beside it, half written.
        try Files.replace(folder.path + "/paris/ledger.new-0123", [1, 2, 3])
        for n in 0..<10 { try put("b\(n)", 1, ledger) }
        try expectEqual(ledger)
        #expect(try Files.names(folder.path + "/paris") == ["ledger", "lock", "writers"])
    }

    @Test func anOutcomeThatIsNotedTwiceCountsOnce() throws {
        let ledger = ledger()
        try? ledger.put("a", bytes: 10, place: Self.france, asking: site.size) { throw Killed() }
        let intent = try #require(try ledger.book()?.open.values.first)
        try site.create("a", [UInt8](repeating: 0, count: 10))
        let file = try File.open(RawName(path), O_WRONLY | O_APPEND)
        let salt = try #require(try ledger.book()).header.salt
        let done = TransferRecord(kind: .done, id: intent.id, seconds: 0)
        for _ in 0..<3 { try file.write(done.encoded(salt: salt)) }
        try expectEqual(ledger)
    }

    // MARK: what is no ledger

    @Test func aFileThatIsNoLedgerIsPutAsideAndSpokenOf() throws {
        try Files.makeFolder(folder.path + "/paris")
        let noise = randomBytes(5_000)
        for bad in [[], Array("HDSBXFER".utf8), [UInt8](repeating: 0, count: 80), noise] {
            try Files.replace(path, bad)
            let ledger = ledger()
            try put("k\(bad.count)", 3, ledger)
            #expect(try ledger.book()?.sums.balance.objects == 1)
        }
        #expect(try TransferFolder(path: folder.path + "/paris").damaged.count == 4)
        let kept = try Files.names(folder.path + "/paris").filter { $0.hasPrefix("damaged-") }.compactMap {
            try Files.read(folder.path + "/paris/" + $0)
        }
        #expect(kept.contains(noise))
    }

    @Test func aLinkAPipeAndAFolderAreNotWrittenTo() throws {
        try Files.makeFolder(folder.path + "/paris")
        let victim = folder.path + "/victim"
        try Files.replace(victim, Array("as it was".utf8))
        symlink(victim, path)
        try put("a", 1, ledger())
        #expect(try Files.read(victim) == Array("as it was".utf8))
        unlink(path)
        mkfifo(path, 0o600)
        try put("b", 1, ledger())
        unlink(path)
        try Files.makeFolder(path)
        try put("c", 1, ledger())
        #expect(try TransferFolder(path: folder.path + "/paris").damaged.count == 3)
    }

    @Test func noByteOfTheFoldedPartMayChange() throws {
        let ledger = ledger()
        for n in 0..<5 { try put("\(n)", 10, ledger) }
        let folded = try #require(try ledger.book()).folded()
        for at in stride(from: TransferBook.Header.size, to: folded.count, by: 3) {
            var changed = folded
            changed[at] ^= 0x10
            try Files.replace(path, changed)
            #expect(throws: Failure.self, "byte \(at)") { try ledger.book() }
        }
    }

    @Test func countsOfAHostileFileAllocateNothing() throws {
        // A right check over numbers that cannot be.
        for body in [
            [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [UInt8](repeating: 0, count: 22) + [UInt8](repeating: 0xFF, count: 8),
        ] {
            var header = TransferBook.Header(tenant: Self.tenant, site: ShortID(.zero), begun: 0, start: 0, salt: randomBytes(8))
            header.start = TransferBook.Header.size + body.count + 32
            let all = header.encoded + body
            try Files.makeFolder(folder.path + "/paris")
            try Files.replace(path, all + sha256(all).bytes)
            #expect(throws: Failure.self) { try ledger().book() }
        }
    }

    @Test func aNoteOfAnotherLedgerCountsNothing() throws {
        let ledger = ledger()
        try put("a", 1, ledger)
        var forged = TransferRecord(kind: .put, id: 5, seconds: 0)
        (forged.key, forged.place, forged.bytes) = ("b", "FR", 1 << 40)
        let file = try File.open(RawName(path), O_WRONLY | O_APPEND)
        try file.write(forged.encoded(salt: randomBytes(8)))
        try expectEqual(ledger)
        #expect(try ledger.book()?.torn == 1)
    }

    @Test func aSiteThatIsAnotherOneBeginsALedgerOfItsOwn() throws {
        let (old, new) = (ShortID(sha256([2])), ShortID(sha256([3])))
        try put("a", 1, ledger(id: old))
        let second = ledger(id: new)
        try put("b", 2, second)
        #expect(try second.book()?.sums.balance == TransferCount(objects: 1, bytes: 2))
        #expect(try TransferFolder(path: folder.path + "/paris").setAside() == ["former-" + old.hex])
    }

    @Test func aLedgerOfAnotherTenantIsNoneOfOurs() throws {
        try put("a", 1, ledger(tenant: ShortID(sha256([9]))))
        let own = ledger()
        try put("b", 2, own)
        #expect(try own.book()?.sums.balance == TransferCount(objects: 1, bytes: 2))
    }

    // MARK: for the journal

    @Test func theJournalGetsEachByteOnceAndAllOfThemEachTime() throws {
        let ledger = ledger(foldBytes: 2_000)
        for n in 0..<10 { try put("\(n)", 10, ledger) }
        let first = try #require(try ledger.takeForJournal())
        #expect(first.new.written == TransferCount(objects: 10, bytes: 100))
        #expect(try ledger.takeForJournal() == nil)
        for n in 10..<30 { try put("\(n)", 10, ledger) }
        try delete("3", ledger)
        let second = try #require(try self.ledger().takeForJournal())
        #expect(second.new.written == TransferCount(objects: 20, bytes: 200) && second.new.deleted == TransferCount(objects: 1, bytes: 10))
        #expect(second.book.sums.written == TransferCount(objects: 30, bytes: 300))
    }

    @Test func whatAnotherMachineTookAwayIsGoneAndCountedAsSuch() throws {
        let ledger = ledger()
        try put("a", 10, ledger)
        try put("b", 20, ledger)
        try site.delete("a")
        try ledger.noteGone([TransferRecord.name("a")])
        try expectEqual(ledger)
        #expect(try ledger.book()?.sums.gone == TransferCount(objects: 1, bytes: 10))
        // And can come back.
        try put("a", 30, ledger)
        try expectEqual(ledger)
    }
}
