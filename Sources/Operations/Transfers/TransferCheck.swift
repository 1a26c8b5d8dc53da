import Base
import Codec
import Keys
import Repository
import Sites

/// Compares a transfer ledger with what the site holds, object by object: names and sizes of a whole listing.
package struct TransferCheck: Encodable, Sendable {
    /// All that is at the site.
    package let stored_objects: UInt64
    package let stored_bytes: UInt64
    /// Of this machine, by the ledger, and there.
    package let own_objects: UInt64
    package let own_bytes: UInt64
    /// By the ledger at the site, and not there.
    package let missing_objects: UInt64
    package let missing_bytes: UInt64
    /// There, with another size than was written.
    package let changed_objects: UInt64
    /// There, and not written by this machine as far as the ledger goes back.
    package let others_objects: UInt64
    package let others_bytes: UInt64
    /// The first of them.
    package let others: [String]
    /// Sent or deleted right now, or by a process of which nobody knows yet what became of it.
    package let under_way: Int
    /// The ledger is older than everything at the site.
    package let complete: Bool
    /// Another machine has a right to write here, and one to delete.
    package let others_may_write: Bool
    package let others_may_delete: Bool
    /// What is missing is noted as gone from now on, because a person said so.
    package let accepted: Bool
    /// What the ledger says is there is what is there, and nothing else is.
    package let equal: Bool

    /// What others may not have done.
    var status: ExitStatus {
        if changed_objects > 0 || missing_objects > 0 && !others_may_delete && !accepted { return .damaged }
        if others_objects > 0, complete, !others_may_write { return .damaged }
        return missing_objects > 0 && !accepted ? .partial : .done
    }

    private static let named = 20
    private static let attempts = 3

    /// Settles what has no outcome, lists the site, and compares; again where others write meanwhile and something does not fit. Where another machine may
    /// delete, or a person `accepts` it, what is missing is noted as gone.
    ///
    /// Throws what opening and listing the site throws; `.damaged` where the ledger cannot be read.
    static func run(_ workspace: Workspace, _ site: Configuration.Site, _ ledger: TransferLedger, accepts: Bool) throws -> TransferCheck {
        let store = try workspace.store(site, as: JournalCopies.access(workspace.keys))
        let rights = try rights(workspace, site, ledger, store)
        var last: Comparison?
        for _ in 0..<attempts {
            let isAlone = try ledger.settle(asking: store.size)
            let comparison = try Comparison(ledger, store)
            last = comparison
            if comparison.isLevel || isAlone && comparison.underWay == 0 { break }
        }
        let comparison = last!
        if comparison.isMissing, rights.delete || accepts { try ledger.noteGone(comparison.missing) }
        return TransferCheck(comparison, rights, accepted: accepts && comparison.isMissing)
    }

    private struct Rights {
        var write = false
        var delete = false
    }

    /// What the tenant's descriptor lets others do there. The site must be what it should be: the marker says so. One that was never written to may have none.
    private static func rights(_ workspace: Workspace, _ site: Configuration.Site, _ ledger: TransferLedger, _ store: any Site) throws -> Rights {
        let repository: SiteRepository
        do { repository = try workspace.repository(site, as: JournalCopies.access(workspace.keys)) } catch let failure as Failure
            where [.wrongPlace, .missing].contains(failure.kind)
        {
            guard try ledger.book().map({ $0.sums == TransferSums() && $0.open.isEmpty }) ?? true, try store.keys("").isEmpty else { throw failure }
            return Rights()
        }
        let keys = workspace.keys
        let own = Set([try keys.node()?.signer, try keys.maintain()?.signer, try keys.verify()].compactMap { $0?.verifying.id })
        let now = Timestamp.now().seconds
        let others = repository.trust.descriptor.actors.filter { !own.contains($0.key.id) && ($0.until == 0 || $0.until > now) }
        return Rights(write: !others.isEmpty, delete: others.contains { $0.role == .maintain })
    }

    /// One listing against the ledger before and after it: what came or went meanwhile is not held against anybody.
    private struct Comparison {
        var stored = TransferCount()
        var own = TransferCount()
        var missing: [ShortID] = []
        var missingBytes: UInt64 = 0
        var changed: UInt64 = 0
        var others = TransferCount()
        var named: [String] = []
        var underWay = 0
        var isComplete = false

        var isMissing: Bool { !missing.isEmpty }
        /// What is open and not there yet is in neither.
        var isLevel: Bool { missing.isEmpty && changed == 0 && stored == own }

        init(_ ledger: TransferLedger, _ site: any Site) throws {
            let before = try ledger.book()
            var seen: Set<ShortID> = []
            var unknown: [ObjectInfo] = []
            try site.list("") { object in
                stored.add(UInt64(object.size))
                let name = TransferRecord.name(object.key)
                guard let row = before?.row(name) else { return unknown.append(object) }
                seen.insert(name)
                own.add(UInt64(object.size))
                if row.bytes != UInt64(object.size) { changed += 1 }
            }
            let after = try ledger.book()
            let open = after.map { Array($0.open.values) } ?? []
            let sent = Set(open.filter { $0.kind == .put }.map(\.name))
            let leaving = Set(open.filter { $0.kind == .deletion }.map(\.name))
            for object in unknown {
                let name = TransferRecord.name(object.key)
                if let row = after?.row(name) {
                    seen.insert(name)
                    own.add(UInt64(object.size))
                    if row.bytes != UInt64(object.size) { changed += 1 }
                } else if !sent.contains(name) {
                    others.add(UInt64(object.size))
                    if named.count < TransferCheck.named { named.append(printable(object.key.utf8)) }
                }
            }
            after?.forEachRow { name, row in
                // What came after the listing was not looked for.
                guard !seen.contains(name), !leaving.contains(name), before?.row(name) == row else { return }
                missing.append(name)
                missingBytes &+= row.bytes
            }
            underWay = open.count
            isComplete = after?.row(TransferRecord.name(SiteMarker.key)) != nil || after == nil
        }
    }

    private init(_ c: Comparison, _ rights: Rights, accepted: Bool) {
        self.accepted = accepted
        (stored_objects, stored_bytes, own_objects, own_bytes) = (c.stored.objects, c.stored.bytes, c.own.objects, c.own.bytes)
        (missing_objects, missing_bytes, changed_objects) = (UInt64(c.missing.count), c.missingBytes, c.changed)
        (others_objects, others_bytes, others) = (c.others.objects, c.others.bytes, c.named)
        (under_way, complete) = (c.underWay, c.isComplete)
        (others_may_write, others_may_delete) = (rights.write, rights.delete)
        equal = c.isLevel
    }
}
