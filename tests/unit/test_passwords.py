import asyncio
import threading

import pytest

from evcharge import passwords as module
from evcharge.errors import Code, Overloaded
from evcharge.passwords import Brake, Credentials
from evcharge.trust import new_secret


@pytest.fixture
async def credentials():
    async with Credentials() as made:
        yield made


@pytest.fixture
def argon2_runs(monkeypatch):
    """Counts checks by Argon2 instead of believing that they happen."""
    runs = []
    real = module._verified

    def counted(phc, secret):
        runs.append(phc)
        return real(phc, secret)

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


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


ANA, EVA = ("CP001", "10.0.0.1"), ("CP001", "10.0.0.2")


def wait_told(brake, source):
    with pytest.raises(Overloaded) as refused:
        brake.attempt(source)
    assert refused.value.code is Code.SLOW
    return refused.value.retry_after_s


def test_each_further_guess_waits_twice_as_long_up_to_a_bound():
    clock = Clock()
    brake = Brake(clock, free=3, most_s=8)
    waits = []
    for _ in range(8):
        try:
            brake.attempt(ANA)
        except Overloaded as refused:
            waits.append(refused.retry_after_s)
            clock.now += refused.retry_after_s
            brake.attempt(ANA)
    assert waits == [1, 2, 4, 8, 8]


def test_a_guesser_locks_out_nobody_at_another_address():
    brake = Brake(Clock(), free=1)
    brake.attempt(ANA)
    wait_told(brake, ANA)
    brake.attempt(EVA)


def test_tries_that_come_too_soon_do_not_lengthen_the_wait():
    brake = Brake(Clock(), free=1)
    brake.attempt(ANA)
    assert wait_told(brake, ANA) == wait_told(brake, ANA) == 1


def test_a_right_login_is_a_clean_slate():
    brake = Brake(Clock(), free=2)
    for _ in range(5):
        brake.attempt(ANA)
        brake.succeeded(ANA)


def test_tries_are_forgotten_in_time():
    clock = Clock()
    brake = Brake(clock, free=1, forget_after_s=60)
    for _ in range(3):
        brake.attempt(ANA)
        clock.now += 60
    brake.attempt(ANA)
    assert wait_told(brake, ANA) == 1


def test_a_try_that_was_not_checked_does_not_count():
    brake = Brake(Clock(), free=1)
    for _ in range(3):
        brake.attempt(ANA)
        brake.undone(ANA)
    brake.undone(EVA)


def test_the_number_of_remembered_sources_is_bounded():
    brake = Brake(Clock(), free=1, max_sources=2)
    for number in range(4):
        brake.attempt(("CP001", f"10.0.0.{number}"))
    assert len(brake._sources) == 2
    wait_told(brake, ("CP001", "10.0.0.3"))
