"""``agenthost dev``."""

from __future__ import annotations

import json
import os
import threading
import time
from base64 import b64encode
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import click
from attrs import define, field

from agenthost._cli.parts.options import config_file, configuration, source_of
from agenthost._cli.parts.output import echo
from agenthost._cli.reload import reload_report
from agenthost._cli.run import show
from agenthost._host.config.schema import FILE
from agenthost.errors import AgentHostError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from agenthost._host.authoring.overlay import Overlay
    from agenthost._host.authoring.sources import Source
    from agenthost._host.config.schema import Config

__all__ = ["command"]

_SECONDS = 60.0
"""Timeout of a rebuild, in seconds."""
_MOST_LINES = 12
"""The most lines about one document."""
_SETTLED_MS = 30
"""Milliseconds without a further change after which a rebuild begins."""


@click.command("dev")
@click.argument("target", required=False, type=click.Path())
@config_file
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.  [default: 3000]")
def command(target: str | None, file: str | None, **options: Any) -> None:
    """Serve a file or a project without installing it, and anew after each change.

    TARGET is file.py, file.py:Name, a folder with pyproject.toml, or the key of an installed agent or plugin. Without
    it, it is the current directory. A version that cannot be built is reported with the lines of its traceback that are
    yours, and the last good one goes on. Shared state is kept in memory, unless the configuration names a store.
    """
    if not hasattr(os, "posix_spawn"):
        msg = "agenthost dev needs processes as Unix has them. fix: use Linux, macOS or WSL"
        raise click.UsageError(msg)
    from agenthost._host.authoring.overlay import overlaid
    from agenthost._host.runtime.start import start_logging, with_secrets
    from agenthost._web.process.ports import address, listen
    from agenthost._web.supervisor.serving import serve_with_workers

    source = source_of(target)
    options |= {"workers": 1, "default_store": "memory://", "console": True, "sourced": bool(source.entry_points)}
    with overlaid(source) as overlay:
        config = configuration(file, **options)
        if config.host.log_level == "info":
            config = configuration(file, log_level="warning", **options)
        made = not config.host.accepted_passwords
        config = with_secrets(config)
        start_logging(config)
        with listen(config.host.host, config.host.port) as opened:
            loop = _Loop(target, source, overlay, config, address(opened), opened.getsockname()[1])
            loop.watch()
            serve_with_workers(opened, config, partial(_begin, loop, made=made), authoring=True)


def _begin(loop: _Loop, report: Mapping[str, Any], *, made: bool) -> None:
    show(loop.config, loop.url, report, made=made)
    if not report["agents"]:
        echo(_nothing_served(loop.source))
    loop.begin(report)


def _nothing_served(source: Source) -> str:
    """Return a hint for the author of a package without agents."""
    from agenthost._discovery import PLUGINS, SKILLS
    from agenthost._host.installer.environment import installer

    skills = source.entry_points.get(SKILLS, {})
    if skills:
        why = f"a skill runs in an agent, which calls add_skill({next(iter(skills))!r})"
    elif PLUGINS in source.entry_points:
        why = "a plugin has no route of its own"
    else:
        why = "no installed package offers one"
    then = "agenthost dev FILE with the file of an agent"
    return f"  no agent is served: {why}\n    fix:  {installer().develop('.')}, then {then}"


