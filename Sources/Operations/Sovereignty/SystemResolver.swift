import Base
import CLinux
import Glibc
import Sovereignty

/// Names as this machine's resolver knows them: aliases from the DNS, addresses and their names through getaddrinfo(3) and getnameinfo(3).
struct SystemResolver: NameResolver {
    func alias(of name: EndpointName) throws -> EndpointName? {
        var target = [CChar](repeating: 0, count: 1_025)
        switch clinux_dns_alias(name.text, &target, target.count) {
        case 0: return nil
        case 1:
            guard let alias = EndpointName(text(target)) else { throw Failure(.unreachable, .endpointNoAnswer, object: name.text) }
            return alias
        default: throw Failure(.unreachable, .endpointNoAnswer, object: name.text)
        }
    }

    func addresses(of name: EndpointName) throws -> [String] {
        var wanted = addrinfo()
        wanted.ai_socktype = Int32(SOCK_STREAM.rawValue)
        return try lookUp(name.text, wanted) { address, length in try? host(address, length, NI_NUMERICHOST) }
    }

    func names(of address: String) throws -> [EndpointName] {
        var wanted = addrinfo()
        wanted.ai_flags = AI_NUMERICHOST
        wanted.ai_socktype = Int32(SOCK_STREAM.rawValue)
        let plain = address.hasPrefix("[") ? String(address.dropFirst().dropLast()) : address
        return try lookUp(plain, wanted) { sockaddr, length in try host(sockaddr, length, NI_NAMEREQD).flatMap { EndpointName($0) } }
    }

    private func lookUp<T>(_ name: String, _ wanted: addrinfo, _ read: (UnsafePointer<sockaddr>, socklen_t) throws -> T?) throws -> [T] {
        var (hints, first): (addrinfo, UnsafeMutablePointer<addrinfo>?) = (wanted, nil)
        let status = getaddrinfo(name, nil, &hints, &first)
        // Without an address: EAI_NONAME, and EAI_NODATA (-5), which glibc keeps to itself.
        if status == EAI_NONAME || status == -5 { return [] }
        guard status == 0 else { throw Failure(.unreachable, .endpointNoAnswer, object: name) }
        defer { freeaddrinfo(first) }
        var (found, next): ([T], UnsafeMutablePointer<addrinfo>?) = ([], first)
        while let info = next {
            if let address = info.pointee.ai_addr, let one = try read(address, info.pointee.ai_addrlen) { found.append(one) }
            next = info.pointee.ai_next
        }
        return found
    }

    /// Nil where the address has no name.
    private func host(_ address: UnsafePointer<sockaddr>, _ length: socklen_t, _ flags: Int32) throws -> String? {
        var name = [CChar](repeating: 0, count: 1_025)
        let status = getnameinfo(address, length, &name, socklen_t(name.count), nil, 0, flags)
        if status == EAI_NONAME { return nil }
        guard status == 0 else { throw Failure(.unreachable, .endpointNoAnswer) }
        return text(name)
    }

    private func text(_ bytes: [CChar]) -> String { String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) }
}
