import Base
import Codec
import Glibc
import Sites

/// What this machine wrote to a site of a tenant and deleted there: each object is noted before it is sent, and again when its outcome is known.
/// Several threads and several processes may note at once.
///
/// What a killed process left without an outcome is settled by asking the site for the object, when nobody else writes. Nothing is synced but at the end of a
/// command: a kill loses nothing, a power cut may lose the last notes. The file is folded when its notes are many, under a lock; whoever appends to
/// the old file notices.
package final class TransferLedger: Sendable {
    /// The site's name.
    package let site: String
    let folder: TransferFolder
    private let tenant: ShortID
    private let siteID: ShortID
    private let state: Monitor<State>
    /// Bytes of notes, beside an eighth of what is folded, with which the file is folded.
    private let foldBytes: Int
    /// Seconds for which a request may still be under way after its process was killed: so long, an object that is not there may yet come.
    private let patience: Int64

    private struct State {
        var lock: File?
        var writers: File?
        var file: File?
        var header: TransferBook.Header?
        var process = UInt64.random(in: 0...UInt64(UInt32.max)) << 32
        var hasWritten = false
        /// Bytes of notes below which the file is not folded again.
        var patience = 0
        var trouble: (any Error)?
    }

    /// `folder`: of the tenant's ledgers. `siteID`: nil where it is not known.
    package init(folder: String, site: String, siteID: ShortID?, tenant: ShortID, patience: Int64 = 0, foldBytes: Int = 1 << 20) {
        self.site = site
        self.folder = TransferFolder(path: folder + "/" + site)
        self.tenant = tenant
        self.siteID = siteID ?? ShortID(.zero)
        self.foldBytes = foldBytes
        self.patience = patience
        state = Monitor(State())
    }

    /// What is asked of the site to settle: an object's size, as `Site.size`.
    typealias Asking = (_ key: String) throws -> Int

    // MARK: noting

    /// Runs `send`, which creates the object, between two notes. Throws what `send` throws; and where it cannot be noted, without having called it.
    func put(_ key: String, bytes: Int, place: TransferPlace, asking: Asking, _ send: () throws -> Void) throws {
        var intent = TransferRecord(kind: .put, id: 0, seconds: Timestamp.now().seconds)
        intent.bytes = UInt64(bytes)
        intent.place = place.text
        try note(&intent, key, asking)
        do { try send() } catch {
            // What was not taken because there is one was not sent to stay. Any other failure may have come after the object did.
            if (error as? Failure)?.kind == .exists { conclude(intent, isDone: false) }
            throw error
        }
        conclude(intent, isDone: true)
    }

    /// The same for a deletion.
    func delete(_ key: String, asking: Asking, _ send: () throws -> Void) throws {
        var intent = TransferRecord(kind: .deletion, id: 0, seconds: Timestamp.now().seconds)
        try note(&intent, key, asking)
        do { try send() } catch {
            if (error as? Failure)?.kind == .refused { conclude(intent, isDone: false) }
            throw error
        }
        conclude(intent, isDone: true)
    }

    private func note(_ intent: inout TransferRecord, _ key: String, _ asking: Asking) throws {
        guard key.utf8.count <= TransferRecord.keyLimit, key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Failure(.failed, .transfersKeyUnfit, object: "\(site):\(key)")
        }
        intent.key = key
        intent.name = TransferRecord.name(key)
        try state.look { state in
            try begin(&state, asking)
            state.process &+= 1
            state.hasWritten = true
            intent.id = state.process
            try locked(&state) { try append(intent, &$0) }
        }
    }

    /// An outcome that cannot be noted is one that is not known, which a check settles; it is told at the command's end.
    private func conclude(_ intent: TransferRecord, isDone: Bool) {
        state.look { state in
            do { try locked(&state) { try append(outcome(of: intent, isDone), &$0) } } catch { state.trouble = state.trouble ?? error }
        }
    }

    private func outcome(of intent: TransferRecord, _ isDone: Bool) -> TransferRecord {
        var record = TransferRecord(kind: isDone ? .done : .undone, id: intent.id, seconds: Timestamp.now().seconds)
        record.name = intent.name
        return record
    }

    /// Before the first note of this process: settles what others left, where none is alive; then says that one is.
    private func begin(_ state: inout State, _ asking: Asking) throws {
        if state.writers != nil { return }
        let writers = try folder.open(.writers)
        if try TransferFolder.take(writers, alone: true, waits: false) { try settle(&state, asking) }
        do { _ = try TransferFolder.take(writers, alone: false, waits: true) } catch let failure as Failure {
            throw failure.of(folder.path + "/writers")
        }
        state.writers = writers
    }

    // MARK: settling

    /// Asks the site about all that has no outcome, where nobody writes. A site that does not answer leaves it as it is.
    private func settle(_ state: inout State, _ asking: Asking) throws {
        let open = try locked(&state) { try TransferBook($0.file!, onlyOpen: true).open.values.sorted { ($0.seconds, $0.id) < ($1.seconds, $1.id) } }
        for intent in open {
            let size: Int?
            do { size = try asking(intent.key) } catch let failure as Failure {
                guard failure.kind == .missing else { return }
                size = nil
            }
            let isDone = intent.kind == .put ? size.map { UInt64($0) } == intent.bytes : size == nil
            let isSure = intent.kind == .put ? size != nil : size == nil
            if !isSure, patience > 0, Timestamp.now().seconds.subtractingReportingOverflow(intent.seconds).partialValue.magnitude < patience.magnitude
            {
                continue
            }
            state.hasWritten = true
            try locked(&state) { try append(outcome(of: intent, isDone), &$0) }
        }
    }

    /// The same for a check. False where another process, or this one, is writing: then what is open is under way.
    func settle(asking: Asking) throws -> Bool {
        try state.look { state in
            guard state.writers == nil else { return false }
            let writers = try folder.open(.writers)
            guard try TransferFolder.take(writers, alone: true, waits: false) else { return false }
            try settle(&state, asking)
            return true
        }
    }

    /// Notes that objects of this machine were taken away by another.
    func noteGone(_ names: [ShortID]) throws {
        try state.look { state in
            state.hasWritten = true
            for name in names {
                var record = TransferRecord(kind: .gone, id: 0, seconds: Timestamp.now().seconds)
                record.name = name
                try locked(&state) { try append(record, &$0) }
            }
        }
    }

    // MARK: the file

    /// Runs `body` with the file as it is now, which nobody else appends to or replaces meanwhile.
    private func locked<T>(_ state: inout State, _ body: (inout State) throws -> T) throws -> T {
        let lock = try state.lock ?? folder.open(.file)
        state.lock = lock
        do { _ = try TransferFolder.take(lock, alone: true, waits: true) } catch let failure as Failure { throw failure.of(folder.path + "/lock") }
        defer { TransferFolder.release(lock) }
        do {
            // Replaced, or taken away by a person.
            if let file = state.file, try file.stat().nlink == 0 { state.file = nil }
            if state.file == nil { try open(&state) }
            return try body(&state)
        } catch let error as SystemError { throw error.failure(.failed, "write", object: folder.ledger) }
    }

    private func open(_ state: inout State) throws {
        do {
            if let (file, header) = try existing() {
                (state.file, state.header) = (file, header)
                return
            }
        } catch let failure as Failure where failure.kind == .damaged || failure.kind == .format {
            // Nothing is lost: it is kept, that of a newer program too, and a check speaks of it until a person has taken it away.
            try moveAside("damaged-\(Timestamp.now().seconds)")
        }
        let header = TransferBook.Header(
            tenant: tenant, site: siteID, begun: Timestamp.now().seconds, start: TransferBook.Header.size, salt: randomBytes(8))
        try Files.replace(folder.ledger, header.encoded)
        guard let (file, kept) = try existing() else { throw TransferRecord.damaged }
        (state.file, state.header) = (file, kept)
    }

    private func moveAside(_ name: String) throws {
        let suffix = try Files.names(folder.path).contains(name) ? "-" + hexString(randomBytes(4)) : ""
        try Files.move(folder.ledger, to: folder.path + "/" + name + suffix)
    }

    /// Nil where there is none. A ledger of another site of this name is put aside.
    private func existing() throws -> (File, TransferBook.Header)? {
        let file: File
        do { file = try File.open(RawName(folder.ledger), O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK) } catch let error as SystemError {
            switch error.code {
            case ENOENT: return nil
            case ELOOP, EISDIR, ENXIO: throw TransferRecord.damaged.of(folder.ledger)
            default: throw error.failure(.failed, "open", object: folder.ledger)
            }
        }
        let stat = try file.stat()
        guard stat.mode & UInt16(S_IFMT) == UInt16(S_IFREG) else { throw TransferRecord.damaged.of(folder.ledger) }
        var bytes = [UInt8](repeating: 0, count: TransferBook.Header.size)
        let count = try bytes.withUnsafeMutableBytes { try file.read(at: 0, into: $0) }
        let header = try TransferBook.Header(decoding: Array(bytes[..<count]))
        guard header.tenant == tenant, UInt64(header.start) <= stat.size else { throw TransferRecord.damaged.of(folder.ledger) }
        let zero = ShortID(.zero)
        if header.site != siteID, header.site != zero, siteID != zero {
            try moveAside("former-" + header.site.hex)
            return nil
        }
        return (file, header)
    }

    private func append(_ record: TransferRecord, _ state: inout State) throws {
        let (file, header) = (state.file!, state.header!)
        var bytes = record.encoded(salt: header.salt)
        let size = Int(try file.stat().size)
        // A note that was torn keeps its place.
        let tail = (size - header.start) % TransferRecord.size
        if tail != 0 { bytes = [UInt8](repeating: 0, count: TransferRecord.size - tail) + bytes }
        do { try file.write(bytes) } catch {
            // What did not go whole goes away: there may be no room for its rest for long.
            _ = ftruncate(file.descriptor, size)
            throw error
        }
        if size - header.start > max(foldBytes + header.start / 8, state.patience) {
            state.patience = 2 * (size - header.start)
            // The note is there: without room it is folded another time.
            do { try fold(&state) } catch let failure as Failure where failure.kind == .noSpace {}
        }
    }

    private func fold(_ state: inout State) throws {
        let book: TransferBook
        do { book = try TransferBook(state.file!) } catch let failure as Failure where failure.kind == .damaged {
            // A check tells it; what is noted meanwhile is not lost.
            return
        }
        // What a crash left of an earlier one.
        for name in try Files.names(folder.path) where name.hasPrefix("ledger.new-") { unlink(folder.path + "/" + name) }
        try Files.replace(folder.ledger, book.folded())
        state.file = nil
        try open(&state)
        // Of what has no outcome, there may be much.
        if let file = state.file, let header = state.header { state.patience = 2 * (Int(try file.stat().size) - header.start) }
    }

    // MARK: reading

    /// The ledger as it is now; nil where there is none. Throws `.damaged` where it cannot be read.
    func book() throws -> TransferBook? {
        try state.look { state in
            guard access(folder.ledger, F_OK) == 0 else { return nil }
            return try locked(&state) {
                do { return try TransferBook($0.file!) } catch let failure as Failure { throw failure.of(folder.ledger) }
            }
        }
    }

    /// Whether this process noted anything.
    package var hasWritten: Bool { state.look { $0.hasWritten } }

    /// An outcome that could not be noted.
    package var trouble: (any Error)? { state.look { $0.trouble } }

    /// What no entry of the journal says yet, with all that was ever written; from now on it counts as said. Nil where there is nothing.
    func takeForJournal() throws -> (new: TransferSums, book: TransferBook)? {
        try state.look { state in
            try locked(&state) { state in
                let book = try TransferBook(state.file!)
                let (all, said) = (book.sums, book.journaled)
                let new = TransferSums(written: all.written - said.written, deleted: all.deleted - said.deleted, gone: all.gone - said.gone)
                guard new != TransferSums() else { return nil }
                var record = TransferRecord(kind: .journaled, id: 0, seconds: Timestamp.now().seconds)
                record.key = all.journalText
                try append(record, &state)
                return (new, book)
            }
        }
    }

    /// Makes everything that this process noted durable.
    package func sync() throws {
        try state.look { state in
            guard state.hasWritten, let file = state.file else { return }
            do { try retrying { fdatasync(file.descriptor) } } catch let error as SystemError {
                throw error.failure(.failed, "fsync", object: folder.ledger)
            }
        }
    }
}

