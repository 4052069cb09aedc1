"""``agenthost docs``."""

from __future__ import annotations

import click

from agenthost._cli.parts.options import as_json
from agenthost._cli.parts.output import echo, print_json

__all__ = ["command"]


@click.command("docs")
@click.argument("topic", nargs=-1)
@as_json
def command(topic: tuple[str, ...], as_json: bool) -> None:
    """Print a page of the documentation, or what it says about a name.

    TOPIC is a page such as write-tools, a public name such as FunctionResult.connect, the ID of a check such as A115, a
    setting, or a word of the glossary. Without it, the pages are listed. No network is needed. Exit code 2: there is
    nothing about the topic.
    """
    from agenthost._host.authoring.documents import Documentation

    documentation = Documentation()
    if topic:
        try:
            text = documentation.about(" ".join(topic))
        except LookupError as error:
            raise click.UsageError(str(error.args[0])) from error
        if as_json:
            print_json({"topic": " ".join(topic), "text": text})
        else:
            echo(text, nl=False)
    elif as_json:
        print_json([{"page": page.name, "title": page.title} for page in documentation.pages])
    else:
        width = max(len(page.name) for page in documentation.pages)
        for page in documentation.pages:
            echo(f"  {page.name:{width}}  {page.title}")
