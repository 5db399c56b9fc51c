import pytest

from evcharge.domain.names import is_ours, looks_like


@pytest.mark.parametrize(
    "name", ["central", "CENTRAL", "Registry", "reg1stry", "unknown", "operator", "DR1VER", "kafka"]
)
def test_our_own_names_and_what_looks_like_them_are_ours(name):
    assert is_ours(name)


@pytest.mark.parametrize("name", ["CP001", "D01", "DRIVER-1", "CENTRAL-PARK", "olga"])
def test_other_names_are_free(name):
    assert not is_ours(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("D01", "d0l"),
        ("CP001", "cpool"),
        ("olga", "0LGA"),
        ("ana.b", "ana-b"),
        ("ana_b", "anab"),
        ("ilse", "1lse"),
    ],
)
def test_two_names_that_a_person_would_confuse_look_alike(one, other):
    assert looks_like(one) == looks_like(other)


@pytest.mark.parametrize(("one", "other"), [("olga", "olgo"), ("D01", "D02"), ("CP001", "CP010")])
def test_two_other_names_do_not(one, other):
    assert looks_like(one) != looks_like(other)
