import asyncio
import contextlib
import threading

import pytest

from evcharge.domain.errors import BadInput, Code, Overloaded
from evcharge.security import passwords as module
from evcharge.security.passwords import Credentials, GuessThrottle, LoginThrottle, network_of, normalised
from evcharge.security.secret_files import new_secret


@pytest.fixture
async def credentials():
    async with Credentials() as made:
        yield made


@pytest.fixture
def argon2_runs(monkeypatch):
    """Counts checks by Argon2 instead of believing that they happen."""
    runs = []
    real = module._verified

    def counted(phc, forms):
        runs.append(phc)
        return real(phc, forms)

    monkeypatch.setattr(module, "_verified", counted)
    return runs


async def test_a_password_is_kept_as_argon2id_with_the_planned_cost(credentials):
    kept = await credentials.hashed("cp_secret_001")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert "cp_secret_001" not in kept
    assert kept != await credentials.hashed("cp_secret_001")
    assert await credentials.matches(kept, "cp_secret_001")
    assert not await credentials.matches(kept, "cp_secret_002")


async def test_a_machine_secret_needs_no_slow_hash(credentials, argon2_runs):
    secret = new_secret()
    kept = await credentials.hashed(secret)
    assert kept.startswith("sha256$")
    assert secret not in kept
    assert await credentials.matches(kept, secret)
    assert argon2_runs == []


async def test_every_wrong_answer_costs_the_same_work(credentials, argon2_runs):
    password, machine = await credentials.hashed("cp_secret_001"), await credentials.hashed(new_secret())
    for kept in (None, password, machine):
        argon2_runs.clear()
        assert not await credentials.matches(kept, "wrong-password")
        assert len(argon2_runs) == 1


async def test_nobody_knows_the_password_of_an_unknown_id(credentials):
    assert not await credentials.matches(None, "")
    assert not await credentials.matches(None, credentials._nobody)


async def test_no_start_hashes_anything_and_what_is_kept_of_nobody_looks_like_any_other(monkeypatch):
    kept = module._argon2("cp_secret_001").split("$")
    monkeypatch.setattr(module, "_argon2", None)
    async with Credentials() as one, Credentials() as other:
        nobodys = one._nobody.split("$")
        assert nobodys[:4] == kept[:4] == ["", "argon2id", "v=19", "m=19456,t=2,p=1"]
        assert [len(part) for part in nobodys] == [len(part) for part in kept]
        assert one._nobody != other._nobody


async def test_a_renewal_is_cheap_until_the_password_is_rotated(credentials, argon2_runs):
    kept = await credentials.hashed("cp_secret_001")
    assert await credentials.matches(kept, "cp_secret_001")
    assert await credentials.matches(kept, "cp_secret_001")
    assert len(argon2_runs) == 1
    assert not await credentials.matches(await credentials.hashed("cp_secret_002"), "cp_secret_001")
    assert len(argon2_runs) == 2


async def test_the_memory_of_checked_passwords_is_bounded(credentials, monkeypatch):
    monkeypatch.setattr(module, "_MAX_REMEMBERED", 1)
    for secret in ("cp_secret_001", "cp_secret_002"):
        assert await credentials.matches(await credentials.hashed(secret), secret)
    assert len(credentials._remembered) == 1


async def test_only_so_many_wait_and_the_rest_is_told_to_come_back(credentials, monkeypatch):
    monkeypatch.setattr(module, "MAX_WAITING", 3)
    gate = threading.Event()
    monkeypatch.setattr(module, "_verified", lambda *_: gate.wait(10))
    async with asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(credentials.matches(None, "guess")) for _ in range(5)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded) as refused:
            await credentials.matches(None, "guess")
        assert refused.value.code is Code.BUSY
        assert refused.value.retry_after_s
        # Whoever stops waiting makes no room: the work goes on.
        waiting[0].cancel()
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await credentials.matches(None, "guess")
        gate.set()
    assert not await credentials.matches(None, "guess")


# ---- what a password is

COMPOSED, DECOMPOSED = "contraseña-é", "contrasen\u0303a-e\u0301"


async def test_one_password_is_one_whatever_keyboard_it_comes_from(credentials):
    assert COMPOSED != DECOMPOSED
    for kept in (await credentials.hashed(COMPOSED), await credentials.hashed(DECOMPOSED)):
        for typed in (COMPOSED, DECOMPOSED):
            assert await credentials.matches(kept, typed)
        assert not await credentials.matches(kept, "contrasena-e")


async def test_what_was_kept_before_passwords_were_normalised_still_opens(credentials):
    kept = await asyncio.to_thread(module._argon2, DECOMPOSED)
    assert await credentials.matches(kept, DECOMPOSED)
    assert not await credentials.matches(kept, COMPOSED)


