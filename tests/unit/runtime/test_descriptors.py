"""How many connections a process can hold."""

import resource
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evcharge.runtime.admission import SeatLimits
from evcharge.runtime.descriptors import RESERVED, share

LINKS = SeatLimits(strangers=512, strangers_per_network=128)
CLIENTS = SeatLimits(strangers=512, strangers_per_network=128, members=1024)


def test_whoever_has_no_limit_of_its_own_gets_what_the_others_leave():
    budget = share(20_000, LINKS, CLIENTS)
    assert not budget.is_short
    links, clients = budget.servers
    assert links.members == 20_000 - RESERVED - 512 - 512 - 1024
    assert clients == CLIENTS


def test_where_it_is_too_little_strangers_and_clients_are_cut_down_before_links():
    budget = share(1024, LINKS, CLIENTS)
    assert budget.is_short
    links, clients = budget.servers
    assert (links.strangers, clients.strangers, clients.members) == (128, 128, 128)
    assert links.members == 1024 - RESERVED - 3 * 128


@given(st.integers(1, 100_000))
def test_what_is_promised_can_be_kept(limit: int):
    budget = share(limit, LINKS, CLIENTS)
    promised = sum(seats.strangers + (seats.members or 0) for seats in budget.servers)
    assert promised + RESERVED <= limit or budget.servers[0].members == 0
    for seats in budget.servers:
        assert seats.strangers_per_network <= seats.strangers


@pytest.mark.parametrize("soft", [64, 256])
def test_a_process_raises_its_limit_to_the_hard_one(soft: int):
    hard = 300
    code = (
        "import resource; from evcharge.runtime.descriptors import raise_limit; "
        "print(raise_limit(), raise_limit(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)),
        capture_output=True,
        check=True,
    )
    assert said.stdout.split() == [b"300", b"300", b"300"]


def test_a_kernel_that_takes_less_than_the_hard_limit_is_asked_for_less(monkeypatch: pytest.MonkeyPatch):
    asked = []

    def setrlimit(_: int, wanted: tuple[int, int]) -> None:
        asked.append(wanted[0])
        if wanted[0] > 65_536:
            raise ValueError("not allowed to raise maximum limit")

    unlimited = (256, resource.RLIM_INFINITY)
    monkeypatch.setattr(resource, "getrlimit", lambda _: unlimited)
    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    from evcharge.runtime.descriptors import raise_limit

    assert raise_limit() == 65_536
    assert asked == [1_048_576, 65_536]
