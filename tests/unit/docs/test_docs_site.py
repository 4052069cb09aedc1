"""The documentation site: places, links, contents, versions, and files for models."""

from __future__ import annotations

import json
import re

import pytest
import site_build
import site_messages
from pages import DOCS, PAGES, ROOT
from site_llms import write_for_models
from site_sources import links, stage


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    stage(folder)
    return folder


def in_contents(page):
    """The pages in a page's tables of contents, from the root of the sources."""
    for table in re.findall(r"```\{toctree\}\n:hidden:\n\n(.*?)\n```", page.read_text("utf-8"), re.DOTALL):
        yield from ((page.parent / name).with_suffix(".md") for name in table.splitlines())


def test_every_page_is_in_one_table_of_contents(staged):
    pages = set(staged.rglob("*.md"))
    listed = [below for page in pages for below in in_contents(page)]

    assert len(pages) > len(PAGES)
    assert sorted(listed) == sorted(pages - {staged / "index.md"})


def test_links_out_of_the_documentation_lead_to_the_page_on_the_site(staged):
    """A page has its place on the site.

    A file that is not part of the site is only named.
    """
    front = (staged / "index.md").read_text("utf-8")
    desk = (staged / "plugins" / "agenthost-frontdesk.md").read_text("utf-8")

    assert "[SupportGenie](plugins/agenthost-supportgenie.md)" in front
    assert "[CONTRIBUTING.md](contributing.md)" in front
    assert "company.toml" in desk
    assert "company.toml)" not in desk


def test_every_relative_link_leads_to_a_file(staged):
    dead = [
        (page.relative_to(staged).as_posix(), link)
        for page in staged.rglob("*.md")
        for link in links(page)
        if "://" not in link and not link.startswith(("#", "mailto:"))
        if not (page.parent / link.partition("#")[0]).exists()
    ]

    assert dead == []


def test_blocks_are_as_they_were(staged):
    """Text that looks like a link within a block is code."""
    for name in ("how-to/write-tools.md", "reference/http.md"):
        fences = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
        source, page = ((folder / name).read_text("utf-8") for folder in (DOCS, staged))
        assert fences.findall(source) == fences.findall(page)


def test_models_find_every_page(staged, tmp_path):
    for page in staged.rglob("*.md"):
        (tmp_path / page.relative_to(staged)).parent.mkdir(parents=True, exist_ok=True)
    write_for_models(staged, tmp_path)
    overview = (tmp_path / "llms.txt").read_text("utf-8")
    listed = set(re.findall(r"\]\(([^)]+\.md)\)", overview))
    pages = {page.relative_to(staged).as_posix() for page in staged.rglob("*.md") if page.name != "index.md"}

    assert re.match(r"# agenthost\n\n> .+\n\n## Tutorial\n", overview)
    assert listed == pages
    assert all((tmp_path / name).is_file() for name in pages)
    assert "toctree" not in (tmp_path / "llms-full.txt").read_text("utf-8")
    assert (tmp_path / "index.md").read_text("utf-8") == (DOCS / "index.md").read_text("utf-8").replace(
        "../plugins/agenthost-supportgenie/README.md", "plugins/agenthost-supportgenie.md"
    ).replace("../CONTRIBUTING.md", "contributing.md")


def test_every_message_is_on_a_page():
    """A message without words of its own is left out, and so is a docstring."""
    rows = site_messages.render().splitlines()

    assert ("there is no pip in this environment", "… -m ensurepip", "agenthost._cli.change_packages") in (
        site_messages.messages()
    )
    assert ("tool …: handler must be a function, not …", "–", "agenthost.tools.tool") in site_messages.messages()
    assert not [message for message, _, _ in site_messages.messages() if "Args:" in message]
    assert len(site_messages.messages()) > 300
    assert all(row.count("|") == 4 for row in rows if row.startswith("| "))


def test_versions_are_offered_newest_first(tmp_path):
    """Each built folder with the name of a version counts."""
    for name in ("0.1.0", "0.10.0", "0.9.0rc1", "assets"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").touch()
    site_build.list_versions(tmp_path)

    listed = (tmp_path / "versions.js").read_text("utf-8").partition(" = ")[2].rstrip(";\n")
    assert json.loads(listed) == ["0.10.0", "0.9.0rc1", "0.1.0"]
    assert "url=0.10.0/" in (tmp_path / "index.html").read_text("utf-8")


def test_the_empty_corner_of_a_table_is_not_a_header(tmp_path):
    page = tmp_path / "page.html"
    page.write_text('<tr><th class="head"><p></p></th><th class="head"><p>here</p></th></tr>', encoding="utf-8")
    site_build.clear_corners(tmp_path)

    assert page.read_text("utf-8") == '<tr><td></td><th class="head"><p>here</p></th></tr>'


def test_nothing_is_fetched_from_elsewhere():
    """Neither the templates nor the scripts name another origin."""
    files = [path for path in (ROOT / "website").rglob("*") if path.suffix in {".html", ".js", ".css"}]

    assert len(files) >= 3
    assert {
        path.name: found
        for path in files
        if (found := re.findall(r"(?:https?:)?//\w[\w.-]+\.\w+", path.read_text("utf-8")))
    } == {}
