"""The rows of docs/SECURITY.md before the login (c1) and after it (c2), over real loopback sockets.

Each answer is read from the wire: what the attacker gets to see, and that the connection ends.
"""

import asyncio
import base64
import contextlib
import json
import time

import pytest
from cryptography.fernet import Fernet

from evcharge.domain.errors import AuthenticationError, Code, EvchargeError, Overloaded, ProtocolError
from evcharge.domain.ids import Role
from evcharge.domain.strict_json import base64_text
from evcharge.evc1 import handshake
from evcharge.evc1.caller import connect
from evcharge.evc1.connection import Channel
from evcharge.evc1.frames import LENGTH, MAX_FRAME_BYTES, Sealer, frame
from evcharge.evc1.handshake import PeerHandshake
from evcharge.evc1.login_errors import error_frame, parse_error
from evcharge.evc1.messages import ErrorNotice, Health, Heartbeat, Ready
from evcharge.runtime.admission import SeatLimits
from tests import far_end
from tests.component.gate import Gate, answer_heartbeats, ended, read_frame

pytestmark = [pytest.mark.timeout(20), pytest.mark.virtual_time]


@pytest.fixture
async def gate():
    async with Gate(handshake_within_s=0.3).open() as gate:
        yield gate


async def answer(gate: Gate, data: bytes) -> EvchargeError:
    """Send `data` to the port; return the error that comes back before it hangs up."""
    async with asyncio.timeout(5), gate.raw() as (reader, writer):
        writer.write(data)
        error = parse_error(await read_frame(reader))
        assert error is not None
        assert await reader.read() == b""
        return error


def hello(gate: Gate, **changes) -> bytes:
    issued = gate.ticket()
    peer = PeerHandshake(issued.ticket, issued.key, "CP001", Role.ENGINE)
    return frame(json.dumps(json.loads(peer.hello()) | changes).encode())


# ---- c1: framing


@pytest.mark.parametrize("length", [0xFFFFFFFF, 4097, 0])
async def test_c1_1_a_monstrous_length_is_refused_before_its_body(gate, length):
    assert (await answer(gate, LENGTH.pack(length))).code is Code.TOO_BIG
    assert gate.refused[0][3].code is Code.TOO_BIG


async def test_c1_3_http_on_the_charging_port_is_recognised(gate):
    error = await answer(gate, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert error.code is Code.TOO_BIG
    assert "HTTP on the charging port?" in error.text


@pytest.mark.parametrize("data", [b"", b"\x00\x00", b"\x00\x00\x01\x00half"])
async def test_c1_5_half_a_frame_and_goodbye_leaves_nothing_behind(gate, data):
    async with gate.raw() as (reader, writer):
        writer.write(data)
        writer.write_eof()
        assert await reader.read() == b""
    assert gate.refused == []


async def test_c1_6_a_slow_writer_meets_one_deadline_for_the_whole_login(gate):
    slow = hello(gate)
    began_at = asyncio.get_running_loop().time()
    async with gate.raw() as (reader, writer):
        reading = asyncio.get_running_loop().create_task(read_frame(reader))
        for byte in slow:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.01)
            if reading.done():
                break
        error = parse_error(await reading)
    assert error.code is Code.TIMEOUT
    assert asyncio.get_running_loop().time() - began_at == pytest.approx(0.3, abs=0.02)
    assert [what[3].code for what in gate.refused] == [Code.TIMEOUT]


async def test_c1_6_a_peer_that_stops_before_its_proof_meets_the_same_deadline(gate):
    async with gate.raw() as (reader, writer):
        writer.write(hello(gate))
        await read_frame(reader)
        error = parse_error(await read_frame(reader))
    assert error.code is Code.TIMEOUT
    assert gate.refused[0][:2] == ("CP001", Role.ENGINE)


# A stranger keeps its seat for a quarter of a second, whoever comes.
JUST_COME_S, SETTLED_S = 0.1, 0.3


@pytest.mark.parametrize("seats", [SeatLimits(strangers=2), SeatLimits(strangers_per_network=2)])
async def test_c1_7_a_newcomer_gets_in_and_the_oldest_stranger_is_told_to_come_back(seats):
    gate = Gate(seats=seats)
    async with gate.open(), gate.raw() as (oldest, _), gate.raw():
        await asyncio.sleep(SETTLED_S)
        peer = await gate.knock()
        error = parse_error(await read_frame(oldest))
        assert isinstance(error, Overloaded)
        assert (error.code, error.retry_after_s) == (Code.BUSY, 1.0)
        assert await oldest.read() == b""
        await peer.close()
    assert gate.refused == []


