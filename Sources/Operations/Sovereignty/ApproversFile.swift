import Base
import Sovereignty

/// The people whose signatures make a paper count. A line for each key, as in ssh's `allowed_signers`:
///
///     alice ssh-ed25519 AAAAC3Nza… alice@chu-exemple.fr
///     bruno RWQf6LRCGA9i5…
///
/// A name may stand on several lines; empty lines and those that begin with `#` say nothing.
enum ApproversFile {
    private static let limit = 1 << 20

    /// Nobody where there is no such file. Throws `Failures` of kind `.usage` with every line that is wrong, `.usage` where one key is two people's.
    static func read(_ path: String) throws -> Approvers {
        guard let bytes = try Files.read(path, limit: limit) else { return try Approvers([]) }
        return try read(bytes, path: path)
    }

    static func read(_ bytes: [UInt8], path: String) throws -> Approvers {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Failure(.usage, .configNotUTF8, object: path) }
        var (order, keys, problems): ([ApproverID], [ApproverID: [Approver.Key]], [Failure]) = ([], [:], [])
        for (index, line) in text.unicodeScalars.split(whereSeparator: { $0 == "\n" || $0 == "\r" }, omitting: false).enumerated() {
            let words = String(line).split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            guard let id = ApproverID(String(first)), words.count == 2, let key = Approver.Key(String(words[1])) else {
                problems.append(Failure(.usage, .configWrongValue(.expectedApprover), object: "\(path):\(index + 1)"))
                continue
            }
            if keys[id] == nil { order.append(id) }
            keys[id, default: []].append(key)
        }
        if !problems.isEmpty { throw Failures(problems) }
        do { return try Approvers(order.map { Approver(id: $0, keys: keys[$0] ?? []) }) } catch let failure as Failure {
            throw Failure(failure.kind, failure.message, object: "\(path): \(failure.object ?? "")")
        }
    }
}

extension String.UnicodeScalarView {
    fileprivate func split(whereSeparator: (Unicode.Scalar) -> Bool, omitting: Bool) -> [String.UnicodeScalarView.SubSequence] {
        split(maxSplits: .max, omittingEmptySubsequences: omitting, whereSeparator: whereSeparator)
    }
}
