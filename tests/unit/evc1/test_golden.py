"""What release 0.1 understands and said is written down in tests/golden: each byte of it is still understood, and what
came later goes only to who speaks it.
"""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from cryptography.fernet import Fernet
from msgspec import UNSET, structs

from evcharge.cp.health import Ping, Pong
from evcharge.domain.events import EVENT_TYPES, stored
from evcharge.domain.features import OF_MESSAGES, Feature
from evcharge.domain.ids import Role
from evcharge.domain.strict_json import base64_bytes
from evcharge.evc1.frames import Opener
from evcharge.evc1.handshake import Accepted, CentralHandshake, PeerHandshake, SessionKeys
from evcharge.evc1.messages import (
    MESSAGE_TYPES,
    RECORD_TYPES,
    PointRow,
    Rekey,
    Rekeyed,
    as_understood,
    decode,
    encode,
)
from evcharge.evc1.tickets import TicketOpener
from tests.golden.first import FOLDER, conversation, frame, schema, takes

FIRST = schema()["$defs"]
CONNECTIONS = conversation()["connections"]
KINDS: list[Any] = [*MESSAGE_TYPES, *RECORD_TYPES, PointRow]
TAGS = {"t", "k"}


def name(kind: type) -> str:
    return kind.__name__


@pytest.mark.parametrize("kind", KINDS, ids=name)
def test_what_the_first_release_lacks_goes_only_to_who_speaks_its_feature(kind: Any):
    if kind.__name__ not in FIRST:
        assert kind.feature in set(Feature), "a message that 0.1 would refuse needs a `feature`"
        return
    fields = {field.encode_name: field for field in structs.fields(kind)}
    later = set(fields) - set(FIRST[kind.__name__]["properties"])
    assert later == set(kind.since), "fields that 0.1 would refuse belong into `since`, and no others"
    assert {name: fields[name].default for name in later} == dict.fromkeys(later, UNSET)
    assert set(kind.since.values()) <= set(Feature)


@pytest.mark.parametrize("kind", KINDS, ids=name)
def test_what_the_first_release_needs_is_never_left_out(kind: Any):
    first = FIRST.get(kind.__name__, {"required": []})
    assert set(first["required"]) - TAGS <= set(kind.__struct_fields__)


def test_every_feature_belongs_to_a_field_or_a_message():
    used = {feature for kind in KINDS for feature in kind.since.values()}
    used |= {kind.feature for kind in MESSAGE_TYPES if kind.feature is not None}
    assert used == OF_MESSAGES


def test_the_health_port_holds_back_what_a_monitor_of_the_first_release_would_refuse():
    fields = {field.encode_name: field.default for field in structs.fields(Pong)}
    assert set(fields) - set(FIRST["Pong"]["properties"]) == Pong.later
    assert {fields[name] for name in Pong.later} <= {UNSET}
    # A monitor cannot know what its engine takes: it has nothing to add.
    assert set(Ping.__struct_fields__) == set(FIRST["Ping"]["properties"]) - TAGS


def test_nothing_of_the_first_release_has_gone():
    assert set(FIRST) - {"Envelope", "Ping", "Pong"} == {kind.__name__ for kind in KINDS} & set(FIRST)


# ---- byte for byte


def taken(bits: list[str]) -> Callable[[int], bytes]:
    """Return random bytes that were taken before."""
    left: Iterator[str] = iter(bits)

    def take(count: int) -> bytes:
        found = bytes.fromhex(next(left))
        assert len(found) == count
        return found

    return take


def logged_in(one: dict[str, Any]) -> Accepted:
    """Log in as a peer of today at the Central of that day."""
    peer = PeerHandshake(
        one["ticket"], bytes.fromhex(one["ticket_key"]), one["id"], Role(one["role"]), taken(one["peer_took"])
    )
    assert peer.hello() == frame(one, "HELLO")
    assert peer.on_challenge(frame(one, "CHALLENGE")) == frame(one, "PROOF")
    return peer.on_accept(frame(one, "ACCEPT"))


@pytest.mark.parametrize("name", CONNECTIONS)
def test_a_peer_logs_in_at_a_central_of_the_first_release_as_ever(name: str):
    assert logged_in(CONNECTIONS[name]).speaks == set()


