"""``agenthost doctor`` on packages that fail, and as JSON."""

import json


def test_packages_that_fail_are_problems(desk):
    """With the remedy that ``check`` gives, and exit code 1."""
    with desk.having("import-error"):
        done = desk.run("agenthost", "doctor", "--json")
    told = json.loads(done.stdout)

    assert done.returncode == 1
    assert told["problems"] == len([each for each in told["findings"] if each["severity"] == "problem"]) > 0
    [package] = [each for each in told["findings"] if each["check"] == "packages" and "import-error" in each["says"]]
    assert package["remedy"]
    assert {each["check"] for each in told["findings"]} <= set(told["checks"])


def test_people_read_sentences(desk):
    done = desk.run("agenthost", "doctor")

    assert "warning: public-url: public_url is not set" in done.stdout
    assert "  fix:  " in done.stdout
    assert "Traceback" not in done.stderr
