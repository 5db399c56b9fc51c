"""A token is read as it was made, or not at all."""

import string
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evcharge.joining.token import MAX_BYTES, PREFIX, BadToken, Invitation, decode, encode
from evcharge.labels import Speech
from evcharge.labels.join import SENTENCES

ALPHABET = string.ascii_letters + string.digits + "-_"
INVITATION = Invitation(
    kind="cp",
    id="CP009",
    registry_host="192.168.1.10",
    registry_port=5001,
    central_host="192.168.1.10",
    central_port=9002,
    ca_sha256=bytes(range(32)),
    secret=b"0123456789abcdef",
)
TOKEN = encode(INVITATION)

hosts = st.text(ALPHABET.replace("_", ".:"), min_size=1, max_size=253)
ports = st.integers(1, 65535)
invitations = st.builds(
    Invitation,
    kind=st.sampled_from(["cp", "driver"]),
    id=st.text(string.ascii_uppercase + string.digits + "_-", min_size=1, max_size=32),
    registry_host=hosts,
    registry_port=ports,
    central_host=hosts,
    central_port=ports,
    ca_sha256=st.binary(min_size=32, max_size=32),
    secret=st.binary(min_size=16, max_size=16),
    other_centrals=st.sampled_from([(), ("10.0.0.6:9002",), ("[fe80::6]:9002", "lab-pc-07:9012")]),
    other_registries=st.sampled_from([(), ("10.0.0.6:5001",), ("[fe80::6]:5001", "lab-pc-07:5001")]),
)


def problem(text):
    with pytest.raises(BadToken) as caught:
        decode(text)
    return caught.value


@given(invitations)
def test_what_was_encoded_is_decoded(invitation):
    token = encode(invitation)
    assert decode(token) == invitation
    assert set(token) <= set(ALPHABET)


def test_a_token_is_one_short_line_and_hides_its_secret_from_the_log():
    assert len(TOKEN) < 160
    assert "0123" not in repr(INVITATION)
    assert INVITATION.registry_url == "https://192.168.1.10:5001"
    six = msgspec.structs.replace(INVITATION, registry_host="::1", central_host="fe80::2")
    assert (six.registry_url, six.central_address) == ("https://[::1]:5001", "[fe80::2]:9002")


def test_a_token_of_one_central_is_what_older_releases_read():
    values = msgspec.msgpack.decode(urlsafe_b64decode(TOKEN[5:] + "=" * (-len(TOKEN[5:]) % 4))[2:-4])
    assert values == list(msgspec.structs.astuple(INVITATION)[:8])


def test_every_truncation_is_recognised():
    for length in range(len(TOKEN)):
        assert problem(TOKEN[:length]).name in ("empty", "not a token", "mistyped", "cut off")
    cut = problem(TOKEN[:-7])
    assert (cut.name, cut.values) == ("cut off", {"missing": 7, "length": len(TOKEN)})
    for start in range(1, len(TOKEN)):
        problem(TOKEN[start:])


def test_every_change_of_one_character_is_recognised():
    for place, right in enumerate(TOKEN):
        for wrong in ALPHABET + ' \n.+/=%é\0<"':
            if wrong != right:
                problem(TOKEN[:place] + wrong + TOKEN[place + 1 :])


def test_every_character_left_out_doubled_or_swapped_with_its_neighbour_is_recognised():
    for place, one in enumerate(TOKEN):
        problem(TOKEN[:place] + TOKEN[place + 1 :])
        problem(TOKEN[:place] + one + TOKEN[place:])
        swapped = TOKEN[:place] + TOKEN[place : place + 2][::-1] + TOKEN[place + 2 :]
        if swapped != TOKEN:
            problem(swapped)


@pytest.mark.parametrize(
    "pasted",
    [
        f"  {TOKEN}\n",
        f"\ufeff{TOKEN}\r\n",
        "\r\n".join(TOKEN[start : start + 76] for start in range(0, len(TOKEN), 76)),
        "\u00ad".join(TOKEN),
        "\u200b \t\u00a0".join((TOKEN[:50], TOKEN[50:])),
        f'"{TOKEN}"',
        f"<{TOKEN}>",
        f"«{TOKEN[:9]} {TOKEN[9:]}»",
    ],
)
def test_what_mail_clients_put_around_and_into_it_does_no_harm(pasted):
    assert decode(pasted) == INVITATION


@pytest.mark.parametrize(
    ("pasted", "name", "says"),
    [
        ("", "empty", "There is no token"),
        (" \n\t", "empty", "There is no token"),
        ('""', "empty", "There is no token"),
        ("https://192.168.1.10:5001", "not a token", "one begins with evc1_"),
        ("CP009", "not a token", "This is no token of evcharge"),
        ("\x1b[2J", "not a token", "This is no token of evcharge"),
        ("evc2_" + TOKEN[5:], "other version", "has version 2, and this evcharge knows version 1"),
        (TOKEN[:20] + "ñ" + TOKEN[21:], "wrong alphabet", "the character '\\xf1'"),
        (TOKEN + "=", "wrong alphabet", "the character '='"),
        (TOKEN + "AB", "too long", "2 characters too many"),
        (TOKEN + TOKEN, "too long", "characters too many"),
        (TOKEN[:40], "cut off", f"of its {len(TOKEN)} characters are missing"),
        (PREFIX, "mistyped", "is damaged"),
        (PREFIX + "AAAAAAAA", "mistyped", "is damaged"),
        (PREFIX + "____" * 400, "mistyped", "is damaged"),
    ],
)
def test_what_is_wrong_with_a_token_is_said_plainly(pasted, name, says):
    refused = problem(pasted)
    assert refused.name == name
    assert says in refused.text
    assert refused.text.isprintable()
    assert Speech(SENTENCES, "es")(name, **refused.values) != refused.text


@given(st.text())
@example("evc1_" + "A" * 5000)
def test_no_text_at_all_is_more_than_refused(text):
    problem(text)


def made(body):
    """A token that is whole and has the right sum, around any body."""
    raw = (len(body) + 6).to_bytes(2, "big") + body
    return PREFIX + urlsafe_b64encode(raw + zlib.crc32(raw).to_bytes(4, "big")).decode().rstrip("=")


ROW = list(msgspec.structs.astuple(INVITATION))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, "operator"),
        (1, "../CP009"),
        (2, 'x"\nlang = "es'),
        (2, "user@evil"),
        (3, 0),
        (3, 65536),
        (4, ""),
        (5, "9002"),
        (6, b"short"),
        (7, b"x" * 17),
        (8, ["a:9002\nlang"]),
        (9, ["a:5001\nlang"]),
    ],
)
def test_a_forged_token_with_a_right_sum_still_holds_only_what_may_stand_in_one(place, value):
    assert decode(made(msgspec.msgpack.encode(ROW))) == INVITATION
    forged = [*ROW[:place], value, *ROW[place + 1 :]]
    assert problem(made(msgspec.msgpack.encode(forged))).name == "mistyped"
    assert problem(made(msgspec.msgpack.encode(ROW[:-3]))).name == "mistyped"


def test_nothing_is_encoded_that_could_not_be_decoded():
    for bad in (
        msgspec.structs.replace(INVITATION, central_port=0),
        msgspec.structs.replace(INVITATION, other_centrals=("fe80::1",)),
        msgspec.structs.replace(INVITATION, other_centrals=("a:1",) * 9),
        msgspec.structs.replace(INVITATION, id="x" * MAX_BYTES),
    ):
        with pytest.raises(ValueError, match="Expected|too long"):
            encode(bad)
