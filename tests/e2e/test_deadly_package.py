"""A package that ends the process while it is loaded: after three times it is left out, and the others are served."""

import json


def test_a_package_that_kills_the_process_is_quarantined(desk):
    """At the fourth start; removing the files that the remedy names, or a package that is well, lifts it."""
    desk.install("segfaults")
    place = desk.workplace()
    died = [desk.run("agenthost", "check", "--json", cwd=place).returncode for _ in range(3)]
    checked = desk.run("agenthost", "check", "--json", cwd=place)
    rows = {row["agent"]: row for row in json.loads(checked.stdout)["agents"]}

    assert all(code < 0 for code in died)
    assert rows["segfaults"]["state"] == "quarantined"
    assert "has killed 3 processes" in rows["segfaults"]["reason"]
    assert "rm " in rows["segfaults"]["remedy"]
    assert rows["sales"]["state"] == "ready"
