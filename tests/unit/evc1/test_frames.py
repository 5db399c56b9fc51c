"""Bytes <-> frames <-> messages."""

import base64

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from evcharge.domain.errors import Code, ProtocolError
from evcharge.evc1 import frames as frames_module
from evcharge.evc1.frames import (
    LENGTH,
    MAX_FRAME_BYTES,
    MAX_HANDSHAKE_BYTES,
    FernetCipher,
    FernetTokens,
    FrameCutter,
    GcmCipher,
    Opener,
    RisingOpener,
    Sealer,
)
from evcharge.evc1.messages import Bye, Health, Heartbeat, PointRow, Points, Sync, encode

KEY = bytes(range(32))
SYNC = Sync(journal_id="0" * 32, last_seq=7)


def pops(cutter: FrameCutter) -> list[bytes]:
    frames = []
    while (cut := cutter.pop()) is not None:
        frames.append(cut)
    return frames


def refusal(cutter: FrameCutter) -> ProtocolError:
    with pytest.raises(ProtocolError) as caught:
        cutter.pop()
    assert caught.value.code is Code.TOO_BIG
    return caught.value


def test_a_frame_is_its_length_and_its_payload():
    assert frames_module.frame(b"abc") == b"\x00\x00\x00\x03abc"


@pytest.mark.parametrize("payload", [b"", bytes(MAX_FRAME_BYTES + 1)])
def test_an_empty_or_oversized_frame_is_not_made(payload):
    with pytest.raises(ProtocolError) as caught:
        frames_module.frame(payload)
    assert caught.value.code is Code.TOO_BIG


def test_the_largest_frame_is_made_and_cut():
    cutter = FrameCutter(MAX_FRAME_BYTES)
    cutter.feed(frames_module.frame(bytes(MAX_FRAME_BYTES)))
    assert pops(cutter) == [bytes(MAX_FRAME_BYTES)]


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.data())
def test_frames_survive_any_chopping(payloads, data):
    stream = b"".join(frames_module.frame(payload) for payload in payloads)
    cutter, cut, at = FrameCutter(), [], 0
    while at < len(stream):
        step = data.draw(st.integers(1, len(stream) - at))
        cutter.feed(stream[at : at + step])
        at += step
        cut += pops(cutter)
    assert cut == payloads
    assert cutter.waiting == 0


def test_an_unfinished_frame_waits_and_says_how_much_is_there():
    cutter = FrameCutter()
    for waiting, byte in enumerate(frames_module.frame(b"abc")[:-1], start=1):
        cutter.feed(bytes([byte]))
        assert cutter.pop() is None
        assert cutter.waiting == waiting


@pytest.mark.parametrize("length", [0, MAX_HANDSHAKE_BYTES + 1, 0xFFFFFFFF])
def test_a_length_outside_the_limit_is_refused_before_its_body_comes(length):
    cutter = FrameCutter()
    cutter.feed(LENGTH.pack(length))
    assert str(MAX_HANDSHAKE_BYTES) in refusal(cutter).text


def test_frames_before_a_bad_length_are_still_cut_and_the_bad_one_stays_bad():
    cutter = FrameCutter()
    cutter.feed(frames_module.frame(b"good") + LENGTH.pack(0))
    assert cutter.pop() == b"good"
    refusal(cutter)
    refusal(cutter)


def test_a_chunk_that_is_used_up_is_not_held_on_to():
    cutter = FrameCutter()
    cutter.feed(frames_module.frame(bytes(1000)) * 3)
    assert len(pops(cutter)) == 3
    assert cutter._data == b""


def test_the_limit_may_rise_between_two_frames_of_one_chunk():
    cutter = FrameCutter()
    big = bytes(MAX_HANDSHAKE_BYTES + 1)
    cutter.feed(frames_module.frame(b"last of the login") + frames_module.frame(big))
    assert cutter.pop() == b"last of the login"
    cutter.limit = MAX_FRAME_BYTES
    assert cutter.pop() == big


@pytest.mark.parametrize("request_line", [b"GET / HTTP/1.1", b"POST /register/cp", b"PRI * HTTP/2.0"])
def test_a_browser_on_the_charging_port_is_recognised(request_line):
    cutter = FrameCutter()
    cutter.feed(request_line)
    assert "HTTP on the charging port?" in refusal(cutter).text


def test_tls_on_the_plain_port_is_recognised():
    cutter = FrameCutter()
    cutter.feed(b"\x16\x03\x01\x02\x00\x01")
    assert "TLS" in refusal(cutter).text


# ---- sealing


def test_what_one_end_seals_the_other_opens_in_order():
    sealer, opener = Sealer(KEY), Opener(KEY)
    for message in (SYNC, Heartbeat(), Bye(reason="enough")):
        assert opener.open(sealer.seal(message)) == message
    assert sealer.count == opener.count == 3


def test_a_key_has_32_bytes():
    with pytest.raises(ValueError, match="32"):
        Sealer(bytes(31))


def test_a_sealed_frame_is_an_ordinary_fernet_token():
    token = Sealer(KEY).seal(SYNC)
    assert Fernet(base64.urlsafe_b64encode(KEY)).decrypt(token) == encode(0, SYNC)


