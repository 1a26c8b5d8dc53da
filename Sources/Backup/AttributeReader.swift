import Base
import CLinux
import Glibc
import Repository

/// Reads extended attributes, POSIX ACLs among them (`system.posix_acl_access`, `…_default`).
final class AttributeReader {
    private var list = [CChar](repeating: 0, count: 4096)

    /// The attributes of `name` in `folder`, sorted by name; a link's own, never its target's.
    func read(_ name: [UInt8], in folder: File) throws -> [Entry.Attribute] {
        // The calls that take a folder and a name do not exist before Linux 6.13: the folder's descriptor
        // under /proc makes a short path whatever its depth.
        try read(path: RawName("/proc/self/fd/\(folder.descriptor)").appending(name))
    }

    /// The same for a path.
    func read(path: RawName) throws -> [Entry.Attribute] {
        try path.withCString { path in
            var length = clinux_llistxattr(path, &list, list.count)
            if length == -1, errno == ERANGE {
                list = [CChar](repeating: 0, count: 65_536)
                length = clinux_llistxattr(path, &list, list.count)
            }
            if length <= 0 {
                if length == 0 || errno == ENOTSUP || errno == ENOENT || errno == EACCES || errno == ENODATA { return [] }
                throw SystemError.last()
            }
            var attributes: [Entry.Attribute] = []
            for name in list[..<length].split(separator: 0) {
                let bytes = name.map { UInt8(bitPattern: $0) }
                let isACL = bytes.starts(with: Array("system.posix_acl_".utf8))
                guard isACL || !bytes.starts(with: Array("system.".utf8)) else { continue }
                guard let value = try Self.value(path, Array(name) + [0]) else { continue }
                attributes.append(Entry.Attribute(name: bytes, value: value))
            }
            let size = attributes.reduce(0) { $0 + $1.name.count + $1.value.count }
            guard size <= TreeLimits.attributeBytes, attributes.count <= TreeLimits.attributes else { throw Failure(.partial, .attributesTooLarge) }
            return attributes.sorted { compare($0.name, $1.name) < 0 }
        }
    }

    /// Nil when the attribute went away meanwhile.
    private static func value(_ path: UnsafePointer<CChar>, _ name: [CChar]) throws -> [UInt8]? {
        var value = [UInt8](repeating: 0, count: 1024)
        while true {
            let n = value.withUnsafeMutableBytes { clinux_lgetxattr(path, name, $0.baseAddress, $0.count) }
            if n >= 0 { return Array(value[..<n]) }
            if errno == ENODATA { return nil }
            guard errno == ERANGE, value.count < TreeLimits.attributeValueBytes else { throw SystemError.last() }
            value = [UInt8](repeating: 0, count: TreeLimits.attributeValueBytes)
        }
    }
}

/// Names of users and groups, each looked up once.
final class OwnerNames {
    private var users: [UInt32: [UInt8]?] = [:]
    private var groups: [UInt32: [UInt8]?] = [:]

    func user(_ id: UInt32) -> [UInt8]? { Self.name(id, &users) { clinux_user_name(id, $0, 256) } }
    func group(_ id: UInt32) -> [UInt8]? { Self.name(id, &groups) { clinux_group_name(id, $0, 256) } }

    private static func name(_ id: UInt32, _ known: inout [UInt32: [UInt8]?], _ look: (UnsafeMutablePointer<CChar>) -> Int32) -> [UInt8]? {
        if let name = known[id] { return name }
        var buffer = [CChar](repeating: 0, count: 256)
        let name: [UInt8]? = look(&buffer) == 0 ? buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) } : nil
        known[id] = .some(name)
        return name
    }
}
