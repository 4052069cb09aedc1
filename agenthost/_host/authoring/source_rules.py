"""Rules about the source of agents and plugins, which is parsed and never imported."""

from __future__ import annotations

import ast
import re
from inspect import iscoroutinefunction, signature
from typing import TYPE_CHECKING, TypeAlias

from attrs import frozen

from agenthost._error_words import did_you_mean
from agenthost._host.authoring.findings import Finding
from agenthost._host.packages.plugins import HOOKS
from agenthost.agent.base import AgentBase
from agenthost.state import Store
from agenthost.tools.tool import Tool

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_source"]

_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

_INJECTED = ("call", "raw_data")
_PLAIN = ("args", "raw_data")
_TOOL_OPTIONS = frozenset(signature(Tool.define).parameters) - {"cls", "handler", "extras"}
_SERVING = frozenset(("_register_routes", "as_router", "get_app", "run", "serve"))
"""Methods of agents that a program calls, and a host does not."""
_OF_AGENTS = frozenset(
    name for name in dir(AgentBase) if not name.startswith("_") and callable(getattr(AgentBase, name))
)
"""Public methods of agents."""
_STORE = frozenset(name for name, value in vars(Store).items() if iscoroutinefunction(value))
"""Methods of a store that are coroutine functions."""
_ATTRS = frozenset(("define", "frozen", "mutable"))
_MUTABLE = {ast.List: "list", ast.Dict: "dict", ast.Set: "set"}
_ARGUMENT = re.compile(r"^ {4}(\*{0,2}\w+)(?: \([^)]*\))?:", re.MULTILINE)
_BLOCKING = {
    "input": "await a client's own method",
    "open": "await asyncio.to_thread(…)",
    "os.system": "await asyncio.create_subprocess_shell(…)",
    "requests": "await a client of httpx or aiohttp",
    "socket.create_connection": "await asyncio.open_connection(…)",
    "sqlite3.connect": "await asyncio.to_thread(…)",
    "subprocess.call": "await asyncio.create_subprocess_exec(…)",
    "subprocess.check_call": "await asyncio.create_subprocess_exec(…)",
    "subprocess.check_output": "await asyncio.create_subprocess_exec(…)",
    "subprocess.run": "await asyncio.create_subprocess_exec(…)",
    "time.sleep": "await asyncio.sleep(…)",
    "urllib.request.urlopen": "await a client of httpx or aiohttp",
    "urlopen": "await a client of httpx or aiohttp",
}
"""Calls that block the event loop, and with it every other call of the host."""


@frozen
class _File:
    name: str

    def finding(self, rule: str, node: ast.AST, text: str, fix: str) -> Finding:
        return Finding(rule, f"{self.name}:{getattr(node, 'lineno', 1)}", text, fix)


