"""Looking inside snapshots: ls, find, cat, diff, JSON and French."""
import os
import re

import hdstest
from hdstest import Suite, expect, expect_equal, expect_in, fresh, path_of
from week import DAYS, week

suite = Suite("08 looking inside")


@suite.test
def ls_lists_what_the_folder_holds():
    machine = week()
    lines = machine.run("ls", "dpi@latest", machine.source, "--json").lines
    expect_equal(len(lines), sum(1 + len(files) + sum(os.path.islink(os.path.join(root, each)) for each in folders)
                                 for root, folders, files in os.walk(machine.source)), "entries")
    sizes = {path_of(line): line["size"] for line in lines if line["kind"] == "file"}
    dump = machine.source / "database" / "dump.sql"
    expect_equal(sizes[str(dump)], dump.stat().st_size, "size of the dump")
    expect_in("dump.sql", machine.run("ls", "dpi@latest", machine.source / "database").out)


@suite.test
def find_finds_by_name_and_by_path():
    machine = week()
    wanted = {str(path) for path in machine.source.rglob("*.hl7")}
    found = machine.run("find", "dpi@latest", "*.hl7", "--json").lines
    expect_equal({path_of(line) for line in found}, wanted, "names")
    found = machine.run("find", "dpi@latest", f"{machine.source}/fhir/*", "--json").lines
    expect_equal({path_of(line) for line in found}, {str(path) for path in (machine.source / "fhir").iterdir()}, "paths")
    machine.run("find", "dpi@latest", "no-such-name", exit=1)


@suite.test
def diff_says_what_changed_between_two_days():
    machine = week()
    old, new = (modes_sizes_times(kept.copy) for kept in machine.kept[:2])
    lines = machine.run("diff", machine.days[0]["dpi"], machine.days[1]["dpi"], "--json").lines
    found = {change: {os.path.relpath(path_of(line), machine.source) for line in lines if line["change"] == change}
             for change in ("added", "removed")}
    expect_equal(found["added"], new.keys() - old.keys(), "added")
    expect_equal(found["removed"], old.keys() - new.keys(), "removed")
    changed = {os.path.relpath(path_of(line), machine.source) for line in lines if line["change"] == "changed"}
    written = {path for path in old.keys() & new.keys() if old[path] != new[path]}
    expect(written <= changed, f"changed, but not said: {sorted(written - changed)[:5]}")
    expect_equal(machine.run("diff", machine.days[0]["dpi"], machine.days[0]["dpi"]).out, "", "a snapshot against itself")


def modes_sizes_times(folder):
    """{path: what ls -l shows}, for paths that JSON says as they are."""
    found = {}
    for root, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(root, name)
            info = os.lstat(path)
            found[os.path.relpath(path, folder)] = (info.st_mode, info.st_size if name in files else 0, info.st_mtime_ns)
    return found


@suite.test
def cat_gives_a_file_byte_for_byte():
    machine = week()
    for path in ("vm/dpi-test.img", "database/dump.sql", "odd/one-byte", "odd/empty/no-more"):
        file = machine.source / path
        expect_equal(machine.run("cat", "dpi@latest", file).raw == file.read_bytes(), True, f"{path} is the same")
    machine.run("cat", "dpi@latest", machine.source / "odd", exit=2)
    machine.run("cat", "dpi@latest", machine.source / "no-such-file", exit=2)


@suite.test
def what_a_command_prints_comes_back():
    machine = week()
    dumps = [kept.copy / "database" / "dump.sql" for kept in machine.kept]
    for day in DAYS:
        expect_equal(machine.run("cat", machine.days[day]["base"]).raw, dumps[day].read_bytes(), f"the dump of day {day}")
    target = fresh()
    machine.restore("base@latest", target)
    expect_equal((target / "base").read_bytes(), dumps[-1].read_bytes(), "the dump restored as a file")


