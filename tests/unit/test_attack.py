"""How the attack suite judges, and what it never attacks."""

import pytest

from tests.attack.__main__ import NEIGHBOURS, Attack, Outcome, _judge, attacks, carry_out
from tests.attack.neighbours import Waits
from tests.attack.result import Bounds, Result
from tests.attack.target import Address, NotLoopback, Target, Use


async def nothing(target: Target, seconds: float, seed: int) -> Result:
    return Result()


def judged(bounds: Bounds | None = None, **what: object) -> list[str]:
    """Return what was broken of an attack that did this."""
    outcome = Outcome(Attack("an attack", "module", nothing, bounds or Bounds()), Result(), **what)
    _judge(outcome)
    return outcome.result.broken


def test_an_attack_within_its_bounds_passes():
    assert judged(waits=Waits({"login": [0.1] * 100}), rows=200, grown_kib=64 * 1024, descriptors=100) == []


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
def test_a_neighbour_that_waits_too_long_is_named(neighbour: str):
    (said,) = judged(waits=Waits({neighbour: [0.01] * 50 + [9.0]}))
    assert said.startswith(f"{neighbour}: p99 9000 ms, allowed")


def test_whoever_was_not_served_is_named():
    assert judged(waits=Waits({}, {"api: not served in 10 s": 3})) == ["api: not served in 10 s (3 times)"]


def test_rows_memory_and_descriptors_have_bounds_of_their_own():
    bounds = Bounds(rows=1, memory_mib=2, descriptors=3)
    assert judged(bounds, rows=2, grown_kib=3 * 1024, descriptors=4) == [
        "2 rows in the audit logs, allowed 1",
        "3 MiB more memory, allowed 2",
        "4 descriptors, allowed 3",
    ]


def test_every_attack_has_a_name_and_bounds_for_every_neighbour():
    found = attacks()
    assert len(found) >= 9
    assert len({attack.name for attack in found}) == len(found)
    for attack in found:
        assert all(attack.bounds.of(neighbour) > 0 for neighbour in NEIGHBOURS)


@pytest.mark.parametrize("host", ["192.0.2.1", "10.0.0.1", "example.org", "", "2001:db8::1"])
def test_nothing_but_this_computer_is_attacked(host: str):
    with pytest.raises(NotLoopback):
        Address(host, 9002)


@pytest.mark.parametrize("text", ["127.0.0.1:9002", "[::1]:9002"])
def test_an_address_is_read_as_it_is_written(text: str):
    assert str(Address.parse(text)) == text


def test_a_process_that_has_ended_is_left_out():
    target = Target(central=Address("127.0.0.1", 1), processes={"gone": 2**22 + 1})
    assert target.use() == {}


class Watched(Target):
    """A network of one process, which holds so many descriptors each time that one looks; the last for ever."""

    def __init__(self, *looks: int) -> None:
        super().__init__(central=Address("127.0.0.1", 1))
        self._looks = list(looks)

    def use(self) -> dict[str, Use]:
        return {"engine": Use(1, self._looks.pop(0) if len(self._looks) > 1 else self._looks[0])}

    def held(self, name: str) -> str:
        return ""


async def broken_of(*looks: int) -> list[str]:
    """Return what was broken of an attack before, while and after which a process held so many descriptors."""
    attack = Attack("an attack", "module", nothing, Bounds())
    return (await carry_out(attack, Watched(*looks), None, 0.0, 7, 0.0)).result.broken


@pytest.mark.virtual_time
async def test_whoever_is_let_in_after_the_flood_has_gone_does_not_count_as_held():
    # 48 waited in the kernel: 16 are let in with each turn, while those of the turn before are hung up on.
    assert await broken_of(13, 269, 29, 45, 13) == []


@pytest.mark.virtual_time
async def test_a_process_that_keeps_the_connections_of_an_attack_is_named():
    (said,) = await broken_of(13, 269, 45)
    assert said.startswith("engine still holds 45 descriptors (13 before)")
