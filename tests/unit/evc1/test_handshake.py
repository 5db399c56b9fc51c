"""EVC1's key exchange: both ends, and the test vector of PROTOCOL.md."""

import base64
import hashlib
import hmac
import json
from types import SimpleNamespace

import pytest
from cryptography.fernet import Fernet

from evcharge.domain.errors import AuthenticationError, Code, ProtocolError
from evcharge.domain.features import SPOKEN, Feature
from evcharge.domain.ids import Role
from evcharge.domain.strict_json import base64_text
from evcharge.evc1 import handshake, key_schedule
from evcharge.evc1.frames import FernetCipher, GcmCipher
from evcharge.evc1.handshake import MAC_BYTES, CentralHandshake, PeerHandshake, SessionKeys, Versions
from evcharge.evc1.login_errors import NameWanted, error_frame, parse_error
from evcharge.evc1.tickets import Identity, TicketOpener
from tests.unit.evc1.logins import CP001, NOW, OPENER, RESUME, ends, refusal, ticket

# ---- the way it should go


def test_both_ends_have_the_same_keys_and_central_knows_who_it_is():
    peer, central = ends()
    accepted = peer.on_accept(central.on_proof(peer.on_challenge(central.on_hello(peer.hello()))))
    assert central.identity == CP001
    assert accepted.keys.from_peer == central.keys.from_peer
    assert accepted.keys.from_central == central.keys.from_central
    assert accepted.keys.from_peer != accepted.keys.from_central
    assert (accepted.epoch, accepted.now, accepted.heartbeat_s) == (0, NOW, 2.0)


@pytest.mark.parametrize(("speaks", "heard"), [(SPOKEN, "GBP"), (SPOKEN - {Feature.CURRENCY}, "EUR")])
def test_a_peer_that_knows_of_currencies_hears_that_of_the_network(monkeypatch, speaks, heard: str):
    monkeypatch.setattr(handshake, "SPOKEN", speaks)
    peer, central = ends()
    accept = central.on_proof(peer.on_challenge(central.on_hello(peer.hello())), "GBP")
    assert peer.on_accept(accept).currency == heard


def test_peers_that_speak_the_same_share_what_is_kept_of_that():
    centrals = []
    for _ in range(2):
        peer, central = ends()
        central.on_proof(peer.on_challenge(central.on_hello(peer.hello())))
        centrals.append(central)
    assert centrals[0].speaks == SPOKEN
    assert centrals[0].speaks is centrals[1].speaks


def test_a_resume_ticket_gets_in_without_the_registry():
    peer, central = ends()
    accepted = peer.on_accept(central.on_proof(peer.on_challenge(central.on_hello(peer.hello()))))
    later = NOW + 11 * 3600
    peer, central = ends(accepted.resume, now=later)
    peer.on_accept(central.on_proof(peer.on_challenge(central.on_hello(peer.hello()))))
    assert central.identity == CP001


def test_a_central_with_another_key_asks_for_the_name_and_is_told_it():
    peer, _ = ends()
    other = TicketOpener([Fernet.generate_key(), RESUME])
    central = CentralHandshake(other, RESUME, NOW)
    refusal(AuthenticationError, Code.TICKET, central.on_hello, peer.hello())
    assert central.claim is None
    asked = parse_error(error_frame(Code.TICKET, "this ticket does not open"))
    assert isinstance(asked, NameWanted)
    assert not isinstance(parse_error(error_frame(Code.EXPIRED, "too old")), NameWanted)
    central = CentralHandshake(other, RESUME, NOW)
    refusal(AuthenticationError, Code.TICKET, central.on_hello, peer.hello(tell_name=True))
    assert central.claim is not None
    assert (central.claim.id, central.claim.role) == ("CP001", Role.ENGINE)
    # A claim lets nobody in.
    assert central.identity is None


def test_the_next_issued_key_gives_other_keys_of_the_same_connection():
    keys = SessionKeys(bytes(32), b"\x01" * 32)
    after = keys.rekeyed(b"\x02" * 32)
    assert after.th == keys.th
    assert len({keys.from_peer, keys.from_central, after.from_peer, after.from_central}) == 4


