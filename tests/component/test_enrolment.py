import asyncio
import contextlib
import logging
import ssl
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from evcharge.domain.errors import (
    AuthenticationError,
    BadInput,
    Code,
    ConfigError,
    Overloaded,
    ProtocolError,
    Refused,
    StateError,
)
from evcharge.domain.ids import Role
from evcharge.evc1.tickets import TicketOpener
from evcharge.http import registry_client
from evcharge.http.registry_client import RegistryAddress, call, fetch_ticket, own_secret, register
from evcharge.registry import app
from evcharge.runtime.clock import utc_now
from evcharge.security import secret_files, state_folder
from evcharge.security.tls import server_context
from tests.component.registry_process import (
    copy_state,
    make_state,
    renew_certificate,
    running_registry,
)
from tests.still_time import still

NOTHING = {}


def at(url: str, state: Path) -> RegistryAddress:
    return RegistryAddress(url, state / "ca.pem")


class Crash(BaseException):
    pass


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
async def registry(made, state):
    async with running_registry(state, made[1]) as running:
        yield running


@pytest.fixture
def elsewhere(registry, tmp_path):
    """The state folder of another PC: the CA and the enrolment token only."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "ca.pem").write_bytes((registry.state / "ca.pem").read_bytes())
    secret_files.write_secret(folder / "enrolment.token", registry.enrolment)
    return folder


async def ticket(address, secret="cp_secret_001"):
    return await fetch_ticket(address, "CP001", Role.ENGINE, secret)


async def refused_with(kind, awaitable):
    with pytest.raises(kind) as refused:
        await awaitable
    assert refused.value.text.isprintable()
    return refused.value


# ---- tickets


async def test_a_ticket_comes_with_the_key_that_is_inside(registry):
    await registry.register()
    issued = await ticket(registry.address)
    keys = secret_files.read_keys(registry.state / "service.key")
    body = TicketOpener(keys).open(issued.ticket, utc_now().timestamp())
    assert (body.id, body.role) == ("CP001", Role.ENGINE)
    assert body.key_bytes == issued.key
    assert issued.renew_after < issued.expires_at == body.exp


async def test_each_refusal_becomes_the_exception_that_says_what_to_do(registry, made):
    await registry.register()
    assert (
        await refused_with(AuthenticationError, ticket(registry.address, "wrong"))
    ).code is Code.CREDENTIAL
    token = await registry.admin()
    await call(registry.address, "POST", "/deactivate", {"cp_id": "CP001"}, token=token)
    assert (await refused_with(AuthenticationError, ticket(registry.address))).code is Code.DISABLED
    for _ in range(5):
        with contextlib.suppress(AuthenticationError):
            await ticket(registry.address, "wrong")
    slow = await refused_with(Overloaded, ticket(registry.address, "wrong"))
    assert slow.code is Code.SLOW
    assert slow.retry_after_s >= 1
    for path, code in (("/deactivate", Code.FIELD), ("/nowhere", Code.NOT_FOUND)):
        refused = await refused_with(
            (BadInput, Refused), call(registry.address, "POST", path, {"x": 1}, token=token)
        )
        assert refused.code is code


async def test_register_makes_a_credential_when_none_is_given(registry):
    answer = await register(registry.address, "driver", "D01", registry.enrolment)
    issued = await fetch_ticket(registry.address, "D01", Role.DRIVER, answer["password"])
    assert issued.ticket
    conflict = register(registry.address, "cp", "D01", registry.enrolment, location="Elche")
    assert (await refused_with(Refused, conflict)).code is Code.CONFLICT


async def test_a_charging_point_withdraws_itself(registry):
    await registry.register(credential="contraseña-de-cp")
    await call(registry.address, "DELETE", "/register/cp/CP001", login=("CP001", "contraseña-de-cp"))
    assert (await registry.ask("GET", "/list", token=registry.central)).body["cps"] == []


# ---- whom to believe


async def test_a_registry_of_another_ca_is_refused(registry, tmp_path):
    state_folder.init_state(tmp_path / "other", [], utc_now())
    stranger = RegistryAddress(registry.url, tmp_path / "other" / "ca.pem")
    refused = await refused_with(AuthenticationError, ticket(stranger))
    assert refused.code is Code.PROOF
    assert refused.text.startswith(
        f"The Registry's certificate is not from the CA in {tmp_path}/other/ca.pem"
    )


@pytest.mark.parametrize(
    ("made_ago_days", "says"), [(3000, "has expired, or the clock"), (-3, "is not valid yet, or the clock")]
)
async def test_a_certificate_of_another_time_is_refused_and_the_clock_is_mentioned(
    made, state, made_ago_days, says
):
    renew_certificate(state, utc_now() - timedelta(days=made_ago_days))
    async with running_registry(state, made[1]) as registry:
        refused = await refused_with(AuthenticationError, ticket(registry.address))
        assert refused.code is Code.CLOCK
        assert says in refused.text


@contextlib.asynccontextmanager
async def answering(state, answer):
    """Serve `answer` with the Registry's certificate at all loopback addresses; yields the port."""

    async def accept(reader, writer):
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    tls = server_context(state / "registry.pem", state / "registry.key")
    server = await asyncio.start_server(accept, "0.0.0.0", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def test_a_certificate_that_names_another_host_is_refused(state):
    async with answering(state, b"") as port:
        other = RegistryAddress(f"https://127.0.0.2:{port}", state / "ca.pem")
        refused = await refused_with(AuthenticationError, ticket(other))
        assert refused.code is Code.PROOF
        assert "does not name the host" in refused.text


async def test_plain_http_is_never_spoken(state):
    address = RegistryAddress("http://127.0.0.1:5001", state / "ca.pem")
    assert "must begin with https://" in (await refused_with(ConfigError, ticket(address))).text


async def test_without_the_ca_nobody_is_believed(tmp_path):
    address = at("https://127.0.0.1:5001", tmp_path)
    missing = (await refused_with(StateError, ticket(address))).text
    assert "ca.pem is missing" in missing
    # What to try: the folder may be another, or the file is still on the other PC.
    assert "--state DIR" in missing
    assert "copy the file" in missing


# ---- a Registry that is away, or is none


async def test_a_registry_that_is_away_is_a_plain_sentence(made, state):
    async with running_registry(state, made[1]) as registry:
        address = registry.address
    refused = await refused_with(Overloaded, ticket(address))
    assert refused.code is Code.UNREACHABLE
    assert refused.text.startswith(f"Registry not responding at {address.url}")


async def test_a_registry_that_never_answers_is_given_up(state, monkeypatch):
    monkeypatch.setattr(registry_client, "_TIMEOUT", aiohttp.ClientTimeout(total=0.3))
    async with answering(state, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{") as port:
        refused = await refused_with(
            Overloaded, ticket(RegistryAddress(f"https://127.0.0.1:{port}", state / "ca.pem"))
        )
        assert refused.code is Code.UNREACHABLE


async def test_something_else_than_tls_is_a_plain_sentence(state):
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    address = RegistryAddress(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", state / "ca.pem")
    assert (await refused_with(Overloaded, ticket(address))).code is Code.UNREACHABLE
    server.close()


def http(status, body, *headers):
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (http(200, b"<html>"), ProtocolError, Code.MALFORMED),
        (http(200, b"[" * 50_000), ProtocolError, Code.MALFORMED),
        (http(200, b"[]"), ProtocolError, Code.MALFORMED),
        (http(200, b"{}"), ProtocolError, Code.MALFORMED),
        (
            http(200, b'{"ticket":"x","key":"AAAA","expires_at":1,"renew_after":1}'),
            ProtocolError,
            Code.MALFORMED,
        ),
        (
            http(200, b'{"ticket":"x","key":"*","expires_at":1,"renew_after":1}'),
            ProtocolError,
            Code.MALFORMED,
        ),
        (http(200, b" " * 3000), ProtocolError, Code.TOO_BIG),
        (http(302, b"", "Location: https://127.0.0.1:1/"), BadInput, Code.FIELD),
        (http(401, b"<html>"), AuthenticationError, Code.CREDENTIAL),
        (http(403, b'{"code":"E_NEW","text":"a\\nb"}'), AuthenticationError, Code.DISABLED),
        (http(503, b"", "Retry-After: soon"), Overloaded, Code.BUSY),
    ],
)
async def test_strange_answers_are_sentences_too(state, monkeypatch, answer, kind, code):
    monkeypatch.setattr(registry_client, "_MAX_ANSWER_BYTES", 2000 if code is Code.TOO_BIG else 100_000)
    async with answering(state, answer) as port:
        address = RegistryAddress(f"https://127.0.0.1:{port}", state / "ca.pem")
        assert (await refused_with(kind, ticket(address))).code is code


# ---- how a peer gets its secret the first time


async def test_a_new_charging_point_registers_itself_once(registry, elsewhere, caplog):
    caplog.set_level(logging.INFO)
    secret = await own_secret(
        elsewhere,
        at(registry.url, elsewhere),
        "cp",
        "CP001",
        location="Elche",
        environ=NOTHING,
    )
    assert "CP001 was not registered; registered it at the Registry." in caplog.text
    assert secret not in caplog.text
    assert (
        await own_secret(
            elsewhere,
            at("https://nowhere.invalid", elsewhere),
            "monitor",
            "CP001",
            environ=NOTHING,
        )
        == secret
    )
    assert [entry.name for entry in (elsewhere / "cp" / "CP001").iterdir()] == ["secret"]
    assert (await registry.ticket(secret=secret)).status == 200


async def test_a_new_driver_registers_itself(registry, elsewhere):
    secret = await own_secret(elsewhere, at(registry.url, elsewhere), "driver", "D01", environ=NOTHING)
    assert secret_files.read_secret(elsewhere / "driver" / "D01" / "password") == secret
    assert (await registry.ticket("D01", secret, "driver")).status == 200


async def test_an_engine_and_its_monitor_that_start_together_share_one_secret(registry, elsewhere):
    secrets = await asyncio.gather(
        *(
            own_secret(elsewhere, at(registry.url, elsewhere), kind, "CP001", environ=NOTHING)
            for kind in ("cp", "monitor") * 3
        )
    )
    assert len(set(secrets)) == 1
    assert (await registry.ticket(secret=secrets[0])).status == 200


async def test_whoever_finds_that_the_other_was_faster_takes_its_secret(registry, elsewhere, monkeypatch):
    path = elsewhere / "cp" / "CP001" / "secret"
    real = secret_files.kept_secret

    def late(where, text):
        kept = real(where, text)
        if where != path and not path.exists():
            secret_files.write_secret(path, "the-faster-one")
        return kept

    monkeypatch.setattr(secret_files, "kept_secret", late)
    assert (
        await own_secret(elsewhere, at(registry.url, elsewhere), "cp", "CP001", environ=NOTHING)
        == "the-faster-one"
    )
    assert [entry.name for entry in path.parent.iterdir()] == ["secret"]
    assert (await registry.ask("GET", "/list", token=registry.central)).body["cps"] == []


async def test_whoever_sees_the_other_finish_between_two_steps_takes_its_secret(
    registry, elsewhere, monkeypatch
):
    path = elsewhere / "cp" / "CP001" / "secret"
    real = secret_files.write_secret

    def overtaken(where, text):
        monkeypatch.setattr(secret_files, "write_secret", real)
        # The other one has this file now; and has finished when we look into it.
        real(path, "the-faster-one")
        raise FileExistsError

    monkeypatch.setattr(secret_files, "write_secret", overtaken)
    assert (
        await own_secret(elsewhere, at(registry.url, elsewhere), "cp", "CP001", environ=NOTHING)
        == "the-faster-one"
    )
    assert [entry.name for entry in path.parent.iterdir()] == ["secret"]


async def test_a_crash_after_registering_is_made_good_at_the_next_start(registry, elsewhere, monkeypatch):
    def crash(*_):
        raise Crash

    real = secret_files.kept_secret
    with monkeypatch.context() as patched:
        patched.setattr(
            secret_files,
            "kept_secret",
            lambda path, text: crash() if path.name == "secret" else real(path, text),
        )
        with pytest.raises(Crash):
            await own_secret(elsewhere, at(registry.url, elsewhere), "cp", "CP001", environ=NOTHING)
    secret = await own_secret(elsewhere, at(registry.url, elsewhere), "cp", "CP001", environ=NOTHING)
    assert (await registry.ticket(secret=secret)).status == 200


async def test_a_registry_that_is_away_leaves_the_secret_for_the_next_try(made, registry, elsewhere):
    with pytest.raises(Overloaded):
        await own_secret(
            elsewhere,
            at("https://127.0.0.1:1", elsewhere),
            "cp",
            "CP001",
            environ=NOTHING,
        )
    secret = await own_secret(elsewhere, at(registry.url, elsewhere), "cp", "CP001", environ=NOTHING)
    assert (await registry.ticket(secret=secret)).status == 200


async def test_an_id_that_somebody_else_registered_is_a_plain_sentence(registry, elsewhere):
    await registry.register()
    refused = await refused_with(
        StateError,
        own_secret(elsewhere, at(registry.url, elsewhere), "cp", "CP001", environ=NOTHING),
    )
    assert refused.text.startswith("CP001 is registered already, with a credential that is not in")
    await registry.ask("POST", "/register/driver", {"driver_id": "D01"}, token=registry.enrolment)
    await refused_with(
        StateError,
        own_secret(elsewhere, at(registry.url, elsewhere), "driver", "D01", environ=NOTHING),
    )


async def test_without_secret_and_token_it_says_what_to_do(tmp_path):
    refused = await refused_with(
        StateError,
        own_secret(
            tmp_path,
            at("https://127.0.0.1:1", tmp_path),
            "driver",
            "D01",
            environ=NOTHING,
        ),
    )
    assert "D01 has no credential here and is not registered. Register it first (evcharge driver add" in (
        refused.text
    )


async def test_a_wrong_token_or_a_disabled_id_is_not_called_a_conflict(registry, elsewhere):
    wrong = {"EVCHARGE_ENROLMENT_TOKEN": "wrong"}
    refused = await refused_with(
        AuthenticationError,
        own_secret(elsewhere, at(registry.url, elsewhere), "cp", "CP001", environ=wrong),
    )
    assert refused.code is Code.CREDENTIAL


async def test_the_environment_overrides_every_file(registry, elsewhere):
    given = {"EVCHARGE_CREDENTIAL": "from-the-environment"}
    assert (
        await own_secret(elsewhere, at(registry.url, elsewhere), "cp", "CP001", environ=given)
        == "from-the-environment"
    )
    (elsewhere / "enrolment.token").unlink()
    token = {"EVCHARGE_ENROLMENT_TOKEN": registry.enrolment}
    assert len(await own_secret(elsewhere, at(registry.url, elsewhere), "cp", "CP001", environ=token)) == 43


async def test_an_id_that_is_none_never_becomes_a_path(tmp_path):
    await refused_with(
        BadInput,
        own_secret(
            tmp_path,
            at("https://127.0.0.1:1", tmp_path),
            "cp",
            "../../x",
            environ=NOTHING,
        ),
    )
