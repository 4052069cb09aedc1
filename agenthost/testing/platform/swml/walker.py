"""Walker: runs the verbs of a document in order, and follows transfers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve

from agenthost.testing.platform.leg import HungUp, Script, Transferred, agent_of
from agenthost.testing.platform.swml.connecting import connect
from agenthost.testing.platform.swml.documents import document_problem, fetch, inline_document
from agenthost.testing.platform.swml.frames import Frame, Jump, Returned, VerbError
from agenthost.testing.platform.swml.javascript import as_text, truthy
from agenthost.testing.platform.swml.media import BACKGROUND, MEDIA, PEOPLE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from agenthost.testing.platform.leg import Leaving, Leg
    from agenthost.testing.platform.swml.frames import Done

__all__ = ["VERBS", "run_confirmation", "run_inline", "run_leg"]

_MOST_JUMPS = 100
_NOT_VERBS = frozenset({"if", "eval", "say"})
_NO_TELEPHONE = "a conversation of AI Chat has no telephone"
_MEDIA_FILES = (".mp3", ".wav", ".ogg", ".aac", ".m4a")


async def run_leg(leg: Leg, dest: Any, params: Mapping[str, Any] | None = None) -> HungUp:
    """Run a leg from its first document to its end."""
    leaving: Leaving = Transferred(dest, params or {})
    while isinstance(leaving, Transferred):
        where = await _resolve(leg, leaving.dest, leaving.params)
        if where is None and leg.script is None and leg.room.options.fallback_url is not None:
            leg.trace("fallback", url=leg.room.options.fallback_url)
            where = await _resolve(leg, leg.room.options.fallback_url, leaving.params)
        if where is None:
            return HungUp("script_error")
        leg.script, section = where
        if not leg.hops or leg.hops[-1] != leg.agent:
            leg.hops.append(leg.agent)
        done = await _run(leg, leg.script, section, leaving.params, 0)
        leaving = done if isinstance(done, (HungUp, Transferred)) else HungUp("script_end")
        if isinstance(leaving, Transferred) and inline_document(leaving.dest) is None:
            leg.room.transfers += 1
            if leg.room.transfers > leg.room.options.limits.transfers:
                leg.trace("script_error", code="relay_script_transfers", message="more than 32 transfers in one call")
                return HungUp("script_error")
    return leaving


async def run_inline(leg: Leg, document: Mapping[str, Any]) -> Leaving | None:
    """Run a document that an action carries, while the AI session waits."""
    url = leg.script.url if leg.script is not None else ""
    before = leg.script
    done = await _run(leg, Script(document, url, leg.agent), "main", {}, leg.depth + 1)
    leg.script = before
    return done if isinstance(done, (HungUp, Transferred)) else None


async def run_confirmation(leg: Leg, confirm: str | list[Any]) -> HungUp:
    """Run the verbs, or the document at a URL, that a called party hears first."""
    verbs = {"version": "1.0.0", "sections": {"main": confirm}} if isinstance(confirm, list) else confirm
    where = await _resolve(leg, verbs, {}, "")
    if where is None:
        return HungUp("script_error")
    leg.script, section = where
    done = await _run(leg, leg.script, section, {}, 0)
    if isinstance(done, Transferred):
        return HungUp("transfer")
    return done if isinstance(done, HungUp) else HungUp("script_end")


async def _resolve(leg: Leg, dest: Any, params: Mapping[str, Any], kind: str = "transfer") -> tuple[Script, str] | None:
    """Find a transfer's destination: a section, a document in place, or a URL."""
    sections = leg.script.document.get("sections", {}) if leg.script is not None else {}
    if isinstance(dest, str) and dest in sections and leg.script is not None:
        leg.trace("transfer", dest=dest)
        return leg.script, dest
    document = inline_document(dest)
    if document is not None:
        url = leg.script.url if leg.script is not None else ""
        if problem := document_problem(document):
            leg.trace("script_error", code="relay_script_parse_error", message=problem)
            return None
        if kind:
            leg.trace(kind, dest="inline")
        return Script(document, url, leg.agent), "main"
    if not isinstance(dest, str) or not dest.startswith(("http://", "https://")):
        leg.trace("script_error", code="relay_script_transfer", message=f"no section and no URL: {dest!r}"[:200])
        return None
    if leg.script is not None and kind:
        leg.trace(kind, dest=dest)
    script = await fetch(leg, dest, params)
    return None if script is None else (script, "main")


async def _run(leg: Leg, script: Script, section: str, params: Mapping[str, Any], depth: int) -> Done:
    """Run a section to its end."""
    if depth > leg.room.options.limits.depth:
        leg.trace("script_error", code="relay_script_nesting", message="sections are nested too deep")
        return HungUp("script_error")
    sections = script.document.get("sections")
    verbs = sections.get(section) if isinstance(sections, dict) else None
    if not isinstance(verbs, list):
        leg.trace("script_error", code="relay_script_section", message=f"there is no section {section!r}")
        return HungUp("script_error")
    frame = Frame(leg, script, section, params, depth)
    before, leg.depth = leg.depth, depth
    try:
        done = await _verbs(frame, verbs)
        while isinstance(done, Jump):
            at = _label(verbs, done.label)
            if at is None:
                leg.trace("script_error", code="relay_script_label", message=f"there is no label {done.label!r}")
                return HungUp("script_error")
            done = await _verbs(frame, verbs[at + 1 :])
        return done
    finally:
        leg.depth = before