async def test_c1_7_newcomers_that_press_in_do_not_push_each_other_out(caplog):
    gate = Gate(seats=SeatLimits(strangers_per_network=2))
    async with gate.open(), gate.raw() as (first, _), gate.raw():
        await asyncio.sleep(JUST_COME_S)
        for _ in range(3):
            async with gate.raw() as (reader, _):
                error = parse_error(await read_frame(reader))
                assert isinstance(error, Overloaded)
                assert (error.code, error.retry_after_s) == (Code.BUSY, 1.0)
                assert await reader.read() == b""
        assert not first.at_eof()
    assert caplog.text.count("sent away so far: 1") == len(caplog.records) == 1


async def test_c1_7_a_login_that_is_under_way_outlasts_the_silent_ones():
    gate = Gate(seats=SeatLimits(strangers_per_network=2))
    async with gate.open(), gate.raw() as (reader, writer), gate.raw() as (silent, _):
        writer.write(hello(gate))
        await read_frame(reader)
        await asyncio.sleep(SETTLED_S)
        peer = await gate.knock()
        assert parse_error(await read_frame(silent)).code is Code.BUSY
        await peer.close()


async def test_c1_7_a_crowd_of_silent_connections_does_not_lock_out_its_own_address():
    gate = Gate()
    async with gate.open(), contextlib.AsyncExitStack() as crowd:
        for _ in range(200):
            await crowd.enter_async_context(gate.raw())
        await asyncio.sleep(SETTLED_S)
        peer = await gate.knock()
        await peer.close()


async def test_c1_7_beyond_the_most_links_a_peer_is_told_to_come_back_and_gets_in_when_one_has_left():
    gate = Gate(seats=SeatLimits(members=1))
    async with gate.open(answer_heartbeats), asyncio.timeout(5):
        first = await gate.knock("CP001")
        with pytest.raises(Overloaded) as caught:
            await gate.knock("CP002")
        assert (caught.value.code, caught.value.retry_after_s) == (Code.BUSY, 10.0)
        assert gate.refused[0][:2] == ("CP002", Role.ENGINE)
        await first.close()
        second = await gate.knock("CP002")
        await second.close()


async def test_c1_7_those_who_logged_in_do_not_count(caplog):
    gate = Gate(seats=SeatLimits(strangers=1, strangers_per_network=1))
    async with gate.open():
        peers = [await gate.knock(f"CP{number:03}") for number in range(5)]
        for peer in peers:
            await peer.close()
    assert "do not log in" not in caplog.text


async def test_c1_9_a_frame_of_more_than_64_kib_after_login_ends_the_connection(gate):
    async with gate.pair() as (peer, central):
        far_end.transport(peer).write(LENGTH.pack(MAX_FRAME_BYTES + 1))
        _, end = await ended(central)
        assert end.code is Code.TOO_BIG


@pytest.mark.parametrize(
    "payload",
    [
        b"\xff\xfe\xfd",
        b"not json",
        b"[1,2]",
        b"[" * 4000,
        b'{"t":"hello","t":"hello","v":1}',
        b'{"t":"hello","v":NaN}',
        b'{"t":"hello","v":1e400}',
    ],
)
async def test_c1_10_what_is_no_strict_json_is_malformed(gate, payload):
    assert (await answer(gate, frame(payload))).code is Code.MALFORMED


@pytest.mark.parametrize("version", [2, "1", None])
async def test_c1_12_another_version_hears_which_one_we_speak(gate, version):
    error = await answer(gate, hello(gate, v=version))
    assert error.code is Code.VERSION
    assert "we speak: 1" in error.text


async def test_c1_13_a_ticket_under_another_service_key_is_refused(gate):
    issued = gate.ticket(key=Fernet.generate_key())
    with pytest.raises(AuthenticationError) as caught:
        await gate.knock(issued=issued)
    assert caught.value.code is Code.TICKET


