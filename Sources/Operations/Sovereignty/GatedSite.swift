import Base
import Codec
import Sites

/// A site behind the gate: each object that would be put there is asked for first, and then noted in the ledger of transfers, before it is sent. Reading is
/// never in the way.
final class GatedSite: Site {
    private let site: any Site
    private let place: Configuration.Site
    private let gate: PlacementGate
    private let ledger: TransferLedger

    init(_ site: any Site, _ place: Configuration.Site, _ gate: PlacementGate, _ ledger: TransferLedger) {
        self.site = site
        self.place = place
        self.gate = gate
        self.ledger = ledger
    }

    private func pass(_ key: String) throws {
        guard let refusal = gate.refusal(of: place) else { return }
        if gate.refusalToDelete(place) == nil, gate.isRemoval(key) { return }
        throw refusal
    }

    // MARK: writing

    func create(_ key: String, _ bytes: UnsafeRawBufferPointer) throws {
        try pass(key)
        try put(key, bytes.count) { try site.create(key, bytes) }
    }

    func create(_ key: String, _ bytes: UnsafeRawBufferPointer, hash: Digest) throws {
        try pass(key)
        try put(key, bytes.count) { try site.create(key, bytes, hash: hash) }
    }

    private func put(_ key: String, _ count: Int, _ send: () throws -> Void) throws {
        try ledger.put(key, bytes: count, place: gate.transferPlace(of: place), asking: site.size, send)
    }

    func lock(_ key: String, until: Timestamp) throws {
        if let refusal = gate.refusalToLock(place) { throw refusal }
        try site.lock(key, until: until)
    }

    /// A hold is a duty whatever policy says of the site.
    func setLegalHold(_ key: String, _ isOn: Bool) throws {
        if let refusal = gate.refusalToDelete(place) { throw refusal }
        try site.setLegalHold(key, isOn)
    }

    func probe(_ folder: String) throws -> [SiteProbe.Outcome] {
        if let refusal = gate.refusal(of: place) { throw refusal }
        let folders = [folder, folder.replacing(SiteProbe.storing, with: SiteProbe.agreeing)]
        func objects() throws -> [ObjectInfo] {
            var all: [ObjectInfo] = []
            for folder in folders { try site.list(folder) { all.append($0) } }
            return all
        }
        let before = Set(try objects().map(\.key))
        let outcomes = try site.probe(folder)
        // What the store's own part put there, past this gate: a few bytes, and one upload in parts.
        for object in try objects() where !before.contains(object.key) { try put(object.key, object.size) {} }
        return outcomes
    }

    // MARK: deleting

    func delete(_ key: String) throws {
        if let refusal = gate.refusalToDelete(place) { throw refusal }
        try ledger.delete(key, asking: site.size) { try site.delete(key) }
    }

    func abortUploads(olderThan seconds: Int64) throws -> Int {
        if let refusal = gate.refusalToDelete(place) { throw refusal }
        return try site.abortUploads(olderThan: seconds)
    }

    // MARK: reading

    var name: String { site.name }
    var lockPeriod: Int64? { site.lockPeriod }
    var hasLegalHolds: Bool { site.hasLegalHolds }
    var parallelism: Int { site.parallelism }
    var traffic: SiteTraffic? { site.traffic }

    /// Over the network nothing is read either while the machine is isolated.
    private func reach() throws { if let refusal = gate.contact(place) { throw refusal } }

    func read(_ key: String, at offset: Int, into: UnsafeMutableRawBufferPointer) throws {
        try reach()
        try site.read(key, at: offset, into: into)
    }

    func read(_ key: String, limit: Int) throws -> [UInt8] {
        try reach()
        return try site.read(key, limit: limit)
    }

    func readWhole(_ key: String, into: UnsafeMutableRawBufferPointer) throws -> Int {
        try reach()
        return try site.readWhole(key, into: into)
    }

    func readEnd(_ key: String, _ count: Int) throws -> (size: Int, bytes: [UInt8]) {
        try reach()
        return try site.readEnd(key, count)
    }

    func olderVersions(_ key: String) throws -> [String] {
        try reach()
        return try site.olderVersions(key)
    }

    func read(version: String?, of key: String) { site.read(version: version, of: key) }

    func size(_ key: String) throws -> Int {
        try reach()
        return try site.size(key)
    }

    func list(_ prefix: String, _ body: (ObjectInfo) throws -> Void) throws {
        try reach()
        try site.list(prefix, body)
    }

    func lockEnd(_ key: String) throws -> Timestamp? {
        try reach()
        return try site.lockEnd(key)
    }

    func isHeld(_ key: String) throws -> Bool {
        try reach()
        return try site.isHeld(key)
    }

    func freeSpace() throws -> UInt64? {
        try reach()
        return try site.freeSpace()
    }
}