def scripted(*values: bytes):
    rest = list(values)

    def entropy(size: int) -> bytes:
        value = rest.pop(0)
        assert len(value) == size
        return value

    return entropy


def test_the_vector_of_the_protocol():
    key = bytes(range(32))
    body = SimpleNamespace(identity=Identity("CP001", Role.ENGINE, 0, 0), key_bytes=key)
    opener = SimpleNamespace(open=lambda token, now, wall_now: body)
    peer = PeerHandshake("TICKET", key, "CP001", Role.ENGINE, scripted(b"\x01" * 32, b"\x03" * 32))
    entropy = scripted(b"\x02" * 32, b"\x04" * 16, b"\x05" * 32, bytes(32), bytes(16), b"\x06" * 32)
    central = CentralHandshake(opener, RESUME, NOW, entropy, versions=None)

    hello = peer.hello()
    challenge = central.on_hello(hello)
    proof = peer.on_challenge(challenge)
    accepted = peer.on_accept(central.on_proof(proof))

    assert len(hello) == 139
    assert len(challenge) - MAC_BYTES == 195
    th = "1a9d7e19fbd14810f6f4543797e0a46d05e8d8477c88c3f307851872ece10cbe"
    assert accepted.keys.th.hex() == th
    assert challenge[-MAC_BYTES:].hex() == "3031976d5ff06e08efe0d83e5b83e45813ad08e5777334b74bacb1b8c3c477a9"
    assert proof.hex() == "9425c6a65b288df796013627764b98fcaae8e0a8c8b0bab538302983f5ec87a3"
    assert (
        key_schedule.auth_key(key).hex() == "a4dae80d9ca5822e34776a85f58b6eeb08c02ecb385835a397e9092b775843e2"
    )
    assert peer._wrap_key.hex() == "e8bc21d9428b384e0eed35b05920631b562f9d8116adf430c66d4ee157788c4c"
    assert accepted.keys.from_peer.hex() == "54275ad7c881b8fb64ccac6a5f96da8acb6f3086c461f699fb7668865ceb2819"
    assert (
        accepted.keys.from_central.hex() == "d8425c3f6d3f9cc6ca967bfdad5373230f78fe2c4c9d52d3f43c93013bdd7332"
    )
    assert accepted.keys.telemetry.hex() == "650d69bd3a4776f401dce6fa78e66adc2ddd9deeeb176ea9f1ab0edfa55b25c9"
    assert central.keys.telemetry == accepted.keys.telemetry


def test_the_vector_of_a_central_that_names_its_versions(monkeypatch):
    monkeypatch.setattr(handshake, "SPOKEN", frozenset({"example"}))
    key = bytes(range(32))
    body = SimpleNamespace(identity=Identity("CP001", Role.ENGINE, 0, 0), key_bytes=key)
    opener = SimpleNamespace(open=lambda token, now, wall_now: body)
    peer = PeerHandshake("TICKET", key, "CP001", Role.ENGINE, scripted(b"\x01" * 32, b"\x03" * 32))
    entropy = scripted(b"\x02" * 32, b"\x04" * 10, b"\x05" * 32, bytes(32), bytes(16), b"\x06" * 32)
    central = CentralHandshake(opener, RESUME, NOW, entropy)

    hello = peer.hello()
    challenge = central.on_hello(hello)
    proof = peer.on_challenge(challenge)
    accepted = peer.on_accept(central.on_proof(proof))

    assert (len(hello), len(challenge) - MAC_BYTES) == (139, 195)
    assert json.loads(challenge[:-MAC_BYTES])["sid"] == "455643310101" + "04" * 10
    assert challenge[-MAC_BYTES:].hex() == "5265d64f5469b1caf4e67701850571a833f19c493eacf5d9362c81817deb305c"
    assert proof[MAC_BYTES:] == b'{"versions":[1,1],"speaks":["example"]}'
    assert accepted.keys.th.hex() == "e719262c68f6b8dcd058d8569a559412bb86e80037f72af0ad3db6b1a479185a"
    assert proof[:MAC_BYTES].hex() == "fdc2c3901ca241adb77c81b81f5875bc40f14a67c349072db77daa36fa755e9d"
    assert accepted.keys.from_peer.hex() == "f6f4e7435ff7193622d3dd1f1500bc3e92a486c8b62cd27501b03d6c5ea1b654"


