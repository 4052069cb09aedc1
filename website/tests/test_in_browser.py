"""The built site in a real browser: accessibility in both schemes, search, copying, versions.

``tox -e docs-browser`` builds the site and runs these. It needs Chromium, such as Debian's package ``chromium``.
"""

from __future__ import annotations

import functools
import http.server
import os
import re
import shutil
import threading
from pathlib import Path

import pytest
import site_build
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

BUILT = Path(os.environ["SITE"])
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
VERSION = site_build.version()
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PAGES = sorted(page.relative_to(BUILT / VERSION).as_posix() for page in (BUILT / VERSION).rglob("*.html"))


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Leave standard error to the tests."""


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The address of the site, with an older version beside the built one."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(BUILT, folder, dirs_exist_ok=True)
    (folder / "0.0.1").mkdir()
    (folder / "0.0.1" / "index.html").write_text("<title>the older version</title>", encoding="utf-8")
    site_build.list_versions(folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/{VERSION}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_breaks_a_rule_of_axe(browser, site, scheme):
    """Every page, with no error in the console and no request to another origin."""
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    trouble = []
    page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: trouble.append(request.url) if not request.url.startswith(site[:20]) else None)
    axe = Axe()
    broken = {}
    for name in PAGES:
        page.goto(site + name)
        page.wait_for_selector("h1", state="attached")
        found = axe.run(page).response["violations"]
        if found:
            broken[name] = [(each["id"], each["nodes"][0]["target"], len(each["nodes"])) for each in found]
    context.close()

    assert len(PAGES) > 100
    assert broken == {}
    assert trouble == []


@pytest.mark.parametrize("name", ["index.html", "reference/configuration.html", "reference/names/result-names.html"])
def test_pages_fit_a_telephone(browser, site, name):
    context = browser.new_context(viewport={"width": 375, "height": 700})
    page = context.new_page()
    page.goto(site + name)
    width = page.evaluate("document.documentElement.scrollWidth")
    context.close()

    assert width <= 375


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("is not in agenthost.lock", "Errors"),
        ("route is also claimed by", "Errors"),
        ("hand_over", "Hand off a call to another agent"),
        ("there is no pip in this environment", "Messages"),
    ],
)
def test_an_error_is_found_by_its_message(page, site, words, title):
    page.goto(site + "index.html")
    page.get_by_placeholder("Search").fill(words)
    page.get_by_placeholder("Search").press("Enter")
    page.locator("#search-results li a", has_text=re.compile(f"^{title}$")).wait_for()  # results come one by one

    assert page.locator("#search-results li").count() < len(PAGES) / 2


def test_a_session_is_copied_without_prompts_and_output(page, site):
    page.goto(site + "how-to/write-a-plugin.html")
    block = page.locator(".highlight-console").first
    block.hover()
    block.get_by_role("button", name="Copy this block").click()
    block.get_by_text("Copied").wait_for()

    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.splitlines() == ["pip install .", "agenthost plugins --load", "agenthost agents --load"]


def test_another_version_is_a_choice_away(page, site):
    page.goto(site + "glossary.html")
    chooser = page.get_by_label("Version")

    assert chooser.locator("option").all_inner_texts() == [VERSION, "0.0.1"]
    chooser.select_option("0.0.1")
    page.wait_for_url("**/0.0.1/index.html")  # it has no such page
    assert page.title() == "the older version"


def test_the_scheme_can_be_chosen(page, site):
    page.goto(site + "index.html")
    body = page.locator("body")
    chosen = []
    for _ in range(3):
        page.locator("button.theme-toggle:visible").click()
        chosen.append(body.get_attribute("data-theme"))

    assert set(chosen) == {"auto", "light", "dark"}
