"""Files of services and typed lines: everything that comes in from a person, and never can be trusted."""

import contextlib
import itertools
from pathlib import Path

import pytest

from evcharge.domain.errors import BadInput
from evcharge.driver.lines import MAX_LINE_BYTES, LineCutter
from evcharge.driver.prompt import StopWish, TypedCommand, parse
from evcharge.driver.requests import Outcome
from evcharge.driver.script import (
    MAX_ROWS,
    Asked,
    BadLine,
    Mark,
    Service,
    ServiceReader,
    Wish,
    is_binary,
    parse_wish,
    summary,
)
from evcharge.driver.words import Words

SAMPLE = Path(__file__).parents[3] / "services.txt"


def read(data: bytes, after_line: int = 0) -> list[Service | BadLine]:
    reader = ServiceReader("services.txt", after_line)
    return [*reader.feed(data), *reader.end()]


# ---- one line


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("CP001", Wish("CP001")),
        ("cp001", Wish("CP001")),
        ("any", Wish()),
        ("ANY", Wish()),
        ("near Berlin", Wish(None, "Berlin")),
        ("near Guadalajara, ES", Wish(None, "Guadalajara, ES")),
        ("any near  San Vicente ", Wish(None, "San Vicente")),
        ("CP001 near Málaga", Wish("CP001", "Málaga")),
        ("CP001 5 kWh", Wish("CP001", until_mwh=5_000_000)),
        ("cp001 3.25KWH", Wish("CP001", until_mwh=3_250_000)),
        ("any 3 €", Wish(until_cents=300)),
        ("any near San Vicente 0.5 EUR", Wish(None, "San Vicente", until_cents=50)),
        ("5 kWh", Wish(until_mwh=5_000_000)),
        ("CP001 12.50€", Wish("CP001", until_cents=1_250)),
        ("CP001 2 euros", Wish("CP001", until_cents=200)),
    ],
)
def test_a_line_says_where_to_charge(text, wish):
    assert parse_wish(text) == wish


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("CP 001", "found 'CP 001'"),
        ("CP001;CP002", "found 'CP001;CP002'"),
        ("x" * 33, "found"),
        ("y" * 80, "..."),
        ("any nearby Berlin", "found 'any nearby'"),
        ("any near", "near needs a location"),
        ("any near 5 kWh", "near needs a location"),
        ("CP001 0 kWh", "bad limit '0 kWh': say after how much to stop"),
        ("CP001 0 €", "bad limit '0"),
        ("CP001 9001 kWh", "bad limit"),
        ("CP001 0.001 €", "bad limit"),
        ("CP001 1,5 kWh", "bad limit '1,5 kWh'"),
        ("CP001 5 kW", "found 'CP001 5'"),
        ("any near " + "x" * 201, "bad location"),
    ],
)
def test_a_line_that_says_nothing_we_can_do_names_what_is_wrong(text, problem):
    with pytest.raises(BadInput, match=problem.replace(".", r"\.")):
        parse_wish(text)


# ---- a file


def test_comments_blank_lines_bom_and_crlf_are_tolerated():
    data = b"\xef\xbb\xbfCP001\r\n\r\n# a comment\r\n  CP002\t# why not\r\nany near Berlin\r\n\t \nCP003"
    assert read(data) == [
        Service(1, Wish("CP001")),
        Service(4, Wish("CP002")),
        Service(5, Wish(None, "Berlin")),
        Service(7, Wish("CP003")),
    ]


def test_a_bad_line_is_named_and_the_rest_goes_on():
    found = read(b"CP001\nwhat is this\nCP\x1b[2J\n\xff\xfe\n" + b"x" * 2000 + b"\nCP002\n")
    assert [one.line for one in found] == [1, 2, 3, 4, 5, 6]
    problems = [one.problem for one in found if isinstance(one, BadLine)]
    assert problems == [
        "expected a charging point (such as CP001) or any, then near LOCATION, then 5 kWh or 3 €; found 'what is'",
        "control characters in it",
        "not UTF-8 text",
        f"too long (more than {MAX_LINE_BYTES} bytes)",
    ]
    assert found[-1] == Service(6, Wish("CP002"))