# ---- versions and features


def test_both_ends_know_what_the_other_one_speaks(monkeypatch):
    monkeypatch.setattr(handshake, "SPOKEN", frozenset({"one", "two"}))
    peer, central = ends()
    accepted = peer.on_accept(central.on_proof(peer.on_challenge(central.on_hello(peer.hello()))))
    assert accepted.speaks == central.speaks == {"one", "two"}


def test_a_central_of_the_first_release_is_told_nothing_new(monkeypatch):
    monkeypatch.setattr(handshake, "SPOKEN", frozenset({"one"}))
    issued = ticket()
    peer = PeerHandshake(issued.ticket, issued.key, "CP001", Role.ENGINE)
    old = CentralHandshake(OPENER, RESUME, NOW, versions=None)
    proof = peer.on_challenge(old.on_hello(peer.hello()))
    assert len(proof) == MAC_BYTES
    assert peer.on_accept(old.on_proof(proof)).speaks == set()


def test_a_peer_of_the_first_release_is_told_nothing_new(monkeypatch):
    monkeypatch.setattr(handshake, "SPOKEN", frozenset({"one"}))
    issued = ticket()
    peer, central = ends(issued)
    central.on_hello(peer.hello())
    proof = hmac.digest(key_schedule.auth_key(issued.key), b"peer" + central._th, "sha256")
    accept = central.on_proof(proof)
    assert central.speaks == set()
    wrap_key = key_schedule.derived(
        peer._secret.exchange(central._secret.public_key()) + issued.key, central._th, b"EVC1 wrap"
    )
    inside = json.loads(Fernet(base64.urlsafe_b64encode(wrap_key)).decrypt(accept))
    assert list(inside) == ["t", "key", "epoch", "resume", "resume_key", "resume_exp", "now", "hb"]


@pytest.mark.parametrize("versions", [(2, 3), (0, 0), (255, 255)])
def test_without_a_common_version_each_end_says_so(versions):
    issued = ticket()
    peer = PeerHandshake(issued.ticket, issued.key, "CP001", Role.ENGINE)
    newer = CentralHandshake(OPENER, RESUME, NOW, versions=Versions(*versions))
    error = refusal(ProtocolError, Code.VERSION, peer.on_challenge, newer.on_hello(peer.hello()))
    assert error.text == f"Central speaks EVC1 versions {versions[0]} to {versions[1]}; we speak: 1"
    central, proof = proved({"versions": list(versions), "speaks": []})
    error = refusal(ProtocolError, Code.VERSION, central.on_proof, proof)
    assert error.text == f"the peer speaks EVC1 versions {versions[0]} to {versions[1]}; we speak: 1"


def proved(about: object):
    """Return a Central and the proof of a peer that says `about` itself."""
    issued = ticket()
    peer, central = ends(issued)
    central.on_hello(peer.hello())
    said = about if isinstance(about, bytes) else json.dumps(about).encode()
    return central, hmac.digest(
        key_schedule.auth_key(issued.key), b"peer" + central._th + said, "sha256"
    ) + said


def test_a_newer_peer_may_say_more_of_itself():
    central, proof = proved({"versions": [1, 9], "speaks": ["from_next_year"], "model": "X"})
    central.on_proof(proof)
    assert central.speaks == {"from_next_year"}


