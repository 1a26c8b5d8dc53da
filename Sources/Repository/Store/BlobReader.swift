import Base
import Codec
import Keys

/// Where the preferred copy of a blob is: by the number of the site among the reader's, and of the pack in
/// that site's index. It sorts in storage order.
package struct BlobLocation: Sendable, Equatable {
    package let site: UInt8
    package let pack: UInt32
    package let offset: UInt32
    package let length: UInt32

    package init(site: UInt8, pack: UInt32, offset: UInt32, length: UInt32) {
        self.site = site
        self.pack = pack
        self.offset = offset
        self.length = length
    }
}

/// Reads the blobs of one domain across sites: a copy that is missing or damaged is noted, and the next one
/// tried: another place at the site, another name of the same pack, another site.
///
/// Any number of threads may read at once; calls block. Memory is bounded: 8 MiB of pages, 8 MiB of pack
/// directories and 3 MiB read ahead for each site, and one blob and its sealed bytes for each thread that reads.
package final class BlobReader: PageSource, Sendable {
    package let domain: ShortID
    package let keys: KeyRing
    let sources: [BlobReaderSource]
    let log = BlobDamageLog()
    private let pages = Monitor(ByteCache<Digest, [UInt8]>(limit: 8 << 20))
    private let idle = Monitor<[BlobWorker]>([])

    /// `sites` in order of preference, 255 at most. A site is asked for nothing until it is needed.
    package init(sites: [OpenSite], keys: KeyRing, domain: ShortID) {
        self.domain = domain
        self.keys = keys
        sources = sites.prefix(255).map { BlobReaderSource($0, keys: keys, domain: domain) }
    }

    /// Copies found missing or damaged so far, for people to see.
    package var damage: [DamagedCopy] { log.copies }

    /// Names of the sites where packs were read, in the order of preference.
    package var readSites: [String] { sources.filter(\.wasRead).map(\.name) }

    /// Why sites were given up, one failure each.
    package var absentSites: [Failure] { sources.compactMap(\.absence) }

    /// Whether every site was given up.
    package var isCutOff: Bool { sources.allSatisfy { $0.absence != nil } }

    /// Packs that it pays to read at once, from whichever of the sites.
    package var parallelism: Int { sources.map(\.site.parallelism).max() ?? 1 }

    package func siteName(_ number: UInt8) -> String { sources[Int(number)].name }

    /// The first place where a reachable site lists the blob; nil when none does.
    package func locate(_ id: Digest) -> BlobLocation? {
        var second: BlobLocation?
        for (number, source) in sources.enumerated() {
            guard let index = source.index() else { continue }
            for place in index.places(id) {
                let location = BlobLocation(site: UInt8(number), pack: place.number, offset: place.offset, length: place.length)
                if !source.isBad(place.pack.key) { return location }
                second = second ?? location
            }
        }
        return second
    }

    /// Gives `body` the plain bytes of a blob, checked against `id`, from the first good copy.
    ///
    /// Throws `.unreachable` when only a site that does not answer may have it, `.key` when no key here opens
    /// it, `.damaged` when every copy is, `.missing` when no site has one, and what `body` throws.
    package func blob<T>(
        _ id: Digest, kind: BlobKind, limit: Int = PackLimits.chunkBytes, _ body: (UnsafeRawBufferPointer) throws -> T
    ) throws -> T {
        let worker = idle.look { $0.popLast() } ?? BlobWorker(keys: keys)
        defer { idle.look { if $0.count < 64 { $0.append(worker) } } }
        return try blob(id, kind: kind, limit: limit, worker: worker, body)
    }

    func blob<T>(
        _ id: Digest, kind: BlobKind, limit: Int, worker: BlobWorker, _ body: (UnsafeRawBufferPointer) throws -> T
    ) throws -> T {
        var verdict = BlobVerdict()
        // What the indexes list, at every site; then packs that no index lists, as after the loss of a segment.
        for isListed in [true, false] {
            for source in sources {
                guard let index = isListed ? source.index() : source.unlisted() else {
                    verdict.note(source.absence)
                    continue
                }
                var tried: Set<PackKey> = []
                for place in index.places(id) where !tried.contains(place.pack.key) {
                    let wanted = WantedBlob(id: id, kind: kind, offset: place.offset, length: place.length, limit: limit)
                    if let result = attempt(wanted, place.pack.key, source, worker, &verdict, body) { return try finish(result, verdict) }
                    tried.insert(place.pack.key)
                    guard source.absence == nil else { break }
                    for name in source.otherNames(of: place.pack.key) where tried.insert(name).inserted {
                        if let result = attempt(wanted, name, source, worker, &verdict, body) { return try finish(result, verdict) }
                    }
                }
            }
        }
        log.close(verdict.damaged, isHealed: false)
        throw verdict.failure(id)
    }

    /// What `body` made of the blob; nil when this copy is no good, noted in `verdict`.
    private func attempt<T>(
        _ wanted: WantedBlob, _ pack: PackKey, _ source: BlobReaderSource, _ worker: BlobWorker, _ verdict: inout BlobVerdict,
        _ body: (UnsafeRawBufferPointer) throws -> T
    ) -> Result<T, any Error>? {
        var result: Result<T, any Error>?
        do {
            try source.tryingVersions(of: pack) {
                let table = try source.table(pack)
                let (count, offset) = (Int(wanted.length), Int(wanted.offset))
                let sealed =
                    wanted.kind == .data
                    ? try worker.read(count, at: offset, of: pack, from: source)
                    : try worker.readPage(count, at: offset, of: pack, size: table.packSize, from: source)
                try worker.open(wanted, sealed, table) { bytes in result = Result { try body(bytes) } }
            }
        } catch let failure as Failure {
            source.forgetStretches()
            note(failure, pack, source, &verdict)
        } catch {
            result = .failure(error)
        }
        return result
    }

    func note(_ failure: Failure, _ pack: PackKey, _ source: BlobReaderSource, _ verdict: inout BlobVerdict) {
        let failure = failure.of("\(source.name):\(pack.key)")
        verdict.note(failure)
        switch failure.kind {
        case .unreachable: source.giveUp(failure)
        case .key: break
        default: if let copy = log.note(failure, site: source.name) { verdict.damaged.append(copy) }
        }
    }

    private func finish<T>(_ result: Result<T, any Error>, _ verdict: BlobVerdict) throws -> T {
        log.close(verdict.damaged, isHealed: true)
        return try result.get()
    }

    /// The plain bytes of a page, from memory if it was read lately.
    package func page(_ id: Digest, kind: PageKind) throws -> [UInt8] {
        if let known = pages.look({ $0.value(id) }) { return known }
        let page = try blob(id, kind: kind == .treePage ? .treePage : .listPage, limit: PackLimits.pageBytes) { Array($0) }
        pages.look { $0.insert(page, for: id, bytes: page.count + 64) }
        return page
    }
}

/// A blob as some place is said to hold it.
struct WantedBlob {
    let id: Digest
    let kind: BlobKind
    let offset: UInt32
    let length: UInt32
    /// Plain bytes at most.
    let limit: Int
}
