"""The shop in text: without a language model, and with one on a port."""

from __future__ import annotations

import json
import sys

import pytest
from agenthost_supportgenie import (
    COMPLEX,
    PROFILE,
    QUERIES,
    EscalationAgent,
    SalesAgent,
    SupportAgent,
    TechnicalAgent,
)

from agenthost.testing import Calls, Fails, Says, ScriptedModel

TOOLS = {"support": "find_article", "technical": "troubleshoot"}
ROLES = {
    "customer support of": ("support", Calls("find_article", {"question": "defective"})),
    "technical support of": ("technical", Calls("troubleshoot", {"problem": "defective"})),
    "sales agent of": ("sales", Calls("find_products", {"query": "laptop"})),
    "senior colleague in": ("escalation", Calls("open_case", {"problem": "it is defective"})),
}
FACTS = {
    "support": "Something that arrived defective is replaced",
    "technical": "Photograph the fault",
    "sales": "Aero 13 laptop $899",
    "escalation": "Your case is 7001",
}


# -- without a language model ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [None, PROFILE], ids=["unknown", "Sarah Johnson"])
def test_each_query_reaches_its_agent_and_a_fact(host, known):
    """All twelve queries reach their agents by words alone.

    The agent asks for information that is missing.
    """
    for number, (text, agent) in enumerate(QUERIES.items()):
        reply = host.say("genie", text, known=known, conversation=f"c-{number}")

        assert reply["path"] == ["genie", f"genie-{agent}"], text
        ran = [event["tool"] for event in reply["events"] if event["event"] == "tool_ended"]
        if agent in TOOLS:
            assert ran == [TOOLS[agent]], text
        else:
            assert ran or "I need: " in reply["text"] or "Which " in reply["text"], text


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        ("How does order tracking work?", "support"),
        ("How do I track order 1042?", "support"),
        ("How do I track my parcel?", "support"),
        ("Where is my order?", "sales"),
        ("Has my order shipped?", "sales"),
        ("How do I cancel my order?", "sales"),
    ],
)
def test_tracking_is_explained_by_support_and_orders_are_found_by_sales(host, text, agent):
    assert host.say("genie", text)["path"] == ["genie", f"genie-{agent}"]


def test_what_is_known_of_the_customer_is_used(host):
    assert "The Plus plan ends" in host.say("genie", "I want to cancel my subscription", known=PROFILE)["text"]
    angry = host.say("genie", "This is ridiculous! I've been waiting for 2 weeks!", known=PROFILE, conversation="c")
    assert "open_case I need: your yes" in angry["text"]
    agreed = host.say("genie", "Yes, please", known=PROFILE, conversation="c")
    assert "Sarah Johnson, a manager calls you back" in agreed["text"]


def test_a_conversation_goes_on_with_its_agent(host):
    first = host.say("genie", "I want to cancel my order", conversation="c")
    then = host.say("genie", "1042", conversation="c")

    assert "cancel_order I need: order_id" in first["text"]
    assert then["text"] == "[offline model] Order 1042 (Aero 13 laptop) is cancelled. $899 will not be charged."


@pytest.mark.parametrize(
    ("workflow", "facts"),
    [
        ("genie", ["support"]),
        ("genie-options", ["support", "technical", "sales"]),
        ("genie-vote", ["technical"]),
        ("genie-chain", ["support"]),
        ("genie-levels", ["support"]),
    ],
)
def test_the_complex_query_goes_through_every_workflow(host, workflow, facts):
    reply = host.say(workflow, COMPLEX, known=PROFILE)

    assert reply["path"][0] == workflow
    for agent in facts:
        assert FACTS[agent] in reply["text"]


# -- with a language model -------------------------------------------------------------------------------------------


class Colleagues:
    """A language model that plays each agent.

    It calls the agent's tool, and answers with its result.

    Args:
        instead: what an agent does instead of its tool, by the agent.
        else_: what is done when no agent asks.
    """

    def __init__(self, instead=None, else_=None):
        self.instead = instead or {}
        self.else_ = else_
        self.asked = []

    def __call__(self, body):
        """The next step."""
        system = body["messages"][0]["content"]
        who = next(((name, step) for role, (name, step) in ROLES.items() if role in system), None)
        if who is None:
            return self.else_(body)
        name, step = who
        self.asked.append((name, body))
        said = [message["content"] for message in body["messages"] if message["role"] == "tool"]
        return self.instead.get(name) or (Says(f"{name} says: {said[-1]}") if said else step)

    def seen(self, name):
        """Return the context that an agent received with its last request."""
        body = next(body for agent, body in reversed(self.asked) if agent == name)
        told = [each["content"] for each in body["messages"] if str(each["content"]).startswith("Background")]
        return json.loads(told[0].partition("\n")[2]) if told else {}


@pytest.fixture
def modelled(make_host):
    """Makes a host whose language model is a scripted server."""
    opened = []

    def make(colleagues):
        model = ScriptedModel(then=colleagues)
        opened.append(model)
        model.__enter__()
        toml = f'[models]\ndefault = "openai"\n[models.openai]\nurl = "{model.url}"\napi_key = "k"\nretries = 0\n'
        return make_host(toml=toml)

    yield make
    for model in opened:
        model.__exit__(None, None, None)


