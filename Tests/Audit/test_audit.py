"""docs/AUDIT.md cannot go stale: it is what its data says, each requirement stands in it once, each command that it names is one of the
program's, each test that it names exists, and the walk runs on machines made here.

    HDSBACKUP=path      the program (default: the debug build of this repository)
"""
import ast
import functools
import importlib.util
import json
import os
import re
import shlex
import threading

import sample
from hdstest import HERE, Runner, Suite, environment, expect, expect_equal, fixture, place, program

suite = Suite("audit")
ROOT = HERE.parent.parent
spec = importlib.util.spec_from_file_location("audit", ROOT / "docs" / "tools" / "audit.py")
audit = importlib.util.module_from_spec(spec)
spec.loader.exec_module(audit)
DATA = audit.read()
ROWS, STEPS = audit.rows(DATA), audit.steps(DATA)


def numbered(name, last):
    return [f"{name}-{number}" for number in range(1, last + 1)]


# What has to stand in it, whatever the data says: requirements, founding documents, the policy's model, the report, open points.
RULES = """storage.eea storage.eu access.basis law.exposed seat.eu capital.single capital.sum capital.veto capital.board tech.reach tech.autonomy
    hds.valid hds.version hds.activities hds.scope snc.required contract.hds independence immutable offline maxOfflineAge lock.retention
    class.allowed lifecycle.forbidden bucketEncryption.required waiver""".split()
IDS = [
    *numbered("SOV", 9), *numbered("CRT", 6), *numbered("CRY", 8), *numbered("BAK", 14), *numbered("ACC", 5), *numbered("LOG", 4), "INC-1",
    *numbered("RET", 2), *numbered("REV", 3), *numbered("DOC", 31), *(f"RULE {name}" for name in RULES), *numbered("POL", 7),
    *numbered("REP", 15), "REP-FORM", "REP-PRIVACY", *numbered("OPEN", 5)]
NEEDED = {"id", "clause", "requirement", "check", "state"}
ALLOWED = NEEDED | {"priority", "commands", "tests", "reason", "lacking", "missing", "clauses", "rules", "pending"}


def each_wrong(found, what):
    expect(not found, f"{what}:\n" + "\n".join(f"      {each}" for each in found))


# The page and its data

@suite.test
def the_page_is_what_the_generator_writes():
    expect_equal(audit.PAGE.read_text("utf-8") == audit.text(DATA), True, "docs/AUDIT.md is as docs/tools/audit.py writes it")


@suite.test
def each_requirement_stands_in_it_once():
    found = [row["id"] for row in ROWS]
    each_wrong(sorted({name for name in found if found.count(name) > 1}), "rows that stand twice")
    each_wrong(sorted(set(IDS) - set(found)), "requirements without a row")
    extra = [name for name in sorted(set(found) - set(IDS)) if not name.startswith("RULE ")]
    each_wrong(extra, "rows that nothing asks for")


@suite.test
def each_row_has_its_parts_and_no_others():
    wrong = []
    for row in ROWS:
        wrong += [f"{row['id']}: lacks {name}" for name in NEEDED - row.keys()]
        wrong += [f"{row['id']}: {name} is no part of a row" for name in row.keys() - ALLOWED]
        if row["state"] not in audit.STATES:
            wrong.append(f"{row['id']}: state {row['state']}")
        if re.match(r"(SOV|CRT|CRY|BAK|ACC|LOG|INC|RET|REV)-", row["id"]) and row.get("priority") not in ("A", "B", "C"):
            wrong.append(f"{row['id']}: no priority")
    each_wrong(wrong, "rows")
    page = audit.PAGE.read_text("utf-8")
    each_wrong([row["id"] for row in ROWS if row.get("pending") and row["pending"] in page], "rows by which the page speaks of what is to come")


