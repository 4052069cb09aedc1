"""Skills that ask a web service, with a key of one's own."""

from __future__ import annotations

from typing import Any

import attrs

from agenthost import DataMap, FunctionResult, Secret, Skill

__all__ = ["JokeSettings", "JokeSkill", "WeatherSettings", "WeatherSkill"]

_JOKES = "https://api.api-ninjas.com/v1/${args.type}"
_WEATHER = "https://api.weatherapi.com/v1/current.json?key={key}&q=${{lc:enc:args.location}}&aqi=no"
_UNITS = {"fahrenheit": ("temp_f", "feelslike_f"), "celsius": ("temp_c", "feelslike_c")}


def _key(value: Secret | str) -> Secret:
    key = Secret(value) if isinstance(value, str) else value
    if not isinstance(key, Secret) or not key.reveal().strip():
        raise ValueError("api_key must be the key of the web service")
    return key


@attrs.frozen
class JokeSettings:
    """Settings of ``joke``.

    Args:
        api_key: Key for api-ninjas.com
        tool_name: Name of the tool
    """

    api_key: Secret = attrs.field(converter=_key)
    tool_name: str = "get_joke"


class JokeSkill(Skill):
    """Tells jokes of api-ninjas.com."""

    Settings = JokeSettings

    def prompt_sections(self) -> list[dict[str, Any]]:
        """Return the section that mentions the tool."""
        name = self.tool_name(self.settings.tool_name)
        return [{"title": "Jokes", "body": f"Use {name} when the caller wants to hear a joke. Tell it with a smile."}]

    def describe(self, agent: Any) -> None:
        """Add the tool, which the platform runs."""
        tool = DataMap(self.tool_name(self.settings.tool_name)).description("Get a joke to tell the caller")
        tool.parameter("type", "string", "Kind of joke", required=True, enum=["jokes", "dadjokes"])
        tool.webhook("GET", _JOKES, headers={"X-Api-Key": self.settings.api_key.reveal()})
        tool.output(FunctionResult("Tell this joke to the caller: ${array[0].joke}")).error_keys(["error"])
        tool.fallback_output(FunctionResult("The joke service does not answer. Apologise, and go on."))
        agent.register_swaig_function(tool)


@attrs.frozen
class WeatherSettings:
    """Settings of ``weather_api``.

    Args:
        api_key: Key for weatherapi.com
        tool_name: Name of the tool
        temperature_unit: ``fahrenheit`` or ``celsius``
    """

    api_key: Secret = attrs.field(converter=_key)
    tool_name: str = "get_weather"
    temperature_unit: str = attrs.field(default="fahrenheit", validator=attrs.validators.in_(tuple(_UNITS)))


class WeatherSkill(Skill):
    """Tells the current weather of weatherapi.com."""

    Settings = WeatherSettings

    def describe(self, agent: Any) -> None:
        """Add the tool, which the platform runs."""
        unit = self.settings.temperature_unit.capitalize()
        now, felt = _UNITS[self.settings.temperature_unit]
        words = (
            f"Tell the caller the current weather. Say temperatures in degrees {unit}, with numbers as words and "
            f"without symbols. Conditions: ${{current.condition.text}}. Temperature: ${{current.{now}}}. "
            f"Feels like: ${{current.{felt}}}. Wind: ${{current.wind_dir}} at ${{current.wind_mph}} miles per hour. "
            "Clouds: ${current.cloud} percent."
        )
        tool = DataMap(self.tool_name(self.settings.tool_name)).description("Get the current weather of a place")
        tool.parameter("location", "string", "City, region or country", required=True)
        tool.webhook("GET", _WEATHER.format(key=self.settings.api_key.reveal())).output(FunctionResult(words))
        tool.error_keys(["error"])
        tool.fallback_output(FunctionResult("The weather is unknown. Ask whether the name of the place is right."))
        agent.register_swaig_function(tool)
