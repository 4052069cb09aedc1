"""Every page of the console in a real browser, found by its links."""

from __future__ import annotations

import json

import pytest
from agenthost_test_hostile import WORDS
from axe_playwright_python.sync_playwright import Axe
from conftest import PICTURES
from views import MODES, View, found_pages, kind, name

_WIDER = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width + 1) return [];
  const wide = [...document.querySelectorAll('main *, header *')].filter(each =>
    each.getBoundingClientRect().right > width + 1 && !each.closest('.wide'));
  return wide.map(each => each.outerHTML.slice(0, 100));
}"""
"""The elements that make a page wider than the screen."""
_FOUND = {
    *("", "agents/hostile", "agents/hostile/tools/echo", "agents/hostile/scenarios/agenthost_test_hostile"),
    *("calls", "sip", "text", "packages", "doctor", "charts", "acts"),
}
"""Pages that are among those that links lead to."""


@pytest.fixture(scope="module")
def pages(chromium, host, session):
    """The paths of the pages below the console."""
    view = View.of(chromium.new_context(storage_state=session), host.url)
    found = found_pages(view)
    view.context.close()
    view.check()
    return found


def test_links_lead_to_every_page(pages):
    assert set(pages) >= _FOUND


@pytest.mark.parametrize("mode", MODES)
def test_pages_are_accessible_and_safe(view, pages, mode):
    """No finding of axe, no page wider than its screen, and no words that run.

    In dark and on a phone, one page of each kind is enough.
    """
    window, faults = view(**MODES[mode]), []
    if mode != "light":
        pages = list({kind(path): path for path in reversed(pages)}.values())
    PICTURES.mkdir(exist_ok=True)
    for path in pages:
        window.open(path)
        window.page.screenshot(path=PICTURES / f"{name(path)}.{mode}.png", full_page=True)
        found = Axe().run(window.page).response["violations"]
        faults += [f"{path}: {each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"]]
        faults += [f"{path}: wider than the screen: {each}" for each in window.page.evaluate(_WIDER)]

    assert not faults, "\n".join(faults)


def test_the_login_is_accessible(chromium, host):
    window = View.of(chromium.new_context(), host.url)
    window.page.goto(f"{host.url}/-/sip")
    found = Axe().run(window.page).response["violations"]
    window.page.screenshot(path=PICTURES / "login.light.png")
    window.context.close()

    assert not found
    window.check()


def test_words_of_strangers_are_shown_as_they_are(view):
    """Otherwise that they do not run would prove nothing."""
    window = view()
    for path in ("", "agents/hostile", "agents/hostile/tools/echo"):
        window.open(path)
        assert "<script>window.hacked=1</script>" in window.page.inner_text("main"), path


def test_pages_need_no_scripts(view, pages):
    window = view(java_script_enabled=False)
    for path in pages:
        window.page.goto(f"{window.url}/-/{path}")
        assert window.page.locator("main").inner_text().strip(), path


def test_words_of_a_simulated_call_do_not_run(view):
    window = view()
    window.open("agents/hostile/simulate")
    window.write("The caller says", WORDS[:60])
    window.follow("Call$")

    assert WORDS[:60] in window.page.inner_text("ol.call")


def test_answers_of_tools_do_not_run(view):
    window = view()
    window.open("agents/hostile/tools/echo")
    window.follow("Run the tool")

    assert json.loads(window.page.inner_text("pre[role=status]"))["response"] == WORDS


def test_words_of_a_scenario_do_not_run(view):
    window = view()
    window.open("agents/hostile")
    window.follow("Run agenthost_test_hostile")

    assert "failed" in window.page.inner_text("p[role=status]")
    assert "RuntimeError: <script>" in window.page.inner_text("main")