async def _verbs(frame: Frame, verbs: Sequence[Any]) -> Done:
    leg, room = frame.leg, frame.leg.room
    for entry in verbs:
        named = {entry: {}} if isinstance(entry, str) else entry
        if not isinstance(named, dict) or not named:
            if (done := _unknown(leg, repr(entry)[:80])) is not None:
                return done
            continue
        for verb, config in named.items():
            room.verbs += 1
            if room.verbs > room.options.limits.verbs:
                leg.finding("loop_guard", "the call runs too many verbs, so it is ended")
                return HungUp("loop_guard")
            try:
                done = await _perform(frame, verb, config)
            except VerbError as error:
                leg.trace("script_error", code="relay_script_bad_parameter", message=f"{verb}: {error}")
                done = None if room.options.lenient else HungUp("script_error")
            if done is not None:
                return done
    return None


async def _perform(frame: Frame, verb: str, config: Any) -> Done:
    leg = frame.leg
    if verb in _CONTROL:
        return await _CONTROL[verb](frame, config)
    if leg.chat and verb in _TELEPHONY:
        leg.trace("verb", verb=verb, config=frame.expanded(config), not_performed=_NO_TELEPHONE)
        return None
    if verb in MEDIA:
        return await MEDIA[verb](frame, config)
    if verb == "connect":
        return await _connect(frame, config)
    if verb in {"ai", "amazon_bedrock"}:
        if not isinstance(config, dict):
            raise VerbError("the verb needs an object")
        return await leg.run_ai(leg, config, frame.script)
    if verb in BACKGROUND:
        leg.trace("verb", verb=verb, config=frame.expanded(config))
        variable = BACKGROUND[verb]
        if variable is not None:
            leg.vars[variable] = str(leg.room.outcome(verb, "success"))
        return None
    if verb in PEOPLE:
        return await _join(frame, verb, config)
    return _unknown(leg, verb)


async def _join(frame: Frame, verb: str, config: Any) -> Done:
    """Join people, after the wait for them. The result is scripted."""
    variable, usual = PEOPLE[verb]
    frame.leg.trace("verb", verb=verb, config=frame.expanded(config))
    url = config.get("wait_url") if isinstance(config, dict) else None
    done = await _wait(frame, str(frame.text(url))) if isinstance(url, str) and url else None
    if done is None:
        frame.set(variable, str(frame.leg.room.outcome(verb, usual)))
    return done


async def _wait(frame: Frame, url: str) -> Done:
    """Run the document of a waiting room.

    Sound is traced. A document that cannot be used is a finding.
    """
    leg = frame.leg
    if agent_of(url).lower().endswith(_MEDIA_FILES):
        leg.trace("played", url=url)
        return None
    before = leg.script
    script = await fetch(leg, url, {})
    if script is None:
        leg.finding("wait_url", f"the document for the wait cannot be used: {url}"[:300])
        return None
    done = await _run(leg, script, "main", {}, frame.depth + 1)
    leg.script = before
    return done if isinstance(done, (HungUp, Transferred)) else None


def _unknown(leg: Leg, verb: str) -> Done:
    hint = ", which some lists name, is not a verb of the platform" if verb in _NOT_VERBS else " is unknown"
    leg.finding("unknown_verb", f"the verb {verb!r}{hint}")
    if leg.room.options.lenient:
        return None
    leg.trace("script_error", code="relay_script_unknown_method", message=f"unknown method {verb!r}"[:200])
    return HungUp("script_error")


def _label(verbs: Sequence[Any], label: str) -> int | None:
    named = (at for at, verb in enumerate(verbs) if isinstance(verb, dict) and verb.get("label") == label)
    return next(named, None)


async def _connect(frame: Frame, config: Any) -> Done:
    done = await connect(frame, config)
    if done is None and isinstance(config.get("result"), dict):
        return await _choose(frame, as_text(frame.leg.vars["connect_result"]), config["result"], strict=False)
    return done


async def _label_verb(_frame: Frame, _config: Any) -> Done:
    return None


async def _goto(frame: Frame, config: Any) -> Done:
    if not isinstance(config, dict) or not isinstance(config.get("label"), str):
        raise VerbError("goto needs a label")
    if "when" in config and not truthy(frame.value(str(config["when"]))):
        return None
    most = config.get("max", _MOST_JUMPS)
    most = min(max(most, 1), _MOST_JUMPS) if isinstance(most, int) else _MOST_JUMPS
    jumps = frame.jumps.get(id(config), 0) + 1
    frame.jumps[id(config)] = jumps
    if jumps > most:
        return None
    frame.leg.trace("goto", label=config["label"], jump=jumps)
    return Jump(config["label"])


