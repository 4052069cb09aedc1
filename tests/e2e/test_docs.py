"""The documentation's examples: packages built, installed and served, with the documented output.

test_newcomer.py replays the tutorial.
"""

from __future__ import annotations

import base64
import json
import os
import re
import urllib.request

import pytest
from environment import BROKEN, ROOT
from pages import DOCS, blocks, section, write
from terminal_picture import lines_of, terminal_picture

FRONTDESK = ROOT / "plugins" / "agenthost-frontdesk"
README = ROOT / "README.md"
PICTURE = DOCS / "pictures" / "run.svg"
WIDEST = 100
"""Characters of a line in the picture."""


def shown(page, info="text"):
    """The texts of a page's blocks."""
    return [block.text for block in blocks(page, info)]


def package(env, page):
    """Write a page's package to disk, without its configuration and its tests, and install it."""
    folder = env.workplace()
    for path in write(page, folder):
        if path.name == "agenthost.toml" or path.name.startswith("test_"):
            path.unlink(missing_ok=True)
    env.install(folder)
    return folder


def ask(served, path, body=None, *, credentials=True):
    """Return the host's response, as JSON.

    ``path`` may be a URL of a document.
    """
    url = path if "://" in path else served.url + path
    headers = {"Content-Type": "application/json"}
    pair = base64.b64encode(":".join(served.credentials).encode()).decode()
    if found := re.match(r"(\w+)://[^/@]+@(.*)", url):
        url = f"{found[1]}://{found[2]}"
    if credentials:
        headers["Authorization"] = f"Basic {pair}"
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=30) as answer:  # noqa: S310
        return json.load(answer)


def functions(document):
    return {entry["function"]: entry for entry in document["sections"]["main"][1]["ai"]["SWAIG"]["functions"]}


def call(served, route, tool, arguments):
    """Call a tool as the platform does, at the URL in its document."""
    document = ask(served, route, {"call_id": "call-1"})
    url = functions(document)[tool]["web_hook_url"]
    return ask(served, url, {"function": tool, "call_id": "call-1", "argument": {"parsed": [arguments]}})


def words(text):
    """A text's words, without the widths of its columns."""
    return text.split()


def test_the_florist_of_the_readme(env):
    package(env, README)

    with env.serve() as served:
        assert call(served, "/florist", "order", {"flower": "Tulips", "bunches": "2"}) == {
            "response": "2 of tulips, thank you.",
            "action": [{"set_global_data": {"flower": "tulips"}}],
        }
        refused = call(served, "/florist", "order", {"flower": "orchids"})["response"]

    assert f'"{refused}"' in README.read_text(encoding="utf-8").replace("\n", " ")


def test_the_picture_of_the_readme(env):
    """It has the lines that ``agenthost run`` prints, machine and password aside.

    ``tox -e picture`` draws it anew.
    """
    env.install(FRONTDESK)
    with env.serve(variables={"SWML_BASIC_AUTH_USER": "", "SWML_BASIC_AUTH_PASSWORD": ""}) as served:
        banner = served.stdout
    lines = ["$ agenthost run", *map(for_everybody, banner.splitlines())]
    if os.environ.get("PICTURE") == "draw":
        PICTURE.write_text(terminal_picture("The output of agenthost run", lines), encoding="utf-8")

    assert lines_of(PICTURE.read_text(encoding="utf-8")) == lines
    assert PICTURE.relative_to(ROOT).as_posix() in README.read_text(encoding="utf-8")


def for_everybody(line):
    """Return a line of the banner without what differs between machines, and not too long."""
    line = re.sub(r"password .*", "password 5m7Vq… (made for this machine, kept in ~/.local/state/agenthost)", line)
    line = re.sub(r"http://[\d.]+:\d+", "http://127.0.0.1:3000", line)
    line = re.sub(r"-u '?agenthost'?:\S.*? http", "-u 'agenthost:5m7Vq…' http", line)
    return line if len(line) <= WIDEST else f"{line[: WIDEST - 1].rstrip()}…"


def test_a_route_conflict_is_resolved_in_each_way(env):
    page = DOCS / "how-to" / "resolve-a-route-conflict.md"
    env.install(FRONTDESK, "route-clash")
    assert env.run("agenthost", "check").stdout == shown(page)[0]

    for remedy in shown(page, "toml")[:3]:
        place = env.workplace()
        (place / "agenthost.toml").write_text(remedy)
        checked = env.run("agenthost", "check", cwd=place)
        assert (checked.returncode, checked.stdout.splitlines()[-1]) == (0, "No problems.")


