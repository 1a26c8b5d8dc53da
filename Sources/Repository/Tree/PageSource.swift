import Base

/// Where the pages of a snapshot come from.
package protocol PageSource {
    /// The plain bytes of a page, checked against `id`. Throws `.missing` when it is not there, `.damaged` when
    /// it is not what `id` names, `.unreachable` and the like when it cannot be fetched.
    func page(_ id: Digest, kind: PageKind) throws -> [UInt8]
}

extension PageSource {
    func treePage(_ id: Digest) throws -> TreePage {
        let plain = try page(id, kind: .treePage)
        do { return try TreePage(decoding: plain) } catch let failure as Failure { throw failure.of("page \(id)") }
    }

    func listPage(_ id: Digest) throws -> ListPage {
        let plain = try page(id, kind: .listPage)
        do { return try ListPage(decoding: plain) } catch let failure as Failure { throw failure.of("page \(id)") }
    }
}