def check_source(name: str, text: str, *, plugin: bool = False) -> list[Finding]:
    """Return the findings in a file, in the order of its lines.

    ``name`` is the file's, for people. ``plugin`` is True for the module of a plugin, whose functions may be hooks. A
    file that cannot be parsed has none, as its import reports the mistake.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return []
    file = _File(name)
    found = list(_hooks(file, tree.body)) if plugin else []
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            found += _class(file, node, plugin=plugin)
    return sorted(found, key=lambda each: int(each.place.rpartition(":")[2]))


def _class(file: _File, cls: ast.ClassDef, *, plugin: bool) -> Iterator[Finding]:
    yield from _shared_defaults(file, cls)
    methods = [node for node in cls.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    tools = [method for method in methods if _decorator(method, "tool") is not None]
    probes = [method for method in methods if _decorator(method, "probe") is not None]
    if plugin and not tools:
        yield from _hooks(file, cls.body)
    if not (tools or probes or any(_last(base).endswith(("Base", "Agent", "Workflow", "Skill")) for base in cls.bases)):
        return
    yield from _doubled(file, cls, methods)
    for tool in tools:
        yield from _tool(file, tool)
    for probe in probes:
        if extra := _names(probe)[1:]:
            yield file.finding(
                "A107",
                probe,
                f"probe {probe.name!r} takes {', '.join(extra)}, and is called without arguments",
                f"write def {probe.name}(self)",
            )
    for method in methods:
        if method.name == "lifespan" and not _is_context_manager(method):
            yield file.finding(
                "A108",
                method,
                "lifespan is not a context manager",
                "write @asynccontextmanager above async def lifespan",
            )
    yield from _not_called(file, cls, methods)
    yield from _replaced(file, cls, methods)
    for method in methods:
        if method not in tools and _looks_like_tool(method):
            yield file.finding(
                "A119",
                method,
                f"{method.name} returns a FunctionResult and is not a tool",
                "write @AgentBase.tool above it, or let its name begin with _",
            )


def _not_called(file: _File, cls: ast.ClassDef, methods: list[_Function]) -> Iterator[Finding]:
    if not any(_last(base).endswith(("AgentBase", "Agent")) for base in cls.bases):
        return
    for method in methods:
        if method.name in _SERVING:
            yield file.finding(
                "A122",
                method,
                f"the host does not call {method.name} of an agent, so what it adds is not served",
                "start the program itself with python, or add handlers to AgentServer.app",
            )


def _replaced(file: _File, cls: ast.ClassDef, methods: list[_Function]) -> Iterator[Finding]:
    if not any(_last(base).endswith(("AgentBase", "Agent")) for base in cls.bases):
        return
    for node in (node for method in methods for node in ast.walk(method)):
        for name in _assigned_to_self(node):
            if name in _OF_AGENTS or name in ("shared_state", "state"):
                yield file.finding(
                    "A124",
                    node,
                    f"self.{name} = … replaces {name} of AgentBase",
                    f"write self._{name}, or another name",
                )


def _assigned_to_self(node: ast.AST) -> list[str]:
    """Return the attributes of ``self`` that a statement writes."""
    targets = (
        node.targets
        if isinstance(node, ast.Assign)
        else [node.target]
        if isinstance(node, ast.AugAssign | ast.AnnAssign)
        else []
    )
    return [
        target.attr
        for target in targets
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self"
    ]


def _shared_defaults(file: _File, cls: ast.ClassDef) -> Iterator[Finding]:
    if not _ATTRS & {_last(each.func if isinstance(each, ast.Call) else each) for each in cls.decorator_list}:
        return
    for node in cls.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            kind = _MUTABLE.get(type(node.value))
            if kind is not None:
                yield file.finding(
                    "A125",
                    node,
                    f"{cls.name}.{node.target.id} has one {kind} as its default, which all objects of {cls.name} share",
                    f"write {node.target.id}: {ast.unparse(node.annotation)} = field(factory={kind})",
                )


def _doubled(file: _File, cls: ast.ClassDef, methods: list[_Function]) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for method in methods:
        decorators = {_last(each.func if isinstance(each, ast.Call) else each) for each in method.decorator_list}
        if method.name in seen and not decorators & {"setter", "getter", "deleter", "overload"}:
            yield file.finding(
                "A106",
                method,
                f"{cls.name} has two methods of the name {method.name!r}, and this one replaces that of "
                f"line {seen[method.name]}",
                "rename one of them",
            )
        seen[method.name] = method.lineno


def _tool(file: _File, tool: _Function) -> Iterator[Finding]:
    called, options = f"tool {tool.name!r}", _options(tool)
    names = _names(tool)
    static = _decorator(tool, "staticmethod") is not None
    if not static and names[:1] != ["self"] and names[:1] != ["cls"]:
        given = ", ".join(["self", *names])
        yield file.finding("A103", tool, f"{called} has no self", f"write def {tool.name}({given})")
        return
    own = [
        each
        for each in (*tool.args.posonlyargs, *tool.args.args, *tool.args.kwonlyargs)
        if each.arg not in ("self", "cls")
    ]
    doc = ast.get_docstring(tool) or ""
    if not doc and "description" not in options:
        yield file.finding(
            "A105",
            tool,
            f"{called} has no description, so a model does not know when to call it",
            "write a docstring that begins with one sentence",
        )
    for option in sorted(options - _TOOL_OPTIONS):
        if near := did_you_mean(option, _TOOL_OPTIONS).rstrip():
            yield file.finding(
                "A121",
                tool,
                f"{called}: the option {option!r} is sent to the platform as it is. {near}",
                "correct its name",
            )
    plain = "parameters" in options or [each.arg for each in own[:1]] in (["args"], ["raw_data"])
    if not plain:
        yield from _parameters(file, tool, own, doc)
    yield from _body(file, tool)


def _parameters(file: _File, tool: _Function, own: list[ast.arg], doc: str) -> Iterator[Finding]:
    called = f"tool {tool.name!r}"
    described = _described(doc)
    for each in own:
        hint = "" if each.annotation is None else ast.unparse(each.annotation).strip("'\"")
        if each.arg == "call":
            if hint and "Call" not in hint:
                yield file.finding(
                    "A102",
                    each,
                    f"{called}: parameter 'call' is the call itself, and not of the type {hint}",
                    "write call: Call, or rename the parameter",
                )
        elif each.arg not in _INJECTED and not hint:
            yield file.finding(
                "A101",
                each,
                f"{called}: parameter {each.arg!r} has no type hint, so a model sends any text",
                f"write {each.arg}: str, or the type that you expect",
            )
    if described is None:
        return
    names = [each.arg for each in own]
    for name in described:
        if name.lstrip("*") not in names:
            near = did_you_mean(name, names).rstrip()
            yield file.finding(
                "A104",
                tool,
                f"{called}: its docstring describes {name!r}, which is not a parameter{'. ' + near if near else ''}",
                f"describe {', '.join(names) or 'no parameter'}",
            )
    for name in names:
        if name not in described and name not in _INJECTED:
            yield file.finding(
                "A116",
                tool,
                f"{called}: parameter {name!r} has no description",
                f"write {name}: … below Args: in the docstring",
            )


def _body(file: _File, tool: _Function) -> Iterator[Finding]:
    called = f"tool {tool.name!r}"
    inner = [node for statement in tool.body for node in ast.walk(statement)]
    for node in inner:
        if isinstance(tool, ast.AsyncFunctionDef) and isinstance(node, ast.Call):
            name = _dotted(node.func)
            instead = _BLOCKING.get(name) or _BLOCKING.get(
                name.partition(".")[0] if name.startswith("requests.") else ""
            )
            if instead:
                yield file.finding(
                    "A115", node, f"{called} is async, and {name}() blocks every other call of the host", instead
                )
        for name in _assigned_to_self(node):
            if name not in _OF_AGENTS:
                yield file.finding(
                    "A117",
                    node,
                    f"{called} keeps self.{name}, which other workers do not see and a restart loses",
                    "keep it in call.state or self.state",
                )
        if name := _unawaited(node):
            own = name if isinstance(tool, ast.AsyncFunctionDef) else ".sync.".join(name.rsplit(".", 1))
            yield file.finding(
                "A123",
                node,
                f"{called} calls {name} without await, so it does not happen",
                f"write {'await ' if own == name else ''}{own}(…)",
            )
    returns = any(isinstance(node, ast.Return) and node.value is not None for node in inner)
    only_raises = any(isinstance(node, ast.Raise | ast.Yield) for node in inner) or (
        isinstance(tool.body[-1], ast.Expr)
        and (isinstance(tool.body[-1].value, ast.Constant) and tool.body[-1].value.value is Ellipsis)
    )
    if not returns and not only_raises:
        yield file.finding(
            "A118",
            tool,
            f"{called} returns nothing, so a model does not know what has happened",
            'write return FunctionResult("…")',
        )


def _unawaited(node: ast.AST) -> str:
    """Return the method of a store that a statement calls without await."""
    value = node.value if isinstance(node, ast.Expr | ast.Assign) else None
    name = _dotted(value.func) if isinstance(value, ast.Call) else ""
    owner, _, method = name.rpartition(".")
    return name if owner in ("self.state", "call.state") and method in _STORE else ""


def _hooks(file: _File, body: list[ast.stmt]) -> Iterator[Finding]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in HOOKS and not node.decorator_list:
            yield file.finding(
                "A109",
                node,
                f"{node.name} has the name of a hook and is not marked, so it is never called",
                f"write @hookimpl above def {node.name}",
            )


def _is_context_manager(method: _Function) -> bool:
    decorated = any(
        _last(each.func if isinstance(each, ast.Call) else each) in ("asynccontextmanager", "hookimpl")
        for each in method.decorator_list
    )
    yields = any(isinstance(node, ast.Yield) for node in ast.walk(method))
    return decorated or not yields


def _looks_like_tool(method: _Function) -> bool:
    if method.decorator_list or method.name.startswith("_") or method.returns is None:
        return False
    return (
        ast.unparse(method.returns).strip("'\"") in ("FunctionResult", "SwaigFunctionResult")
        and bool(ast.get_docstring(method))
        and [each.arg for each in method.args.args[:2]] != ["self", "args"]
    )


def _described(doc: str) -> list[str] | None:
    """Return the names below ``Args:``, or None without such a section."""
    _, found, rest = doc.partition("Args:\n")
    if not found:
        return None
    section = re.split(r"\n(?=\S)", rest)[0]
    return _ARGUMENT.findall(section)


def _options(tool: _Function) -> set[str]:
    decorator = _decorator(tool, "tool")
    if not isinstance(decorator, ast.Call):
        return set()
    return {each.arg or "" for each in decorator.keywords} | ({"name"} if decorator.args else set())


def _decorator(function: _Function, name: str) -> ast.expr | None:
    """Return a decorator of agenthost: ``@AgentBase.tool`` and ``@tool``, and not ``@server.tool``."""
    for each in function.decorator_list:
        owner, _, last = _dotted(each.func if isinstance(each, ast.Call) else each).rpartition(".")
        if last == name and (not owner or owner.rpartition(".")[2][:1].isupper() or owner == "agenthost"):
            return each
    return None


def _names(function: _Function) -> list[str]:
    given = function.args
    return [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _last(node: ast.expr) -> str:
    return _dotted(node).rpartition(".")[2]