def refused(opener: Opener, token: bytes) -> Code:
    before = opener.count
    with pytest.raises(ProtocolError) as caught:
        opener.open(token)
    assert opener.count == before
    return caught.value.code


def test_a_frame_that_is_repeated_swapped_or_missing_breaks_the_sequence():
    sealer = Sealer(KEY)
    first, second, third = (sealer.seal(Heartbeat()) for _ in range(3))
    repeated = Opener(KEY)
    repeated.open(first)
    assert refused(repeated, first) is Code.SEQ
    assert refused(Opener(KEY), second) is Code.SEQ
    missing = Opener(KEY)
    missing.open(first)
    assert refused(missing, third) is Code.SEQ


def test_every_flipped_bit_is_noticed():
    token = Sealer(KEY).seal(Heartbeat())
    for at in range(len(token)):
        for bit in range(8):
            altered = bytearray(token)
            altered[at] ^= 1 << bit
            assert refused(Opener(KEY), bytes(altered)) is Code.CRYPTO


@pytest.mark.parametrize("characters", [48, 49, 50, 51, 64, 65])
def test_a_token_has_exactly_one_spelling(characters):
    token = Sealer(KEY).seal(Bye(reason="x" * characters))
    assert Opener(KEY).open(token)
    for other in (token[:10] + b"!" + token[10:], token + b"\n", b" " + token, token + b"===="):
        assert refused(Opener(KEY), other) is Code.CRYPTO
    standard = token.replace(b"-", b"+").replace(b"_", b"/")
    if standard != token:
        assert refused(Opener(KEY), standard) is Code.CRYPTO


def test_a_frame_under_another_key_does_not_open():
    assert refused(Opener(KEY), Sealer(bytes(32)).seal(Heartbeat())) is Code.CRYPTO


def sealed(plaintext: bytes) -> bytes:
    return Fernet(base64.urlsafe_b64encode(KEY)).encrypt(plaintext)


def test_a_well_sealed_frame_may_still_hold_nonsense():
    assert refused(Opener(KEY), sealed(b"not json")) is Code.MALFORMED
    assert refused(Opener(KEY), sealed(b'{"n":0,"m":{"t":"NOSUCH"}}')) is Code.FIELD
    assert refused(Opener(KEY), sealed(b'{"n":0,"m":{"t":"HEARTBEAT"},"n":0}')) is Code.MALFORMED


def test_a_message_too_big_for_a_frame_uses_up_no_number():
    sealer, opener = Sealer(KEY), Opener(KEY)
    row = PointRow(cp_id="CP001", location="x" * 200, price=1, status="Available")
    with pytest.raises(ProtocolError) as caught:
        sealer.seal(Points(points=[row] * 500))
    assert caught.value.code is Code.TOO_BIG
    assert opener.open(sealer.seal(Health(fault=None))) == Health(fault=None)


# ---- invalid.json of the Fernet specification. The last two are errors only when a ttl is given; we give
# none, because with one a clock that jumps back a minute would make every frame invalid (PROTOCOL.md D3 c).

SPEC_KEY = base64.urlsafe_b64decode("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=")
INVALID = {
    "incorrect mac": (
        "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUFBQUFBQQ=="
    ),
    "too short": "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA==",
    "invalid base64": (
        "%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q=="
    ),
    "payload size not multiple of block size": (
        "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfyudzUm"
    ),
    "payload padding error": (
        "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbkuKNqOhw=="
    ),
    "incorrect IV (causes padding error)": (
        "gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1TIvcZjK1zQ=="
    ),
}


@pytest.mark.parametrize("case", INVALID)
def test_the_invalid_tokens_of_the_fernet_specification_do_not_open(case):
    assert refused(Opener(SPEC_KEY), INVALID[case].encode()) is Code.CRYPTO


@pytest.mark.parametrize("made_at", [0, 499_162_800, 2**40])
def test_a_frame_of_any_age_opens_because_no_clock_is_asked(made_at):
    fernet = Fernet(base64.urlsafe_b64encode(SPEC_KEY))
    token = fernet.encrypt_at_time(encode(0, Heartbeat()), made_at)
    assert Opener(SPEC_KEY).open(token) == Heartbeat()


def test_a_wrong_version_byte_does_not_open():
    raw = bytearray(base64.urlsafe_b64decode(Sealer(KEY).seal(Heartbeat())))
    raw[0] = 0x81
    assert refused(Opener(KEY), base64.urlsafe_b64encode(raw)) is Code.CRYPTO


# ---- a lane on which tokens are lost and come twice


def test_on_a_lane_the_newest_counts_and_what_was_told_is_not_told_again():
    sealer, opener = Sealer(KEY), RisingOpener(KEY)
    first, second, third = (sealer.seal(Health(fault=str(number))) for number in range(3))
    assert opener.open(second) == Health(fault="1")
    assert opener.open(second) is None
    assert opener.open(first) is None
    assert opener.open(third) == Health(fault="2")


