"""Words about speech: languages, words that callers say, and how words are pronounced."""

# ruff: noqa: FBT001, FBT002 - the field's agents pass these flags by position

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from agenthost.agent.vocabulary.configurable import Configurable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["SpeechWords", "language"]


class SpeechWords(Configurable):
    """How an agent speaks and listens."""

    def add_language(
        self,
        name: str,
        code: str,
        voice: str,
        speech_fillers: Sequence[str] | None = None,
        function_fillers: Sequence[str] | None = None,
        engine: str | None = None,
        model: str | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Self:
        """Add a language that the agent speaks.

        Args:
            name: what people call it, such as ``English``.
            code: BCP 47, such as ``en-US``.
            voice: the voice's name; ``engine.voice:model`` names all three at once.
            speech_fillers: what is said while the model thinks.
            function_fillers: what is said while a tool runs.
            engine: the speech engine, when ``voice`` does not name it.
            model: the engine's model, when ``voice`` does not name it.
            params: settings of the engine.
        """
        self._draft().languages.append(
            language(name, code, voice, speech_fillers, function_fillers, engine, model, params)
        )
        return self

    def set_languages(self, languages: Sequence[Mapping[str, Any]]) -> Self:
        """Replace the languages, written out as on the wire; an empty list changes nothing."""
        draft = self._draft()
        draft.languages = [dict(entry) for entry in languages or ()] or draft.languages
        return self

    def set_language_params(self, code: str, params: Mapping[str, Any]) -> Self:
        """Replace the engine's settings of the first language with this code; empty ones are removed."""
        for entry in self._draft().languages:
            if entry.get("code") == code:
                entry.pop("params", None)
                if params:
                    entry["params"] = dict(params)
                break
        return self

    def get_language_params(self, code: str) -> dict[str, Any] | None:
        """The engine's settings of the first language with this code; None without any."""
        found = (entry for entry in self._declared.draft.languages if entry.get("code") == code)
        params = next(found, {}).get("params")
        return dict(params) if params else None

    def set_multilingual(self, config: Mapping[str, Any]) -> Self:
        """Let the speech recogniser choose the language; the platform then leaves the languages aside.

        Args:
            config: as on the wire, with ``languages`` and perhaps ``start_language``; an empty one changes nothing.
        """
        draft = self._draft()
        draft.multilingual = dict(config or {}) or draft.multilingual
        return self

    def add_hint(self, hint: str) -> Self:
        """Add a word that callers are likely to say, such as a product's name."""
        return self.add_hints([hint])

    def add_hints(self, hints: Sequence[str]) -> Self:
        """Add several hints."""
        self._draft().hints.extend(hint for hint in hints if hint)
        return self

    def add_pattern_hint(self, hint: str, pattern: str, replace: str, ignore_case: bool = False) -> Self:
        """Add a word that is often misheard, and what to make of it; without all three nothing is added.

        Args:
            hint: the word.
            pattern: a regular expression for what is heard instead.
            replace: what is put in its place.
            ignore_case: whether the pattern holds in any case.
        """
        hints = self._draft().hints
        if hint and pattern and replace:
            hints.append({"hint": hint, "pattern": pattern, "replace": replace, "ignore_case": ignore_case})
        return self

    def add_pronunciation(self, replace: str, with_text: str, ignore_case: bool = False) -> Self:
        """Have a word spoken as another is written; without both nothing is added.

        Args:
            replace: the word.
            with_text: how it sounds.
            ignore_case: whether it is meant in any case.
        """
        rules = self._draft().pronounce
        if replace and with_text:
            rule: dict[str, Any] = {"replace": replace, "with": with_text}
            rules.append(rule | ({"ignore_case": True} if ignore_case else {}))
        return self

    def set_pronunciations(self, pronunciations: Sequence[Mapping[str, Any]]) -> Self:
        """Replace the pronunciations, written out as on the wire; an empty list changes nothing."""
        draft = self._draft()
        draft.pronounce = [dict(rule) for rule in pronunciations or ()] or draft.pronounce
        return self


def language(
    name: str,
    code: str,
    voice: str,
    speech_fillers: Sequence[str] | None,
    function_fillers: Sequence[str] | None,
    engine: str | None,
    model: str | None,
    params: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """An entry of ``ai.languages``; ``engine.voice:model`` is taken apart when neither is given by itself."""
    entry: dict[str, Any] = {"name": name, "code": code, "voice": voice}
    if engine or model:
        entry |= {key: value for key, value in (("engine", engine), ("model", model)) if value}
    elif "." in voice.partition(":")[0] and ":" in voice:
        spoken, _, named_model = voice.partition(":")
        named_engine, _, named_voice = spoken.partition(".")
        entry |= {"voice": named_voice, "engine": named_engine, "model": named_model}
    if speech_fillers and function_fillers:
        entry |= {"speech_fillers": list(speech_fillers), "function_fillers": list(function_fillers)}
    elif fillers := speech_fillers or function_fillers:
        entry["fillers"] = list(fillers)
    if params:
        entry["params"] = dict(params)
    return entry
