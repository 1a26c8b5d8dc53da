"""Three days at a machine with two sites, one of which is emptied in between: for the tests that look at the result."""
import hdstest
from hdstest import Machine, fixture

DAYS = range(3)


@fixture
def week():
    """A machine whose source was backed up on three days; paris was emptied in between and brought level again."""
    machine = Machine("week")
    machine.source = hdstest.hospital(machine.root / "sample", mib=16)
    machine.add_source("dpi", machine.source)
    machine.add_source("base", command=["cat", machine.source / "database" / "dump.sql"])
    machine.init()
    machine.kept, machine.days = [], []
    for day in DAYS:
        if day:
            hdstest.working_day(machine.source, seed=1 + day)
        if day == 2:
            hdstest.remove(machine.site("paris"))
            machine.site("paris").mkdir()
            machine.refilled = [machine.run("init"), machine.run("replicate", "--to", "paris")]
        machine.kept.append(hdstest.Kept(machine.source, machine.root / "kept" / str(day)))
        machine.days.append({line["source"]: line["snapshot"] for line in machine.backup()})
    return machine