@suite.test
def a_state_has_its_evidence():
    wrong = []
    for row in ROWS:
        name, state, commands, tests = row["id"], row["state"], row.get("commands", []), row.get("tests", [])
        if state != "not covered" and not commands and not tests:
            wrong.append(f"{name}: {state} without evidence")
        wrong += [f"{name}: /{each['output']}/ is found in anything" for each in commands if re.search(each["output"], "")]
        if state == "covered" and ("lacking" in row or "missing" in row):
            wrong.append(f"{name}: covered, and something is lacking")
        if state != "covered" and not row.get("lacking"):
            wrong.append(f"{name}: {state}, and nothing is said to be lacking")
        if state == "not covered" and (commands or tests):
            wrong.append(f"{name}: not covered, and there is evidence")
        if state == "covered" and row.get("priority") == "A" and not commands and not (tests and row.get("reason")):
            wrong.append(f"{name}: of priority A, without a command of the walk, or tests with a reason why none shows it")
    each_wrong(wrong, "rows")


@suite.test
def each_rule_of_the_policy_files_has_a_row():
    rules = set()
    for file in sorted((ROOT / "etc" / "policies").glob("*.json")):
        rules |= {rule["id"] for rule in json.loads(file.read_text("utf-8")).get("profile", {}).get("rules", [])}
    named = {rule for row in ROWS if row["id"].startswith("RULE ") for rule in row.get("rules", [])}
    each_wrong(sorted(rules - named), "rules of etc/policies without a row")
    each_wrong(sorted(named - rules), "rules that no policy file has")
    each_wrong([row["id"] for row in ROWS if row["id"].startswith("RULE ") and row["id"][5:] not in {*RULES, *rules}], "rows of no rule")


@suite.test
def each_clause_of_the_reports_matrix_has_a_row_or_is_explained():
    clauses = {each["id"] for each in json.loads((ROOT / "etc" / "report" / "clauses.json").read_text("utf-8"))["clauses"]}
    named = {clause for row in ROWS for clause in row.get("clauses", [])}
    explained = set(DATA["clauses_without_row"])
    each_wrong(sorted(clauses - named - explained), "clauses that no row names and nothing explains")
    each_wrong(sorted((named | explained) - clauses), "clauses that the matrix does not have")
    each_wrong(sorted(named & explained), "clauses that are explained and have a row")


# Commands and tests that are named

@functools.cache
def help_of(*words):
    return Runner.run([program(), "help", *words], env=environment()).out


@functools.cache
def subcommands(*words):
    """Names of the commands below one, as its help lists them."""
    part = help_of(*words).partition("SUBCOMMANDS:")[2].partition("\n\n")[0]
    return {name for name in re.findall(r"^  ([a-z][a-z-]*)", part, re.M) if name != "help"}


def command_of(words):
    """The words of a line that name a command of the program, and those that do not although they should."""
    found = []
    while below := subcommands(*found):
        word = words[len(found)] if len(found) < len(words) else None
        if word not in below:
            return found, word or "nothing"
        found.append(word)
    return found, None