@define(eq=False)
class _Loop:
    """Watcher of the source of one host, which loads it again after a change."""

    target: str | None
    source: Source
    overlay: Overlay
    config: Config
    url: str
    port: int
    documents: dict[str, Any] = field(factory=dict)
    watched: list[str] = field(factory=list)
    _serves: threading.Event = field(factory=threading.Event)
    _one_at_a_time: threading.Lock = field(factory=threading.Lock)

    def watch(self) -> None:
        """Watch from now on, and rebuild once the host serves."""
        folders = {place for place in self.source.watched if Path(place).is_dir()}
        files = {*self.source.watched} - folders | {str(Path(self.config.source or FILE).resolve())}
        beside = set[str]()
        if self.source.file is not None:  # the folder of a single file may be a home directory
            beside, folders = folders, set()
        self.watched = [*folders, *(f"{place}/*.py" for place in beside), *files]

        def listed(path: str) -> bool:
            return path in files or (path.endswith(".py") and str(Path(path).parent) in beside)

        self._on_a_thread(self._watch, beside.union(str(Path(file).parent) for file in files), listed)
        if folders:
            self._on_a_thread(self._watch, folders, None)

    def begin(self, report: Mapping[str, Any]) -> None:
        """Begin to rebuild, as the host serves."""
        echo(f"  watching {', '.join(sorted(map(_from_here, self.watched)))}")
        self._on_a_thread(self._begin, any("reason" in row for row in (*report["agents"], *report["plugins"])))

    def _begin(self, failing: bool) -> None:
        self.documents = self._documents()
        if failing:
            self._show_tracebacks()
        self._serves.set()

    def _on_a_thread(self, work: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=work, args=arguments, name="agenthost-dev", daemon=True).start()

    def _watch(self, places: Iterable[str], listed: Callable[[str], bool] | None) -> None:
        """Rebuild after each change in folders, or of the listed files in them."""
        from watchfiles import DefaultFilter, watch

        usual = DefaultFilter()

        def matters(change: Any, path: str) -> bool:
            return usual(change, path) and (listed is None or listed(path))

        watching = watch(
            *places, watch_filter=matters, step=_SETTLED_MS, recursive=listed is None, raise_interrupt=False
        )
        for changes in watching:
            self._serves.wait()
            with self._one_at_a_time:
                try:
                    paths = {path for _, path in changes}
                    there = {path for path in paths if Path(path).exists()}  # editors write beside, and rename
                    self._rebuild(sorted(map(_from_here, there or paths)))
                except OSError as error:
                    echo(f"  {error}", err=True)

    def _rebuild(self, changed: list[str]) -> None:
        """Serve what has changed, or report the reason that it cannot be served."""
        from agenthost._host.authoring.sources import read_source
        from agenthost._host.operations.control_socket import ask_host, socket_path

        begun = time.perf_counter()
        echo(f"\n{', '.join(changed)} changed")
        request = {"command": "reload", "seconds": _SECONDS}
        try:
            self.source = read_source(self.target)
            self.overlay.write(self.source)
            told = ask_host(socket_path(self.config, self.port), request, 2 * _SECONDS)
        except (ValueError, AgentHostError) as error:
            echo(f"  not served, the last good version goes on: {error}")
            self._show_tracebacks()
            return
        seconds = time.perf_counter() - begun
        for line in reload_report(told | {"packages": [], "replaced": [], "held": []}).splitlines()[1:]:
            echo(line)
        self._show_documents()
        echo(f"  served after {seconds:.2f} s at {self.url}")
        if told["failed"]:
            self._show_tracebacks()

    def _show_tracebacks(self) -> None:
        from agenthost._host.authoring.failures import failures_now

        for name, traceback in failures_now(self.config).items():
            echo(f"\n{name}:")
            echo(traceback)

    def _show_documents(self) -> None:
        from agenthost._host.authoring.document_changes import document_changes

        now = self._documents()
        for route, document in now.items():
            lines = document_changes(self.documents[route], document) if route in self.documents else []
            for line in lines[:_MOST_LINES]:
                echo(f"  {route} {line}")
            if len(lines) > _MOST_LINES:
                echo(f"  {route} {len(lines) - _MOST_LINES} more changes")
        self.documents = now

    def _documents(self) -> dict[str, Any]:
        """Fetch the documents that the host's credentials open, by route."""
        try:
            routes = self._fetch("/health?shape=routes").get("routes", ())
        except (OSError, ValueError):
            return {}
        found = {}
        for route in routes:
            with suppress(OSError, ValueError):
                found[route] = self._fetch(route)
        return found

    def _fetch(self, path: str) -> Any:
        host = self.config.host
        pair = f"{host.user}:{host.accepted_passwords[0].reveal()}"
        request = Request(self.url + path)  # noqa: S310 - this host's own address
        request.add_header("Authorization", f"Basic {b64encode(pair.encode()).decode()}")
        with urlopen(request, timeout=5) as answer:  # noqa: S310 - as above
            return json.load(answer)


def _from_here(path: str) -> str:
    """Return a path as people write it from the current directory."""
    shown = os.path.relpath(path)
    return path if shown.startswith("..") else shown
