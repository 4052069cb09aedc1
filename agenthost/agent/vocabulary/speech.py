"""Methods for speech: languages, hints and pronunciations."""

# ruff: noqa: FBT001, FBT002 - the field's agents pass these flags by position

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from agenthost.agent.vocabulary.configurable import Configurable
from agenthost.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["SpeechWords", "language"]


class SpeechWords(Configurable):
    """The speech of an agent, in both directions."""

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
            name: its name, such as ``English``.
            code: BCP 47, such as ``en-US``.
            voice: the voice's name. ``engine.voice:model`` names all three at once.
            speech_fillers: phrases spoken while the model thinks.
            function_fillers: phrases spoken while a tool runs.
            engine: the speech engine, if ``voice`` does not name it.
            model: the engine's model, if ``voice`` does not name it.
            params: settings of the engine.
        """
        self._draft().languages.append(
            language(name, code, voice, speech_fillers, function_fillers, engine, model, params)
        )
        return self

    def set_languages(self, languages: Sequence[Mapping[str, Any]]) -> Self:
        """Replace the languages by JSON values, as on the wire.

        An empty list changes nothing.
        """
        draft = self._draft()
        draft.languages = [dict(entry) for entry in languages or ()] or draft.languages
        return self

    def set_language_params(self, code: str, params: Mapping[str, Any]) -> Self:
        """Replace the engine's settings of the first language with this code.

        Empty settings remove them.
        """
        for entry in self._draft().languages:
            if entry.get("code") == code:
                entry.pop("params", None)
                if params:
                    entry["params"] = dict(params)
                break
        return self

    def get_language_params(self, code: str) -> dict[str, Any] | None:
        """Return the engine's settings of the first language with this code, or None."""
        found = (entry for entry in self._declared.draft.languages if entry.get("code") == code)
        params = next(found, {}).get("params")
        return dict(params) if params else None

    def set_multilingual(self, config: Mapping[str, Any]) -> Self:
        """Let the speech recogniser choose the language.

        The platform then ignores the languages.

        Args:
            config: as on the wire, with ``languages`` and perhaps ``start_language``. An empty one changes nothing.
        """
        draft = self._draft()
        draft.multilingual = dict(config or {}) or draft.multilingual
        return self

    def add_hint(self, hint: str) -> Self:
        """Add a word that callers are likely to say, such as a product's name."""
        return self.add_hints([hint])

    def add_hints(self, hints: Sequence[str]) -> Self:
        """Add several hints.

        Raises:
            DefinitionError: they are one text.
        """
        if isinstance(hints, str):
            raise DefinitionError(
                f"add_hints takes a list, and {hints!r} would be split into letters. fix: add_hint({hints!r})"
            )
        self._draft().hints.extend(hint for hint in hints if hint)
        return self

    def add_pattern_hint(self, hint: str, pattern: str, replace: str, ignore_case: bool = False) -> Self:
        """Add a word that is often misrecognised, with its correction.

        Without all three texts, nothing is added.

        Args:
            hint: the word.
            pattern: a regular expression for the misrecognised words.
            replace: the correction.
            ignore_case: whether the pattern ignores case.
        """
        hints = self._draft().hints
        if hint and pattern and replace:
            hints.append({"hint": hint, "pattern": pattern, "replace": replace, "ignore_case": ignore_case})
        return self

    def add_pronunciation(self, replace: str, with_text: str, ignore_case: bool = False) -> Self:
        """Pronounce a word like another.

        Without both texts, nothing is added.

        Args:
            replace: the word.
            with_text: the text that sounds like it.
            ignore_case: whether case is ignored.
        """
        rules = self._draft().pronounce
        if replace and with_text:
            rule: dict[str, Any] = {"replace": replace, "with": with_text}
            rules.append(rule | ({"ignore_case": True} if ignore_case else {}))
        return self

    def set_pronunciations(self, pronunciations: Sequence[Mapping[str, Any]]) -> Self:
        """Replace the pronunciations by JSON values, as on the wire.

        An empty list changes nothing.
        """
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
    """Return an entry of ``ai.languages``.

    A voice ``engine.voice:model`` is split, unless engine or model is given.
    """
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