@pytest.mark.parametrize("secret", [DECOMPOSED, "\udcff-half-of-one"])
async def test_a_password_of_another_form_costs_the_same_for_unknown_names(credentials, argon2_runs, secret):
    kept = await credentials.hashed("cp_secret_001")
    for known in (None, kept):
        argon2_runs.clear()
        assert not await credentials.matches(known, secret)
        assert len(argon2_runs) == 1


@pytest.mark.parametrize(
    "secret",
    [
        "short",
        # Eight characters as they were typed, seven as they look.
        "e\u0301" * 4,
        "x" * 201,
        # One character each, that become three in NFC.
        "\U0001d160" * 100,
        "😀" * 201,
        "half-of-\ud83d-one",
    ],
)
async def test_what_is_too_short_too_long_or_no_text_is_not_kept(credentials, secret):
    with pytest.raises(BadInput):
        await credentials.hashed(secret)


async def test_two_hundred_characters_of_any_kind_are_a_password(credentials):
    for character in ("x", "é", "😀"):
        kept = await credentials.hashed(character * 200)
        assert await credentials.matches(kept, character * 200)
    assert normalised("plain") == "plain"


# ---- what guessers cost


async def test_made_up_names_of_one_address_cost_a_bounded_part_of_the_machine(monkeypatch):
    clock, checked = Clock(), []
    monkeypatch.setattr(module, "_verified", lambda *_: checked.append(1))
    async with Credentials(clock) as credentials:
        refused = 0
        for _ in range(300):
            try:
                await credentials.matches(None, "guess-guess", "10.0.0.1")
            except Overloaded as problem:
                assert problem.code is Code.SLOW
                assert problem.retry_after_s
                refused += 1
            clock.now += 0.04
        # Twelve seconds: forty at once, and one each second.
        assert len(checked) == 300 - refused <= 40 + 13
        # Neither a machine's own secret nor one that was checked before costs anything.
        secret = new_secret()
        assert await credentials.matches(await credentials.hashed(secret), secret, "10.0.0.1")
        # And somebody elsewhere is not slowed down.
        assert not await credentials.matches(None, "guess-guess", "10.0.0.2")


async def test_a_thousand_addresses_together_cost_a_bounded_part_too(monkeypatch):
    clock, checked = Clock(), []
    monkeypatch.setattr(module, "_verified", lambda *_: checked.append(1))
    async with Credentials(clock) as credentials:
        for number in range(1000):
            clock.now += 0.01
            with contextlib.suppress(Overloaded):
                await credentials.matches(None, "guess-guess", f"10.0.{number // 250}.{number % 250}")
    assert len(checked) <= 120 + 50