/// The transfer ledgers of one tenant on this machine.
package final class TransferLedgers: Sendable {
    package let folder: String
    private let tenant: ShortID
    private let known = Monitor<[String: TransferLedger]>([:])

    /// `state`: the tenant's state folder.
    package init(state: String, tenant: ShortID) {
        folder = state + "/transfers"
        self.tenant = tenant
    }

    /// `id`: of the site, where it is known.
    package func ledger(_ site: Configuration.Site, id: ShortID?) -> TransferLedger {
        ledger(site.name, id: id, patience: site.folder == nil ? Self.patience : 0)
    }

    /// A store may take in what it has received long after its sender is dead; a folder does not.
    private static let patience: Int64 = 900

    /// Of a site that the configuration no longer names.
    func ledger(_ site: String, id: ShortID?, patience: Int64 = 0) -> TransferLedger {
        known.look { known in
            if let ledger = known[site] { return ledger }
            let ledger = TransferLedger(folder: folder, site: site, siteID: id, tenant: tenant, patience: patience)
            known[site] = ledger
            return ledger
        }
    }

    /// Those that this process used, in the order of their names.
    package var used: [TransferLedger] { known.look { $0.values.sorted { $0.site < $1.site } } }

    /// Names of sites that there are ledgers of, of sites that the configuration no longer names too.
    package func sites() throws -> [String] { try Files.names(folder) }
}
