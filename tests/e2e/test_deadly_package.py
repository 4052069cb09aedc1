"""A package that ends the process while it is loaded.

After three times it is left out, and the others are served.
"""

import json
import re

from caller import Caller


def test_a_package_that_kills_the_process_is_quarantined(desk):
    """``check`` survives it, names it at the first try, and checks the others."""
    desk.install("segfaults")
    place = desk.workplace()
    checked = desk.run("agenthost", "check", "--json", cwd=place)
    rows = {row["agent"]: row for row in json.loads(checked.stdout)["agents"]}

    assert checked.returncode == 1
    assert rows["segfaults"]["state"] == "quarantined"
    assert "ended the process while it was loaded (signal SIGSEGV)" in rows["segfaults"]["reason"]
    assert 'isolation = "process"' in rows["segfaults"]["remedy"]
    assert rows["sales"]["state"] == "ready"


def test_run_serves_the_others_after_three_deaths_and_the_remedy_lifts_it(desk):
    """The template process ends three times, and the fourth leaves the package out.

    Then the package is fixed.
    """
    desk.install("segfaults")
    place = desk.workplace()
    with desk.serve(cwd=place) as served:
        health = Caller.of(served).ask("GET", "/health").json
        remedy = re.search(r"rm (\S+\.)\*", served.stdout)
        died = len(re.findall(r"template process \d+ ended with -11 while it imported the packages", served.stderr))
    assert remedy
    for file in place.glob("state/loading/*"):
        if str(file).startswith(remedy[1]):
            file.unlink()
    with desk.serve(cwd=place, variables={"SEGFAULTS_IS_WELL": "yes"}) as served:
        well = Caller.of(served).document("/segfaults")

    assert died == 3
    assert "/segfaults" not in health["routes"]
    assert "/sales" in health["routes"]
    assert well["sections"]["main"]


def test_in_a_process_of_its_own_it_ends_only_that(desk):
    """The host starts at the first attempt, and says how the process ended."""
    desk.install("segfaults")
    place = desk.workplace()
    (place / "agenthost.toml").write_text('[agents.segfaults]\nisolation = "process"\n')
    checked = desk.run("agenthost", "check", "--json", cwd=place)
    rows = {row["agent"]: row for row in json.loads(checked.stdout)["agents"]}

    assert rows["segfaults"]["state"] == "quarantined"
    assert rows["segfaults"]["reason"] == "its process was ended by SIGSEGV while it was loaded"
    assert rows["sales"]["state"] == "ready"
