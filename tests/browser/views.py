"""Windows of the browser that watch what their pages do."""

from __future__ import annotations

import re
from urllib.parse import unquote, urldefrag, urljoin

from attrs import define, field

LIGHT, DARK = {"color_scheme": "light"}, {"color_scheme": "dark"}
PHONE = {"color_scheme": "light", "viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
MODES = {"dark": DARK, "phone": PHONE}
_WATCHING = """
window.refused = [];
document.addEventListener('securitypolicyviolation',
  each => window.refused.push(each.violatedDirective + ' ' + each.blockedURI));
"""
_FOCUSED = """() => {
  const at = document.activeElement, label = at.labels && at.labels.length ? at.labels[0].innerText : '';
  const style = getComputedStyle(at);
  return [(label || at.getAttribute('aria-label') || at.innerText || at.value || '').trim(),
          style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0];
}"""
_MOST_TABS = 120
_BY_QUERY = ("call?", "conversation?")
"""The beginnings of links that lead nowhere without their query."""
_FILES = ("call/scenario",)
_OF_EACH_KIND = 2
_FIXED = ("tools", "simulate", "scenario", "scenarios")
"""Parts of addresses that do not name anything."""


@define(slots=False)
class View:
    """A window, with everything that its pages were refused or have asked for elsewhere."""

    context: object
    url: str
    page: object
    faults: list[str] = field(factory=list)

    @classmethod
    def of(cls, context, url):
        """Open a window and watch it."""
        context.add_init_script(_WATCHING)
        page = context.new_page()
        page.set_default_timeout(60_000)
        view = cls(context, url, page)
        page.on("request", view._asked)
        page.on("dialog", lambda dialog: (view.faults.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
        page.on("pageerror", lambda error: view.faults.append(f"a script failed: {error}"))
        page.on("console", view._said)
        return view

    def open(self, path=""):
        """Open a page of the console, and return its response."""
        answer = self.page.goto(urljoin(f"{self.url}/-/", path), wait_until="load")
        self.look()
        return answer

    def look(self):
        """Note what the page was refused, and scripts of strangers that ran."""
        refused, hacked = self.page.evaluate("[window.refused, window.hacked === undefined]")
        self.faults += [f"{self.page.url} was refused {each}" for each in refused]
        if not hacked:
            self.faults.append(f"words ran as a script on {self.page.url}")

    def check(self):
        """Fail if a page has done what it must not do."""
        assert not self.faults, "\n".join(self.faults)

    def links(self):
        """Return the paths of the pages that this one links to, below the console."""
        base = f"{self.url}/-/"
        found = self.page.eval_on_selector_all("a[href]", "each => each.map(link => link.href)")
        links = [urldefrag(link)[0].removeprefix(base) for link in found if link.startswith(base)]
        paths = [link if link.startswith(_BY_QUERY) else link.partition("?")[0] for link in links]
        return [path for path in dict.fromkeys(paths) if not path.endswith(".json") and path not in _FILES]

    def focus(self, name):
        """Press the tab key until something with a name has the visible focus."""
        for _ in range(_MOST_TABS):
            self.page.keyboard.press("Tab")
            label, visible = self.page.evaluate(_FOCUSED)
            assert visible, f"the focus is not visible at {label!r} on {self.page.url}"
            if re.match(name, label):
                return
        raise AssertionError(f"the keyboard does not reach {name!r} on {self.page.url}")

    def follow(self, name):
        """Follow a link or press a button with the keyboard."""
        self.focus(name)
        with self.page.expect_navigation(wait_until="load"):
            self.page.keyboard.press("Enter")
        self.look()

    def click(self, name):
        """Press a button with the pointer, and wait for its page."""
        with self.page.expect_navigation(wait_until="load"):
            self.page.get_by_role("button", name=name).click()
        self.look()

    def write(self, name, text):
        """Write into a field with the keyboard."""
        self.focus(name)
        self.page.keyboard.type(text)

    def _asked(self, request):
        if not request.url.startswith((f"{self.url}/", "data:")):
            self.faults.append(f"{self.page.url} asked {request.url}")

    def _said(self, message):
        if message.type in ("error", "warning") and "401" not in message.text:
            self.faults.append(f"{self.page.url} logged {message.text}")


def log_in(page, host):
    """Log in with the keyboard."""
    page.goto(f"{host.url}/-/")
    page.keyboard.type(host.credentials[0])
    page.keyboard.press("Tab")
    page.keyboard.type(host.credentials[1])
    with page.expect_navigation():
        page.keyboard.press("Enter")


def kind(path):
    """Return what pages of the same kind have in common: ``agents/*/tools/*``."""
    parts = path.partition("?")[0].split("/")
    return "/".join(part if place == 0 or part in _FIXED else "*" for place, part in enumerate(parts))


def name(path):
    """Return the name of a picture of a page."""
    return re.sub(r"[^a-z0-9]+", "-", unquote(path).lower()).strip("-")[:60] or "overview"


def found_pages(view, examine):
    """Return the pages that links lead to from the overview, by their paths.

    They are at most two of each kind. Those of the hostile agent come first. ``examine`` is called with the path of
    each open one, and returns what is kept of it.
    """
    kinds, waiting, found = {}, [""], {}
    while waiting:
        path = waiting.pop(0)
        seen = kinds.setdefault(kind(path), [])
        if path in seen or len(seen) == _OF_EACH_KIND:
            continue
        seen.append(path)
        assert view.open(path).status == 200, path
        found[path] = examine(path)
        waiting += sorted(view.links(), key=lambda each: "hostile" not in each)
    return found
