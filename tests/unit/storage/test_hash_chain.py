import sqlite3

import pytest

from evcharge.storage.hash_chain import (
    GENESIS,
    Broken,
    Head,
    Walk,
    beginning,
    canonical,
    chained,
    first_broken,
)


def chain(count=5):
    rows, previous = [], GENESIS
    for n in range(1, count + 1):
        row = {"n": n, "at": 1_700_000_000.25 + n, "who": "ana", "cp_id": None, "what": f"añade {n}"}
        row["hash"] = previous = chained(previous, row)
        rows.append(row)
    return rows


def test_an_untouched_chain_is_whole():
    assert first_broken(chain()) is None
    assert first_broken([]) is None


def test_rows_read_back_from_a_database_are_whole():
    with sqlite3.connect(":memory:") as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("CREATE TABLE events (n INTEGER, at REAL, who TEXT, hash TEXT) STRICT")
        previous = GENESIS
        for n in (1, 2):
            row = {"n": n, "at": n, "who": "ana"}  # the REAL column makes a float of this integer
            previous = chained(previous, row)
            connection.execute("INSERT INTO events VALUES (:n, :at, :who, :hash)", row | {"hash": previous})
        assert first_broken(connection.execute("SELECT * FROM events")) is None
    connection.close()


@pytest.mark.parametrize("n", [1, 3, 5])
@pytest.mark.parametrize("column", ["at", "who", "cp_id", "what", "hash"])
def test_a_changed_value_is_found_at_its_row(n, column):
    rows = chain()
    rows[n - 1][column] = "x" * 64
    assert first_broken(rows) == Broken(n, f"row {n} was changed, or the row before it was replaced")


def test_each_byte_of_a_text_counts():
    for place in range(len("añade 2")):
        rows = chain()
        text = rows[1]["what"]
        rows[1]["what"] = text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]
        assert first_broken(rows).n == 2


def test_a_deleted_row_is_found():
    rows = chain()
    del rows[2]
    assert first_broken(rows) == Broken(3, "row 3 is missing or out of its place")


def test_a_deleted_row_with_the_rest_renumbered_is_found():
    rows = chain()
    del rows[2]
    for n, row in enumerate(rows, 1):
        row["n"] = n
    assert first_broken(rows).n == 3


def test_an_inserted_row_is_found():
    rows = chain()
    rows.insert(2, rows[1] | {"n": 3})
    assert first_broken(rows).n == 3


def test_a_renamed_or_added_column_is_found():
    rows = chain()
    rows[3]["extra"] = 1
    assert first_broken(rows).n == 4


@pytest.mark.parametrize("value", [True, b"bytes", float("nan"), float("inf"), "\ud800", ["list"]])
def test_a_value_that_was_never_written_is_found_and_not_raised(value):
    rows = chain()
    rows[1]["who"] = value
    assert first_broken(rows) == Broken(2, "row 2 holds a value that was never written")


@pytest.mark.parametrize("value", [True, b"bytes", float("nan"), float("-inf")])
def test_a_value_that_would_come_back_changed_is_refused(value):
    with pytest.raises(TypeError, match="cannot hold"):
        canonical({"n": 1, "who": value})


def test_canonical_bytes_do_not_depend_on_the_order_or_the_hash():
    assert canonical({"b": 1, "a": "x", "hash": "1"}) == canonical({"a": "x", "b": 1.0}) == b'{"a":"x","b":1}'
    assert canonical({"a": 2.5**200}) != canonical({"a": 2.5**201})


# ---- several chains in one log


def log(*rows):
    """Return rows, each of (number, chain), as Centrals of those names write them; no name is the first chain."""
    written, ends = [], {}
    for n, chain in rows:
        row = {"n": n, "who": "ana"}
        ends[chain] = chained(ends.get(chain, beginning(chain)), row)
        written.append(row | {"hash": ends[chain], "chain": chain})
    return written


TURNS = ((1, ""), (2, ""), (3, "A"), (4, "A"), (5, "B"), (6, "A"), (7, "B"))


def test_each_chain_is_followed_through_all_rows():
    rows, walk = log(*TURNS), Walk()
    # However it is cut into parts.
    assert walk.first_broken(rows[:4]) is walk.first_broken(rows[4:]) is None
    assert walk.n == 7
    assert walk.ends == {
        "": Head(2, rows[1]["hash"]),
        "A": Head(6, rows[5]["hash"]),
        "B": Head(7, rows[6]["hash"]),
    }


def test_the_first_chain_is_as_it_was_before_chains_had_names():
    assert first_broken([row | {"chain": ""} for row in chain()]) is None


@pytest.mark.parametrize("chain", ["", "A", "B", "C"])
@pytest.mark.parametrize("n", range(1, 8))
def test_a_row_that_is_given_to_another_chain_is_found(n: int, chain: str):
    rows = log(*TURNS)
    was, rows[n - 1]["chain"] = rows[n - 1]["chain"], chain
    broken = first_broken(rows)
    assert broken is None if chain == was else broken.n == n


@pytest.mark.parametrize("n", range(1, 7))
def test_the_end_of_one_chain_cannot_be_cut_off_under_another(n: int):
    rows = log(*TURNS)
    del rows[n - 1]
    assert first_broken(rows) == Broken(n, f"row {n} is missing or out of its place")


def test_a_chain_that_was_given_another_name_is_found():
    rows = [row | {"chain": "C" if row["chain"] == "B" else row["chain"]} for row in log(*TURNS)]
    assert first_broken(rows).n == 5


@pytest.mark.parametrize(
    ("rows", "n"),
    [
        (((1, "A"), (1, "B"), (2, "A")), 2),
        (((1, "A"), (2, "B"), (4, "A")), 3),
        (((1, "A"), (2, "A"), (2, "A")), 3),
    ],
)
def test_no_number_comes_twice_or_is_left_out_in_whichever_chain(rows: tuple[tuple[int, str], ...], n: int):
    """A row of a chain that nobody wrote fits between any two, unless its number is theirs to give."""
    assert first_broken(log(*rows)) == Broken(n, f"row {n} is missing or out of its place")


@pytest.mark.parametrize("chain", [b"A", None, 1])
def test_a_chain_that_is_no_text_is_found_and_not_raised(chain: object):
    rows = log(*TURNS)
    rows[2]["chain"] = chain
    assert first_broken(rows) == Broken(3, "row 3 holds a value that was never written")
