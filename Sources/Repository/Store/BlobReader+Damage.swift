import Base

/// A stored copy found missing or damaged while reading.
package struct DamagedCopy: Sendable {
    package let site: String
    /// The object at the site.
    package let object: String
    package let failure: Failure
    /// Blobs of it that another copy gave back.
    package var healed = 0
    /// Blobs of it that no copy gave back.
    package var lost = 0

    /// Whether everything that was needed of it was found elsewhere.
    package var isHealed: Bool { lost == 0 }
}

/// The copies found bad, one entry each, however often they are met.
final class BlobDamageLog: Sendable {
    private struct State {
        var copies: [DamagedCopy] = []
        var numbers: [String: Int] = [:]
    }
    private static let limit = 10_000
    private let state = Monitor(State())

    var copies: [DamagedCopy] { state.look { $0.copies } }

    /// The entry's number; nil when the log is full.
    func note(_ failure: Failure, site: String) -> Int? {
        let object = failure.object ?? site
        return state.look { state in
            if let known = state.numbers[object] { return known }
            guard state.copies.count < Self.limit else { return nil }
            state.numbers[object] = state.copies.count
            state.copies.append(DamagedCopy(site: site, object: object, failure: failure))
            return state.copies.count - 1
        }
    }

    /// One blob of each of these copies was found elsewhere, or nowhere.
    func close(_ numbers: [Int], isHealed: Bool) {
        guard !numbers.isEmpty else { return }
        state.look { state in
            for number in numbers {
                if isHealed { state.copies[number].healed += 1 } else { state.copies[number].lost += 1 }
            }
        }
    }
}

/// What the attempts at one blob have shown so far.
struct BlobVerdict {
    private var worst: Failure?
    /// Numbers in the damage log.
    var damaged: [Int] = []

    /// A site that did not answer may hold the good copy, and so may one whose key is lacking: neither is
    /// ever reported as damage.
    private static func rank(_ kind: Failure.Kind) -> Int {
        switch kind {
        case .unreachable: 5
        case .key: 4
        case .format: 3
        case .refused: 2
        case .damaged: 1
        default: 0
        }
    }

    mutating func note(_ failure: Failure?) {
        guard let failure else { return }
        if let worst, Self.rank(worst.kind) >= Self.rank(failure.kind) { return }
        worst = failure
    }

    func failure(_ id: Digest) -> Failure {
        guard let worst else { return Failure(.missing, .blobUnknown(String(id.hex.prefix(16)))) }
        guard worst.kind == .damaged || worst.kind == .wrongPlace else { return worst }
        return Failure(.damaged, .noGoodCopy, object: worst.object)
    }
}