def test_two_packages_with_one_name_have_sections_of_their_own(env):
    page = DOCS / "how-to" / "resolve-a-route-conflict.md"
    env.install(FRONTDESK, "name-clash")
    place = env.workplace()
    (place / "agenthost.toml").write_text(shown(page, "toml")[3])

    listed = json.loads(env.run("agenthost", "agents", "--json", cwd=place).stdout)
    states = {row["agent"]: row["state"] for row in listed if row["agent"].endswith(":sales")}
    assert states == {"agenthost-frontdesk:sales": "enabled", "agenthost-test-name-clash:sales": "disabled"}

    (place / "agenthost.toml").write_text('[agents.sales]\nroute = "/sales"\n')
    listed = env.run("agenthost", "agents", cwd=place).stdout
    assert listed.count("conflict: 'sales' is offered by") == 2
    assert 'fix:  [agents.sales] use = "agenthost-frontdesk:sales" in agenthost.toml' in listed

    (place / "agenthost.toml").write_text(shown(page, "toml")[4])
    listed = json.loads(env.run("agenthost", "agents", "--json", cwd=place).stdout)
    owners = {row["agent"]: row["package"] for row in listed if row["agent"].endswith("sales")}
    assert owners == {"sales": "agenthost-frontdesk", "agenthost-test-name-clash:sales": "agenthost-test-name-clash"}


def test_an_agent_is_mounted_twice(env):
    page = DOCS / "how-to" / "mount-an-agent-twice.md"
    folder = env.workplace()
    [code] = shown(page, "python")
    (folder / "agenthost_shop.py").write_text(code)
    project = next(block.text for block in blocks(README, "toml") if block.file == "pyproject.toml")
    project = project.replace("FloristAgent", "ShopAgent").replace("florist", "shop")
    (folder / "pyproject.toml").write_text(project)
    env.install(folder)
    place = env.workplace()
    (place / "agenthost.toml").write_text(shown(page, "toml")[0])

    checked = env.run("agenthost", "check", cwd=place)
    assert (checked.stdout, checked.stderr) == (shown(page)[0], "")
    with env.serve(cwd=place) as served:
        assert call(served, "/shops/berlin", "address", {}) == {"response": "We are in Berlin."}
        assert call(served, "/shop", "address", {}) == {"response": "We are in Vienna."}


def test_a_quarantined_package_is_shown_with_its_remedy(env):
    page = DOCS / "how-to" / "fix-a-quarantined-package.md"
    env.install("missing-extra")
    checked = env.run("agenthost", "check").stdout
    assert " ".join(words(shown(page)[0])) in " ".join(words(checked))

    place = env.workplace()
    (place / "agenthost.toml").write_text(shown(page, "toml")[0])
    assert env.run("agenthost", "check", cwd=place).returncode == 0
    assert env.run("agenthost", "run", "--strict", "--port", "0").returncode == 4
    assert env.run("agenthost", "check", "--strict").returncode == 4


def test_the_plugin_of_the_guide(env):
    page = DOCS / "how-to" / "write-a-plugin.md"
    package(env, page)
    plugins, agents, *_ = shown(page)
    told = env.run("agenthost", "plugins", "--load").stdout.splitlines()
    assert [line.split() for line in plugins.splitlines()] == [line.split() for line in told[:2]]
    assert env.run("agenthost", "agents", "--load").stdout == agents

    with env.serve() as served:
        assert ask(served, "/branches.json", credentials=False) == json.loads(shown(page, "json")[0])
        assert call(served, "/branches/market", "opening_hours", {}) == {"response": "We are open every day, 8 to 8."}


@pytest.mark.parametrize("options", [(), ("--load",)], ids=["listed", "loaded"])
def test_lists_look_as_the_reference_says(env, options):
    env.install(FRONTDESK)
    told = section(DOCS / "reference" / "commands.md", "agenthost agents")
    loaded = bool(options)
    table = re.findall(r"```text\n(.*?)```", told, re.DOTALL)[loaded]
    row = json.loads(re.findall(r"```json\n(.*?)```", told, re.DOTALL)[loaded])

    assert env.run("agenthost", "agents", *options).stdout == table
    assert row in json.loads(env.run("agenthost", "agents", "--json", *options).stdout)


