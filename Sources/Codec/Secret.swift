import Base

/// Key material: cleared when the last reference goes, and never printed.
///
/// A class rather than a noncopyable struct: several threads of a pipeline share one key, and the
/// bytes live at one place only.
package final class Secret: @unchecked Sendable {
    // Unchecked: written in init only.
    private let memory: UnsafeMutableRawBufferPointer

    /// Takes a copy; the caller's own copy is the caller's to clear.
    package init(_ bytes: some Collection<UInt8>) {
        memory = .allocate(byteCount: bytes.count, alignment: 16)
        memory.copyBytes(from: bytes)
    }

    package static func random(_ count: Int = 32) -> Secret { Secret(randomBytes(count)) }

    deinit {
        wipe(memory)
        memory.deallocate()
    }

    package var count: Int { memory.count }

    package func withBytes<T>(_ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T {
        try body(UnsafeRawBufferPointer(memory))
    }

    /// The bytes in an array: only for handing them to a library.
    package var exposed: [UInt8] { Array(memory) }

    package func equals(_ other: Secret) -> Bool { equalInConstantTime(exposed, other.exposed) }
}

extension Secret: CustomStringConvertible, CustomReflectable {
    package var description: String { "(secret)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
