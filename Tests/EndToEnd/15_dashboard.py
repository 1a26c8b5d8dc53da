"""The dashboard of a real daemon in a real browser: Tests/Observability/browser.py looks at it, calm and in trouble, in both languages.

The browser is that of scripts/install-observers.sh. DASHBOARD_SHOTS names a folder that keeps the screenshots.
"""
import os
import pathlib
import subprocess
import sys
import urllib.request

from daemons import Daemon, Host, free_port, until
from hdstest import HERE, Skip, Suite, expect, expect_in, indented, place

suite = Suite(__doc__)
BROWSER = HERE.parent / "Observability" / "browser.py"
OBSERVERS = HERE.parent.parent / ".build-observers"


def look(machine, name):
    """What the browser complains of is a failure."""
    if not OBSERVERS.exists() and not os.environ.get("CHROMIUM"):
        raise Skip("scripts/install-observers.sh was not run")
    shots = pathlib.Path(os.environ.get("DASHBOARD_SHOTS") or place() / "shots") / name
    shots.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([sys.executable, BROWSER, f"http://{machine.listen}/", shots], capture_output=True, text=True, timeout=240)
    expect(done.returncode == 0, f"the browser complains:\n{indented(done.stdout + done.stderr)}")
    expect(any(shots.iterdir()), "there are no screenshots")


def text(machine, path, **headers):
    request = urllib.request.Request(f"http://{machine.listen}{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read().decode()


@suite.test
def the_dashboard_is_right_in_a_browser_when_all_is_calm_and_when_it_is_not():
    listen = f"127.0.0.1:{free_port()}"
    machine = Host("dashboard", sites=("paris", "lille"), listen=listen)
    machine.listen = listen
    machine.source("dpi", schedule="every 30s", rpo="1d")
    machine.source("base", command=["echo", "CREATE TABLE patient ();"], schedule="every 1h")
    machine.ready()
    with Daemon(machine) as daemon:
        daemon.until(lambda: len(machine.good_runs()) >= 2 and machine.good_runs("verify") and machine.good_runs("probe"), "first runs")
        daemon.until(lambda: not daemon.alerts(), "calm")
        expect_in("rien ne demande", text(machine, "/?lang=fr").lower() + machine.run("status", "--lang", "fr").out, "the calm pages")
        look(machine, "calm")
        expect_in('source="base"', text(machine, "/metrics"), "the metrics")
        # A site away: the page says so, and nothing else changes.
        lille = pathlib.Path(machine.root / "sites" / "lille") if (machine.root / "sites" / "lille").exists() else machine.root / "lille"
        away = lille.with_name("lille.away")
        lille.rename(away)
        try:
            daemon.until(lambda: any(key.startswith("site-failing") for key in daemon.alerts()), "the alert")
            look(machine, "trouble")
        finally:
            away.rename(lille)


if __name__ == "__main__":
    suite.main()