@pytest.mark.parametrize(
    ("about", "code"),
    [
        (b" ", Code.MALFORMED),
        (b"[]", Code.MALFORMED),
        (b'{"versions":[1,1],"versions":[1,1]}', Code.MALFORMED),
        ({}, Code.FIELD),
        ({"versions": [1]}, Code.FIELD),
        ({"versions": [1, 256]}, Code.FIELD),
        ({"versions": [1, True]}, Code.FIELD),
        ({"versions": [1, 1], "speaks": "all"}, Code.FIELD),
        ({"versions": [1, 1], "speaks": ["UPPER"]}, Code.FIELD),
        ({"versions": [1, 1], "speaks": ["x" * 33]}, Code.FIELD),
        ({"versions": [1, 1], "speaks": ["x"] * 65}, Code.FIELD),
    ],
    ids=str,
)
def test_what_a_peer_says_of_itself_is_bounded(about, code):
    central, proof = proved(about)
    refusal(ProtocolError, code, central.on_proof, proof)
    assert not hasattr(central, "keys")


def test_nobody_in_between_can_change_what_a_peer_says_of_itself():
    issued = ticket()
    peer, central = ends(issued)
    proof = peer.on_challenge(central.on_hello(peer.hello()))
    for changed in (proof[:MAC_BYTES], proof + b" ", proof.replace(b"[1,1]", b"[1,9]")):
        refusal(AuthenticationError, Code.PROOF, central.on_proof, changed)


# ---- HELLO


def hello(**changes) -> bytes:
    peer, _ = ends()
    return json.dumps(json.loads(peer.hello()) | changes).encode()


@pytest.mark.parametrize(
    "frame",
    [
        b"\xff\xfe",
        b"not json",
        b"[]",
        b"1",
        b"[" * 4000,
        b'{"a":' * 600,
        b'{"t":"hello","v":1,"v":1}',
        b'{"t":"hello","v":NaN}',
        b'{"t":"hello","v":-Infinity}',
        b'{"t":"hello","v":1e400}',
        b'{"t":"hello","v":' + b"1" * 4301 + b"}",
        b"\xef\xbb\xbf{}",
        b"{}",
        b'{"t":"challenge","v":1}',
    ],
)
def test_what_is_no_strict_json_object_of_ours_is_malformed(frame):
    _, central = ends()
    refusal(ProtocolError, Code.MALFORMED, central.on_hello, frame)


@pytest.mark.parametrize("version", [2, "1", None, True, 1.0, 0, [1]])
def test_another_version_is_refused_naming_ours(version):
    _, central = ends()
    assert "we speak: 1" in refusal(ProtocolError, Code.VERSION, central.on_hello, hello(v=version)).text


def test_a_missing_version_is_refused_naming_ours():
    _, central = ends()
    refusal(ProtocolError, Code.VERSION, central.on_hello, b'{"t":"hello"}')


SPARE_BITS = base64_text(bytes(32))[:-2] + "B="


@pytest.mark.parametrize(
    "changes",
    [
        {"n": 1},
        {"n": ""},
        {"n": base64_text(bytes(31))},
        {"n": base64_text(bytes(32)).rstrip("=")},
        {"n": SPARE_BITS},
        {"n": base64.b64encode(b"\xff" * 32).decode()},
        {"e": SPARE_BITS},
        {"e": "ü" * 44},
        {"ticket": None},
        {"more": 1},
    ],
)
def test_a_bad_field_of_hello_is_refused(changes):
    _, central = ends()
    refusal(ProtocolError, Code.FIELD, central.on_hello, hello(**changes))


def test_a_withdrawn_identity_is_refused_and_named():
    def admit(identity):
        raise AuthenticationError("revoked", Code.REVOKED)

    peer, central = ends()
    with pytest.raises(AuthenticationError):
        central.on_hello(peer.hello(), admit)
    assert central.identity == CP001


def test_an_identity_withdrawn_between_hello_and_proof_is_refused():
    revoked = []

    def admit(identity):
        if revoked:
            raise AuthenticationError("revoked", Code.REVOKED)

    peer, central = ends()
    proof = peer.on_challenge(central.on_hello(peer.hello(), admit))
    revoked.append(True)
    refusal(AuthenticationError, Code.REVOKED, central.on_proof, proof)
    assert not hasattr(central, "keys")


# ---- CHALLENGE


def signed(body: dict, hello_frame: bytes, key: bytes) -> bytes:
    data = json.dumps(body).encode()
    th = hashlib.sha256(hashlib.sha256(b"EVC1" + hello_frame).digest() + data).digest()
    return data + hmac.digest(key_schedule.auth_key(key), b"central" + th, "sha256")


