"""The three main jobs of an operator, with the keyboard alone."""

from __future__ import annotations


def test_find_why_a_call_failed(view):
    window = view()
    window.open()
    window.follow("hostile$")
    failure = window.page.inner_text("main")

    assert "last failure" in failure
    assert "ValueError" in failure
    assert "e-" in failure


def test_try_a_tool(view):
    window = view()
    window.open()
    window.follow("sales$")
    window.follow("get_pricing$")
    window.focus("product")
    window.page.keyboard.press("ArrowDown")
    chosen = window.page.evaluate("document.activeElement.value")
    window.follow("Run the tool")

    assert chosen
    assert f"{chosen} is " in window.page.inner_text("pre[role=status]")


def test_see_who_answers_a_sip_address(view):
    window = view()
    window.open()
    window.follow("SIP$")
    window.write("Called address", "sip:Support@acme.example")
    window.follow("Show$")

    assert "support at /support" in window.page.inner_text("p[role=status]").replace("\n", " ")