def test_a_file_cut_at_any_byte_reads_the_same():
    data = "\ufeffCP001\r\nany near Málaga\r\nbad line\r\nCP003".encode()
    whole = read(data)
    for cut in range(len(data) + 1):
        reader = ServiceReader("services.txt")
        assert [*reader.feed(data[:cut]), *reader.feed(data[cut:]), *reader.end()] == whole


def test_lines_that_an_earlier_run_has_finished_are_passed_over():
    assert read(b"CP001\nbad line\nCP003\n", after_line=2) == [Service(3, Wish("CP003"))]


def test_a_million_lines_stream():
    reader = ServiceReader("services.txt")
    chunk = (b"# nothing\n\n" * 49 + b"CP001\nbad line\n") * 100
    found = 0
    for _ in range(100):
        found += sum(1 for _ in reader.feed(chunk))
    assert found == 20_000
    assert [*reader.feed(b"CP002\n")] == [Service(1_000_001, Wish("CP002"))]


def test_a_line_without_end_is_not_kept():
    cutter = LineCutter()
    for _ in range(100):
        assert not list(cutter.feed(b"x" * 10_000))
    assert len(cutter._rest) <= MAX_LINE_BYTES
    line, following = cutter.feed(b"\nCP001\n")
    assert (line.number, line.too_long) == (1, True)
    assert following.text() == "CP001"


def test_an_endless_last_line_is_named_too():
    assert [type(one) for one in read(b"x" * 5000)] == [BadLine]


@pytest.mark.parametrize(
    "beginning",
    [b"\x89PNG\r\n\x1a\n\0\0", "CP001\n".encode("utf-16"), b"\x1f\x8b\x08\x08\xff\xfe", bytes(range(1, 256))],
)
def test_a_binary_file_gets_one_sentence(beginning):
    with pytest.raises(BadInput, match=r"services\.txt is not a text file"):
        read(beginning)


@pytest.mark.parametrize("beginning", [b"", b"CP001\n", "Málaga".encode("latin-1"), "Málaga".encode()[:2]])
def test_text_is_not_taken_for_binary(beginning):
    assert not is_binary(beginning)


def test_in_spanish_the_comma_of_a_limit_is_decimal():
    assert parse_wish("CP001 3,2 kWh", Words("es")) == Wish("CP001", until_mwh=3_200_000)
    assert parse_wish("any 2,50 €", Words("es")) == Wish(until_cents=250)
    with pytest.raises(BadInput, match="límite no válido"):
        parse_wish("any 1,250 €", Words("es"))


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        (b'{"cp":"CP001","eur":3}', Wish("CP001", until_cents=300)),
        (b'{"near":"Elche","kwh":3.2,"eur":0.5}', Wish(None, "Elche", 3_200_000, 50)),
        (b'{"kwh":0}', "bad limit '0 kWh'"),
        (b'{"kwh":-5}', "bad limit '-5 kWh'"),
        (b'{"kwh":1e-9}', "bad limit"),
        (b'{"eur":0.001}', "bad limit"),
        (b'{"kwh":"5"}', "`kwh` must be"),
        (b'{"kwh":true}', "`kwh` must be"),
    ],
)
def test_an_entry_of_json_may_have_limits(entry: bytes, found: Wish | str):
    (one,) = read(b"[" + entry + b"]")
    if isinstance(found, Wish):
        assert one == Service(1, found)
    else:
        assert found in one.problem