def challenge(**changes):
    issued = ticket()
    peer, central = ends(issued)
    first = peer.hello()
    body = json.loads(central.on_hello(first)[:-MAC_BYTES])
    return peer, signed(body | changes, first, issued.key)


def test_a_central_that_does_not_know_the_key_is_not_ours():
    peer, _ = ends()
    other = ticket()
    impostor = CentralHandshake(SimpleNamespace(open=lambda *_: OPENER.open(other.ticket, NOW)), RESUME, NOW)
    error = refusal(
        AuthenticationError, Code.CENTRAL_PROOF, peer.on_challenge, impostor.on_hello(peer.hello())
    )
    assert "not our Central" in error.text


def test_every_altered_byte_of_the_challenge_is_noticed():
    peer, central = ends()
    frame = central.on_hello(peer.hello())
    for at in range(len(frame)):
        changed = bytearray(frame)
        changed[at] ^= 1
        refusal(AuthenticationError, Code.CENTRAL_PROOF, peer.on_challenge, bytes(changed))
    for cut in (b"", frame[:10], frame[:-1], frame + b" "):
        refusal(AuthenticationError, Code.CENTRAL_PROOF, peer.on_challenge, cut)


def test_a_man_in_the_middle_cannot_swap_the_keys_of_hello():
    peer, central = ends()
    sent = json.loads(peer.hello())
    swapped = json.dumps(sent | {"e": base64_text(b"\x09" * 32)}).encode()
    refusal(AuthenticationError, Code.CENTRAL_PROOF, peer.on_challenge, central.on_hello(swapped))


def test_a_ticket_of_somebody_else_is_noticed_by_the_peer():
    peer, central = ends(cp_id="CP002")
    refusal(AuthenticationError, Code.ID, peer.on_challenge, central.on_hello(peer.hello()))
    peer, central = ends(role=Role.MONITOR)
    refusal(AuthenticationError, Code.ROLE, peer.on_challenge, central.on_hello(peer.hello()))


@pytest.mark.parametrize(
    ("changes", "kind", "code"),
    [
        ({"v": 2}, ProtocolError, Code.VERSION),
        ({"t": "hello"}, ProtocolError, Code.MALFORMED),
        ({"sid": "x"}, ProtocolError, Code.FIELD),
        ({"n": SPARE_BITS}, ProtocolError, Code.FIELD),
        ({"e": SPARE_BITS}, ProtocolError, Code.FIELD),
        ({"more": 1}, ProtocolError, Code.FIELD),
        ({"e": base64_text(bytes(32))}, AuthenticationError, Code.CENTRAL_PROOF),
    ],
)
def test_even_our_own_central_must_send_a_good_challenge(changes, kind, code):
    peer, frame = challenge(**changes)
    refusal(kind, code, peer.on_challenge, frame)


# ---- PROOF and ACCEPT


def test_a_peer_that_does_not_know_the_key_of_its_ticket_is_refused():
    issued = ticket()
    stolen = PeerHandshake(issued.ticket, bytes(32), "CP001", Role.ENGINE)
    _, central = ends()
    challenged = central.on_hello(stolen.hello())
    refusal(AuthenticationError, Code.CENTRAL_PROOF, stolen.on_challenge, challenged)
    for proof in (b"", bytes(32), bytes(33), challenged[-MAC_BYTES:]):
        refusal(AuthenticationError, Code.PROOF, central.on_proof, proof)


def test_a_replayed_login_is_refused():
    peer, central = ends()
    first = peer.hello()
    proof = peer.on_challenge(central.on_hello(first))
    central.on_proof(proof)
    again = CentralHandshake(OPENER, RESUME, NOW)
    again.on_hello(first)
    refusal(AuthenticationError, Code.PROOF, again.on_proof, proof)


def test_a_proof_without_a_hello_is_refused():
    _, central = ends()
    refusal(AuthenticationError, Code.PROOF, central.on_proof, bytes(32))


