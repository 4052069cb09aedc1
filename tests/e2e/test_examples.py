"""docs/examples: three packages are built, installed and served by the host project."""

import json
import tomllib

import pytest
from caller import Caller, functions
from environment import ROOT
from packaging.requirements import Requirement

EXAMPLES = ROOT / "docs" / "examples"
PACKAGES = ("parking", "table", "concierge")
HOST = EXAMPLES / "host"
PASSWORD = "of-the-hotel-for-its-tests"


@pytest.fixture(scope="module")
def hotel(environment):
    """The environment with the packages of the hotel, and what their tests need."""
    environment.install(*(EXAMPLES / name for name in PACKAGES))
    with environment.having_too("pytest", "hypothesis"):
        yield environment
    environment.uninstall()


@pytest.fixture
def place(hotel):
    """A copy of the host project."""
    made = hotel.workplace()
    for file in HOST.iterdir():
        (made / file.name).write_bytes(file.read_bytes())
    return made


def test_the_hotel_is_served(hotel, place):
    """State is shared by the workers, and a regular guest reaches the reception."""
    with hotel.serve("--workers", "2", cwd=place, variables={"HOTEL_PASSWORD": PASSWORD}) as served:
        caller = Caller.of(served)
        url = functions(caller.document("/table", "call-1"))["reserve"]["web_hook_url"]
        said = {caller.call(url, "reserve", {"day": "fri", "guests": n}, "call-1")["response"] for n in range(2, 6)}
        park = functions(caller.document("/parking", "call-2"))["find_space"]["web_hook_url"]
        parked = caller.call(park, "find_space", {"size": "large"}, "call-2")["response"]

    assert said == {f"Table {n} for {n + 1} on fri, from half past six." for n in range(1, 5)}
    assert parked == "Please park in the meadow behind the house."


def test_the_host_project_is_in_order(hotel, place):
    checked = hotel.run("agenthost", "check", "--strict", "--json", cwd=place, variables={"HOTEL_PASSWORD": PASSWORD})
    report = json.loads(checked.stdout)
    played = hotel.run("agenthost", "test", cwd=place)

    assert (checked.returncode, report["warnings"], report["findings"]) == (0, [], [])
    assert {each["agent"]: each["route"] for each in report["agents"]} == {
        "concierge": "/",
        "parking": "/parking",
        "reception": "/reception",
        "table": "/table",
    }
    assert (played.returncode, played.stdout.splitlines()[-1][:18]) == (0, "1 passed, 0 failed"), played.stdout


@pytest.mark.parametrize(
    ("words", "agent"),
    [(("parking",), "parking"), (("parking", "--from", "+4930123"), "reception"), (("bar",), "table")],
)
def test_callers_reach_their_agent(hotel, place, words, agent):
    told = hotel.run("agenthost", "sip", "resolve", *words, "--json", cwd=place, variables={"HOTEL_PASSWORD": PASSWORD})

    assert json.loads(told.stdout)["agent"] == agent


@pytest.mark.parametrize("name", PACKAGES)
def test_the_tests_of_a_package_pass(hotel, name):
    """With its scenarios, on the installed wheel."""
    place = hotel.workplace()
    for file in (EXAMPLES / name / "tests").iterdir():
        (place / file.name).write_bytes(file.read_bytes())
    done = hotel.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=place, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    if list(place.glob("*.call.toml")):
        played = hotel.run("agenthost", "test", cwd=place)
        assert played.returncode == 0, played.stdout + played.stderr


def test_the_host_project_requires_the_packages():
    required = tomllib.loads((HOST / "pyproject.toml").read_text())["project"]["dependencies"]

    assert {Requirement(each).name for each in required} == {"agenthost", *(f"agenthost-{name}" for name in PACKAGES)}