@pytest.mark.parametrize("late_s", [2, 86_400])
async def test_c1_14_an_expired_ticket_is_refused_with_the_time_of_central(gate, late_s):
    issued = gate.ticket(now=time.time() - 900 - late_s)
    with pytest.raises(AuthenticationError) as caught:
        await gate.knock(issued=issued)
    assert caught.value.code is Code.EXPIRED
    assert "UTC" in caught.value.text


async def test_c1_15_a_ticket_from_the_future_is_refused(gate):
    with pytest.raises(AuthenticationError) as caught:
        await gate.knock(issued=gate.ticket(now=time.time() + 200))
    assert caught.value.code is Code.CLOCK


async def test_c1_17_a_stolen_ticket_without_its_key_opens_nothing(gate):
    issued = gate.ticket()
    thief = PeerHandshake(issued.ticket, bytes(32), "CP001", Role.ENGINE)
    async with gate.raw() as (reader, writer):
        writer.write(frame(thief.hello()))
        await read_frame(reader)
        writer.write(frame(bytes(32)))
        assert parse_error(await read_frame(reader)).code is Code.PROOF
        assert await reader.read() == b""
    assert gate.refused[0][:2] == ("CP001", Role.ENGINE)
    assert gate.arrived.empty()


async def record(gate: Gate) -> tuple[list[bytes], list[bytes]]:
    """Log in through a relay; return what each side said, frame by frame."""
    said: tuple[list[bytes], list[bytes]] = ([], [])
    done = asyncio.Event()

    async def pump(reader, writer, into):
        while True:
            try:
                data = await read_frame(reader)
            except (asyncio.IncompleteReadError, ConnectionError):
                break
            into.append(data)
            writer.write(frame(data))
        writer.close()

    async def relay(reader, writer):
        upstream = await asyncio.open_connection("127.0.0.1", gate.port)
        await asyncio.gather(pump(reader, upstream[1], said[0]), pump(upstream[0], writer, said[1]))
        done.set()

    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        peer = await connect("127.0.0.1", port, gate.ticket(), "CP001", Role.ENGINE)
        peer.send(Ready(session_id="session-000001"))
        central = await gate.arrived.get()
        await central.receive()
        await peer.close()
        central.abort()
        await done.wait()
    finally:
        server.close()
    return said


async def test_c1_18_a_recorded_conversation_cannot_be_played_again(gate):
    from_peer, _ = await record(gate)
    assert len(from_peer) >= 3
    async with gate.raw() as (reader, writer):
        for data in from_peer:
            writer.write(frame(data))
        await read_frame(reader)
        assert parse_error(await read_frame(reader)).code is Code.PROOF
        assert await reader.read() == b""
    assert gate.arrived.empty()


async def through(gate: Gate, alter) -> EvchargeError:
    """Log in through a man in the middle who alters Central's and the peer's frames."""

    async def relay(reader, writer):
        upstream = await asyncio.open_connection("127.0.0.1", gate.port)
        upstream[1].write(frame(alter("peer", await read_frame(reader))))
        writer.write(frame(alter("central", await read_frame(upstream[0]))))
        await reader.read()
        writer.close()
        upstream[1].close()

    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    try:
        with pytest.raises(EvchargeError) as caught:
            await connect(
                "127.0.0.1", server.sockets[0].getsockname()[1], gate.ticket(), "CP001", Role.ENGINE
            )
        await asyncio.sleep(0.02)
        return caught.value
    finally:
        server.close()


@pytest.mark.parametrize("whose", ["peer", "central"])
async def test_c1_21_a_man_in_the_middle_cannot_swap_the_keys(gate, whose):
    def alter(who, data):
        if who != whose:
            return data
        cut = len(data) if who == "peer" else -handshake.MAC_BYTES
        body = json.loads(data[:cut]) | {"e": base64_text(b"\x09" * 32)}
        return json.dumps(body, separators=(",", ":")).encode() + (b"" if who == "peer" else data[cut:])

    error = await through(gate, alter)
    assert error.code is Code.CENTRAL_PROOF
    assert "not our Central" in error.text


