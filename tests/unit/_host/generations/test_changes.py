"""Changes: each difference from the lock file in the words of an operator."""

from __future__ import annotations

import pytest

from agenthost._host.generations.changes import changes, dependency_changes
from agenthost._host.generations.locked import Lock, LockedAgent, LockedDistribution


def package(version="2.0.0", digest="a", **agents):
    return LockedDistribution(version=version, hashes=(digest,), agents=agents)


BILLING = LockedAgent(key="billing", route="/billing", tools=("pay",), settings=("currency",))
RICHER = LockedAgent(key="billing", route="/billing", tools=("pay", "refund"), settings=("currency", "limit"))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (package(), package(), []),
        (
            package(billing=BILLING),
            package("2.1.0", billing=RICHER),
            ["acme 2.0.0 → 2.1.0: new tool refund, new setting key limit"],
        ),
        (package(billing=BILLING), package("2.1.0", billing=BILLING), ["acme 2.0.0 → 2.1.0: route unchanged"]),
        (
            package(billing=RICHER),
            package("2.1.0", billing=LockedAgent(key="billing", route="/pay", tools=("pay",))),
            [
                (
                    "acme 2.0.0 → 2.1.0: tool refund gone, setting key currency gone, setting key limit gone, "
                    "route /billing → /pay"
                ),
            ],
        ),
        (package(), package(digest="b"), ["acme 2.0.0: other contents under the same version"]),
        (None, package(billing=BILLING), ["acme 2.0.0: new, new agent billing at /billing"]),
        (package(), None, ["acme 2.0.0: not installed any more"]),
        (
            package(a=BILLING, b=BILLING),
            package("2.1.0", a=BILLING, b=RICHER),
            ["acme 2.0.0 → 2.1.0: b: new tool refund, b: new setting key limit"],
        ),
        (
            package(billing=BILLING),
            LockedDistribution(version="3", hashes=("c",), hooks=("agents",), skills=("math",), commands=("shop",)),
            ["acme 2.0.0 → 3: agent billing gone, new hook agents, new skill math, new command shop"],
        ),
    ],
)
def test_packages(before, after, said):
    locked = Lock("p", {"acme": before} if before else {})
    installed = Lock("p", {"acme": after} if after else {})

    assert [str(change) for change in changes(locked, installed)] == said


def test_one_of_several_digests_is_enough():
    """The lock has a digest for each platform."""
    both = LockedDistribution(version="2.0.0", hashes=("a", "b"))

    assert changes(Lock("p", {"acme": both}), Lock("p", {"acme": package(digest="b")})) == ()


def test_dependencies():
    locked, installed = Lock("p", {}, {"a": "1", "b": "1", "c": "1"}), Lock("p", {}, {"a": "1", "b": "2", "d": "1"})

    assert [str(change) for change in dependency_changes(locked, installed)] == [
        "dependency b 1 → 2",
        "dependency c 1: not required any more",
        "dependency d 1: new",
    ]
