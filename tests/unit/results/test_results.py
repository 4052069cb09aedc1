"""FunctionResult: what its methods emit, and what they refuse."""

import json

import conformance
import pytest

from agenthost.errors import DefinitionError
from agenthost.prompt import PromptSections
from agenthost.results import FunctionResult, HandOver, SwaigFunctionResult

ACTIONS = conformance.records("actions")


def swml(*verbs):
    return {"version": "1.0.0", "sections": {"main": list(verbs)}}


def build(record):
    result = FunctionResult(*record["ctor_args"], **record["ctor_kwargs"])
    for method, args, kwargs in record["chain"]:
        assert getattr(result, method)(*args, **kwargs) is result
    return result


@pytest.mark.parametrize("record", [r for r in ACTIONS if r["kind"] == "result"], ids=lambda r: r["id"])
def test_emits_what_the_platform_expects(record):
    """A chain of calls emits the recorded JSON, and every call returns the result."""
    assert record["emitted_json"] == build(record).to_dict()


@pytest.mark.parametrize("record", [r for r in ACTIONS if r["kind"] == "static"], ids=lambda r: r["id"])
def test_static_emits_what_the_platform_expects(record):
    """A static method returns the recorded JSON."""
    actual = getattr(FunctionResult, record["method"])(*record["args"], **record["kwargs"])

    assert record["emitted_json"] == actual


@pytest.mark.parametrize("record", [r for r in ACTIONS if r["kind"] == "error"], ids=lambda r: r["id"])
def test_wrong_arguments_are_refused_by_the_method(record):
    """A wrong argument raises the recorded kind of error where it is passed."""
    expected = {"ValueError": DefinitionError, "TypeError": TypeError}[record["error"]["type"]]

    with pytest.raises(expected):
        build(record)


@pytest.mark.parametrize("record", [r for r in ACTIONS if r["kind"] == "result"], ids=lambda r: r["id"])
def test_transfer_stands_before_swml(record):
    """In an action with both, the platform reads of the transfer first (wire.md, section 3)."""
    for action in build(record).to_dict().get("action", ()):
        if {"transfer", "SWML"} <= action.keys():
            assert list(action) == ["transfer", "SWML"]


def test_the_older_name_is_the_same_class():
    """Agents in the field import SwaigFunctionResult."""
    assert FunctionResult is SwaigFunctionResult


class TestHandOver:
    def test_goes_to_the_agent_s_url(self):
        """The host adds the address of the agent when it encodes the result."""
        result = FunctionResult("One moment.").hand_over("sales")

        assert {
            "response": "One moment.",
            "action": [{"transfer": "true", "SWML": swml({"transfer": {"dest": "https://host.example/sales"}})}],
        } == result.to_dict(lambda agent: f"https://host.example/{agent}")

    def test_comes_back_with_words_for_the_model(self):
        """A call that returns tells the model what to say then, as swml_transfer does."""
        handed_over = FunctionResult().hand_over("sales", "Anything else?", final=False)
        transferred = FunctionResult().swml_transfer("https://host.example/sales", "Anything else?", final=False)

        assert transferred.to_dict() == handed_over.to_dict(lambda agent: f"https://host.example/{agent}")

    def test_keeps_its_place_among_the_actions(self):
        result = FunctionResult().say("Bye").hand_over("sales").stop()

        assert [next(iter(a)) for a in result.to_dict(str)["action"]] == ["say", "transfer", "stop"]

    def test_can_be_seen_before_it_is_encoded(self):
        """A test of an agent package needs no host."""
        assert [HandOver("sales")] == FunctionResult().hand_over("sales").action

    def test_cannot_be_encoded_without_a_host(self):
        """A marker never reaches the platform."""
        with pytest.raises(DefinitionError, match=r"hand_over\('sales'\): the URL of the agent is unknown"):
            FunctionResult().hand_over("sales").to_dict()

    def test_needs_a_name(self):
        with pytest.raises(DefinitionError, match="the name of an agent of this host; got ''"):
            FunctionResult().hand_over("")

    def test_that_comes_back_needs_words_for_the_model(self):
        with pytest.raises(DefinitionError, match="pass ai_response"):
            FunctionResult().hand_over("sales", final=False)