async def test_c1_22_an_impostor_is_not_our_central(gate):
    # It knows neither the service key nor the ticket's, so it can only make the proof up.
    async def pretend(reader, writer):
        await read_frame(reader)
        body = {"t": "challenge", "v": 1, "sid": "0" * 32, "id": "CP001", "role": "engine"}
        body |= {"n": base64_text(bytes(32)), "e": base64_text(b"\x09" * 32)}
        writer.write(frame(json.dumps(body).encode() + bytes(32)))
        assert await reader.read() == b""
        writer.close()

    server = await asyncio.start_server(pretend, "127.0.0.1", 0)
    gate.port = server.sockets[0].getsockname()[1]
    try:
        with pytest.raises(AuthenticationError) as caught:
            await gate.knock()
        assert caught.value.code is Code.CENTRAL_PROOF
        await asyncio.sleep(0.02)
    finally:
        server.close()


async def test_c1_24_a_forged_error_before_the_login_is_only_a_hint(gate):
    async def forge(reader, writer):
        await read_frame(reader)
        writer.write(frame(error_frame(Code.REVOKED, "revoked")))
        writer.close()

    server = await asyncio.start_server(forge, "127.0.0.1", 0)
    real, gate.port = gate.port, server.sockets[0].getsockname()[1]
    issued = gate.ticket()
    try:
        with pytest.raises(AuthenticationError) as caught:
            await gate.knock(issued=issued)
        assert caught.value.code is Code.REVOKED
    finally:
        server.close()
    gate.port = real
    peer = await gate.knock(issued=issued)
    await peer.close()


async def test_c1_24_a_forged_error_after_the_challenge_cannot_speak_with_our_key(gate):
    async with gate.pair() as (peer, _):
        peer.data_received(frame(error_frame(Code.REVOKED, "revoked")))
        _, end = await ended(peer)
        assert end.code is Code.CRYPTO


@pytest.mark.parametrize("role", [Role.MONITOR, Role.DRIVER])
async def test_c1_26_an_engines_ticket_does_not_make_a_monitor(gate, role):
    issued = gate.ticket()
    with pytest.raises(AuthenticationError) as caught:
        await gate.knock(role=role, issued=issued)
    assert caught.value.code is Code.ROLE
    assert gate.arrived.empty()
    # And who lies about it to itself is still an engine to Central.
    async with gate.pair(issued=issued) as (peer, central):
        peer.send(Health(fault=None))
        assert (await ended(central))[1].code is Code.ROLE


async def test_c1_27_a_revoked_identity_is_refused_by_name(gate):
    gate.withdrawn["CP001"] = AuthenticationError("the key of CP001 was revoked", Code.REVOKED)
    with pytest.raises(AuthenticationError) as caught:
        await gate.knock()
    assert caught.value.code is Code.REVOKED
    assert gate.refused[0][:2] == ("CP001", Role.ENGINE)


async def test_c1_27_one_revoked_while_connected_hears_why(gate):
    async with gate.pair() as (peer, central):
        began_at = asyncio.get_running_loop().time()
        await central.close(ErrorNotice(code=Code.REVOKED, text="the key of CP001 was revoked"))
        _, end = await ended(peer)
        assert isinstance(end, AuthenticationError)
        assert end.code is Code.REVOKED
        assert asyncio.get_running_loop().time() - began_at < 1


async def test_a_failure_inside_the_login_closes_that_connection_only(gate, caplog):
    gate.withdrawn["CP666"] = KeyError("a bug")
    with pytest.raises(ProtocolError, match=r"not foreseen \(KeyError\)"):
        await gate.knock("CP666")
    ((claimed, role, _, error),) = gate.refused
    assert (claimed, role, error.code) == ("CP666", Role.ENGINE, Code.CLOSED)
    assert caplog.text == ""
    peer = await gate.knock()
    await peer.close()


async def test_a_failure_while_noting_a_refusal_is_logged(caplog):
    def broken(*_what):
        raise KeyError("a bug")

    async with Gate(on_refused=broken).open() as gate:
        assert (await answer(gate, LENGTH.pack(0))).code is Code.TOO_BIG
        await asyncio.sleep(0)
    assert "could not note" in caplog.text


async def test_c1_29_a_crowd_of_logins_is_served():
    """Not a flood (that is for the bench): none of 60 at once is lost, and none is left over."""
    async with Gate().open() as gate, asyncio.timeout(15):
        peers = await asyncio.gather(*(gate.knock(f"CP{number:03}") for number in range(60)))
        await asyncio.gather(*(peer.close() for peer in peers))
        assert gate.refused == []


