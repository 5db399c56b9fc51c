"""Where PostgreSQL is, as people write it."""

import pytest

from evcharge.storage.postgres_place import REGISTRY, Place


@pytest.mark.parametrize(
    ("hosts", "found"),
    [
        ("db1", [("db1", 5432)]),
        ("db1,db2:5433", [("db1", 5432), ("db2", 5433)]),
        # urlsplit of newer Pythons takes neither.
        ("[::1],db2", [("::1", 5432), ("db2", 5432)]),
        ("db1,[fd00::2]:5433", [("db1", 5432), ("fd00::2", 5433)]),
        ("%2Fvar%2Frun", [("/var/run", 5432)]),
    ],
)
def test_an_address_names_one_host_or_several(hosts: str, found: list[tuple[str, int]]):
    place = Place(url=f"postgresql://evcharge@{hosts}/books?schema=lab")
    assert place.hosts == found
    assert (place.user, place.database, place.schema) == ("evcharge", "books", "lab")


def test_both_services_may_have_one_database():
    url = "postgresql://evcharge@db/books"
    assert (Place(url=url).schema, Place(url=url, section=REGISTRY).schema) == ("public", "registry")


def test_of_several_hosts_this_computer_needs_no_certificate():
    place = Place(url="postgresql://evcharge@127.0.0.1,db2/books")
    assert place.tls("127.0.0.1") is None
    assert place.tls("db2") is not None