@pytest.mark.parametrize("name", CONNECTIONS)
def test_a_peer_of_the_first_release_is_let_in_as_ever(name: str):
    one = CONNECTIONS[name]
    resume_key = Fernet.generate_key()
    opener = TicketOpener([conversation()["service_key"].encode(), resume_key])
    central = CentralHandshake(opener, resume_key, one["now"], taken(one["central_took"]), versions=None)
    assert central.on_hello(frame(one, "HELLO")) == frame(one, "CHALLENGE")
    accept = central.on_proof(frame(one, "PROOF"))
    assert (central.identity.id, central.identity.role, central.speaks) == (
        one["id"],
        Role(one["role"]),
        set(),
    )
    key = base64.urlsafe_b64encode(wrap_key(one))
    now, then = (json.loads(Fernet(key).decrypt(sealed)) for sealed in (accept, frame(one, "ACCEPT")))
    # The resume ticket is sealed anew each time.
    assert now | {"resume": ""} == then | {"resume": ""}


def wrap_key(one: dict[str, Any]) -> bytes:
    peer = PeerHandshake(
        one["ticket"], bytes.fromhex(one["ticket_key"]), one["id"], Role(one["role"]), taken(one["peer_took"])
    )
    peer.hello()
    peer.on_challenge(frame(one, "CHALLENGE"))
    return peer._wrap_key


@pytest.mark.parametrize("name", CONNECTIONS)
def test_every_frame_of_the_first_release_opens_and_would_be_written_the_same(name: str):
    keys: dict[str, SessionKeys] = dict.fromkeys(("peer", "central"), logged_in(CONNECTIONS[name]).keys)
    openers = {"peer": Opener(keys["peer"].from_peer), "central": Opener(keys["central"].from_central)}
    renewed = keys["peer"]
    said = [(who, token, text) for one, who, token, text in conversation()["said"] if one == name]
    assert said
    for who, token, text in said:
        number = openers[who].count
        message = openers[who].open(token.encode())
        assert message == decode(json.dumps({"n": 0, "m": text}).encode()).m
        assert takes(text)
        plain = json.dumps({"n": number, "m": text}, ensure_ascii=False, separators=(",", ":")).encode()
        assert encode(number, as_understood(message, frozenset())) == plain
        match message:
            case Rekey(key=key):
                renewed = renewed.rekeyed(base64_bytes(key, "key"))
                openers["central"] = Opener(renewed.from_central)
            case Rekeyed():
                openers["peer"] = Opener(renewed.from_peer)
            case _:
                pass


def test_the_conversation_holds_nearly_all_that_there_was_to_say():
    said = {text["t"] for _, _, _, text in conversation()["said"]}
    assert {str(kind.__struct_config__.tag) for kind in MESSAGE_TYPES if kind.__name__ in FIRST} - said == {
        "ERROR",
        "RESYNC",
    }


def test_the_schema_refuses_what_the_first_release_refused():
    beat = {"t": "HEARTBEAT"}
    assert takes(beat)
    assert not takes(beat | {"more": 1})
    assert not takes({"t": "SYNC", "journal_id": "0" * 32, "last_seq": 0, "speaks": []})
    assert not takes(
        {"t": "RECORDS", "records": [{"k": "METER", "seq": 1, "session_id": "S" * 8, "meter_mwh": 1, "x": 1}]}
    )


# ---- what was ever stored

STORED = (FOLDER / "events.jsonl").read_text("utf-8").splitlines()


@pytest.mark.parametrize("data", STORED, ids=lambda data: json.loads(data)["type"])
def test_every_form_of_an_event_that_was_ever_stored_is_read(data: str):
    fields = json.loads(data)
    event = stored(1, fields["type"], data)
    assert type(event).__name__ == fields["type"]
    # And nothing of it is lost.
    assert fields.items() <= json.loads(msgspec.json.encode(event)).items()


def test_all_events_of_the_first_release_are_among_them():
    assert len(STORED) > 130
    assert {json.loads(data)["type"] for data in STORED} <= {kind.__name__ for kind in EVENT_TYPES}
