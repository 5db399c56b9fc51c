"""Invitations at a real Registry over HTTPS: once, in time, for whom they were made, and from no impostor."""

import asyncio
import base64
import contextlib
import json
import sqlite3
import stat
from datetime import timedelta

import msgspec
import pytest
from msgspec import structs

from evcharge.central.api.resources.invitations import Inviting
from evcharge.domain.errors import (
    AuthenticationError,
    BadInput,
    Code,
    ConfigError,
    EvchargeError,
    Overloaded,
    ProtocolError,
    Refused,
    StateError,
)
from evcharge.http import registry_client
from evcharge.joining import joining
from evcharge.joining.token import decode, encode
from evcharge.labels import Speech, operator
from evcharge.labels.join import SENTENCES
from evcharge.operator.admin import Admin
from evcharge.registry import app, callers
from evcharge.runtime import clock as clock_module
from evcharge.runtime import config
from evcharge.runtime.clock import utc_now
from evcharge.runtime.config import Config, ReachSettings
from evcharge.security import secret_files
from tests.component.registry_process import copy_state, make_state, renew_certificate, running_registry
from tests.ports import free_port
from tests.still_time import still

SAY = Speech(SENTENCES)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    return folder, make_state(folder)


@pytest.fixture
def state(made, tmp_path):
    return copy_state(made[0], tmp_path / "state")


@pytest.fixture(autouse=True)
def _steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """No guesser's wait passes by itself."""
    still(monkeypatch, app)


@pytest.fixture
def clock(monkeypatch):
    """Sets the Registry's clock forward by so many seconds."""
    ahead = timedelta()
    monkeypatch.setattr(clock_module, "utc_now", lambda: utc_now() + ahead)

    def forward(seconds):
        nonlocal ahead
        ahead += timedelta(seconds=seconds)

    return forward


@pytest.fixture
async def registry(made, state, clock):
    async with running_registry(state, made[1]) as running:
        yield running


@pytest.fixture
def elsewhere(tmp_path):
    """The state folder of another PC: not even there yet."""
    return tmp_path / "elsewhere" / "state"


def reaching(registry, **more):
    return Config(state=registry.state, reach=ReachSettings(registry_url=registry.url, **more))


def administrator(registry, password=None):
    environ = {"EVCHARGE_ADMIN_PASSWORD": password or registry.admin_password}
    words = Speech(operator.SENTENCES)
    return Admin(registry.address, registry.state, "admin", words, environ=environ).invite


async def invited(registry, kind="cp", id_="CP009", *, cfg=None, **more):
    made = await joining.invite(cfg or reaching(registry), administrator(registry), kind, id_, SAY, **more)
    return decode(made.token)


async def redeemed(registry, secret, credential, **more):
    return await registry.ask("POST", "/v1/join", {"secret": secret, "credential": credential}, **more)


async def a_secret(registry, **body):
    body = {"kind": "cp", "id": "CP009"} | body
    answer = await registry.ask("POST", "/v1/invitations", body, token=await registry.admin())
    assert answer.status == 201, answer.body
    return answer.body["secret"]


async def refused_with(kind, awaitable):
    with pytest.raises(kind) as caught:
        await awaitable
    assert isinstance(caught.value, EvchargeError)
    return caught.value


def rows(state, sql):
    with contextlib.closing(sqlite3.connect(state / "registry" / "registry.db")) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql)]


