"""Code of authors that must pass ``mypy --strict`` unchanged."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Literal, assert_type

import attrs
import httpx
import msgspec

from agenthost import (
    AgentBase,
    AgentServer,
    Call,
    ConfigurationError,
    DataMap,
    ExitCode,
    FunctionResult,
    Host,
    Secret,
    SwaigFunctionResult,
    ToolCalled,
    create_simple_api_tool,
    hookimpl,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable


class Colour(Enum):
    RED = "red"


@attrs.frozen
class Room:
    number: int


@attrs.frozen
class LibrarySettings:
    weeks: int = 2


class Library(AgentBase):
    """An agent whose settings are a class of the module."""

    Settings = LibrarySettings

    def __init__(self, settings: LibrarySettings) -> None:
        super().__init__("library", "/library")
        self.weeks = settings.weeks


class Desk(AgentBase):
    """An agent with tools of every kind."""

    @attrs.frozen
    class Settings:
        rooms: int = 3
        key: Secret | None = None

    def __init__(self, settings: Settings) -> None:
        super().__init__("desk", "/desk", sip=("desk", "front"), fallback="One moment, please.")
        self.settings = settings
        self.visits = 0
        self.prompt_add_section("Role", "You book visits.", bullets=["Be brief."]).set_param("temperature", 0.5)
        self.add_language("English", "en-US", "rime.spore").add_hints(["visit"]).set_global_data({"open": True})
        self.define_tool("hours", "Tells the hours.", {"day": {"type": "string"}}, self.hours, required=["day"])
        self.define_tool("outside", "Answered elsewhere.", webhook_url="https://x.example/tool")

    def hours(self, args: dict[str, Any], raw_data: dict[str, Any]) -> str:
        return f"{args['day']}: {raw_data.get('call_id')}"

    @AgentBase.tool
    async def book(
        self, day: Literal["mon", "tue"], call: Call, nights: Annotated[int, msgspec.Meta(ge=1)] = 1
    ) -> FunctionResult:
        """Book a visit.

        :param day: day of arrival
        """
        await asyncio.sleep(0)
        return FunctionResult(f"{call.id} {day} {nights}").update_global_data({"day": day}).say("Done.")

    @AgentBase.tool("cancel_visit", secure=False, fallback="I cannot cancel now.")
    def cancel(self, room: Room, colour: Colour = Colour.RED) -> str:
        self.visits -= 1
        return f"{room.number} {colour}"

    @AgentBase.tool(name="plain", parameters={"city": {"type": "string"}}, required=["city"])
    def plain(self, args: dict[str, Any], raw_data: dict[str, Any]) -> dict[str, Any]:
        return {"response": args["city"]}


@hookimpl
def agents() -> Iterable[AgentBase]:
    """A plugin's hook."""
    return [Desk(Desk.Settings())]


class Keeper(AgentBase):
    """Keeps something open."""

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        yield


@hookimpl
@asynccontextmanager
async def lifespan(host: Host) -> AsyncIterator[None]:
    """Run around the serving."""
    assert_type(await host.state.incr(f"starts of {len(host.agents)}"), int)
    yield


@hookimpl
def tool_called(event: ToolCalled) -> None:
    """An observer."""
    assert_type(event.seconds, float)


async def a_decorated_method_keeps_its_type(desk: Desk) -> None:
    assert_type(await desk.book("mon", Call("", None, None, {}, {}, {}), nights=2), FunctionResult)
    assert_type(desk.cancel(Room(1)), str)
    assert_type(desk.plain({}, {}), dict[str, Any])


def what_is_configured_can_be_chained(desk: Desk) -> Desk:
    assert_type(desk.add_hint("x").set_prompt_text("y"), Desk)
    return desk


def results_are_built_in_a_chain() -> SwaigFunctionResult:
    return FunctionResult("One moment.").connect("+15551234567", final=True).hangup()


def data_maps() -> list[DataMap]:
    return [
        DataMap("weather").parameter("city", "string", "The city", required=True),
        create_simple_api_tool("joke", "https://x.example/joke", "${response.joke}"),
    ]


def a_server(desk: Desk) -> int:
    """A program that registers its agents itself."""
    try:
        server = AgentServer(host="0.0.0.0", port=3001)  # noqa: S104 - an example
        server.register(desk, "/desk")
        server.run()
    except ConfigurationError as error:
        print(error)  # noqa: T201 - an example
        return ExitCode.CONFIGURATION
    return ExitCode.OK


def an_asgi_application_for_others(server: AgentServer) -> httpx.AsyncBaseTransport:
    """A test's client of the host in the same process."""
    return httpx.ASGITransport(server.app)


def a_secret(secret: Secret) -> str:
    return secret.reveal()
