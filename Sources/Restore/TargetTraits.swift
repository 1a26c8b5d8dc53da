import Base
import CLinux

/// What the target gives to a file that is made in it, measured on one: only what differs is set.
struct TargetTraits: Sendable {
    let uid: UInt32
    let gid: UInt32
    /// The bits of a mode that are granted when a file is made: those that the umask, or what else there is,
    /// leaves.
    let granted: UInt32
    /// It differs from folder to folder: owner and mode are always set.
    let isVaried: Bool
    /// New files may get ACLs that the snapshot does not have.
    let hasDefaultACL: Bool

    /// `sample`: a file made in the target with mode 0777.
    init(sample: File, isVaried: Bool, hasDefaultACL: Bool) throws {
        let status = try sample.stat()
        uid = status.uid
        gid = status.gid
        granted = hasDefaultACL || isVaried ? 0 : UInt32(status.mode & 0o777)
        self.isVaried = isVaried
        self.hasDefaultACL = hasDefaultACL
    }
}
