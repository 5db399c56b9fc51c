"""What is typed and printed around a token."""

import io
from pathlib import Path

import msgspec
import pytest

from evcharge import cli
from evcharge.joining import joining
from evcharge.joining.token import encode
from tests.unit.joining.test_token import INVITATION, TOKEN


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", None)


@pytest.fixture
def joins(monkeypatch):
    """What `joining.join` was called with; it does its last step only."""
    calls = []

    async def join(state, invitation, say, *, force):
        calls.append((state, invitation, force))
        state.mkdir(parents=True, exist_ok=True)
        (state / "joined.toml").write_text(joining._joined_text(invitation))
        return joining.credential_path(state, invitation.kind, invitation.id)

    monkeypatch.setattr(joining, "join", join)
    return calls


@pytest.fixture
def invites(monkeypatch):
    calls = []

    async def invite(config, ask, kind, id_, say, **more):
        calls.append((config.reach.registry_url, kind, id_, more))
        return joining.Made(TOKEN, 1_800_000_000, ["Mind: so and so."])

    monkeypatch.setattr(joining, "invite", invite)
    return calls


def test_the_token_alone_is_on_standard_output(invites, capsys):
    assert cli.run(["invite", "cp", "CP009", "--location", "Berlin", "--hours", "0.5", "--host", "h"]) == 0
    said = capsys.readouterr()
    assert said.out == f"{TOKEN}\n"
    assert said.err == (
        "Mind: so and so.\nGood once, until 2027-01-15 08:00 UTC, for CP009. "
        "On its PC type  evcharge join  and paste it.\n"
    )
    assert invites == [
        ("https://127.0.0.1:5001", "cp", "CP009", {"location": "Berlin", "ttl_s": 1800, "host": "h"})
    ]


def test_a_driver_is_invited_in_spanish_too(invites, capsys):
    assert cli.run(["invite", "driver", "D09", "--registry", "https://r:5", "--lang", "es"]) == 0
    assert "Vale una vez, hasta el 2027-01-15 08:00 UTC, para D09." in capsys.readouterr().err
    assert invites == [("https://r:5", "driver", "D09", {"location": "", "ttl_s": 86_400, "host": None})]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("invite", "Usage: evcharge invite"),
        ("invite cp", "Missing argument 'CP_ID'"),
        ("invite cp cp.9", "bad id 'CP.9'"),
        ("invite cp CP009 --hours 0", "'--hours'"),
        ("invite cp CP009 --hours nan", "'--hours'"),
        ("invite cp CP009 --host a/b", "must be a host name or an address"),
        ("invite operator O1", "No such command 'operator'"),
        ("invite driver D09 --location Elche", "No such option"),
    ],
)
def test_misuse_of_invite_says_what_is_allowed(invites, line, says, capsys):
    assert cli.run(line.split()) == 2
    assert says in " ".join(capsys.readouterr().err.split())
    assert invites == []


def test_joining_says_what_to_type_next(joins, capsys):
    assert cli.run(["join", TOKEN]) == 0
    said = capsys.readouterr()
    assert said.out == (
        "CP009 has joined the network of https://192.168.1.10:5001. "
        "Its credential is in .evcharge/cp/CP009/secret.\n"
        "Next, type:\n  evcharge cp-engine CP009\n  evcharge cp-monitor CP009\n"
    )
    assert said.err == ""
    assert joins == [(Path(".evcharge"), INVITATION, False)]


def test_the_next_command_has_the_state_folder_that_was_typed(joins, capsys):
    token = encode(msgspec.structs.replace(INVITATION, kind="driver", id="D09"))
    assert cli.run(["join", token, "--state", "a b", "--force"]) == 0
    assert capsys.readouterr().out.endswith("Next, type:\n  evcharge driver D09 --state 'a b'\n")
    assert joins[0][::2] == (Path("a b"), True)


def test_a_setting_that_goes_before_the_token_is_told(joins, capsys, monkeypatch):
    monkeypatch.setenv("EVCHARGE_REACH__CENTRAL_PORT", "7")
    assert cli.run(["join", TOKEN]) == 0
    assert capsys.readouterr().err == (
        "Mind: the environment or a setting says reach.central_port = 7, which goes before the token.\n"
    )


@pytest.mark.parametrize(
    "piped", [TOKEN, f"{TOKEN}\n", f" {TOKEN[:70]}\r\n{TOKEN[70:]}\r\n", f"\ufeff{TOKEN}"]
)
def test_a_token_comes_through_a_pipe(joins, piped, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(piped.encode())))
    assert cli.run(["join"]) == 0
    assert joins[0][1] == INVITATION


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ([], "There is no token."),
        ([""], "There is no token."),
        (["https://192.168.1.10:5001"], "This is no token of evcharge"),
        ([TOKEN[:-1]], "The token is not whole: 1 of its"),
        ([TOKEN, TOKEN], "Something stands after the token"),
        (["\x1b[2J\x00"], "This is no token of evcharge"),
        (["--lang", "es"], "No hay ningún token."),
    ],
)
def test_a_bad_token_is_one_plain_sentence(joins, args, says, capsys):
    assert cli.run(["join", *args]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"evcharge: {says}")
    assert said.count("\n") == 1
    assert joins == []


def test_a_pipe_of_rubbish_is_one_plain_sentence(joins, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff\x00" * 1_000_000)))
    assert cli.run(["join"]) == 1
    assert capsys.readouterr().err.startswith("evcharge: This is no token of evcharge")