@suite.test
def a_snapshot_is_named_by_its_id_or_by_source_and_time():
    machine = week()
    last = machine.days[-1]
    day = machine.snapshots()[-1]["time"][:10]
    for name in (last["dpi"], last["dpi"][:12], "dpi@latest", f"dpi@{day}"):
        lines = machine.run("ls", name, machine.source / "vm", "--json").lines
        expect_equal(len(lines), 2, f"entries of {name}")
    for name in ("0000000000", "dpi@1999-01-01", "no-such-source@latest"):
        machine.run("ls", name, exit=2)


# JSON and languages

JSON_COMMANDS = [["snapshots"], ["status"], ["ls", "dpi@latest"], ["find", "dpi@latest", "*"], ["replicate"], ["keys", "list"],
                 ["config", "check"], ["config", "show"], ["site", "list"], ["site", "probe", "lille"], ["verify", "--read", "all"],
                 ["restore", "dpi@latest", "--to", "TARGET"], ["restore", "dpi@latest", "--dry-run", "--to", "TARGET"]]


@suite.each(*((" ".join(words), words) for words in JSON_COMMANDS))
def with_json_every_line_is_an_object(_, words):
    target = fresh()
    result = week().run(*(target if word == "TARGET" else word for word in words), "--json")
    expect(result.lines, "there is no output")
    expect(all(isinstance(line, dict) for line in result.lines), "a line is no object")
    expect_equal(result.err, "", "what is not JSON")


@suite.each(("an unknown snapshot", 2, ["ls", "dpi@1999-01-01"]), ("an unknown site", 2, ["snapshots", "--site", "nulle-part"]),
            ("a missing configuration", 2, ["snapshots", "--config", "/no/such/file"]))
def with_json_an_error_is_an_object_too(_, exit, words):
    config = words[2] if "--config" in words else None
    result = week().run(*(words[:1] if config else words), "--json", exit=exit, config=config)
    error = result.lines[-1]["error"]
    expect_equal(error["exit"], exit, "the exit status in it")
    expect(error["code"] and error["message"], "it has a code and a message")


@suite.test
def snapshots_as_json_have_the_fields_that_scripts_rely_on():
    result = week().run("snapshots", "--json").json
    expect_equal(list(result), ["snapshots"], "keys")
    for each in result["snapshots"]:
        expect(re.fullmatch("[0-9a-f]{32}", each["id"]), f"id {each['id']}")
        expect_in(each["source"], ("dpi", "base"), "the sources")
        expect(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", each["time"]), f"time {each['time']}")


FRENCH = {"--lang fr": (["--lang", "fr"], {}), "LANG": ([], {"LANG": "fr_FR.UTF-8"}),
          "LC_ALL before LANG": ([], {"LC_ALL": "fr_FR.UTF-8", "LANG": "en_US.UTF-8"})}


@suite.each(*((name, *each) for name, each in FRENCH.items()))
def french_hosts_get_french(_, words, env):
    machine = week()
    expect_in("complet", machine.run("snapshots", *words, env=env).out)
    expect_in("Mio", machine.run("snapshots", *words, env=env).out)
    expect_in("aucun", machine.run("ls", "dpi@1999-01-01", *words, env=env, exit=2).err.lower())
    help = hdstest.Runner.run([hdstest.program(), "--help", *words], env=hdstest.environment(**env)).out
    expect_in("sauvegarde", help.lower())


@suite.test
def lang_goes_before_the_locale_and_an_unknown_one_is_refused():
    machine = week()
    expect_in("MiB", machine.run("snapshots", "--lang", "en", env={"LANG": "fr_FR.UTF-8"}).out)
    machine.run("snapshots", "--lang", "de", exit=2)


@suite.test
def quiet_says_nothing_but_what_went_wrong():
    machine = week()
    result = machine.run("backup", "base", "--quiet")
    expect_equal(result.all, "", "what it said")
    machine.days[-1]["base"] = machine.ids()[-1]
    expect(machine.run("ls", "dpi@1999-01-01", "--quiet", exit=2).err, "an error is silent")


suite.main()