def everything_in(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ---- inviting


async def test_a_token_says_where_everybody_is_and_whom_to_believe(registry):
    cfg = reaching(registry, central_host="10.0.0.7", central_port=9)
    invitation = await invited(registry, cfg=cfg, location="Berlin", host="192.168.1.10")
    assert (invitation.kind, invitation.id) == ("cp", "CP009")
    assert invitation.registry_url == f"https://192.168.1.10:{registry.port}"
    assert invitation.central_address == "10.0.0.7:9"


async def test_a_token_leads_to_every_central_of_the_network(registry, elsewhere):
    cfg = reaching(registry, central_host="10.0.0.7", other_centrals=["10.0.0.8:9002", "127.0.0.1:9012"])
    invitation = await invited(registry, cfg=cfg, host="127.0.0.2")
    assert invitation.other_centrals == ("10.0.0.8:9002", "127.0.0.2:9012")
    await joining.join(elsewhere, msgspec.structs.replace(invitation, registry_host="127.0.0.1"), SAY)
    reach = config.load(None, {}, {"state": str(elsewhere)}).reach
    assert reach.centrals == [("10.0.0.7", 9002), ("10.0.0.8", 9002), ("127.0.0.2", 9012)]


async def test_a_token_leads_to_every_registry_and_any_of_them_takes_it(registry, elsewhere):
    # The first one is away: the other one says which CA it is, and takes the token.
    cfg = reaching(registry, other_registries=[f"https://127.0.0.1:{free_port()}", "https://10.0.0.8:5001"])
    invitation = await invited(registry, cfg=cfg, host="127.0.0.1")
    away, other = invitation.other_registries
    assert (invitation.registry_urls[1:], other) == ((f"https://{away}", f"https://{other}"), "10.0.0.8:5001")
    swapped = msgspec.structs.replace(
        invitation, registry_port=int(away.split(":")[1]), other_registries=(f"127.0.0.1:{registry.port}",)
    )
    await joining.join(elsewhere, decode(encode(swapped)), SAY)
    reach = config.load(None, {}, {"state": str(elsewhere)}).reach
    assert reach.registries == (f"https://{away}", registry.url)


@pytest.mark.parametrize(
    ("reach", "others"),
    [
        ({}, ()),
        # Under another name it is the same one, where there is one only.
        ({"central_host": "lab-pc-07"}, ()),
        ({"central_host": "10.0.0.7", "other_centrals": ["10.0.0.8:9002"]}, ("10.0.0.7:9002",)),
    ],
)
async def test_a_token_that_a_central_makes_leads_to_itself_first(registry, reach, others):
    cfg = structs.replace(reaching(registry, **reach), central=config.CentralSettings(host="10.0.0.8"))
    made = await Inviting(cfg).invite(administrator(registry), "cp", "CP009", "", "de")
    assert made.doubts[0].startswith("Achtung: 127.0.0.1 führt nur zu diesem PC.")
    invitation = decode(made.token)
    assert (invitation.central_address, invitation.other_centrals) == ("10.0.0.8:9002", others)


async def test_a_folder_that_knew_one_central_joins_again_when_there_are_more(registry, elsewhere):
    await joining.join(elsewhere, await invited(registry), SAY)
    more = await invited(registry, "driver", "D09", cfg=reaching(registry, other_centrals=["10.0.0.8:9002"]))
    await joining.join(elsewhere, more, SAY)
    assert config.from_joined(elsewhere)["reach.other_centrals"] == ["10.0.0.8:9002"]


async def test_the_address_that_init_was_told_is_the_one_for_others(made, state):
    renew_certificate(state, utc_now(), ["lab-pc-07", "192.168.1.10"])
    async with running_registry(state, made[1]) as registry:
        invitation = await invited(registry)
        assert invitation.registry_url == f"https://192.168.1.10:{registry.port}"
        assert invitation.central_address == "192.168.1.10:9002"
        made_here = await joining.invite(
            reaching(registry), administrator(registry), "cp", "CP009", SAY, host="192.168.1.10"
        )
        assert made_here.doubts == []


async def test_an_address_that_will_not_do_is_told_when_the_token_is_made(registry):
    admin = administrator(registry)
    here = await joining.invite(reaching(registry), admin, "cp", "CP009", SAY)
    assert here.doubts[0].startswith("Mind: 127.0.0.1 leads to this PC only")
    unnamed = await joining.invite(reaching(registry), admin, "cp", "CP009", SAY, host="10.9.9.9")
    assert "certificate does not name 10.9.9.9" in unnamed.doubts[0]
    assert unnamed.token not in repr(unnamed)
    cfg = reaching(registry, central_host="fe80::1%eth0")
    await refused_with(ConfigError, joining.invite(cfg, admin, "cp", "CP009", SAY))
    cfg = Config(state=registry.state, reach=ReachSettings(registry_url="https://h:99999"))
    await refused_with(ConfigError, joining.invite(cfg, admin, "cp", "CP009", SAY))


async def test_only_an_administrator_invites_and_only_who_can_take_part(registry):
    for token in (registry.enrolment, registry.central):
        answer = await registry.ask("POST", "/v1/invitations", {"kind": "cp", "id": "CP009"}, token=token)
        assert answer.status == 403
    assert (await registry.ask("POST", "/v1/invitations", {"kind": "cp", "id": "CP009"})).status == 401
    await registry.register("CP001")
    admin = await registry.admin()
    await registry.ask("POST", "/deactivate", {"cp_id": "CP001"}, token=admin)
    for body, status, says in (
        ({"kind": "driver", "id": "CP001"}, 409, "already registered as a charging point"),
        ({"kind": "cp", "id": "CP001"}, 403, "must activate it"),
        ({"kind": "cp", "id": "cp1"}, 422, "bad id"),
        ({"kind": "operator", "id": "X"}, 422, "kind"),
        ({"kind": "driver", "id": "D09", "location": "Elche"}, 422, "A driver has no location"),
        ({"kind": "cp", "id": "CP009", "ttl_s": 59}, 422, "ttl_s"),
        ({"kind": "cp", "id": "CP009", "ttl_s": 30 * 86_400 + 1}, 422, "ttl_s"),
    ):
        answer = await registry.ask("POST", "/v1/invitations", body, token=admin)
        assert answer.status == status
        assert says in answer.body["text"]


async def test_a_wrong_password_makes_no_token(registry):
    ask = administrator(registry, "wrong-password")
    refused = await refused_with(
        AuthenticationError, joining.invite(reaching(registry), ask, "cp", "CP009", SAY)
    )
    assert refused.text == "The user or the password is wrong."


# ---- joining


async def test_a_new_pc_gets_the_ca_the_credential_and_the_addresses(registry, elsewhere):
    invitation = await invited(registry, location="Berlin")
    path = await joining.join(elsewhere, invitation, SAY)
    assert path == elsewhere / "cp" / "CP009" / "secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(everything_in(elsewhere)) == ["ca.pem", "cp/CP009/secret", "joined.toml", "machine"]
    assert (elsewhere / "ca.pem").read_bytes() == (registry.state / "ca.pem").read_bytes()
    reach = config.load(None, {}, {"state": str(elsewhere)}).reach
    assert (reach.registry_url, reach.central_host, reach.central_port) == (
        registry.url,
        "127.0.0.1",
        9002,
    )
    for kind in ("cp", "monitor"):
        secret = await registry_client.own_secret(elsewhere, registry.address, kind, "CP009", environ={})
        assert (await registry.ticket("CP009", secret)).status == 200
    listed = (await registry.ask("GET", "/list", token=registry.central)).body["cps"]
    assert (listed[0]["cp_id"], listed[0]["location"]) == ("CP009", "Berlin")


async def test_a_driver_and_a_point_may_share_a_pc(registry, elsewhere):
    await joining.join(elsewhere, await invited(registry), SAY)
    path = await joining.join(elsewhere, await invited(registry, "driver", "D09"), SAY)
    assert path == elsewhere / "driver" / "D09" / "password"
    assert (await registry.ticket("D09", secret_files.read_secret(path), "driver")).status == 200


async def test_a_token_is_good_once_and_then_says_when_it_was_used(registry, elsewhere, tmp_path):
    invitation = await invited(registry)
    await joining.join(elsewhere, invitation, SAY)
    before = everything_in(elsewhere)
    refused = await refused_with(Refused, joining.join(tmp_path / "third", invitation, SAY))
    assert refused.text.startswith(f"This token was already used on {utc_now():%Y-}")
    assert refused.text.endswith("UTC: ask for a new one.")
    assert everything_in(tmp_path / "third") == {}
    refused = await refused_with(Refused, joining.join(elsewhere, invitation, SAY))
    assert refused.text.endswith("if it was you, just start it.")
    assert everything_in(elsewhere) == before


async def test_of_two_that_use_a_token_at_once_one_wins(registry):
    for id_ in ("CP009", "CP010", "CP011"):
        secret = await a_secret(registry, id=id_)
        mine = [secret_files.new_secret() for _ in range(6)]
        answers = await asyncio.gather(*(redeemed(registry, secret, credential) for credential in mine))
        assert sorted(answer.status for answer in answers) == [200] + [409] * 5
        good = [(await registry.ticket(id_, one, come_from="127.0.0.3")).status == 200 for one in mine]
        assert good == [answer.status == 200 for answer in answers]


async def test_a_lost_answer_is_asked_for_again_with_the_same_credential(registry, clock):
    secret, mine = await a_secret(registry), secret_files.new_secret()
    first, again = [await redeemed(registry, secret, mine) for _ in range(2)]
    assert (
        first.body
        == again.body
        == {
            "id": "CP009",
            "kind": "cp",
            "location": "",
            "epoch": 0,
            "error": False,
        }
    )
    together = await asyncio.gather(*(redeemed(registry, secret, mine) for _ in range(4)))
    assert {answer.status for answer in together} == {200}
    clock(601)
    assert (await redeemed(registry, secret, mine)).status == 409
    assert len(rows(registry.state, "SELECT 1 FROM events WHERE target = 'CP009' AND what = 'register'")) == 1


async def test_a_pc_whose_answer_got_lost_joins_at_the_next_try(registry, elsewhere, monkeypatch):
    invitation = await invited(registry)
    real = registry_client.call

    async def losing(*args, **more):
        await real(*args, **more)
        raise Overloaded("Registry not responding at x (no answer in time).", Code.UNREACHABLE)

    with monkeypatch.context() as patch:
        patch.setattr(joining, "call", losing)
        lost = await refused_with(Overloaded, joining.join(elsewhere, invitation, SAY))
    assert "run the same command again within ten minutes" in lost.text
    assert [name.partition("-")[0] for name in everything_in(elsewhere)] == ["cp/CP009/secret.join"]
    path = await joining.join(elsewhere, invitation, SAY)
    assert sorted(everything_in(elsewhere)) == ["ca.pem", "cp/CP009/secret", "joined.toml", "machine"]
    assert (await registry.ticket("CP009", secret_files.read_secret(path))).status == 200


async def test_a_pc_that_crashes_while_writing_joins_at_the_next_try(registry, elsewhere, monkeypatch):
    invitation = await invited(registry)

    class Crash(BaseException):
        pass

    def crash(*_):
        raise Crash

    for step in ("_write_public", "_joined_text"):
        with monkeypatch.context() as patch:
            patch.setattr(joining, step, crash)
            with pytest.raises(Crash):
                await joining.join(elsewhere, invitation, SAY)
    path = await joining.join(elsewhere, invitation, SAY)
    assert (await registry.ticket("CP009", secret_files.read_secret(path))).status == 200


async def test_an_expired_token_says_so(registry, clock):
    secret = await a_secret(registry, ttl_s=60)
    clock(59)
    other = await a_secret(registry, ttl_s=60, id="CP010")
    assert (await redeemed(registry, other, secret_files.new_secret())).status == 200
    clock(1)
    answer = await redeemed(registry, secret, secret_files.new_secret())
    assert (answer.status, answer.body["code"]) == (410, "E_EXPIRED")
    assert answer.body["text"].startswith("This token expired on 20")
    # A month later it is forgotten, when the next one is made.
    clock(31 * 86_400)
    await a_secret(registry, id="CP011")
    assert (await redeemed(registry, secret, secret_files.new_secret())).status == 401


async def test_an_unknown_token_is_refused_and_a_guesser_must_wait(registry):
    free = callers.FREE_TOKENS
    secret = await a_secret(registry)
    answers = [await redeemed(registry, f"guess-{n}", secret_files.new_secret()) for n in range(free + 1)]
    answers.append(await redeemed(registry, secret, secret_files.new_secret()))
    assert [answer.status for answer in answers] == [401] * free + [429, 429]
    assert answers[0].body["text"].startswith("This token is unknown here.")
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert (await redeemed(registry, secret, secret_files.new_secret(), come_from="127.0.0.2")).status == 200


async def test_many_pcs_behind_one_address_join_one_after_the_other(registry):
    for number in range(8):
        secret = await a_secret(registry, id=f"CP{number:03}")
        await redeemed(registry, "mistaken", secret_files.new_secret())
        assert (await redeemed(registry, secret, secret_files.new_secret())).status == 200


async def test_the_credential_must_be_a_machines_own(registry):
    secret = await a_secret(registry)
    for bad in ("password", "x" * 43, secret_files.new_secret() + "="):
        answer = await redeemed(registry, secret, bad)
        assert (answer.status, answer.body["code"]) == (422, "E_FIELD")
    assert (await redeemed(registry, secret, secret_files.new_secret())).status == 200


# ---- an id that is known already


async def test_an_invitation_for_a_known_id_gives_it_a_new_credential_and_voids_the_old(registry, elsewhere):
    await registry.register("CP009")
    (elsewhere / "cp" / "CP009").mkdir(parents=True)
    (elsewhere / "cp" / "CP009" / "engine.ticket").write_text("old")
    invitation = await invited(registry, location="Alcoy")
    assert (await registry.ticket("CP009")).status == 200
    path = await joining.join(elsewhere, invitation, SAY)
    assert (await registry.ticket("CP009")).status == 401
    assert (await registry.ticket("CP009", secret_files.read_secret(path))).status == 200
    assert not (path.parent / "engine.ticket").exists()
    (row,) = (await registry.ask("GET", "/list", token=registry.central)).body["cps"]
    assert (row["epoch"], row["location"]) == (1, "Alcoy")
    told = await registry.ask("GET", "/v1/revocations", token=registry.central)
    assert [(one["id"], one["epoch"]) for one in told.body["revocations"]] == [("CP009", 1)]


async def test_a_revoked_id_comes_back_with_an_invitation_made_afterwards(registry):
    await registry.register("CP009")
    early = await a_secret(registry)
    await registry.ask("POST", "/v1/disable", {"id": "CP009", "epoch": 1}, token=registry.central)
    answer = await redeemed(registry, early, secret_files.new_secret())
    assert (answer.status, answer.body["text"]) == (
        409,
        "CP009 was changed after this token was made: ask for a new one.",
    )
    late, mine = await a_secret(registry), secret_files.new_secret()
    assert (await redeemed(registry, late, mine)).body["epoch"] == 2
    assert (await registry.ticket("CP009", mine)).status == 200


async def test_whoever_registered_the_id_meanwhile_keeps_it(registry):
    first, second = await a_secret(registry), await a_secret(registry)
    assert (await redeemed(registry, first, secret_files.new_secret())).status == 200
    assert (await redeemed(registry, second, secret_files.new_secret())).status == 409


async def test_a_retry_does_not_succeed_once_the_credential_was_withdrawn(registry):
    secret, mine = await a_secret(registry), secret_files.new_secret()
    await redeemed(registry, secret, mine)
    await registry.ask("DELETE", "/register/cp/CP009", token=await registry.admin())
    assert (await redeemed(registry, secret, mine)).status == 409
    again = await a_secret(registry)
    assert (await redeemed(registry, again, secret_files.new_secret())).body["epoch"] == 1


# ---- who stands in between


async def test_a_registry_with_another_ca_is_refused_before_anything_secret_is_sent(
    made, registry, elsewhere, tmp_path
):
    invitation = await invited(registry)
    await asyncio.to_thread(make_state, tmp_path / "impostor")
    async with running_registry(tmp_path / "impostor", "x") as impostor:
        there = msgspec.structs.replace(invitation, registry_port=impostor.port)
        refused = await refused_with(AuthenticationError, joining.join(elsewhere, there, SAY))
        assert refused.text.startswith(f"What answers at {impostor.url} is not the Registry of this token")
        assert rows(impostor.state, "SELECT 1 FROM events WHERE what LIKE '%join%'") == []
    assert everything_in(elsewhere.parent) == {}
    await joining.join(elsewhere, invitation, SAY)


async def test_who_passes_the_real_ca_on_but_has_another_key_gets_no_token(registry, elsewhere, tmp_path):
    invitation = await invited(registry)
    await asyncio.to_thread(make_state, tmp_path / "impostor")
    (tmp_path / "impostor" / "ca.pem").write_bytes((registry.state / "ca.pem").read_bytes())
    async with running_registry(tmp_path / "impostor", "x") as impostor:
        there = msgspec.structs.replace(invitation, registry_port=impostor.port)
        refused = await refused_with(AuthenticationError, joining.join(elsewhere, there, SAY))
        assert "shows a certificate that is not from the CA of this token" in refused.text
        assert rows(impostor.state, "SELECT 1 FROM events WHERE what LIKE '%join%'") == []
    assert everything_in(elsewhere.parent) == {}


async def test_a_certificate_that_does_not_name_the_host_is_refused(made, state, elsewhere, monkeypatch):
    monkeypatch.setattr("tests.component.registry_process.RegistrySettings", _everywhere)
    async with running_registry(state, made[1]) as registry:
        there = msgspec.structs.replace(await invited(registry), registry_host="127.0.0.2")
        refused = await refused_with(AuthenticationError, joining.join(elsewhere, there, SAY))
        assert "does not name the host of https://127.0.0.2" in refused.text


def _everywhere(**more):
    return config.RegistrySettings(host="0.0.0.0", **more)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"x" * 100_000, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
async def test_what_hands_out_no_ca_is_not_believed(made, state, elsewhere, body):
    async with running_registry(state, made[1]) as registry:
        invitation = await invited(registry)
        (state / "ca.pem").write_bytes(body)
        refused = await refused_with(AuthenticationError, joining.join(elsewhere, invitation, SAY))
        assert "gives no CA certificate" in refused.text
        (state / "ca.pem").unlink()
        await refused_with(AuthenticationError, joining.join(elsewhere, invitation, SAY))


async def test_a_registry_that_is_away_or_is_none_is_a_plain_sentence(made, state, elsewhere, monkeypatch):
    async with running_registry(state, made[1]) as registry:
        invitation = await invited(registry)

        async def nonsense(*_, **__):
            return {"id": "CP001", "kind": "cp"}

        with monkeypatch.context() as patch:
            patch.setattr(joining, "call", nonsense)
            await refused_with(ProtocolError, joining.join(elsewhere, invitation, SAY))
            await refused_with(
                ProtocolError, joining.invite(reaching(registry), nonsense, "cp", "CP009", SAY)
            )
    refused = await refused_with(Overloaded, joining.join(elsewhere, invitation, SAY))
    assert refused.text.startswith(f"Registry not responding at {invitation.registry_url}")


# ---- a state folder that is in use


async def test_other_addresses_in_the_folder_are_not_overwritten_without_force(registry, elsewhere):
    first, second = await invited(registry), await invited(registry, "driver", "D09", host="localhost")
    await joining.join(elsewhere, first, SAY)
    before = everything_in(elsewhere)
    refused = await refused_with(StateError, joining.join(elsewhere, second, SAY))
    assert f"has other addresses already ({registry.url}, 127.0.0.1:9002" in refused.text
    assert everything_in(elsewhere) == before
    # Nothing was used up by the refusal.
    await joining.join(elsewhere, second, SAY, force=True)
    assert config.from_joined(elsewhere)["reach.central_host"] == "localhost"


async def test_the_folder_of_another_network_is_left_only_by_force_and_that_of_a_registry_never(
    registry, elsewhere, tmp_path
):
    await asyncio.to_thread(make_state, tmp_path / "another")
    elsewhere.mkdir(parents=True)
    (elsewhere / "ca.pem").write_bytes((tmp_path / "another" / "ca.pem").read_bytes())
    invitation = await invited(registry)
    assert (
        "is the CA of another network"
        in (await refused_with(StateError, joining.join(elsewhere, invitation, SAY))).text
    )
    for force in (False, True):
        refused = await refused_with(
            StateError, joining.join(tmp_path / "another", invitation, SAY, force=force)
        )
        assert "is the state folder of another Registry" in refused.text
    await joining.join(elsewhere, invitation, SAY, force=True)
    assert (elsewhere / "ca.pem").read_bytes() == (registry.state / "ca.pem").read_bytes()


async def test_a_broken_joined_file_is_named_and_force_mends_it(registry, elsewhere):
    elsewhere.mkdir(parents=True)
    (elsewhere / "joined.toml").write_text("[central]\nport = 1\n")
    invitation = await invited(registry)
    refused = await refused_with(ConfigError, joining.join(elsewhere, invitation, SAY))
    assert "joined.toml line 1: unknown section [central]" in refused.text
    await joining.join(elsewhere, invitation, SAY, force=True)


async def test_a_folder_that_cannot_be_written_uses_no_token_up(registry, tmp_path):
    invitation = await invited(registry)
    (tmp_path / "file").write_text("")
    await refused_with(StateError, joining.join(tmp_path / "file" / "state", invitation, SAY))
    await joining.join(tmp_path / "folder", invitation, SAY)


# ---- what is left behind


async def test_neither_books_nor_audit_nor_log_hold_a_secret(registry, elsewhere, caplog):
    caplog.set_level("DEBUG", "evcharge")
    invitation = await invited(registry)
    secret = await a_secret(registry, id="CP010")
    path = await joining.join(elsewhere, invitation, SAY)
    mine = secret_files.new_secret()
    for _ in range(2):
        await redeemed(registry, secret, mine)
    await redeemed(registry, secret, secret_files.new_secret())
    await redeemed(registry, "never-made", secret_files.new_secret())
    events = rows(registry.state, "SELECT * FROM events ORDER BY n")
    told = [
        (row["what"], row["target"], row["result"])
        for row in events
        if row["n"] > 1 and row["what"] != "log in"
    ]
    assert told == [
        ("invite", "CP009", "done"),
        ("invite", "CP010", "done"),
        ("register", "CP009", "done"),
        ("register", "CP010", "done"),
        ("POST /v1/join", "CP010", "E_CONFLICT"),
        ("POST /v1/join", "", "E_CREDENTIAL"),
    ]
    assert {row["role"] for row in events if row["what"] == "register"} == {"invited by admin"}
    books = json.dumps([rows(registry.state, f"SELECT * FROM {t}") for t in ("invitations", "events")])
    token_secret = base64.urlsafe_b64encode(invitation.secret).decode().rstrip("=")
    for hidden in (token_secret, secret, mine, secret_files.read_secret(path), "never-made"):
        assert hidden not in books
        assert hidden not in caplog.text


def test_a_token_is_hidden_from_every_log_line():
    from evcharge.runtime.logs import without_secrets

    token = "evc1_" + "Ab-_9" * 30
    assert without_secrets(f"cannot use {token}.") == "cannot use <hidden>."


async def test_bad_bodies_are_refused(registry):
    for body in (
        {},
        {"secret": ""},
        {"secret": "x", "credential": "y" * 300},
        {"secret": 1, "credential": ""},
    ):
        answer = await registry.ask("POST", "/v1/join", body)
        assert (answer.status, answer.body["error"]) == (422, True)


def test_the_reasons_are_all_our_own_kinds():
    for kind in (Refused, BadInput, AuthenticationError, Overloaded, ProtocolError, StateError):
        assert joining._with_text(kind("a", Code.BUSY), "b").text == "b"