def calls(line):
    """The words after `hdsbackup` of each call in a line of shell."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words = list(lexer)
    for start in [index for index, word in enumerate(words) if word == "hdsbackup"]:
        end = next((index for index in range(start, len(words)) if set(words[index]) <= set("|&;()<>")), len(words))
        yield words[start + 1:end]


@suite.test
def each_command_that_is_named_is_one_of_the_programs():
    wrong = []
    for name, (_, step) in STEPS.items():
        for words in calls(step["run"]):
            command, unknown = command_of(words)
            if unknown:
                wrong.append(f"{name}: {unknown} is no command below hdsbackup {' '.join(command)}")
                continue
            text = help_of(*command)
            for option in (word.partition("=")[0] for word in words if word.startswith("--")):
                if not re.search(re.escape(option) + r"\b(?!-)", text):
                    wrong.append(f"{name}: {option} is not in the help of hdsbackup {' '.join(command)}")
    each_wrong(wrong, "steps")
    for _, step in STEPS.values():
        expect("hdsbackup" not in step["run"] or list(calls(step["run"])), f"a call that is not recognised: {step['run']}")


@suite.test
def each_command_in_the_text_is_one_of_the_programs():
    missing = {line for row in ROWS for line in row.get("missing", [])}
    wrong = []
    for line in sorted(set(re.findall(r"`(hdsbackup [^`]*)`", audit.PAGE.read_text("utf-8"))) - missing):
        for words in calls(line.replace("\\|", "|")):
            command, unknown = command_of(words)
            if unknown:
                wrong.append(f"{line}: {unknown} is no command below hdsbackup {' '.join(command)}")
    each_wrong(wrong, "commands")


@suite.test
def a_command_that_is_said_to_be_missing_is():
    wrong = []
    for row in ROWS:
        for line in row.get("missing", []):
            (words,) = calls(line)
            command, unknown = command_of(words)
            if unknown is None or len(command) == len(words):
                text = help_of(*command)
                lacking = [word for word in words if word.startswith("--") and not re.search(re.escape(word) + r"\b(?!-)", text)]
                if not lacking:
                    wrong.append(f"{row['id']}: {line} exists now: say what it shows")
    each_wrong(wrong, "rows that say too little")


@functools.cache
def tests_in(file):
    path = ROOT / file
    if not path.is_file():
        return None
    text = path.read_text("utf-8")
    if file.endswith(".swift"):
        return set(re.findall(r"@Test\b(?:(?!@Test\b)[\s\S])*?\bfunc\s+(`[^`]+`|\w+)", text))
    functions = [each for each in ast.walk(ast.parse(text)) if isinstance(each, ast.FunctionDef)]
    if file.startswith("Tests/EndToEnd/"):
        functions = [each for each in functions if any("suite." in ast.unparse(mark) for mark in each.decorator_list)]
        return {each.name.replace("_", " ") for each in functions}
    return {each.name for each in functions}


@suite.test
def each_test_that_is_named_exists():
    wrong = []
    for row in ROWS:
        for reference in row.get("tests", []):
            file, _, name = reference.partition(": ")
            known = tests_in(file)
            if known is None:
                wrong.append(f"{row['id']}: no file {file}")
            elif name not in {each.strip("`") for each in known}:
                wrong.append(f"{row['id']}: {file} has no test {name}")
    each_wrong(wrong, "tests")


@suite.test
def each_step_is_used_and_each_row_names_steps_that_are_there():
    wrong = [f"{row['id']}: no step {each['step']}" for row in ROWS for each in row.get("commands", []) if each["step"] not in STEPS]
    used = {each["step"] for row in ROWS for each in row.get("commands", [])}
    wrong += [f"{name}: for nothing" for name, (_, step) in STEPS.items() if name not in used and not step.get("prepares")]
    wrong += [f"{name}: prepares, and rows use it" for name, (_, step) in STEPS.items() if name in used and step.get("prepares")]
    each_wrong(wrong, "steps")


# The walk

made = threading.Lock()


@fixture
def made_once():
    return sample.make()


def machines():
    with made:
        return made_once()


def walk(scene):
    """All steps of a scene in order; what was wrong, a text a step."""
    folder, wrong = machines() / scene["id"], []
    env = environment(PATH=f"{program().parent}:{os.environ['PATH']}", REPO=ROOT, AUDIT=place(), PYTHONDONTWRITEBYTECODE="1")
    for step in scene["steps"]:
        name = f"{scene['id']}.{step['id']}"
        result = Runner.run(["bash", "-c", f"set -o pipefail\n{DATA['shell']}\n{step['run']}"], exit=None, cwd=folder, env=env, before=os.setsid)
        lacks = [f"{row['id']}: /{each['output']}/ is not in the output" for row in ROWS for each in row.get("commands", [])
                 if each["step"] == name and not re.search(each["output"], result.all, re.M)]
        if result.exit != step["exit"]:
            lacks.insert(0, f"status {result.exit}, not {step['exit']}")
        if lacks:
            wrong.append("\n".join([f"{name}: {step['run']}", *(f"    {each}" for each in lacks), *result.all.splitlines()[-12:]]))
    return wrong


@suite.test
def the_machines_of_the_walk_can_be_made():
    machines()


def add(scene):
    def steps():
        wrong = walk(scene)
        expect(not wrong, "\n".join(wrong))
    suite.add(f"the walk: {scene['id']}, {scene['title']}", steps)


for each in DATA["walk"]:
    add(each)

if __name__ == "__main__":
    suite.main(at_once=4)
