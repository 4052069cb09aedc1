"""Properties of scopes and stores, for any keys and values."""

import asyncio

import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from agenthost.builtin.state_memory import memory_provider
from agenthost.builtin.state_sqlite import sqlite_provider
from agenthost.errors import StateRefused
from agenthost.state import Scope, StateOptions, Store
from agenthost.state.scope import encoded_key
from agenthost.state.values import decode, encode

NAMES = st.text(max_size=300)
SCOPES = st.builds(
    Scope, st.sampled_from(["host", "agent", "call"]), NAMES | st.sampled_from(["a", "a/data/", "#", "%"])
)
SORTS = st.sampled_from(["data", "lock", "fence"])
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(st.tuples(SCOPES, SORTS, KEYS), st.tuples(SCOPES, SORTS, KEYS))
def test_keys_of_different_places_never_meet(one, other):
    """A key in a scope is one place, and no other."""
    (scope, sort, key), (scope2, sort2, key2) = one, other
    first, second = scope.prefix(sort) + encoded_key(key), scope2.prefix(sort2) + encoded_key(key2)
    assert (first == second) == (one == other)


@given(SCOPES, SORTS, SCOPES, SORTS)
def test_no_scope_is_found_in_another(scope, sort, scope2, sort2):
    """A scan by prefix finds one scope only.

    Prefixes are short and contain no separator of their own.
    """
    first, second = scope.prefix(sort), scope2.prefix(sort2)
    assert first.startswith(second) == ((scope, sort) == (scope2, sort2))
    assert len(first) < 200
    assert first.count(b"/") == 3


@given(JSON)
def test_values_come_back_as_they_were(value):
    """JSON loses nothing of what is taken, types included."""
    assert repr(decode(encode(value))) == repr(value)


@given(st.text(max_size=600))
def test_a_key_is_taken_or_refused(key):
    """By its length in bytes, and by being Unicode."""
    length = len(key.encode(errors="surrogatepass"))
    if 1 <= length <= 512 and not any("\ud800" <= letter <= "\udfff" for letter in key):
        assert encoded_key(key).decode() == key
    else:
        with pytest.raises(StateRefused, match="a key must"):
            encoded_key(key)


class StoreMachine(RuleBasedStateMachine):
    """A store and a dictionary of value and expiry.

    The time is the machine's own.
    """

    provider = None
    keys = st.sampled_from(["a", "b", "ab", "ä"])
    ttls = st.none() | st.sampled_from([1.0, 5.0])

    def __init__(self):
        super().__init__()
        self.now = 1000.0
        self.model = {}
        self.versions = {}
        self.runner = asyncio.Runner()
        self.directory = self.new_directory()
        options = StateOptions(directory=self.directory)
        self.entries = self.do(type(self).provider(lambda: self.now).open(self.url, options))
        self.store = Store(self.entries, Scope("agent", "modelled"))

    def do(self, coroutine):
        return self.runner.run(coroutine)

    def teardown(self):
        self.do(self.entries.close())
        self.runner.close()

    def there(self, key):
        value, expires = self.model.get(key, (None, 0.0))
        return key in self.model and (expires is None or expires > self.now), value, expires

    def until(self, ttl, key=None):
        present, _, expires = self.there(key)
        return self.now + ttl if ttl is not None else expires if present else None

    @rule(key=keys, value=st.integers(-5, 5) | st.just("text"), ttl=ttls)
    def set(self, key, value, ttl):
        self.versions[key] = self.do(self.store.set(key, value, ttl=ttl))
        self.model[key] = value, self.until(ttl)

    @rule(key=keys, value=st.integers(), ttl=ttls)
    def set_if_absent(self, key, value, ttl):
        value %= 100
        present, _, _ = self.there(key)
        assert self.do(self.store.set_if_absent(key, value, ttl=ttl)) is not present
        if not present:
            self.model[key] = value, self.until(ttl)
            self.versions.pop(key, None)

    @rule(key=keys, by=st.integers(-3, 3), ttl=ttls)
    def incr(self, key, by, ttl):
        present, value, _ = self.there(key)
        if present and not isinstance(value, int):
            with pytest.raises(StateRefused):
                self.do(self.store.incr(key, by, ttl=ttl))
            return
        total = (value if present else 0) + by
        assert self.do(self.store.incr(key, by, ttl=ttl)) == total
        self.model[key] = total, self.until(ttl, key)
        self.versions.pop(key, None)

    @precondition(lambda self: self.versions)
    @rule(data=st.data(), ttl=ttls)
    def compare_and_set(self, data, ttl):
        key = data.draw(st.sampled_from(sorted(self.versions)))
        present, _, _ = self.there(key)
        written = self.do(self.store.compare_and_set(key, "new", self.versions[key], ttl=ttl))
        assert (written is not None) is present
        if present:
            self.model[key] = "new", self.until(ttl, key)
            self.versions[key] = written

    @rule(key=keys)
    def delete(self, key):
        assert self.do(self.store.delete(key)) is self.there(key)[0]
        self.model.pop(key, None)
        self.versions.pop(key, None)

    @rule(seconds=st.sampled_from([0.5, 1.0, 4.0, 70.0]))
    def wait(self, seconds):
        self.now += seconds

    @rule(key=keys)
    def get(self, key):
        present, value, _ = self.there(key)
        assert self.do(self.store.get(key, "nothing")) == (value if present else "nothing")
        assert self.do(self.store.exists(key)) is present

    @rule(prefix=st.sampled_from(["", "a"]))
    def scan(self, prefix):
        async def keys():
            return [key async for key in self.store.scan(prefix)]

        assert sorted(self.do(keys())) == sorted(k for k in self.model if self.there(k)[0] and k.startswith(prefix))


@pytest.mark.parametrize(
    ("provider", "url"),
    [(memory_provider, "memory://"), (sqlite_provider, "sqlite:///state.db")],
    ids=["memory", "sqlite"],
)
def test_a_store_does_what_its_model_does(provider, url, tmp_path_factory):
    """The store matches its model for any operations in any order."""

    class Machine(StoreMachine):
        new_directory = staticmethod(lambda: str(tmp_path_factory.mktemp("store")))

    Machine.provider, Machine.url = staticmethod(provider), url
    run_state_machine_as_test(Machine, settings=settings(max_examples=25, stateful_step_count=25, deadline=None))
