import Backup
import Base
import Scheduling

// `[source.NAME]`.
extension Configuration {
    static func readSource(_ name: String, _ section: ConfigurationSection, tenants: [String]) -> Source? {
        let tenant = readTenantName(section, tenants)
        let content = readContent(section)
        var source = Source(name: name, tenant: tenant ?? "", content: content ?? .standardInput)
        if case .paths? = content {
            source.exclude = readExclude(section) ?? []
            source.staysOnFileSystem = section.boolean("one_file_system") ?? false
        } else if content != nil {
            section.refuse(["exclude", "one_file_system"], .configNeedsPaths)
        } else {
            section.ignore(["exclude", "one_file_system"])
        }
        source.chunking = section.choice("chunking") ?? .auto
        source.compression = section.text("compression", .expectedCompression) { Compression($0) } ?? .auto
        source.user = section.text("user", .expectedUser) { isUserName($0) ? $0 : nil }
        source.timeout = section.duration("timeout")
        source.before = readHook("before", section, of: source)
        source.after = readHook("after", section, of: source)
        source.schedule = section.text("schedule", .expectedSchedule) { Schedule($0) }
        source.check = section.command("check")
        source.keep = section.section("keep").map(readKeep)
        source.basis = section.text("basis")
        readPermissions(section, &source)
        source.rpo = section.duration("rpo")
        source.rto = section.duration("rto")
        section.finish()
        return tenant == nil || content == nil ? nil : source
    }

    /// The only tenant where the source names none.
    private static func readTenantName(_ section: ConfigurationSection, _ known: [String]) -> String? {
        guard section.has("tenant") else {
            section.ignore(["tenant"])
            if known.count == 1 { return known[0] }
            section.problem("tenant", known.isEmpty ? .configNoTenant : .configMissingKey(.expectedOne(of: known.map(quotedText))))
            return nil
        }
        guard let name = section.text("tenant", .expectedName, { isName($0) ? $0 : nil }) else { return nil }
        guard known.contains(name) else {
            section.problem("tenant", .configUnknownTenant(name), remedy: nearest(to: name, in: known).map(Message.didYouMean))
            return nil
        }
        return name
    }

    private static func readContent(_ section: ConfigurationSection) -> Source.Content? {
        let paths = section.list("paths", of: .expectedAbsolutePath, absolutePath)
        let command = section.command("command")
        let isPiped = section.boolean("stdin")
        let given = ["paths", "command"].filter(section.has) + (isPiped == true ? ["stdin"] : [])
        guard given.count == 1 else {
            if given.count > 1 {
                for key in given.dropFirst() { section.problem(key, .configOneContent) }
            } else if !section.has("stdin") || isPiped != nil {
                section.findings.problem(section.path, .configOneContent)
            }
            return nil
        }
        if isPiped == true { return .standardInput }
        if let command { return .command(command) }
        guard let paths else { return nil }
        if paths.isEmpty {
            section.problem("paths", .configWrongValue(.expectedSomePaths))
            return nil
        }
        for (index, path) in paths.enumerated() {
            let other = paths.enumerated().first { other, above in
                other != index && (path == above ? other < index : isBelow(path, above))
            }
            if let other {
                section.findings.problem(section.path.appending("paths").appending(index), .configNestedPath(printable(other.element.utf8)))
            }
        }
        return .paths(paths)
    }

    private static func isBelow(_ path: String, _ above: String) -> Bool {
        // Bytes, not letters: canonically equal names are different names.
        path.utf8.starts(with: (above == "/" ? above : above + "/").utf8)
    }

    private static func readExclude(_ section: ConfigurationSection) -> [String]? {
        guard let patterns = section.list("exclude", of: .expectedText, { $0 }) else { return nil }
        for (index, pattern) in patterns.enumerated() {
            do {
                _ = try ExcludePatterns([pattern])
            } catch {
                let message = (error as? Failure)?.message ?? .configWrongValue(.expectedText)
                section.findings.problem(section.path.appending("exclude").appending(index), message)
            }
        }
        return patterns
    }

    /// A command, or a table of it with its own user and timeout; the source's where it has none.
    private static func readHook(_ key: String, _ section: ConfigurationSection, of source: Source) -> Hook? {
        guard let value = section.value(key) else { return nil }
        let place = section.path.appending(key)
        guard case .table(let entries) = value else {
            if case .list = value {
                return section.command(value, at: place).map { Hook(run: $0, user: source.user, timeout: source.timeout) }
            }
            section.problem(key, .configWrongType(.expectedHook, found: value.typeName))
            return nil
        }
        let table = ConfigurationSection(place, entries, section.findings)
        let run = table.required("run", .expectedCommand) { table.command("run") }
        let user = table.text("user", .expectedUser) { isUserName($0) ? $0 : nil }
        let timeout = table.duration("timeout")
        table.finish()
        return run.map { Hook(run: $0, user: user ?? source.user, timeout: timeout ?? source.timeout) }
    }
}
