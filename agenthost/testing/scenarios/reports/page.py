"""One HTML page about verdicts: self-contained, without scripts."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from agenthost.testing.scenarios.reports.picture import picture
from agenthost.testing.scenarios.verdict import lines_about

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agenthost.testing.scenarios.verdict import Run, Verdict

__all__ = ["page"]

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; }
summary { cursor: pointer; padding: .3rem 0; }
.pass::before { content: "passed "; color: #1a7f37; font-weight: 600; }
.fail::before { content: "failed "; color: #cf222e; font-weight: 600; }
pre { overflow-x: auto; background: #8881; padding: .8rem; }
figure { overflow-x: auto; margin: 1rem 0; }
.lost { color: #cf222e; }
.found { color: #1a7f37; }
summary small { opacity: .7; }
svg { max-width: 100%; min-width: 40rem; height: auto; }
svg text { font: 12px system-ui, sans-serif; text-anchor: middle; fill: currentColor;
  paint-order: stroke; stroke: Canvas; stroke-width: 4px; stroke-linejoin: round; }
svg .end path { fill: currentColor; stroke: none; }
svg .head { font-weight: 600; font-size: 13px; }
svg line { stroke: currentColor; }
svg .lane { stroke-dasharray: 3 4; opacity: .4; }
svg .head.agent { fill: #8250df; }
svg .head.function { fill: #0969da; font-weight: 400; }
svg line.hop { stroke: #8250df; }
svg line.call, svg line.result { stroke: #0969da; }
svg line.result { stroke-dasharray: 6 3; }
svg text.hop { fill: #8250df; }
svg text.note { opacity: .75; font-style: italic; }
svg text.finding { fill: #cf222e; }
"""


def page(verdicts: Sequence[Verdict]) -> str:
    """Return a page with each verdict, its differences and a picture of each call."""
    failed = sum(not verdict.passed for verdict in verdicts)
    count = "1 scenario" if len(verdicts) == 1 else f"{len(verdicts)} scenarios"
    told = f"{count}, {failed} failed" if failed else f"{count}, all passed"
    parts = "\n".join(_part(verdict) for verdict in sorted(verdicts, key=lambda each: each.passed))
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>agenthost test: {told}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>agenthost test</h1>\n<p>{told}.</p>\n{parts}\n</body>\n</html>\n"
    )


def _part(verdict: Verdict) -> str:
    kind, opened = ("pass", "") if verdict.passed else ("fail", " open")
    lines = "\n".join(map(_line, lines_about(verdict)))
    difference = f"<pre>{lines}</pre>" if lines else ""
    runs = "\n".join(_run(number, run, many=len(verdict.runs) > 1) for number, run in enumerate(verdict.runs, 1))
    title = (
        f'<span class="{kind}">{escape(verdict.title)}</span> '
        f"<small>{escape(verdict.file)}, {verdict.seconds:.2f} s</small>"
    )
    return f"<details{opened}>\n<summary>{title}</summary>\n{difference}\n{runs}\n</details>"


def _line(line: str) -> str:
    sign = line.lstrip()[:2]
    kind = {"- ": "lost", "+ ": "found"}.get(sign) if line.startswith("    ") else None
    return f'<span class="{kind}">{escape(line)}</span>' if kind else escape(line)


def _run(number: int, run: Run, *, many: bool) -> str:
    heading = f"<h2>Run {number}</h2>\n" if many else ""
    rows = run.trace.encode().decode("utf-8", "replace")
    trace = f"<details><summary>Trace</summary><pre>{escape(rows)}</pre></details>"
    return f"{heading}<figure>{picture(run.trace)}</figure>\n{trace}"
