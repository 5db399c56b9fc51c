"""Whatever arrives is understood, or refused in one short printable line of ours: no other exception, ever."""

import base64
import json
from collections.abc import Callable

import pytest
from cryptography.fernet import Fernet
from hypothesis import given, settings
from hypothesis import strategies as st

from evcharge.cp import health
from evcharge.domain.errors import Code, EvchargeError
from evcharge.domain.ids import Role
from evcharge.domain.operator_order import Order
from evcharge.evc1 import key_schedule
from evcharge.evc1.handshake import MAC_BYTES, CentralHandshake, PeerHandshake
from evcharge.evc1.login_errors import parse_error
from evcharge.evc1.messages import MESSAGE_TYPES, decode, encode
from evcharge.evc1.tickets import Identity, TicketOpener, seal_ticket
from evcharge.kafka.topics import OrderSeal
from tests.attack.grammar import Grammar, Node, node

NOW = 1_765_737_000.5
SERVICE = Fernet.generate_key()
OPENER = TicketOpener([SERVICE])
ISSUED = seal_ticket(
    SERVICE, Identity("CP001", Role.ENGINE, 0, int(NOW)), issuer="registry", ttl_s=900, now=NOW
)
SEAL = OrderSeal("a token")
# Chance that Hypothesis decides.
CHANCE = st.randoms(use_true_random=False)
MANY = settings(max_examples=400)


def ends() -> tuple[PeerHandshake, CentralHandshake]:
    peer = PeerHandshake(ISSUED.ticket, ISSUED.key, "CP001", Role.ENGINE)
    return peer, CentralHandshake(OPENER, SERVICE, NOW)


def understood(call: Callable[[bytes], object], said: bytes) -> object:
    """Return what `call` makes of it, None when it is refused as it should be."""
    try:
        return call(said)
    except EvchargeError as error:
        assert error.text.isprintable()
        assert len(error.text) < 300
        return None


@given(CHANCE, st.sampled_from(MESSAGE_TYPES))
@MANY
def test_a_message(chance, kind):
    grammar = Grammar(chance)
    good = Node(pairs=[('"n"', node(0)), ('"m"', grammar.struct(kind))])
    assert decode(good.written().encode()).m.__class__ is kind
    found = understood(decode, grammar.spoilt(good))
    # And what was understood can be said again.
    if found is not None:
        assert decode(encode(found.n, found.m)) == found  # type: ignore[attr-defined]


@given(CHANCE)
@MANY
def test_a_hello(chance):
    peer, central = ends()
    understood(central.on_hello, Grammar(chance).spoilt(node(json.loads(peer.hello()))))


@given(CHANCE)
def test_a_challenge(chance):
    peer, central = ends()
    body = Grammar(chance).spoilt(node(json.loads(central.on_hello(peer.hello())[:-MAC_BYTES])))
    th = key_schedule.transcript(peer._hello, body)
    understood(peer.on_challenge, body + key_schedule.mac(key_schedule.auth_key(ISSUED.key), b"central", th))


@given(CHANCE)
def test_a_proof(chance):
    peer, central = ends()
    proof = peer.on_challenge(central.on_hello(peer.hello()))
    about = Grammar(chance).spoilt(node(json.loads(proof[MAC_BYTES:])))
    mac = key_schedule.mac(key_schedule.auth_key(ISSUED.key), b"peer", peer._th + about)
    understood(central.on_proof, chance.choice([mac, mac[:9], proof[:MAC_BYTES]]) + about)


@given(CHANCE)
def test_an_accept(chance):
    peer, central = ends()
    accept = central.on_proof(peer.on_challenge(central.on_hello(peer.hello())))
    wrap = Fernet(base64.urlsafe_b64encode(peer._wrap_key))
    understood(peer.on_accept, wrap.encrypt(Grammar(chance).spoilt(node(json.loads(wrap.decrypt(accept))))))


@given(CHANCE, st.sampled_from(Code))
@MANY
def test_an_error_before_the_login(chance, code):
    said = Grammar(chance).spoilt(
        node({"t": "error", "code": code, "text": "x", "retry_after": 1.0, "now": NOW})
    )
    error = parse_error(said)
    assert error is None or (error.text.isprintable() and isinstance(error, EvchargeError))


@given(CHANCE)
def test_what_a_ticket_holds(chance):
    good = json.loads(Fernet(SERVICE).decrypt(ISSUED.ticket))
    understood(
        lambda raw: OPENER.open(Fernet(SERVICE).encrypt(raw).decode(), NOW),
        Grammar(chance).spoilt(node(good)),
    )


@pytest.mark.parametrize(("kind", "read"), [(health.Ping, health.read_ping), (health.Pong, health.read_pong)])
@given(chance=CHANCE)
def test_a_line_on_the_health_port(kind, read, chance):
    grammar = Grammar(chance)
    line = grammar.spoilt(grammar.struct(kind)) + b"\n"
    understood(read, line)
    assert health.is_ours(bytes(32), line) is False


@given(CHANCE)
def test_an_order_in_kafka(chance):
    grammar = Grammar(chance)
    understood(SEAL.open, SEAL._tokens.seal(grammar.spoilt(grammar.struct(Order))))