class TestNativeActions:
    def test_transfer(self):
        assert FunctionResult().transfer("https://x.example").to_dict() == {
            "action": [{"transfer": "https://x.example"}]
        }

    def test_transfer_with_a_summary(self):
        """The next agent can get a summary of the conversation."""
        result = FunctionResult().transfer("https://x.example", summarize=True)

        assert result.to_dict() == {"action": [{"transfer": {"dest": "https://x.example", "summarize": True}}]}

    def test_transfer_needs_a_destination(self):
        with pytest.raises(DefinitionError, match="the URL of a SWML document"):
            FunctionResult().transfer(" ")

    def test_user_event(self):
        assert FunctionResult().user_event({"type": "seen"}).to_dict() == {"action": [{"user_event": {"type": "seen"}}]}

    @pytest.mark.parametrize("allowed", [True, False, "forever"])
    def test_back_to_back_functions(self, allowed):
        assert {"action": [{"back_to_back_functions": allowed}]} == FunctionResult().back_to_back_functions(
            allowed
        ).to_dict()

    def test_back_to_back_functions_refuses_other_words(self):
        with pytest.raises(DefinitionError, match=r'True, False or "forever"; got \'twice\''):
            FunctionResult().back_to_back_functions("twice")

    def test_switch_context_takes_sections(self):
        """A prompt is built as sections, or written out as a list of them."""
        pom = [{"title": "Role", "body": "You sell."}]
        sections = PromptSections()
        sections.add_section("Role", "You sell.")

        assert {
            "action": [{"context_switch": {"system_pom": pom, "user_pom": pom}}]
        } == FunctionResult().switch_context(system_pom=sections, user_pom=pom).to_dict()

    def test_switch_context_takes_a_prompt_once(self):
        with pytest.raises(DefinitionError, match="as text or as sections, not as both"):
            FunctionResult().switch_context("You sell.", system_pom=[{"title": "Role", "body": "You sell."}])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: FunctionResult(5), "response must be a string or an object, not int"),
        (lambda: FunctionResult().set_response(5), "response must be a string or an object, not int"),
        (lambda: FunctionResult().say(None), "text must be a string, not NoneType"),
        (
            lambda: FunctionResult().connect(15551234567),
            "destination must be a number or a SIP address, not int",
        ),
        (lambda: FunctionResult().update_global_data("k"), "data must be an object, not str"),
        (lambda: FunctionResult().set_metadata([("k", 1)]), "data must be an object, not list"),
        (lambda: FunctionResult().toggle_functions("f"), "function_toggles must be a list, not str"),
        (lambda: FunctionResult().add_action(5, "x"), "name must be a string, not int"),
        (lambda: FunctionResult().add_actions(["say"]), "an action must be an object, not str"),
        (lambda: FunctionResult().execute_swml(5), "swml_content must be a SWML document"),
        (lambda: FunctionResult().swml_change_context(None), "context_name must be a string, not NoneType"),
    ],
)
def test_wrong_types_are_refused_by_the_method(call, message):
    """The error names the argument, and comes where the author wrote it."""
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: FunctionResult().tap("wss://x", rtp_ptime=0),
            "rtp_ptime must be an integer of at least 1; got 0",
        ),
        (
            lambda: FunctionResult().join_conference("c", max_participants=1),
            "an integer of at least 2; got 1",
        ),
        (lambda: FunctionResult().pay("https://x", security_code="yes"), "must be true or false; got 'yes'"),
    ],
)
def test_wrong_values_are_refused_by_the_method(call, message):
    with pytest.raises(DefinitionError, match=message):
        call()


@pytest.mark.parametrize(
    ("value", "emitted"),
    [("3", "3"), (3.0, "3"), (" ${args.n} ", "${args.n}"), ("%{n}", "%{n}"), ("-1", "-1")],
)
def test_numbers_may_be_variables_of_the_platform(value, emitted):
    """A number that is not known yet may be a variable."""
    action = FunctionResult().pay("https://x", max_attempts=value, security_code="${args.code}").to_dict()["action"][0]
    payment = action["SWML"]["sections"]["main"][1]["pay"]

    assert (emitted, "${args.code}") == (payment["max_attempts"], payment["security_code"])


def test_a_document_object_is_run():
    """Anything with to_dict() is a document."""

    class Document:
        def to_dict(self):
            return swml({"hangup": {}})

    assert {"action": [{"SWML": swml({"hangup": {}})}]} == FunctionResult().execute_swml(Document()).to_dict()


def test_background_sound_that_is_waited_for():
    assert FunctionResult().play_background_file("a.mp3", wait=True).to_dict() == {
        "action": [{"playback_bg": {"file": "a.mp3", "wait": True}}]
    }


def test_encoding_leaves_the_result_as_it_was():
    """An encoded result does not share data with the result that made it."""
    result = FunctionResult("x").say("a")
    sent = result.to_dict()
    result.say("b")

    assert sent == {"response": "x", "action": [{"say": "a"}]}


def test_its_text_shows_what_it_holds():
    assert repr(FunctionResult("x").say("a")) == "<FunctionResult 'x' [{'say': 'a'}] post_process=False>"


def test_a_result_has_no_stray_attributes():
    """A misspelt attribute is an error, not a silent no-op."""
    with pytest.raises(AttributeError):
        FunctionResult().actions = []


def test_json_text_of_a_result_keeps_the_order_of_actions():
    assert (
        json.dumps(FunctionResult("x").say("a").hangup().to_dict())
        == '{"response": "x", "action": [{"say": "a"}, {"hangup": true}]}'
    )
