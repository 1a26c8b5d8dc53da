import Base

/// What a restore test found: the content of a sheet, as the catalogue key opens it. It names no path of the source.
package struct RestoreSheet: Sendable, Equatable {
    package enum Result: UInt8, Sendable, CaseIterable {
        case good = 1
        /// Good, but a whole restore would take longer than was promised.
        case late = 2
        case failed = 3
    }

    /// One thing that was looked at.
    package struct Part: Sendable, Equatable {
        package enum Outcome: UInt8, Sendable, CaseIterable {
            case good = 1
            case failed = 2
            case skipped = 3
        }

        package var outcome: Outcome
        /// Why it failed or was skipped, a stable word; empty where it is good.
        package var reason: String
        /// Entries compared, of those differing, and those that had changed at the source since.
        package var compared: UInt64 = 0
        package var differing: UInt64 = 0
        package var changed: UInt64 = 0

        package init(_ outcome: Outcome, _ reason: String = "") {
            self.outcome = outcome
            self.reason = reason
        }
    }

    /// What was compared with the manifest only, because the test had no right to set it, and at how many paths.
    package struct Lacking: Sendable, Equatable {
        package var owners: UInt64 = 0
        /// Set-user-id and set-group-id bits.
        package var modes: UInt64 = 0
        package var attributes: UInt64 = 0
        package var devices: UInt64 = 0

        package init() {}
        package var isEmpty: Bool { self == Lacking() }
    }

    /// Parts of the whole are counted in millionths.
    package static let whole: UInt32 = 1_000_000

    package var source = ShortID.zero
    package var sourceName = ""
    package var snapshot = ShortID.zero
    /// SHA-256 of the manifest object that was compared with.
    package var manifest = Digest.zero
    /// The machine that tested.
    package var host = ""
    package var program = ""
    package var started = Timestamp(seconds: 0)
    package var finished = Timestamp(seconds: 0)
    /// Milliseconds that the restore itself took, and that a whole one would at this rate.
    package var restoreTime: UInt64 = 0
    package var wholeTime: UInt64 = 0
    /// Names of the sites that were read from, and of those that a drill did as if they were gone.
    package var sites: [String] = []
    package var without: [String] = []
    package var files: UInt64 = 0
    package var bytes: UInt64 = 0
    /// Which part of the snapshot's bytes was restored, in millionths.
    package var from: UInt32 = 0
    package var to = RestoreSheet.whole
    /// With this test everything was restored, in one or in several without a failure.
    package var isRoundComplete = true
    package var restored = Part(.good)
    package var comparison = Part(.good)
    package var live = Part(.skipped)
    package var check = Part(.skipped)
    /// Copies found missing or damaged that another copy healed.
    package var healed: UInt64 = 0
    package var lacking = Lacking()
    /// In seconds; nil where nothing was promised.
    package var promised: UInt64?
    package var result = Result.good

    package init() {}
}

extension RestoreSheet {
    /// What a command that found this exits with: the gravest that applies.
    package var exitStatus: ExitStatus {
        var status = result == .late ? ExitStatus.partial : .done
        for part in [restored, comparison, live] where part.outcome == .failed {
            status = status.combined(with: part.reason == "unreachable" ? .unreachable : .damaged)
        }
        return check.outcome == .failed ? status.combined(with: .failed) : status
    }
}

extension RestoreSheet {
    /// Lengths of names are nobody's business: padded to this.
    private static let step = 1024

    package var encoded: [UInt8] {
        var w = ByteWriter()
        w.u8(1)
        w.id(source)
        w.text(sourceName)
        w.id(snapshot)
        w.digest(manifest)
        w.text(host)
        w.text(program)
        w.timestamp(started)
        w.timestamp(finished)
        w.varint(restoreTime)
        w.varint(wholeTime)
        for names in [sites, without] {
            w.varint(UInt64(names.count))
            for name in names { w.text(name) }
        }
        w.varint(files)
        w.varint(bytes)
        w.u32(from)
        w.u32(to)
        w.u8(isRoundComplete ? 1 : 0)
        for part in [restored, comparison, live, check] {
            w.u8(part.outcome.rawValue)
            w.text(part.reason)
            for count in [part.compared, part.differing, part.changed] { w.varint(count) }
        }
        w.varint(healed)
        for count in [lacking.owners, lacking.modes, lacking.attributes, lacking.devices] { w.varint(count) }
        w.u8(promised == nil ? 0 : 1)
        w.varint(promised ?? 0)
        w.u8(result.rawValue)
        w.raw([UInt8](repeating: 0, count: (Self.step - w.count % Self.step) % Self.step))
        return w.bytes
    }

    /// Throws `.format` for a newer version, `.damaged` for what no writer makes. What follows is padding.
    package init(decoding bytes: [UInt8]) throws {
        self = try bytes.withUnsafeBytes { bytes in
            var r = ByteReader(bytes)
            guard try r.u8() == 1 else { throw Failure(.format, .newerFormat) }
            return try RestoreSheet(&r)
        }
    }

    private init(_ r: inout ByteReader) throws {
        source = try r.id()
        sourceName = try r.text(limit: 256, "source")
        snapshot = try r.id()
        manifest = try r.digest()
        host = try r.text(limit: 256, "host")
        program = try r.text(limit: 256, "program")
        started = try r.timestamp()
        finished = try r.timestamp()
        restoreTime = try r.varint()
        wholeTime = try r.varint()
        sites = try (0..<r.count(limit: 255, "sites")).map { _ in try r.text(limit: 256, "site") }
        without = try (0..<r.count(limit: 255, "sites")).map { _ in try r.text(limit: 256, "site") }
        files = try r.varint()
        bytes = try r.varint()
        from = try r.u32()
        to = try r.u32()
        guard from <= to, to <= Self.whole else { throw Failure(.damaged, .malformedRecord("share")) }
        isRoundComplete = try r.flag("round")
        restored = try Part(&r)
        comparison = try Part(&r)
        live = try Part(&r)
        check = try Part(&r)
        healed = try r.varint()
        lacking.owners = try r.varint()
        lacking.modes = try r.varint()
        lacking.attributes = try r.varint()
        lacking.devices = try r.varint()
        let isPromised = try r.flag("promised")
        let seconds = try r.varint()
        promised = isPromised ? seconds : nil
        guard let known = Result(rawValue: try r.u8()) else { throw Failure(.format, .newerFormat) }
        result = known
    }
}

extension RestoreSheet.Part {
    fileprivate init(_ r: inout ByteReader) throws {
        guard let known = Outcome(rawValue: try r.u8()) else { throw Failure(.format, .newerFormat) }
        outcome = known
        reason = try r.text(limit: 64, "reason")
        compared = try r.varint()
        differing = try r.varint()
        changed = try r.varint()
    }
}
