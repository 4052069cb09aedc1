"""Options of the platform: everything its documentation leaves open, with limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost.testing.platform.script import Fault, Stub

__all__ = ["Limits", "PlatformOptions"]


@frozen
class Limits:
    """Limits that end whatever does not end by itself.

    Args:
        transfers: transfers of one call.
        verbs: verbs of one call.
        depth: sections and documents inside each other.
        rounds: the model's turns after one input.
        calls: function calls of one call.
        same_call: identical function calls in a row.
        sessions: AI sessions of one call.
        text: characters of an expanded text, and of a variable in JSON.
    """

    transfers: int = 32
    verbs: int = 2000
    depth: int = 24
    rounds: int = 12
    calls: int = 400
    same_call: int = 3
    sessions: int = 40
    text: int = 65536


@frozen
class PlatformOptions:
    """Options of a platform.

    Args:
        seed: seed of IDs and of random choices.
        start: time of the call's start, in seconds since 1970.
        stubs: answers of other systems.
        faults: faults to inject.
        outcomes: results of verbs that need people, a list for each verb, such as ``{"connect": ["failed"]}``.
        sip_domains: domains whose SIP addresses reach the host under test.
        sip_path: path of the host for SIP addresses.
        signing_key: key of the webhook signatures. None sends none.
        sign_all: whether tool calls and summaries are signed, too.
        gates: verdicts of semantic gates by their ID. A gate without one passes.
        envs: the account's variables.
        lenient: whether unknown verbs are skipped instead of ending the call.
        back_to_back: whether the model may call functions again before it has spoken about the last result.
        toggle_any: whether ``toggle_functions`` reaches functions with other metadata tokens.
        summary_per_session: whether each AI session has a summary, or only the call's last.
        connect_timeout: seconds to connect.
        document_timeout: seconds for a document.
        tool_timeout: seconds for a function call.
        fallback_url: URL of the document if the first one of a call cannot be used.
        retries: repetitions of a failed function call or summary.
        real_pauses: whether the pause before a repetition takes real time, too, as a load on a host needs.
        limits: limits that end what does not end by itself.
    """

    seed: int = 0
    start: int = 1_767_603_600
    stubs: tuple[Stub, ...] = ()
    faults: tuple[Fault, ...] = ()
    outcomes: Mapping[str, list[Any]] = field(factory=dict)
    sip_domains: tuple[str, ...] = ()
    sip_path: str = "/sip"
    signing_key: str | None = None
    sign_all: bool = True
    gates: Mapping[str, bool] = field(factory=dict)
    envs: Mapping[str, Any] = field(factory=dict)
    lenient: bool = False
    back_to_back: bool = False
    toggle_any: bool = False
    summary_per_session: bool = True
    connect_timeout: float = 30.0
    document_timeout: float = 15.0
    tool_timeout: float = 120.0
    fallback_url: str | None = None
    retries: int = 3
    real_pauses: bool = False
    limits: Limits = field(factory=Limits)
