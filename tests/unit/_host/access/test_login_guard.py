"""The login guard: beyond the limit nothing is compared, and nobody who is known waits."""

from base64 import b64encode

import pytest
from attrs import define, field
from clock import Clock

from agenthost._host.access.failed_logins import FailedLogins
from agenthost._host.access.known_logins import KnownLogins
from agenthost._host.access.login_guard import OPENED, WRONG, LoginGuard
from agenthost._host.access.principals import NO_KEYS, OF_HOST, Door as Pairs, Keys

RIGHT = b"desk:correct horse"
PROXY = "198.51.100.7"


def basic(pair):
    return b"Basic " + b64encode(pair)


@define(eq=False)
class _Opening:
    """A comparison that notes its headers."""

    pairs: tuple
    compared: list

    def principal_of(self, header, keys):
        self.compared.append(header)
        found = Pairs(self.pairs, OF_HOST).principal_of(header, keys)
        return OF_HOST if header == b"Bearer correct horse" else found


@define(slots=False)
class Door:
    """A door behind a guard, which notes what was compared."""

    clock: Clock = field(factory=Clock)
    compared: list = field(factory=list)
    pairs: tuple = (RIGHT,)
    noted: list = field(factory=list)

    def __attrs_post_init__(self):
        self.opening = _Opening(self.pairs, self.compared)
        self.guard = LoginGuard(
            FailedLogins(lambda: 20, b"key", self.clock),
            KnownLogins(b"key", self.clock),
            lambda: "desk",
            self.clock,
            lambda: self.noted.append(True),
        )

    def ask(self, header, client=PROXY):
        mark = client, header
        if self.opening.pairs is not self.pairs:
            self.opening = _Opening(self.pairs, self.compared)
        if self.guard.recent(mark, self.opening, NO_KEYS):
            return OPENED
        return self.guard.log_in(mark, client, header, self.opening, NO_KEYS)[0]


@pytest.fixture
def door():
    return Door()


def test_a_short_password_is_not_found(door):
    """856 guesses, the right one among them: what comes beyond the limit is not compared."""
    guesses = [basic(b"desk:%03d" % number) for number in range(856)]
    door.pairs = (b"desk:855",)

    answers = [door.ask(guess) for guess in guesses]

    assert OPENED not in answers
    assert answers[:20] == [WRONG] * 20
    assert len(door.compared) == 21
    assert len(door.noted) == 21
    assert min(answers[20:]) > 0


def test_a_storm_through_one_proxy_delays_nobody_who_is_known(door):
    """A legitimate caller beside 2000 wrong passwords from the same address, for hours."""
    assert door.ask(basic(RIGHT)) == OPENED

    answers = []
    for number in range(2000):
        door.ask(basic(b"desk:guess %d" % number))
        answers.append(door.ask(basic(RIGHT)))
        door.clock.now += 7

    assert set(answers) == {OPENED}


def test_one_who_is_not_known_there_waits(door):
    for number in range(21):
        door.ask(basic(b"desk:guess %d" % number))

    assert door.ask(basic(RIGHT)) == 3
    assert door.ask(basic(RIGHT), "192.0.2.1") == OPENED
    door.clock.now += 3
    assert door.ask(basic(RIGHT)) == OPENED


def test_other_users_of_the_address_do_not_wait(door):
    door.pairs = (RIGHT, b"books:right")
    for number in range(30):
        door.ask(basic(b"desk:guess %d" % number))

    assert door.ask(basic(b"books:right")) == OPENED


def test_an_api_key_counts_for_the_user_of_the_host(door):
    for number in range(30):
        door.ask(b"Bearer guess %d" % number)

    assert door.ask(b"Bearer correct horse") > 0
    assert door.ask(basic(RIGHT)) > 0


def test_a_known_pair_that_opens_nothing_here_is_no_guess(door):
    """Such as that of another agent, or yesterday's."""
    assert door.ask(basic(RIGHT)) == OPENED
    door.pairs = (b"desk:a new one",)

    assert {door.ask(basic(RIGHT)) for _ in range(100)} == {WRONG}
    assert door.ask(basic(b"desk:a new one")) == OPENED


@pytest.mark.parametrize("header", [b"", b"Basic", b"Basic !!!", b"Basic " + b64encode(b"\xff:x"), b"Digest x"])
def test_what_cannot_be_read_is_a_guess_of_nobody(door, header):
    answers = [door.ask(header) for _ in range(30)]

    assert (answers[:20], min(answers[20:]) > 0) == ([WRONG] * 20, True)
    assert door.ask(basic(RIGHT)) == OPENED


def test_a_success_counts_for_the_same_comparison_only(door):
    """An API key of ``/v1`` does not open a document."""
    bearer = b"Bearer correct horse"
    mark, document, other_keys = (PROXY, bearer), Pairs(door.pairs, OF_HOST), Keys()
    assert door.ask(bearer) == OPENED
    opening = door.opening
    assert door.guard.recent(mark, opening, NO_KEYS) is OF_HOST

    assert door.guard.recent(mark, document, NO_KEYS) is None
    assert door.guard.recent(mark, opening, other_keys) is None
    assert door.guard.recent(mark, _Opening((b"desk:a new one",), []), NO_KEYS) is None
    assert door.guard.log_in(mark, PROXY, bearer, document, NO_KEYS) == (WRONG, None)
    assert door.guard.recent(mark, opening, NO_KEYS) is OF_HOST
