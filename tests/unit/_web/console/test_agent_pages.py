"""The page of one agent: its document, and nothing that is secret."""

import re

import pytest
from asking import ask
from workplaces import CONSOLE, HOST, work_in

from agenthost import AgentBase, AgentServer

FILE = f"""{CONSOLE}[agents.own]
user = "own"
password = "of own alone, long"
[keys.all]
secret = "the-secret-of-key-all"
agents = ["*", "own"]
scopes = ["observe"]
"""
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


class Guide(AgentBase):
    """Has a prompt, steps, tools and languages, each with hostile text."""

    def __init__(self, name="guide"):
        super().__init__(name, f"/{name}")
        self.prompt_add_section("Role", f"You guide. {HOSTILE}", bullets=[HOSTILE])
        self.add_language(HOSTILE, "en-US", "rime.spore")
        self.add_hint(HOSTILE)
        self.set_global_data({"api_key": "sk-of-the-author", "note": "kept"})
        self.set_web_hook_url("https://someone:of-someone-else@hooks.example/x?api_key=in-the-query")
        context = self.define_contexts().add_context("default")
        greet = context.add_step("greet")
        greet.set_text(f"Greet. {HOSTILE}").set_step_criteria("greeted").set_valid_steps(["ask"]).set_functions([])
        context.add_step("ask").set_text("Ask.").set_functions(["price"])
        self.define_tool(
            name="price",
            description=HOSTILE,
            parameters={"flower": {"type": "string", "description": HOSTILE, "enum": ["rose", HOSTILE]}},
            handler=self.price,
        )

    def price(self, args, raw):
        """Return a price."""
        return "12"


class Choosy(AgentBase):
    """Is configured per call, which must not happen for a page."""

    def __init__(self):
        super().__init__("choosy", "/choosy")
        self.prompt_add_section("Role", "You choose.")
        self.set_dynamic_config_callback(self.choose)

    def choose(self, *_):
        """Fail."""
        raise AssertionError("called for a page")


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """A host of three agents, one of which has credentials of its own."""
    place = tmp_path_factory.mktemp("host")
    with pytest.MonkeyPatch.context() as patch:
        work_in(place, patch, FILE)
        server = AgentServer()
        for agent in (Guide(), Choosy(), Guide("own")):
            server.register(agent)
        app = server.app
        assert ask(app, "GET", "/live").status_code == 200
        yield app


def test_a_document_is_shown_as_a_person_reads_it(app):
    page = ask(app, "GET", "/-/agents/guide", auth=HOST)
    text = re.sub(r"<[^>]*>", " ", page.text)

    assert page.status_code == 200
    for expected in ("You guide.", "Steps of context", "greeted", "leads to", "ask", "price", "one of rose", "en-US"):
        assert expected in text
    assert "../style.css" in page.text
    assert 'href="../"' in page.text


def test_everything_is_escaped(app):
    for path in ("guide", "choosy", "own"):
        page = ask(app, "GET", f"/-/agents/{path}", auth=HOST).text

        assert not re.search(r"<script>|<img", page), path
    assert ask(app, "GET", "/-/agents/guide", auth=HOST).text.count("&lt;script&gt;") > 7


def test_nothing_secret_is_shown(app):
    """Of the host, and of what an author has written into the document."""
    for path in ("guide", "guide.json"):
        answer = ask(app, "GET", f"/-/agents/{path}", auth=HOST).text

        assert "kept" in answer
        for secret in (HOST[1], HOST[1].replace(" ", "%20"), "sk-of-the-author", "of-someone-else", "in-the-query"):
            assert secret not in answer, secret
        assert not re.search(r"__token=(?!TOKEN|\*\*\*)", answer)


def test_every_page_is_also_json(app):
    told = ask(app, "GET", "/-/agents/guide.json", auth=HOST).json()

    assert (told["agent"]["agent"], told["agent"]["state"], told["note"]) == ("guide", "ready", "")
    assert told["document"]["sections"]["main"]


def test_no_code_of_an_agent_runs(app):
    told = ask(app, "GET", "/-/agents/choosy.json", auth=HOST).json()

    assert told["agent"]["failures"] == 0
    assert "before that" in told["note"]
    assert "You choose." in str(told["document"])


def test_credentials_of_an_agent_guard_its_document(app):
    """The host's pair does not open it, and the key does."""
    closed, opened = (
        ask(app, "GET", "/-/agents/own.json", auth=pair) for pair in (HOST, ("all", "the-secret-of-key-all"))
    )

    assert (closed.status_code, closed.json()["document"]) == (200, None)
    assert "You guide" not in ask(app, "GET", "/-/agents/own", auth=HOST).text
    assert opened.json()["document"] is not None


@pytest.mark.parametrize("path", ["nobody", "nobody.json", "guide/x"])
def test_an_unknown_agent(app, path):
    assert ask(app, "GET", f"/-/agents/{path}", auth=HOST).status_code == 404


def test_a_login_leads_back_to_the_agent(app):
    form = ask(app, "GET", "/-/agents/guide", at="http://127.0.0.1:3000")
    data = {"user": HOST[0], "password": HOST[1], "to": re.search('name="to" value="([^"]*)"', form.text)[1]}
    answer = ask(app, "POST", "/-/login", at="http://127.0.0.1:3000", data=data)

    assert form.status_code == 401
    assert 'action="../login"' in form.text
    assert answer.headers["location"] == "./agents/guide"