JSON = b'[{"cp":"CP001","kwh":5},{"near":"Berlin"},{"cp":"cp002","near":"Elche"},{"cp":1},{"what":1},{"cp":"C P"}]'


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b" \n"])
def test_a_file_may_be_json(before):
    one, two, three, *bad = read(before + JSON)
    assert one == Service(1, Wish("CP001", until_mwh=5_000_000))
    assert two == Service(2, Wish(None, "Berlin"))
    assert three == Service(3, Wish("CP002", "Elche"))
    assert [(line.line, line.problem.partition(";")[0]) for line in bad] == [
        (4, "`cp` must be text"),
        (5, "`what` is not known"),
        (6, "expected a charging point (such as CP001) or any, then near LOCATION, then 5 kWh or 3 €"),
    ]
    reader = ServiceReader("x", after_line=5)
    assert [*reader.feed(JSON[:20]), *reader.feed(JSON[20:])] == []
    assert [one.line for one in reader.end()] == [6]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"[{", "cannot read services.txt: it is not JSON"),
        (b"[" + b" " * 2**20, "services.txt is JSON of more than 1 MiB"),
    ],
)
def test_json_that_is_none_or_has_no_end_is_one_sentence(data, why):
    with pytest.raises(BadInput, match=why):
        read(data)


def test_the_shipped_sample_has_ten_good_services():
    found = read(SAMPLE.read_bytes())
    assert len(found) >= 10
    assert all(isinstance(one, Service) for one in found)


# ---- how far a file has come


def test_the_outcome_of_another_request_settles_nothing():
    mark = Mark()
    mark.begin(3, Asked("request-1", "CP001", None))
    stranger = Outcome(request_id="request-0", cp_id="CP001", charged=True, result="unplugged")
    assert not mark.settle(stranger)
    assert mark.asked is not None
    assert not Mark().settle(stranger)


def test_the_table_counts_and_sums():
    mark = Mark(bad=2)
    mark.begin(1, Asked("request-1", None, "Berlin"))
    charged = Outcome(
        request_id="request-1",
        cp_id="CP002",
        charged=True,
        result="unplugged",
        energy_mwh=1_100_000,
        cost_cents=28,
    )
    assert mark.settle(charged)
    mark.begin(4, Asked("request-2", "CP001", None))
    assert mark.settle(Outcome(request_id="request-2", cp_id=None, charged=False, result="CP001 is busy"))
    assert summary("services.txt", mark) == [
        "===== SERVICES OF services.txt =====",
        "Line  Asked for                       Point  kWh    €     Result",
        "1     any charging point near Berlin  CP002  1.100  0.28  unplugged",
        "4     CP001                           -      0.000  0.00  Refused: CP001 is busy",
        "Total: 1 charged, 1 refused, 2 bad lines skipped; 1.100 kWh, 0.28 €",
    ]


def test_a_very_long_table_shows_its_newest_rows_and_counts_all():
    mark = Mark()
    for number in range(MAX_ROWS + 5):
        mark.begin(number, Asked(f"request-{number}", "CP001", None))
        mark.settle(Outcome(request_id=f"request-{number}", cp_id="CP001", charged=False, result="busy"))
    lines = summary("services.txt", mark)
    assert len(mark.rows) == MAX_ROWS
    assert lines[-2] == "… and 5 earlier services"
    assert lines[-1].startswith(f"Total: 0 charged, {MAX_ROWS + 5} refused;")


# ---- typed lines


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", None),
        ("start", Wish()),
        ("Start cp001", Wish("CP001")),
        ("start any near Berlin", Wish(None, "Berlin")),
        ("LIST", TypedCommand("list")),
        *((word, TypedCommand(word)) for word in ("balance", "history", "help", "quit")),
        ("stop", StopWish()),
        ("Stop cp003", StopWish("CP003")),
    ],
)
def test_commands_are_understood(text, wanted):
    assert parse(text) == wanted


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("charge", "unknown command 'charge'"),
        ("z" * 100, r"unknown command 'z{40}\.\.\.'"),
        ("quit now", "quit takes nothing after it"),
        ("start here and now", "expected a charging point"),
    ],
)
def test_what_is_no_command_gets_one_plain_line(text, problem):
    with pytest.raises(BadInput, match=problem) as caught:
        parse(text)
    assert "\n" not in caught.value.text


def test_every_two_words_are_understood_or_answered():
    vocabulary = ["start", "stop", "near", "any", "CP001", "list", "", "\u202e", "é"]
    for words in itertools.product(vocabulary, repeat=3):
        with contextlib.suppress(BadInput):
            parse(" ".join(words).strip())
