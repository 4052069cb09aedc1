"""Every page of the console in a real browser, found by its links."""

from __future__ import annotations

import json

import pytest
from agenthost_test_hostile import WORDS
from axe_playwright_python.sync_playwright import Axe
from conftest import PICTURES
from hostile_calls import CONVERSATION
from views import LIGHT, MODES, View, found_pages, kind, name

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
def examined(chromium, host, session):
    """The pages below the console by their paths, each with its faults in light."""
    view = View.of(chromium.new_context(storage_state=session, **LIGHT), host.url)
    found = found_pages(view, lambda path: faults_of(view, path, "light"))
    view.context.close()
    view.check()
    return found


@pytest.fixture(scope="module")
def pages(examined):
    """The path of one page of each kind."""
    return {kind(path): path for path in reversed(examined)}.values()


def faults_of(window, path, mode):
    """Return the findings of axe, and what is wider than the screen.

    Keep a picture of the page.
    """
    window.page.screenshot(path=PICTURES / f"{name(path)}.{mode}.png", full_page=True)
    found = Axe().run(window.page).response["violations"]
    faults = [f"{path}: {each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"]]
    return faults + [f"{path}: wider than the screen: {each}" for each in window.page.evaluate(_WIDER)]


def test_links_lead_to_every_page(examined):
    assert set(examined) >= _FOUND


def test_pages_are_accessible_and_safe(examined):
    """No finding of axe, no page wider than its screen, and no words that run."""
    faults = [fault for faults in examined.values() for fault in faults]

    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("mode", MODES)
def test_so_they_are_in_dark_and_on_a_phone(view, pages, mode):
    window, faults = view(**MODES[mode]), []
    for path in pages:
        window.open(path)
        faults += faults_of(window, path, mode)

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


def test_the_host_and_its_packages_are_examined(view):
    """By a click each, and what was found has its fixes."""
    window = view()
    for path, button, heading in (
        ("doctor", "Examine the host", "Findings"),
        ("packages", "Examine the packages", "Quality scale"),
    ):
        window.open(path)
        window.click(button)
        window.page.get_by_role("heading", name=heading, exact=True).wait_for()
        assert "fix:" in window.page.inner_text("main"), path


def test_a_message_is_explained(view):
    window = view()
    window.open("text")
    window.page.get_by_role("textbox", name="Message").fill(f"What does it cost? {WORDS}")
    window.click("Explain")

    assert "because" in window.page.inner_text("p[role=status]")


def test_a_conversation_is_found_by_its_id(view):
    window = view()
    window.open("text")
    window.page.get_by_role("textbox", name="ID of a conversation").fill(CONVERSATION)
    window.click("Open")

    assert WORDS.split("</pre>")[0] in window.page.inner_text("main")


def test_words_of_a_scenario_do_not_run(view):
    window = view()
    window.open("agents/hostile")
    window.follow("Run agenthost_test_hostile")

    assert "failed" in window.page.inner_text("p[role=status]")
    assert "RuntimeError: <script>" in window.page.inner_text("main")