async def test_an_ipv6_network_is_one_address(credentials, monkeypatch):
    monkeypatch.setattr(module, "_verified", lambda *_: False)
    with pytest.raises(Overloaded):
        for number in range(60):
            await credentials.matches(None, "guess-guess", f"2001:db8:0:7::{number:x}")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:0:7:a:b:c:d", "2001:db8:0:7::/64"),
        ("[2001:db8:0:7::1]", "2001:db8:0:7::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_what_counts_as_one_address(address, network):
    assert network_of(address) == network


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


ANA, EVA = ("CP001", "10.0.0.1"), ("CP001", "10.0.0.2")


def wait_told(throttle, source):
    with pytest.raises(Overloaded) as refused:
        throttle.attempt(source)
    assert refused.value.code is Code.SLOW
    return refused.value.retry_after_s


def test_each_further_guess_waits_twice_as_long_up_to_a_bound():
    clock = Clock()
    throttle = GuessThrottle(clock, free=3, most_s=8)
    waits = []
    for _ in range(8):
        try:
            throttle.attempt(ANA)
        except Overloaded as refused:
            waits.append(refused.retry_after_s)
            clock.now += refused.retry_after_s
            throttle.attempt(ANA)
    assert waits == [1, 2, 4, 8, 8]


def test_a_guesser_locks_out_nobody_at_another_address():
    throttle = GuessThrottle(Clock(), free=1)
    throttle.attempt(ANA)
    wait_told(throttle, ANA)
    throttle.attempt(EVA)


def test_tries_that_come_too_soon_do_not_lengthen_the_wait():
    throttle = GuessThrottle(Clock(), free=1)
    throttle.attempt(ANA)
    assert wait_told(throttle, ANA) == wait_told(throttle, ANA) == 1


def test_a_right_login_is_a_clean_slate():
    throttle = GuessThrottle(Clock(), free=2)
    for _ in range(5):
        throttle.attempt(ANA)
        throttle.succeeded(ANA)


def test_tries_are_forgotten_in_time():
    clock = Clock()
    throttle = GuessThrottle(clock, free=1, forget_after_s=60)
    for _ in range(3):
        throttle.attempt(ANA)
        clock.now += 60
    throttle.attempt(ANA)
    assert wait_told(throttle, ANA) == 1


def test_a_try_that_was_not_checked_does_not_count():
    throttle = GuessThrottle(Clock(), free=1)
    for _ in range(3):
        throttle.attempt(ANA)
        throttle.undone(ANA)
    throttle.undone(EVA)


def test_the_number_of_remembered_sources_is_bounded():
    throttle = GuessThrottle(Clock(), free=1, max_sources=2)
    for number in range(4):
        throttle.attempt(("CP001", f"10.0.0.{number}"))
    assert len(throttle._sources) == 2
    wait_told(throttle, ("CP001", "10.0.0.3"))


# ---- one name from everywhere


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def throttle(clock):
    return LoginThrottle(clock)


def told_to_wait(throttle, name, address):
    with pytest.raises(Overloaded) as refused:
        throttle.attempt(name, address)
    assert refused.value.code is Code.SLOW
    return refused.value.retry_after_s


def guessed(throttle, clock, name, number):
    """So many wrong tries, each from another address, which waits when it is told to."""
    for one in range(number):
        address = f"10.1.{one // 250}.{one % 250}"
        with contextlib.suppress(Overloaded):
            throttle.attempt(name, address)
            continue
        clock.now += 60
        throttle.attempt(name, address)


def test_a_name_that_is_guessed_from_many_addresses_is_braked_for_new_ones(throttle, clock):
    guessed(throttle, clock, "admin", 20)
    assert told_to_wait(throttle, "admin", "10.9.9.9") == 1
    clock.now += 1
    throttle.attempt("admin", "10.9.9.9")
    # Each further one waits longer, and none longer than a minute.
    waits = []
    for number in range(12):
        address = f"10.2.0.{number}"
        waits.append(told_to_wait(throttle, "admin", address))
        clock.now += waits[-1]
        throttle.attempt("admin", address)
    assert waits == [2, 4, 8, 16, 32, *[60] * 7]
    # Other names are not touched.
    throttle.attempt("olga", "10.9.9.9")


def test_who_asked_and_waited_gets_its_turn_however_many_others_guess(throttle, clock):
    """An attacker who never stops cannot lock the administrator out for good."""
    guessed(throttle, clock, "admin", 60)
    wait_s = told_to_wait(throttle, "admin", "192.0.2.7")
    assert wait_s <= 60
    for number in range(200):
        clock.now += wait_s / 200
        with contextlib.suppress(Overloaded):
            throttle.attempt("admin", f"10.3.0.{number}")
    clock.now += 0.1
    throttle.attempt("admin", "192.0.2.7")
    throttle.succeeded("admin", "192.0.2.7")


def test_an_address_from_which_the_name_got_in_waits_for_nobody_elses_mistakes(throttle, clock):
    throttle.attempt("admin", "192.0.2.7")
    throttle.succeeded("admin", "192.0.2.7")
    guessed(throttle, clock, "admin", 20)
    told_to_wait(throttle, "admin", "10.9.9.9")
    throttle.attempt("admin", "192.0.2.7")
    throttle.succeeded("admin", "192.0.2.7")
    # For its own it does.
    for _ in range(5):
        throttle.attempt("admin", "192.0.2.7")
    told_to_wait(throttle, "admin", "192.0.2.7")


def test_right_logins_and_what_was_not_checked_do_not_brake_a_name(throttle):
    for number in range(100):
        throttle.attempt("admin", f"10.4.0.{number}")
        (throttle.succeeded if number % 2 else throttle.undone)("admin", f"10.4.0.{number}")
    throttle.attempt("admin", "10.9.9.9")


def test_the_tries_of_a_name_are_forgotten_in_time(throttle, clock):
    guessed(throttle, clock, "admin", 40)
    told_to_wait(throttle, "admin", "10.9.9.9")
    clock.now += 900
    throttle.attempt("admin", "10.8.8.8")


def test_one_address_that_tries_many_names_is_braked_and_comes_through_again(throttle, clock):
    for number in range(30):
        throttle.attempt(f"user{number}", "10.0.0.1")
    wait_s = told_to_wait(throttle, "olga", "10.0.0.1")
    assert wait_s <= 30
    throttle.attempt("olga", "10.0.0.2")
    clock.now += wait_s
    throttle.attempt("olga", "10.0.0.1")


def test_what_is_remembered_of_names_and_addresses_is_bounded(clock):
    throttle = LoginThrottle(clock, free_of_name=0, max_sources=5)
    for number in range(50):
        with contextlib.suppress(Overloaded):
            throttle.attempt(f"user{number}", f"10.5.0.{number}")
            throttle.succeeded(f"user{number}", f"10.5.0.{number}")
        with contextlib.suppress(Overloaded):
            throttle.attempt("admin", f"10.6.0.{number}")
    assert max(len(throttle._names), len(throttle._turns), len(throttle._known)) <= 5
