"""What the tests of migrations share: a machine with copies at two sites, and two more sites that are prepared and empty."""
import pathlib

from hdstest import Open, Runner, environment, hospital, working_day

MERKLE = pathlib.Path(__file__).resolve().parent.parent.parent / "docs" / "tools" / "merkle.py"


class Moving(Open):
    """Three sites, snapshots at the first two; lyon and nantes are prepared and empty."""

    def __init__(self, name, days=2, **more):
        super().__init__(name, sites=("paris", "lille", "lyon", "nantes"), **more)
        self.source = hospital(self.root / "source", mib=3)
        self.add_source("dpi", self.source)
        self.init()
        self.tenant_settings["sites"] = ["paris", "lille"]
        self.write()
        for seed in range(days):
            if seed:
                working_day(self.source, seed)
            self.run("backup")
        self.run("journal", "close", exit=None)
        self.tenant_settings["sites"] = ["paris", "lille", "lyon", "nantes"]
        self.write()

    def migrate(self, *words, source="paris", to="lyon", exit=0):
        """The row; what is told besides follows it."""
        return self.run("migrate", "--from", source, "--to", to, *words, "--json", exit=exit).lines[0]

    def folder(self, source="paris", to="lyon"):
        return next((self.state).glob(f"*/migrations/{source}~{to}"))

    def root_at(self, site, side, source="paris", to="lyon", exit=0):
        """The root that merkle.py finds over the objects of a site's folder."""
        words = ["python3", MERKLE, self.folder(source, to) / f"leaves-{side}.txt", "--folder", self.prefix(site)]
        said = Runner.run(words, exit=exit, env=environment()).out
        return next(line.split()[1] for line in said.splitlines() if line.startswith("root "))

    def files(self, site):
        """All that lies below the site, the tenant's or not."""
        return {str(each.relative_to(self.site(site))): (each.stat().st_size, each.stat().st_mtime_ns)
                for each in self.site(site).rglob("*") if each.is_file()}

    def without(self, *sites):
        self.tenant_settings["sites"] = [each for each in self.sites if each not in sites]
        self.write()
        return self