# ---- c2: after the login


def tamper(peer: Channel) -> tuple[list[bytes], asyncio.Transport]:
    """Keep what `peer` would send; return that, and the line on which it would."""
    kept: list[bytes] = []
    line = far_end.transport(peer)
    far_end.put_between(peer, _Keeping(line, kept))
    return kept, line


class _Keeping:
    def __init__(self, transport, kept):
        self._transport = transport
        self._kept = kept

    def write(self, data):
        self._kept.append(data)

    def __getattr__(self, name):
        return getattr(self._transport, name)


@pytest.mark.parametrize(
    ("order", "good"), [((0, 0), 1), ((1, 0), 0), ((0, 2), 1)], ids=["twice", "swapped", "missing"]
)
async def test_c2_30_a_frame_twice_swapped_or_missing_ends_the_connection(gate, order, good):
    async with gate.pair() as (peer, central):
        kept, line = tamper(peer)
        for number in range(3):
            peer.send(Ready(session_id=f"session-{number:06}"))
        for at in order:
            line.write(kept[at])
        messages, end = await ended(central)
        assert len(messages) == good
        assert isinstance(end, ProtocolError)
        assert end.code is Code.SEQ


@pytest.mark.parametrize("at", [LENGTH.size, 60, -1])
async def test_c2_31_one_flipped_bit_ends_the_connection(gate, at):
    async with gate.pair() as (peer, central):
        kept, line = tamper(peer)
        peer.send(Heartbeat())
        altered = bytearray(kept[0])
        altered[at] ^= 1
        line.write(bytes(altered))
        assert (await ended(central))[1].code is Code.CRYPTO


async def test_c2_33_a_frame_sent_back_to_its_sender_does_not_open(gate):
    async with gate.pair() as (peer, central):
        kept, _ = tamper(peer)
        peer.send(Heartbeat())
        peer.data_received(kept[0])
        assert (await ended(peer))[1].code is Code.CRYPTO
        central.abort()


async def test_c2_33_a_frame_of_another_connection_does_not_open(gate):
    async with gate.pair() as (peer, _), gate.pair(name="CP002") as (_, other):
        kept, _ = tamper(peer)
        peer.send(Heartbeat())
        other.data_received(kept[0])
        assert (await ended(other))[1].code is Code.CRYPTO


async def test_c2_35_what_a_role_may_not_say_ends_the_connection(gate):
    async with gate.pair(name="D01", role=Role.DRIVER) as (peer, central):
        peer.send(Ready(session_id="session-000001"))
        _, end = await ended(central)
        assert end.code is Code.ROLE
        assert "driver" in end.text


@pytest.mark.parametrize(
    "message",
    [
        '{"t":"SUPPLY_UPDATE","session_id":"session-000001","power_w":1,"energy_mwh":-5}',
        '{"t":"SUPPLY_UPDATE","session_id":"session-000001","power_w":1,"energy_mwh":1.5}',
        '{"t":"SUPPLY_UPDATE","session_id":"session-000001","power_w":1,"energy_mwh":true}',
        '{"t":"SUPPLY_UPDATE","session_id":"session-000001","power_w":1,"energy_mwh":"1"}',
        '{"t":"SUPPLY_UPDATE","session_id":"session-000001","power_w":1,"energy_mwh":1e309}',
        '{"t":"SUPPLY_UPDATE","session_id":"session-000001","power_w":1}',
        '{"t":"READY","session_id":1,"more":1}',
    ],
)
async def test_c2_38_39_a_bad_field_inside_a_well_sealed_frame_is_named(gate, message):
    async with gate.pair() as (peer, central):
        fernet = Fernet(base64.urlsafe_b64encode(far_end.keys(peer).from_peer))
        far_end.transport(peer).write(frame(fernet.encrypt(f'{{"n":0,"m":{message}}}'.encode())))
        _, end = await ended(central)
        assert end.code is Code.FIELD


async def test_b2_after_any_broken_stream_the_same_peer_may_come_back(gate):
    for _ in range(3):
        async with gate.pair() as (peer, central):
            far_end.transport(peer).write(frame(Sealer(bytes(32)).seal(Heartbeat())))
            assert (await ended(central))[1].code is Code.CRYPTO