def test_tools_are_run_without_a_server(env):
    """The lines of the reference and of the guide print what they show."""
    env.install(FRONTDESK)
    for page, heading in (
        ("reference/commands.md", "agenthost tool"),
        ("how-to/test-an-agent.md", "Call a tool from the command line"),
    ):
        place = env.workplace()
        write(DOCS / page, place)
        told = section(DOCS / page, heading)
        [line] = re.findall(r"^\$ agenthost (.*)$", told, re.MULTILINE)
        [printed] = re.findall(r"```text\n(.*?)```", told, re.DOTALL)

        assert env.run("agenthost", *line.split(), cwd=place).stdout == printed


def test_json_of_the_other_commands(env):
    page = DOCS / "reference" / "commands.md"
    env.install(FRONTDESK)
    package(env, DOCS / "how-to" / "write-a-plugin.md")

    def example(command):
        return json.loads(re.findall(r"```json\n(.*?)```", section(page, f"agenthost {command}"), re.DOTALL)[0])

    assert example("plugins") in json.loads(env.run("agenthost", "plugins", "--load", "--json").stdout)
    assert example("routes") in json.loads(env.run("agenthost", "routes", "--load", "--json").stdout)
    report, told = json.loads(env.run("agenthost", "check", "--json").stdout), example("check")
    assert report.keys() == told.keys()
    assert told["agents"][0] in report["agents"]


def test_documents_and_answers_are_those_of_the_reference(env):
    env.install(FRONTDESK)
    told = section(DOCS / "reference" / "http.md", "SWML document")
    document = json.loads(re.findall(r"```json\n(.*?)```", told, re.DOTALL)[0])
    request, answer = (
        json.loads(text)
        for text in re.findall(r"```json\n(.*?)```", section(DOCS / "reference" / "http.md", "Tool calls"), re.DOTALL)
    )
    with env.serve("--public-url", "https://agents.example.com") as served:
        text = json.dumps(ask(served, "/sales", {"call_id": "call-1"}))
        url = functions(json.loads(text))["get_pricing"]["web_hook_url"].replace(
            "https://tester:correct%20horse%20battery%20staple@agents.example.com", served.url
        )
        assert ask(served, url, request) == answer
        assert json.dumps(document) == re.sub(
            r"__token=[\w.=-]+", "__token=TOKEN", re.sub(r"//[^@]+@", "//USER:PASSWORD@", text)
        )


def test_health_answers_as_the_reference_says(env):
    env.install(FRONTDESK)
    routes, names = (
        json.loads(text)
        for text in re.findall(r"```json\n(.*?)```", section(DOCS / "reference" / "http.md", "Health"), re.DOTALL)
    )
    with env.serve() as served:
        assert ask(served, "/health", credentials=False) | {"timestamp": ""} == routes | {"timestamp": ""}
        answer = ask(served, "/health?shape=names", credentials=False)
        assert answer | {"timestamp": ""} == names | {"timestamp": ""}
        rows = re.findall(r"^\| `(/[^`{]+)(?:\{agent\})?` \| `(\{[^`]+\})`", section_text(), re.MULTILINE)
        for path, body in rows:
            agent = "sales" if path.endswith("/") else ""
            assert ask(served, path + agent, credentials=False) == json.loads(body)
        assert len(rows) == 5


def section_text():
    return section(DOCS / "reference" / "http.md", "Health")


def test_every_reason_for_quarantine_is_described(env):
    """The page has a row for each reason of a broken package, with its remedy."""
    env.install(FRONTDESK, *BROKEN)
    variables = {"AGENTHOST_BUILD_TIMEOUT": "1"}
    report = json.loads(env.run("agenthost", "check", "--json", variables=variables).stdout)
    rows = re.findall(r"^\| (`.+?) \| ", (DOCS / "reference" / "errors.md").read_text(encoding="utf-8"), re.MULTILINE)
    patterns = []
    for row in rows:
        for reason in re.findall(r"`([^`]+)`", row):
            pattern = re.escape(reason).replace(r"\ ", " ").replace("<any exception>", r"[A-Z]\w+Error")
            patterns.append(re.sub(r"<[^<>]*>", ".+", pattern).replace("…", ".*"))
    failed = [agent for agent in report["agents"] if "reason" in agent]
    assert len(failed) >= len(BROKEN) - 1

    reasons = [agent["reason"] for agent in failed]
    assert [reason for reason in reasons if not any(re.fullmatch(pattern, reason) for pattern in patterns)] == []