@pytest.mark.parametrize("workflow", ["genie", "genie-options", "genie-vote", "genie-chain", "genie-levels"])
def test_every_query_of_the_customer_goes_through_every_workflow(modelled, workflow):
    """Each agent of a workflow knows the customer, calls its tool and answers."""

    def judge(body):
        return Says('{"best": 1}' if '"number": 1' in body["messages"][-1]["content"] else "All in one.")

    colleagues = Colleagues(else_=judge)
    replies = modelled(colleagues).say_all(workflow, [*QUERIES, COMPLEX], known=PROFILE)

    for reply in replies:
        assert reply["path"][0] == workflow
        assert len(reply["path"]) > 1
        assert " says: " in reply["text"] or reply["text"] == "All in one."
        assert "offline" not in reply["text"]
    for name, body in colleagues.asked:
        told = [each["content"] for each in body["messages"] if str(each["content"]).startswith("Background")]
        assert '"Sarah Johnson"' in told[0], name


def test_the_router_and_a_model(modelled):
    """Each query reaches its agent.

    The answer contains the fact of the agent's tool, and the agent knows the customer.
    """
    colleagues = Colleagues()
    host = modelled(colleagues)
    for number, (text, agent) in enumerate(QUERIES.items()):
        reply = host.say("genie", text, known=PROFILE, conversation=f"c-{number}")

        assert reply["path"] == ["genie", f"genie-{agent}"], text
        assert reply["text"].startswith(f"{agent} says: ")
        assert colleagues.seen(agent)["known"] == PROFILE


def test_what_words_do_not_say_the_model_is_asked(modelled):
    """A query that is not like any example goes to the classifier ``llm``."""
    asked = []

    def classify(body):
        asked.append(body)
        return Says('{"agent": "genie-sales", "confidence": 0.9}')

    reply = modelled(Colleagues(else_=classify)).say("genie", "Kuinka paljon toimitus maksaa?")

    assert len(asked) == 1
    assert reply["path"] == ["genie", "genie-sales"]


def test_options_are_combined_by_the_model(modelled):
    combined = []

    def combine(body):
        combined.append(json.loads(body["messages"][-1]["content"]))
        return Says("You can have it replaced, repaired or refunded.")

    reply = modelled(Colleagues(else_=combine)).say("genie-options", COMPLEX)

    assert reply["text"] == "You can have it replaced, repaired or refunded."
    [data] = combined
    assert data["question"] == COMPLEX
    assert [FACTS[name] in each["answer"] for name, each in zip(FACTS, data["answers"], strict=False)] == [True] * 3


def test_options_name_who_did_not_answer(modelled):
    colleagues = Colleagues({"sales": Fails(400)}, else_=lambda body: Says("Two answers in one."))

    reply = modelled(colleagues).say("genie-options", COMPLEX)

    assert reply["text"].startswith("Two answers in one.")
    assert "There is no answer from genie-sales" in reply["text"]


def test_votes_are_counted(modelled):
    """The model votes for what technical says, whatever its number is."""

    def ballot(body):
        data = json.loads(body["messages"][-1]["content"])
        best = next(each["number"] for each in data["answers"] if each["answer"].startswith("technical"))
        return Says(json.dumps({"best": best}))

    reply = modelled(Colleagues(else_=ballot)).say("genie-vote", COMPLEX)

    assert reply["text"].startswith("technical says: ")
    assert FACTS["technical"] in reply["text"]


def test_a_chain_passes_on_what_was_found(modelled):
    colleagues = Colleagues()

    reply = modelled(colleagues).say("genie-chain", COMPLEX)

    assert [name for name, _ in colleagues.asked] == ["technical", "technical", "sales", "sales", "support", "support"]
    notes = colleagues.seen("support")["notes"]
    assert [note["from"] for note in notes] == ["genie-technical", "genie-sales"]
    assert [FACTS[name] in note["text"] for name, note in zip(("technical", "sales"), notes, strict=True)] == [True] * 2
    assert FACTS["support"] in reply["text"]


def test_levels_hand_on_the_first_answer_and_the_reason(modelled):
    colleagues = Colleagues({"support": Says("I cannot resolve this.")})

    reply = modelled(colleagues).say("genie-levels", COMPLEX)

    assert reply["text"].startswith("escalation says: ")
    assert [note["text"] for note in colleagues.seen("escalation")["notes"]] == [
        "I cannot resolve this.",
        "the agent says: cannot resolve",
    ]


def test_a_refund_goes_from_sales_to_the_senior_in_one_turn(modelled):
    """The seed's automatic escalation, by what the agent does rather than by its words."""
    colleagues = Colleagues({"sales": Calls("hand_to_senior", {"reason": "wants a refund of 1022"})})

    reply = modelled(colleagues).say("genie", "I want to cancel my order")

    assert reply["path"] == ["genie", "genie-sales", "genie-escalation"]
    assert FACTS["escalation"] in reply["text"]


def test_no_query_is_an_example():
    """The router would only have to recognise it."""
    agents = (SupportAgent, TechnicalAgent, SalesAgent, EscalationAgent)
    modules = [sys.modules[agent.__module__] for agent in agents]
    examples = [said for module in modules for listed in module._EXAMPLES.values() for said in listed]

    assert {_plain(said) for said in examples} & {_plain(query) for query in QUERIES} == set()


def _plain(text):
    return text.casefold().replace("'s", " is").strip(" .!?")
