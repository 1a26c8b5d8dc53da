import Base

/// What this process may set of what it restores: capabilities(7) in effect, whatever the user.
package struct Rights: Sendable, Equatable {
    /// CAP_CHOWN: files may be given to others.
    package var givesAway: Bool
    /// CAP_MKNOD.
    package var makesDevices: Bool
    /// CAP_SYS_ADMIN: attributes `trusted.` and most of `security.`.
    package var setsSystemAttributes: Bool

    package init(givesAway: Bool, makesDevices: Bool, setsSystemAttributes: Bool) {
        self.givesAway = givesAway
        self.makesDevices = makesDevices
        self.setsSystemAttributes = setsSystemAttributes
    }

    package static func current() -> Rights {
        let bits = effectiveCapabilities()
        func has(_ number: UInt64) -> Bool { bits & 1 << number != 0 }
        return Rights(givesAway: has(0), makesDevices: has(27), setsSystemAttributes: has(21))
    }

    func sets(_ attribute: [UInt8]) -> Bool {
        setsSystemAttributes || !(attribute.starts(with: Array("trusted.".utf8)) || attribute.starts(with: Array("security.".utf8)))
    }

    /// `CapEff` of /proc/self/status (proc(5)); none where it cannot be read.
    private static func effectiveCapabilities() -> UInt64 {
        guard let bytes = try? Files.read("/proc/self/status", limit: 64 << 10) else { return 0 }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix("CapEff:") }), let value = line.split(whereSeparator: { $0 == "\t" || $0 == " " }).last
        else { return 0 }
        return UInt64(value, radix: 16) ?? 0
    }
}