@pytest.mark.parametrize("point", [bytes(32), b"\x01" + bytes(31)])
def test_a_low_order_point_is_refused(point):
    issued = ticket()
    _, central = ends()
    first = hello(ticket=issued.ticket, e=base64_text(point))
    body = central.on_hello(first)[:-MAC_BYTES]
    th = hashlib.sha256(hashlib.sha256(b"EVC1" + first).digest() + body).digest()
    proof = hmac.digest(key_schedule.auth_key(issued.key), b"peer" + th, "sha256")
    assert "public key" in refusal(AuthenticationError, Code.PROOF, central.on_proof, proof).text


def test_an_altered_accept_is_noticed():
    peer, central = ends()
    accept = central.on_proof(peer.on_challenge(central.on_hello(peer.hello())))
    refusal(ProtocolError, Code.CRYPTO, peer.on_accept, accept[:-5] + b"AAAA=")


@pytest.mark.parametrize(
    "changes", [{"hb": 0}, {"key": "x"}, {"key": SPARE_BITS}, {"speaks": ["UPPER"]}, {"t": "hello"}]
)
def test_a_well_sealed_accept_with_a_bad_field_is_refused(changes):
    peer, central = ends()
    accept = central.on_proof(peer.on_challenge(central.on_hello(peer.hello())))
    fernet = Fernet(base64.urlsafe_b64encode(peer._wrap_key))
    bad = fernet.encrypt(json.dumps(json.loads(fernet.decrypt(accept)) | changes).encode())
    refusal(ProtocolError, Code.FIELD, peer.on_accept, bad)


# ---- which cipher seals the frames


@pytest.mark.parametrize(
    ("peer_knows", "central_wants", "cipher"),
    [
        (True, True, GcmCipher),
        (True, False, FernetCipher),
        (False, True, FernetCipher),
        (False, False, FernetCipher),
    ],
)
def test_frames_are_aes_gcm_only_where_both_ends_name_it(peer_knows, central_wants, cipher, monkeypatch):
    issued = ticket()
    peer = PeerHandshake(issued.ticket, issued.key, "CP001", Role.ENGINE)
    if not peer_knows:
        peer._speaks = SPOKEN - {Feature.AES_GCM}
    central = CentralHandshake(OPENER, RESUME, NOW, aes_gcm=central_wants)
    accepted = peer.on_accept(central.on_proof(peer.on_challenge(central.on_hello(peer.hello()))))
    assert accepted.keys.cipher is central.keys.cipher is cipher
    assert accepted.keys.rekeyed(bytes(32)).cipher is cipher
    assert accepted.keys.from_peer == central.keys.from_peer
    assert (Feature.AES_GCM in accepted.speaks) is central_wants


def test_a_first_release_at_either_end_gets_fernet_frames():
    issued = ticket()
    peer = PeerHandshake(issued.ticket, issued.key, "CP001", Role.ENGINE)
    old = CentralHandshake(OPENER, RESUME, NOW, versions=None, aes_gcm=True)
    accepted = peer.on_accept(old.on_proof(peer.on_challenge(old.on_hello(peer.hello()))))
    assert accepted.keys.cipher is old.keys.cipher is FernetCipher


def test_no_key_serves_two_ciphers():
    th, master = bytes(range(32)), b"\x06" * 32
    fernet, gcm = SessionKeys(th, master), SessionKeys(th, master, GcmCipher)
    assert len({fernet.from_peer, fernet.from_central, gcm.from_peer, gcm.from_central}) == 4
    assert fernet.telemetry == gcm.telemetry


def test_the_vector_of_the_keys_of_aes_gcm():
    th = bytes.fromhex("1a9d7e19fbd14810f6f4543797e0a46d05e8d8477c88c3f307851872ece10cbe")
    keys = SessionKeys(th, b"\x06" * 32, GcmCipher)
    assert keys.from_peer.hex() == "f1479d753b72cd407635d34e5a1af4b91d9dea42ce3f29f105c3400b10e85b94"
    assert keys.from_central.hex() == "84a1ffc7fb6c6faa9e9e5be53af831e7a02e59f91f0b14fb48b4898148205f0d"