async def _cond(frame: Frame, config: Any) -> Done:
    if not isinstance(config, list):
        raise VerbError("cond needs a list")
    for case in config:
        if not isinstance(case, dict):
            raise VerbError("cond needs objects with when and then, or else")
        chosen = None
        if "when" in case:
            chosen = case.get("then") if truthy(frame.value(str(case["when"]))) else None
        elif "else" in case:
            chosen = case["else"]
        if isinstance(chosen, list):
            return await _verbs(_inside(frame), chosen)
    return None


def _inside(frame: Frame) -> Frame:
    """Return the frame of verbs inside a verb, which shares the section's jumps.

    Raises:
        VerbError: the nesting is too deep.
    """
    if frame.depth >= frame.leg.room.options.limits.depth:
        raise VerbError("verbs are nested too deep")
    return evolve(frame, depth=frame.depth + 1)


async def _switch(frame: Frame, config: Any) -> Done:
    if not isinstance(config, dict) or not isinstance(config.get("variable"), str):
        raise VerbError("switch needs a variable")
    return await _choose(frame, as_text(frame.named(config["variable"])), config, strict=True)


async def _choose(frame: Frame, value: str, config: Mapping[str, Any], *, strict: bool) -> Done:
    """Run the verbs of a case."""
    cases = config.get("case", {})
    chosen = cases.get(value, config.get("default")) if isinstance(cases, dict) else None
    if isinstance(chosen, list):
        return await _verbs(_inside(frame), chosen)
    if strict:
        msg = f"switch has no case {value!r} and no default"
        raise VerbError(msg)
    return None


async def _set(frame: Frame, config: Any) -> Done:
    if not isinstance(config, dict):
        raise VerbError("set needs an object")
    for name, value in config.items():
        frame.set(name, frame.expanded(value))
    return None


async def _unset(frame: Frame, config: Any) -> Done:
    names = config if isinstance(config, list) else config.get("vars", []) if isinstance(config, dict) else [config]
    for name in names if isinstance(names, list) else [names]:
        frame.leg.vars.pop(str(name), None)
    frame.leg.trace("unset", variables=[str(name) for name in (names if isinstance(names, list) else [names])])
    return None


async def _transfer(frame: Frame, config: Any) -> Done:
    settings = {"dest": config} if isinstance(config, str) else config
    if not isinstance(settings, dict) or "dest" not in settings:
        raise VerbError("transfer needs a dest")
    params = frame.expanded(settings.get("params", {}))
    return Transferred(frame.expanded(settings["dest"]), params if isinstance(params, dict) else {})


async def _execute(frame: Frame, config: Any) -> Done:
    settings = {"dest": config} if isinstance(config, str) else config
    if not isinstance(settings, dict) or "dest" not in settings:
        raise VerbError("execute needs a dest")
    leg = frame.leg
    params = frame.expanded(settings.get("params", {}))
    params = params if isinstance(params, dict) else {}
    before = leg.script
    leg.script = frame.script
    where = await _resolve_section(leg, frame.expanded(settings["dest"]), params)
    if where is None:
        return HungUp("script_error")
    script, section = where
    leg.script = script
    done = await _run(leg, script, section, params, frame.depth + 1)
    leg.script = before
    if isinstance(done, (HungUp, Transferred)):
        return done
    value = done.value if isinstance(done, Returned) else None
    frame.set("return_value", value)
    after = settings.get("on_return")
    if isinstance(after, list):
        return await _verbs(_inside(frame), after)
    if isinstance(settings.get("result"), dict):
        return await _choose(frame, as_text(value), settings["result"], strict=False)
    return None


async def _resolve_section(leg: Leg, dest: Any, params: Mapping[str, Any]) -> tuple[Script, str] | None:
    """Find the destination of ``execute``."""
    leg.trace("execute", dest=dest if isinstance(dest, str) and len(dest) < 300 else "inline")
    sections = leg.script.document.get("sections", {}) if leg.script is not None else {}
    if isinstance(dest, str) and leg.script is not None and dest in sections:
        return leg.script, dest
    return await _resolve(leg, dest, params, "")


async def _return(frame: Frame, config: Any) -> Done:
    return Returned(frame.expanded(config))


_CONTROL: Mapping[str, Callable[[Frame, Any], Awaitable[Done]]] = {
    "label": _label_verb,
    "goto": _goto,
    "cond": _cond,
    "switch": _switch,
    "set": _set,
    "unset": _unset,
    "transfer": _transfer,
    "execute": _execute,
    "return": _return,
}
_ANYWHERE = frozenset({"execute_rpc", "hangup", "request", "send_sms", "sleep", "user_event"})
_TELEPHONY = frozenset({*MEDIA, *BACKGROUND, *PEOPLE, "connect"} - _ANYWHERE)
"""The verbs that need a telephone, which a conversation of AI Chat does not have."""
VERBS = frozenset({*_CONTROL, *MEDIA, *BACKGROUND, *PEOPLE, "ai", "amazon_bedrock", "connect"})
"""The verbs that the platform has."""