def test_on_a_lane_another_key_does_not_open_either():
    opener = RisingOpener(KEY)
    foreign = Sealer(bytes(32)).seal(Heartbeat())
    assert refused(opener, foreign) is Code.CRYPTO
    assert not opener.opens(foreign)
    assert opener.opens(Sealer(KEY).seal(Heartbeat()))


# ---- AES-256-GCM


def gcm() -> tuple[Sealer, Opener]:
    return Sealer(KEY, cipher=GcmCipher), Opener(KEY, GcmCipher)


def test_the_vector_of_aes_gcm_frames():
    sealer, opener = gcm()
    tokens = [sealer.seal(Heartbeat()), sealer.seal(SYNC)]
    assert (
        tokens[0].hex()
        == "759edbfc8f1caf9f658a934e3a58b3a3f00b13127ad5226ac1ca91feb84d9dcb916887bd03e943282b92969a49"
    )
    assert tokens[1].hex() == (
        "6ef4d1de7ec51c3c630c6b42ced218cd37cc451a279078a6196f76ab48511f0153f245"
        "cb0a1cb40c69eff3315cd437031e2663a2cdde2d778e252d556885ab38344155ca216b"
        "b1e4a6ca47c51f4afd98f69fed6a090b5c96c0671964482efc1a5481e20c31"
    )
    assert [opener.open(token) for token in tokens] == [Heartbeat(), SYNC]


def test_an_aes_gcm_frame_is_its_plaintext_and_a_tag():
    token = gcm()[0].seal(SYNC)
    assert len(token) == len(encode(0, SYNC)) + 16
    assert AESGCM(KEY).decrypt(bytes(12), token, None) == encode(0, SYNC)


@pytest.mark.parametrize(
    "places", [[1, 0], [0, 0], [1], [0, 2]], ids=["exchanged", "twice", "late", "one lost"]
)
def test_an_aes_gcm_frame_opens_in_its_own_place_only(places):
    sealer, opener = gcm()
    tokens = [sealer.seal(Heartbeat()) for _ in range(3)]
    with pytest.raises(ProtocolError) as caught:
        for place in places:
            opener.open(tokens[place])
    assert caught.value.code is Code.CRYPTO


@given(st.data())
def test_a_changed_aes_gcm_frame_does_not_open(data):
    sealer, opener = gcm()
    token = bytearray(sealer.seal(SYNC))
    token[data.draw(st.integers(0, len(token) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ProtocolError) as caught:
        opener.open(bytes(token[: data.draw(st.integers(0, len(token)))]))
    assert caught.value.code is Code.CRYPTO


@pytest.mark.parametrize("cipher", [FernetCipher, GcmCipher])
def test_neither_cipher_opens_what_the_other_one_sealed(cipher):
    other = GcmCipher if cipher is FernetCipher else FernetCipher
    with pytest.raises(ProtocolError) as caught:
        Opener(KEY, other).open(Sealer(KEY, cipher=cipher).seal(SYNC))
    assert caught.value.code is Code.CRYPTO


def test_no_number_of_an_aes_gcm_frame_is_used_for_two_that_are_sent():
    sealer, opener = gcm()
    with pytest.raises(ProtocolError) as caught:
        sealer.seal(Health(fault="x" * MAX_FRAME_BYTES))
    assert caught.value.code is Code.TOO_BIG
    assert [opener.open(sealer.seal(Heartbeat())) for _ in range(3)] == [Heartbeat()] * 3
    assert sealer.count == 3


@pytest.mark.parametrize("cipher", [FernetCipher, GcmCipher])
def test_a_key_of_another_length_is_refused(cipher):
    with pytest.raises(ValueError, match="32 bytes"):
        cipher(bytes(16))


# ---- contexts that serve many tokens


@given(
    key=st.binary(min_size=32, max_size=32), texts=st.lists(st.binary(max_size=70), min_size=1, max_size=6)
)
def test_our_tokens_are_those_of_the_library_both_ways_and_in_any_order(key, texts):
    ours, library = FernetTokens(key), Fernet(base64.urlsafe_b64encode(key))
    sealed_here = [ours.seal(text) for text in texts]
    sealed_there = [library.encrypt(text) for text in texts]
    assert [library.decrypt(token) for token in sealed_here] == texts
    for token, text in reversed(list(zip(sealed_here + sealed_there, texts * 2, strict=True))):
        assert ours.open(token) == text
    raws = [base64.urlsafe_b64decode(token) for token in sealed_here]
    assert len({raw[9:25] for raw in raws}) == len(raws)


def test_a_token_that_is_refused_spoils_none_that_follows():
    ours = FernetTokens(SPEC_KEY)
    for case in INVALID.values():
        with pytest.raises(ProtocolError):
            ours.open(case.encode())
        assert ours.open(ours.seal(b"well")) == b"well"


def test_equal_plaintexts_have_nothing_in_common():
    ours = FernetTokens(KEY)
    one, other = (base64.urlsafe_b64decode(ours.seal(bytes(64))) for _ in range(2))
    blocks = [raw[at : at + 16] for raw in (one, other) for at in range(9, len(raw) - 32, 16)]
    assert len(set(blocks)) == len(blocks)
