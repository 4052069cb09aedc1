"""DataMap: the definition it emits, and what it refuses."""

import re

import conformance
import pytest

from agenthost.errors import DefinitionError
from agenthost.results import FunctionResult
from agenthost.tools.datamap import DataMap, create_expression_tool, create_simple_api_tool
from agenthost.tools.gates import SemanticGate

RECORDS = conformance.records("documents", tag="datamap")


def emitted(record):
    ai = next(verb["ai"] for verb in record["emitted"]["sections"]["main"] if "ai" in verb)
    return ai["SWAIG"]["functions"]


@pytest.mark.parametrize("record", [r for r in RECORDS if not r["error"]], ids=lambda r: r["id"])
def test_emits_what_the_platform_expects(record):
    assert emitted(record) == conformance.replay(record["steps"])["agent"].functions


@pytest.mark.parametrize("record", [r for r in RECORDS if r["error"]], ids=lambda r: r["id"])
def test_wrong_calls_are_refused(record):
    with pytest.raises(DefinitionError):
        conformance.replay(record["steps"])


@pytest.mark.parametrize("record", conformance.records("judgement", tag="datamap"), ids=lambda r: r["id"])
def test_a_tool_that_does_nothing_is_refused(record):
    """doc0130 to doc0133: the SDK emits an empty data_map, a tool that never answers.

    Here it is refused.
    """
    with pytest.raises(DefinitionError, match="DataMap 'dm': it does nothing"):
        conformance.replay(record["steps"])


def test_parameters():
    """A second definition of a parameter replaces the first, including its requirement."""
    tool = (
        DataMap("dm")
        .parameter("q", "string", "query", required=True)
        .parameter("k", "string", "kind", enum=["a", "b"], required=True)
        .parameter("q", "integer", "redefined")
        .fallback_output(FunctionResult("x"))
    )

    assert tool.to_swaig_function()["parameters"] == {
        "type": "object",
        "properties": {
            "q": {"type": "integer", "description": "redefined"},
            "k": {"type": "string", "description": "kind", "enum": ["a", "b"]},
        },
        "required": ["k"],
    }


@pytest.mark.parametrize("method", ["purpose", "description"])
def test_purpose(method):
    tool = getattr(DataMap("dm"), method)("Does X").fallback_output(FunctionResult("x"))

    assert tool.to_swaig_function()["description"] == "Does X"


def test_flags_of_a_compiled_pattern_are_kept():
    """The platform gets a text that contains the flags."""
    tool = DataMap("dm").expression("${args.c}", re.compile("^ja$", re.IGNORECASE | re.MULTILINE), FunctionResult("x"))

    assert tool.to_swaig_function()["data_map"]["expressions"][0]["pattern"] == "(?im)^ja$"


def test_expressions_of_a_web_call():
    """Their answers are results, or objects as on the wire."""
    tool = (
        DataMap("dm")
        .webhook("get", "https://a.example")
        .webhook_expressions(
            [
                {"string": "${response.s}", "pattern": "ok", "output": FunctionResult("fine").hangup()},
                {"string": "${response.s}", "pattern": ".", "output": {"response": "odd"}},
            ]
        )
    )

    assert tool.to_swaig_function()["data_map"]["webhooks"][0]["expressions"] == [
        {
            "string": "${response.s}",
            "pattern": "ok",
            "output": {"response": "fine", "action": [{"hangup": True}]},
        },
        {"string": "${response.s}", "pattern": ".", "output": {"response": "odd"}},
    ]


def test_an_answer_can_hand_the_call_over():
    """The host adds the agent's address when it renders the document."""
    tool = DataMap("dm").expression("${args.c}", "sales", FunctionResult("Sure.").hand_over("sales"))
    expected = FunctionResult("Sure.").hand_over("sales").to_dict(lambda _agent: "https://host.example/sales")

    function = tool.to_swaig_function(lambda agent: f"https://host.example/{agent}")

    assert expected == function["data_map"]["expressions"][0]["output"]
    with pytest.raises(DefinitionError, match="the URL of the agent is unknown"):
        tool.to_swaig_function()


def test_early_error_keys_hold_for_all_web_calls():
    tool = DataMap("dm").error_keys("error").webhook("GET", "https://a.example")

    assert tool.to_swaig_function()["data_map"]["error_keys"] == ["error"]


def test_simple_api_tool():
    tool = create_simple_api_tool(
        "weather",
        "https://api.example/${enc:args.city}",
        "It is ${response.temp} degrees.",
        {"city": {"description": "City", "required": True}, "unit": {"enum": ["C", "F"]}},
        method="POST",
        headers={"X-Key": "k"},
        body={"days": 1},
        error_keys=["error"],
    )

    assert tool.to_swaig_function() == {
        "function": "weather",
        "description": "Execute weather",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "City"},
                "unit": {"type": "string", "description": "unit parameter", "enum": ["C", "F"]},
            },
            "required": ["city"],
        },
        "data_map": {
            "webhooks": [
                {
                    "url": "https://api.example/${enc:args.city}",
                    "method": "POST",
                    "headers": {"X-Key": "k"},
                    "params": {"days": 1},
                    "error_keys": ["error"],
                    "output": {"response": "It is ${response.temp} degrees."},
                }
            ]
        },
    }


def test_expression_tool():
    tool = create_expression_tool(
        "play", {"${args.c}": ("start", FunctionResult("Playing").say("la"))}, {"c": {"type": "string"}}
    )

    assert tool.to_swaig_function()["data_map"]["expressions"] == [
        {
            "string": "${args.c}",
            "pattern": "start",
            "output": {"response": "Playing", "action": [{"say": "la"}]},
        }
    ]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: DataMap(""), "a DataMap needs the name of its tool"),
        (lambda: DataMap("dm").parameter("q", "str", "query"), "parameter 'q' has the unknown type 'str'"),
        (lambda: DataMap("dm").webhook("FETCH", "https://a"), "webhook method 'FETCH' is unknown"),
        (lambda: DataMap("dm").webhook("GET", ""), "a webhook needs a URL"),
        (lambda: DataMap("dm").params({}), r"params describes a web call. fix: call webhook\(\) first"),
        (lambda: DataMap("dm").foreach({"input_key": "i"}), "foreach needs output_key, append"),
        (
            lambda: DataMap("dm").webhook("GET", "u").webhook_expressions([{"string": "s"}]),
            "needs pattern, output",
        ),
    ],
)
def test_mistakes_are_refused_by_the_method(call, message):
    with pytest.raises(DefinitionError, match=message):
        call()


def test_answers_are_results():
    with pytest.raises(TypeError, match="DataMap 'dm': fallback_output must be a FunctionResult, not str"):
        DataMap("dm").fallback_output("x")


def test_gates_of_a_data_map():
    """They are written as those of other tools."""
    tool = (
        DataMap("refund")
        .fallback_output(FunctionResult("x"))
        .gate(SemanticGate("Identified?", 0.5, "Ask who they are.", id="identified"))
    )
    described = tool.gate_fillers({"default": ["One moment."]}).to_swaig_function()

    assert [gate["id"] for gate in described["gates"]] == ["identified"]
    assert described["gate_fillers"] == {"default": ["One moment."]}


def test_gate_fillers_need_a_gate():
    tool = DataMap("refund").fallback_output(FunctionResult("x")).gate_fillers({"default": ["x"]})

    with pytest.raises(DefinitionError, match="gate_fillers are spoken during gates"):
        tool.to_swaig_function()
