"""In which order a peer dials the Centrals of its network, and what it says when none of them serves it."""

from evcharge.domain.errors import AuthenticationError, Code
from evcharge.evc1.central_addresses import CentralAddresses, places
from evcharge.evc1.connection import ChannelClosed

A, B, C = ("10.0.0.5", 9002), ("10.0.0.6", 9002), ("10.0.0.7", 9002)
REFUSED = ChannelClosed("refused", Code.UNREACHABLE)
SILENT = ChannelClosed("silent", Code.TIMEOUT)
REVOKED = AuthenticationError("revoked", Code.REVOKED)
IMPOSTOR = AuthenticationError("not ours", Code.CENTRAL_PROOF)


def a_round(centrals: CentralAddresses) -> list[tuple[str, int]]:
    dialled = [centrals.next]
    while centrals.failed(REFUSED):
        dialled.append(centrals.next)
    centrals.begin()
    return dialled


def test_a_round_dials_each_once_and_the_next_round_begins_with_the_same():
    centrals = CentralAddresses([A, B, C])
    assert a_round(centrals) == [A, B, C]
    assert a_round(centrals) == [A, B, C]


def test_a_round_tells_what_each_said_and_who_is_next():
    centrals = CentralAddresses([A, B, C])
    centrals.failed(REFUSED)
    centrals.failed(SILENT)
    assert list(centrals.failures.items()) == [(A, REFUSED), (B, SILENT)]
    assert places(centrals.all) == "10.0.0.7:9002, 10.0.0.5:9002, 10.0.0.6:9002"


def test_the_one_that_served_stays_the_first():
    centrals = CentralAddresses([A, B, C])
    assert centrals.failed(REFUSED)
    centrals.begin()
    assert centrals.next == B
    assert a_round(centrals) == [B, C, A]


def test_one_that_went_silent_is_dialled_last():
    centrals = CentralAddresses([A, B])
    centrals.pass_over()
    assert a_round(centrals) == [B, A]


def test_whoever_hands_over_says_who_is_dialled_first():
    centrals = CentralAddresses([A, B, C])
    centrals.moved(["10.0.0.7:9002", "10.0.0.9:1"])
    assert a_round(centrals) == [C, ("10.0.0.9", 1), B, A]


def test_whoever_hands_over_without_a_name_is_dialled_last():
    centrals = CentralAddresses([A, B])
    centrals.moved([])
    assert a_round(centrals) == [B, A]
    alone = CentralAddresses([A])
    alone.moved([])
    assert a_round(alone) == [A]


def test_what_is_no_address_is_passed_over():
    centrals = CentralAddresses([A, B])
    centrals.moved(["nonsense", "host:70000", "fe80::1:9002", "[fe80::1]:9002"])
    assert a_round(centrals) == [("fe80::1", 9002), B, A]


def test_addresses_that_were_named_once_are_not_collected_for_ever():
    centrals = CentralAddresses([A, B])
    for number in range(100):
        centrals.moved([f"10.1.0.{number}:9002"])
    assert len(a_round(centrals)) <= 4


def test_the_failure_of_whoever_answered_says_most():
    for failures, wanted in (
        ((REFUSED, REVOKED, IMPOSTOR), (B, REVOKED)),
        ((IMPOSTOR, REFUSED, SILENT), (A, IMPOSTOR)),
        ((REFUSED, SILENT, REFUSED), (B, SILENT)),
    ):
        centrals = CentralAddresses([A, B, C])
        for error in failures:
            centrals.failed(error)
        assert centrals.most_telling() == wanted


def test_addresses_are_said_as_one_types_them():
    assert places([A, ("fe80::1", 1)]) == "10.0.0.5:9002, [fe80::1]:1"
