"""Messages: what each looks like on the wire, who may say it, and what is stopped at the door."""

import json
from typing import ClassVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evcharge.domain import journal_records
from evcharge.domain.errors import Code, ProtocolError
from evcharge.domain.ids import Role
from evcharge.evc1 import messages

S = "S-D01-CP001-0123456789abcdef"
R = "R-00000001"
KEY = "A" * 43 + "="
JOURNAL = "0123456789abcdef" * 2

TICKET = messages.TicketIssued(
    session_id=S,
    request_id=R,
    cp_id="CP001",
    energy_mwh=1_234_567,
    cost_cents=31,
    price=2_500,
    reason="unplugged",
    started_at=1_767_268_800.0,
    ended_at=1_767_268_860.5,
    estimated=False,
)
TICKET_JSON = (
    '{"t":"TICKET","session_id":"S-D01-CP001-0123456789abcdef","request_id":"R-00000001","cp_id":"CP001",'
    '"energy_mwh":1234567,"cost_cents":31,"price":2500,"reason":"unplugged","started_at":1767268800.0,'
    '"ended_at":1767268860.5,"estimated":false,"while_away":false}'
)

# Every message, and the very bytes it has always been: a change here breaks peers that are in the field.
GOLDEN: dict[messages.Message, str] = {
    messages.Heartbeat(): '{"t":"HEARTBEAT"}',
    messages.Bye(reason="stopped"): '{"t":"BYE","reason":"stopped"}',
    messages.ErrorNotice(
        code="E_SEQ", text="no"
    ): '{"t":"ERROR","code":"E_SEQ","text":"no","retry_after_s":null}',
    messages.Moved(
        addresses=("10.0.0.6:9002", "[fe80::1]:9002")
    ): '{"t":"MOVED","addresses":["10.0.0.6:9002","[fe80::1]:9002"]}',
    messages.Rekey(epoch=1, key=KEY): f'{{"t":"REKEY","epoch":1,"key":"{KEY}"}}',
    messages.Rekeyed(epoch=1): '{"t":"REKEYED","epoch":1}',
    messages.Sync(journal_id=JOURNAL, last_seq=7): f'{{"t":"SYNC","journal_id":"{JOURNAL}","last_seq":7}}',
    messages.Sync(
        journal_id=JOURNAL, last_seq=7, max_power_w=22_000, speed=1.0
    ): f'{{"t":"SYNC","journal_id":"{JOURNAL}","last_seq":7,"max_power_w":22000,"speed":1.0}}',
    messages.Sync(
        journal_id=JOURNAL, last_seq=7, location="Elche"
    ): f'{{"t":"SYNC","journal_id":"{JOURNAL}","last_seq":7,"location":"Elche"}}',
    messages.Located(location="Elche", said="Berlin"): '{"t":"LOCATED","location":"Elche","said":"Berlin"}',
    messages.Withheld(holds=("operator", "weather")): '{"t":"WITHHELD","holds":["operator","weather"]}',
    messages.Synced(last_seq=7): '{"t":"SYNCED","last_seq":7}',
    messages.Ack(seq=8): '{"t":"ACK","seq":8}',
    messages.Resync(last_seq=7): '{"t":"RESYNC","last_seq":7}',
    messages.Start(
        session_id=S,
        request_id=R,
        driver_id="D01",
        price=2_500,
        hold_cents=2_000,
        limit_mwh=80_000_000,
        plug_within_s=60,
        auth="signed",
    ): f'{{"t":"START","session_id":"{S}","request_id":"{R}","driver_id":"D01","price":2500,"hold_cents":2000,'
    '"limit_mwh":80000000,"plug_within_s":60,"auth":"signed"}',
    messages.Start(
        session_id=S,
        request_id=R,
        driver_id="D01",
        price=2_500,
        hold_cents=2_000,
        limit_mwh=80_000_000,
        plug_within_s=60,
        auth="signed",
        at=1_800_000_000.25,
    ): f'{{"t":"START","session_id":"{S}","request_id":"{R}","driver_id":"D01","price":2500,"hold_cents":2000,'
    '"limit_mwh":80000000,"plug_within_s":60,"auth":"signed","at":1800000000.25}',
    messages.Stop(session_id=S, reason="weather"): f'{{"t":"STOP","session_id":"{S}","reason":"weather"}}',
    messages.Query(session_id=S): f'{{"t":"QUERY","session_id":"{S}"}}',
    messages.Ready(session_id=S): f'{{"t":"READY","session_id":"{S}"}}',
    messages.ManualStart(
        request_id=R, driver_id="D01"
    ): f'{{"t":"MANUAL_START","request_id":"{R}","driver_id":"D01"}}',
    messages.ManualStart(
        request_id=R, driver_id="D01", pin="4711"
    ): f'{{"t":"MANUAL_START","request_id":"{R}","driver_id":"D01","pin":"4711"}}',
    messages.Confirming(
        request_id=R, driver_id="D01", within_s=30
    ): f'{{"t":"CONFIRMING","request_id":"{R}","driver_id":"D01","within_s":30}}',
    messages.ConfirmStart(
        request_id=R, cp_id="CP001", location="Elche", price=2_500, hold_cents=2_000, within_s=30
    ): f'{{"t":"CONFIRM_START","request_id":"{R}","cp_id":"CP001","location":"Elche","price":2500,"hold_cents":2000,'
    '"within_s":30}',
    messages.AnswerStart(request_id=R, yes=True): f'{{"t":"ANSWER_START","request_id":"{R}","yes":true}}',
    messages.ConfirmOver(
        request_id=R, cp_id="CP001", code="E_NOT_CONFIRMED", text="D01 said no.", reason="no"
    ): f'{{"t":"CONFIRM_OVER","request_id":"{R}","cp_id":"CP001","code":"E_NOT_CONFIRMED","text":"D01 said no.",'
    '"reason":"no"}',
    messages.SetPin(pin="4711", limit_cents=500): '{"t":"SET_PIN","pin":"4711","limit_cents":500}',
    messages.AskPin(): '{"t":"ASK_PIN"}',
    messages.PinState(limit_cents=None): '{"t":"PIN","limit_cents":null}',
    messages.SupplyUpdate(
        session_id=S, power_w=22_000, energy_mwh=6_111
    ): f'{{"t":"SUPPLY_UPDATE","session_id":"{S}","power_w":22000,"energy_mwh":6111}}',
    messages.SupplyUpdate(
        session_id=S, power_w=22_000, energy_mwh=6_111, temperature_deci_celsius=431
    ): f'{{"t":"SUPPLY_UPDATE","session_id":"{S}","power_w":22000,"energy_mwh":6111,"temperature_deci_celsius":431}}',
    messages.SupplyUpdate(
        session_id=S, power_w=22_000, energy_mwh=6_111, battery_permille=630, full_in_s=1_500
    ): f'{{"t":"SUPPLY_UPDATE","session_id":"{S}","power_w":22000,"energy_mwh":6111,"battery_permille":630,'
    '"full_in_s":1500}',
    messages.Health(fault="overheating"): '{"t":"HEALTH","fault":"overheating"}',
    messages.Health(
        fault=None, temperature_deci_celsius=-55
    ): '{"t":"HEALTH","fault":null,"temperature_deci_celsius":-55}',
    messages.Health(fault=None): '{"t":"HEALTH","fault":null}',
    messages.RequestStart(
        request_id=R, cp_id="CP001", location="Alicante"
    ): f'{{"t":"REQUEST_START","request_id":"{R}","cp_id":"CP001","location":"Alicante"}}',
    messages.RequestStart(
        request_id=R, until_mwh=5_000_000
    ): f'{{"t":"REQUEST_START","request_id":"{R}","cp_id":null,"location":null,"until_mwh":5000000}}',
    messages.RequestStart(
        request_id=R, until_cents=300
    ): f'{{"t":"REQUEST_START","request_id":"{R}","cp_id":null,"location":null,"until_cents":300}}',
    messages.RequestStart(
        request_id=R, cp_id="CP001", shown_price=2_500
    ): f'{{"t":"REQUEST_START","request_id":"{R}","cp_id":"CP001","location":null,"shown_price":2500}}',
    messages.RequestStop(session_id=S): f'{{"t":"REQUEST_STOP","session_id":"{S}"}}',
    messages.ListPoints(): '{"t":"LIST"}',
    messages.AskBalance(): '{"t":"BALANCE"}',
    messages.AskHistory(): '{"t":"HISTORY","limit":10}',
    messages.TicketSeen(session_id=S): f'{{"t":"TICKET_SEEN","session_id":"{S}"}}',
    messages.Progress(
        request_id=R, step="READY", session_id=S, cp_id="CP001", text="Plug in.", plug_within_s=60
    ): f'{{"t":"PROGRESS","request_id":"{R}","step":"READY","session_id":"{S}","cp_id":"CP001","code":"",'
    '"text":"Plug in.","status":"","reason":"","plug_within_s":60}',
    messages.Progress(
        request_id=R, step="REFUSED", cp_id="CP001", code="E_PRICE", text="Dearer.", price=2_600
    ): f'{{"t":"PROGRESS","request_id":"{R}","step":"REFUSED","session_id":null,"cp_id":"CP001","code":"E_PRICE",'
    '"text":"Dearer.","status":"","reason":"","plug_within_s":null,"price":2600}',
    messages.Supply(
        session_id=S, cp_id="CP001", power_w=22_000, energy_mwh=6_111, cost_cents=0, limit_mwh=80_000_000
    ): f'{{"t":"SUPPLY","session_id":"{S}","cp_id":"CP001","power_w":22000,"energy_mwh":6111,"cost_cents":0,'
    '"limit_mwh":80000000,"started_at":null}',
    TICKET: TICKET_JSON,
    messages.Notice(
        code="FAULT", text="CP001 failed.", cp_id="CP001", reason="KO", energy_mwh=7
    ): '{"t":"NOTICE","code":"FAULT","text":"CP001 failed.","cp_id":"CP001","reason":"KO","energy_mwh":7}',
    messages.Balance(
        balance_cents=1_500, held_cents=500
    ): '{"t":"WALLET","balance_cents":1500,"held_cents":500}',
}
# These hold lists, so they cannot be keys of a dict.
GOLDEN_LISTS: list[tuple[messages.Message, str]] = [
    (
        messages.Records(
            records=[
                journal_records.SupplyStart(
                    seq=1,
                    session_id=S,
                    driver_id="D01",
                    request_id=R,
                    price=2_500,
                    hold_cents=2_000,
                    limit_mwh=80_000_000,
                    auth="signed",
                    meter_mwh=0,
                ),
                journal_records.Meter(seq=2, session_id=S, meter_mwh=6_111),
                journal_records.SupplyEnd(seq=3, session_id=S, meter_mwh=6_200, reason="unplugged"),
                journal_records.SupplyRefused(seq=4, session_id=S, reason="busy"),
            ]
        ),
        f'{{"t":"RECORDS","records":[{{"k":"SUPPLY_START","seq":1,"session_id":"{S}","driver_id":"D01",'
        f'"request_id":"{R}","price":2500,"hold_cents":2000,"limit_mwh":80000000,"auth":"signed","meter_mwh":0}},'
        f'{{"k":"METER","seq":2,"session_id":"{S}","meter_mwh":6111}},'
        f'{{"k":"SUPPLY_END","seq":3,"session_id":"{S}","meter_mwh":6200,"reason":"unplugged"}},'
        f'{{"k":"SUPPLY_REFUSED","seq":4,"session_id":"{S}","reason":"busy"}}]}}',
    ),
    (
        messages.Records(
            records=[
                journal_records.SupplyStart(
                    seq=1,
                    session_id=S,
                    driver_id="D01",
                    request_id=R,
                    price=2_500,
                    hold_cents=2_000,
                    limit_mwh=80_000_000,
                    auth="signed",
                    meter_mwh=0,
                    began_at=1_800_000_012.75,
                    battery_permille=231,
                ),
                journal_records.Meter(
                    seq=2, session_id=S, meter_mwh=6_111, elapsed_s=1, battery_permille=232
                ),
                journal_records.SupplyEnd(
                    seq=3,
                    session_id=S,
                    meter_mwh=6_200,
                    reason="unplugged",
                    elapsed_s=2,
                    battery_permille=232,
                ),
            ]
        ),
        f'{{"t":"RECORDS","records":[{{"k":"SUPPLY_START","seq":1,"session_id":"{S}","driver_id":"D01",'
        f'"request_id":"{R}","price":2500,"hold_cents":2000,"limit_mwh":80000000,"auth":"signed","meter_mwh":0,'
        '"began_at":1800000012.75,"battery_permille":231},'
        f'{{"k":"METER","seq":2,"session_id":"{S}","meter_mwh":6111,"elapsed_s":1,"battery_permille":232}},'
        f'{{"k":"SUPPLY_END","seq":3,"session_id":"{S}","meter_mwh":6200,"reason":"unplugged","elapsed_s":2,'
        '"battery_permille":232}]}',
    ),
    (
        messages.Points(
            points=[messages.PointRow(cp_id="CP001", location="Alicante", price=2_500, status="Available")]
        ),
        '{"t":"POINTS","points":[{"cp_id":"CP001","location":"Alicante","price":2500,"status":"Available"}]}',
    ),
    (messages.History(tickets=[TICKET]), f'{{"t":"SESSIONS","tickets":[{TICKET_JSON}]}}'),
]
ALL = [*GOLDEN.items(), *GOLDEN_LISTS]

SENDERS = {
    Role.ENGINE: "Heartbeat Bye Rekeyed Sync Records Ready ManualStart SupplyUpdate",
    Role.MONITOR: "Heartbeat Bye Rekeyed Health",
    Role.DRIVER: "Heartbeat Bye Rekeyed RequestStart RequestStop ListPoints AskBalance AskHistory TicketSeen "
    "AnswerStart SetPin AskPin",
    Role.CENTRAL: "Heartbeat Bye ErrorNotice Moved Rekey Synced Located Withheld Ack Resync Start Stop Query Progress "
    "Supply TicketIssued Notice Points Balance History Confirming ConfirmStart ConfirmOver PinState",
    Role.OPERATOR: "",
    Role.ADMIN: "",
    Role.VIEWER: "",
    Role.SERVICE: "",
    Role.WEATHER: "",
    Role.REGISTRY: "",
    Role.UNKNOWN: "",
}


def name(value: object) -> str:
    return type(value).__name__ if isinstance(value, messages.Message) else ""


def frame(message: str | dict, n: object = 0) -> bytes:
    text = message if isinstance(message, str) else json.dumps(message)
    return f'{{"n":{n},"m":{text}}}'.encode()


def refused(plaintext: bytes) -> ProtocolError:
    """Return the refusal of `plaintext`: one short printable line, whatever was in it."""
    with pytest.raises(ProtocolError) as refusal:
        messages.decode(plaintext)
    assert refusal.value.text.isascii()
    assert refusal.value.text.isprintable()
    assert len(refusal.value.text) < 200
    return refusal.value


def test_every_message_and_record_has_a_golden_frame():
    assert {type(message) for message, _ in ALL} == set(messages.MESSAGE_TYPES)
    records = GOLDEN_LISTS[0][0].records  # type: ignore[attr-defined]
    assert {type(record) for record in records} == set(messages.RECORD_TYPES)


@pytest.mark.parametrize(("message", "text"), ALL, ids=name)
def test_a_message_is_encoded_as_ever(message: messages.Message, text: str):
    assert messages.encode(3, message) == frame(text, n=3)


@pytest.mark.parametrize(("message", "text"), ALL, ids=name)
def test_a_message_comes_back_as_it_went(message: messages.Message, text: str):
    envelope = messages.decode(messages.encode(2**53, message))
    assert envelope == messages.Envelope(2**53, message)


@pytest.mark.parametrize(("message", "text"), ALL, ids=name)
def test_a_field_that_is_not_known_here_is_ignored(message: messages.Message, text: str):
    newer = json.loads(text) | {"since_next_year": {"deep": [1, None, "🔌"]}}
    assert messages.decode(frame(newer)).m == message
    assert messages.decode(
        json.dumps({"n": 3, "more": 1, "m": json.loads(text)}).encode()
    ) == messages.Envelope(3, message)


def required(kind: type[msgspec.Struct]) -> list[str]:
    return [
        field.encode_name
        for field in msgspec.structs.fields(kind)
        if field.default is msgspec.NODEFAULT and field.default_factory is msgspec.NODEFAULT
    ]


@pytest.mark.parametrize(("message", "text"), ALL, ids=name)
def test_a_missing_field_is_refused_by_name(message: messages.Message, text: str):
    for field in required(type(message)):
        fields = json.loads(text)
        del fields[field]
        problem = refused(frame(fields))
        assert problem.code is Code.FIELD
        assert field in problem.text


@pytest.mark.parametrize("kind", range(4))
def test_a_record_is_as_strict_as_a_message(kind: int):
    whole = json.loads(GOLDEN_LISTS[0][1])
    record = whole["records"][kind]
    newer = messages.decode(frame({"t": "RECORDS", "records": [{**record, "more": 1}]})).m
    assert newer == messages.Records(records=[GOLDEN_LISTS[0][0].records[kind]])  # type: ignore[attr-defined]
    for wrong in (
        {key: value for key, value in record.items() if key != "seq"},
        {**record, "seq": -1},
        {**record, "seq": True},
        {**record, "session_id": "S"},
        {**record, "k": "GIFT"},
        {**record, "k": 1},
    ):
        assert refused(frame({"t": "RECORDS", "records": [wrong]})).code is Code.FIELD


# What some reader of JSON takes, and another one takes for something else: in a field that is known, and in one that
# is skipped.
AMBIGUOUS = [
    '"\\ud800"', '"\\udfff\\ud800"', '"\\ud800\\u0041"', '{"\\udfff":1}', '{"a":1,"a":1}', '{"a":1,"\\u0061":2}',
    '[{"deep":{"a":1,"a":2}}]', str(2**63), "-" + "9" * 40, "1e999", "NaN", "-Infinity", "[" * 9_000 + "]" * 9_000,
]  # fmt: skip


@pytest.mark.parametrize("value", AMBIGUOUS, ids=lambda text: text[:16])
@pytest.mark.parametrize("field", ["fault", "more"])
def test_what_is_no_strict_json_is_refused_wherever_it_stands(field: str, value: str):
    known = '"fault":null,' if field == "more" else ""
    problem = refused(frame(f'{{"t":"HEALTH",{known}"{field}":{value}}}'))
    assert problem.code in (Code.FIELD, Code.MALFORMED)


def test_bytes_that_are_no_text_are_refused_in_a_field_that_is_skipped():
    assert refused(b'{"n":0,"m":{"t":"HEARTBEAT","more":"\xff"}}').code is Code.MALFORMED


HUGE = "9" * 4_301
# field -> JSON that must not pass for it.
WRONG_NUMBERS = [
    '"6111"', '"abc"', "null", "true", "false", "[]", "{}", "1.5", "-5", "-0.5", "1e309", "-1e309", "NaN", "Infinity",
    "-Infinity", str(2**63), str(2**64), str(10**15 + 1), "1e16", HUGE, "0x10", "01", "+1", "1_000", "١",
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG_NUMBERS, ids=lambda text: text[:12])
@pytest.mark.parametrize("field", ["power_w", "energy_mwh"])
def test_energy_and_power_are_whole_numbers_in_their_range(field: str, wrong: str):
    good = {"power_w": "22000", "energy_mwh": "6111"}
    fields = ",".join(f'"{key}":{value}' for key, value in (good | {field: wrong}).items())
    problem = refused(frame(f'{{"t":"SUPPLY_UPDATE","session_id":"{S}",{fields}}}'))
    assert problem.code in (Code.FIELD, Code.MALFORMED)


@pytest.mark.parametrize("wrong", ["1.5", "-5", "true", '"6111"', "1e309", str(10**15 + 1)])
def test_a_wrong_number_is_named(wrong: str):
    text = f'{{"t":"SUPPLY_UPDATE","session_id":"{S}","power_w":1,"energy_mwh":{wrong}}}'
    problem = refused(frame(text))
    assert problem.code is Code.FIELD
    assert "energy_mwh" in problem.text


@pytest.mark.parametrize(
    ("kind", "field", "most"),
    [
        (journal_records.Meter, "meter_mwh", 10**15),
        (messages.SupplyUpdate, "power_w", 10_000_000),
        (messages.SupplyUpdate, "energy_mwh", 9 * 10**9),
        (messages.Start, "price", 1_000_000),
        (messages.Start, "plug_within_s", 86_400),
        (messages.Ack, "seq", 2**53),
        (messages.AskHistory, "limit", 100),
        (messages.Balance, "balance_cents", 10**12),
    ],
    ids=str,
)
def test_the_limit_passes_and_one_more_does_not(kind: type, field: str, most: int):
    records = json.loads(GOLDEN_LISTS[0][1])["records"]
    examples = {type(message): json.loads(text) for message, text in GOLDEN.items()}

    def decoded(value: int) -> object:
        if kind is journal_records.Meter:
            return messages.decode(frame({"t": "RECORDS", "records": [records[1] | {field: value}]}))
        return messages.decode(frame(examples[kind] | {field: value}))

    decoded(most)
    with pytest.raises(ProtocolError, match=field):
        decoded(most + 1)


@pytest.mark.parametrize("n", ["-1", "1.5", '"0"', "true", "null", str(2**53 + 1), "1e309"])
def test_the_number_of_a_frame_is_a_count(n: str):
    assert refused(frame({"t": "HEARTBEAT"}, n=n)).code in (Code.FIELD, Code.MALFORMED)


HOSTILE_TEXTS = [
    "a\r\n2026-01-01 ADMIN login ok", "a\nb", "a\tb", "\x00", "\x1b[2J", "\x7f", "\x85", "\x9f", "\u2028", "\u2029",
    "\u202aabc", "\u202eabc", "\u2066abc", "\u2069", "\ufeff", "x" * 201, "\n", "abc\n",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=ascii)
def test_text_for_people_has_no_control_characters_and_is_short(text: str):
    problem = refused(frame({"t": "HEALTH", "fault": text}))
    assert problem.code is Code.FIELD
    assert "fault" in problem.text


@pytest.mark.parametrize(
    "text", ["", "x" * 200, "Málaga", "<img src=x onerror=alert(1)>", "=HYPERLINK(1)", "{{7*7}}", "🔌", "%s"]
)
def test_any_other_text_is_text(text: str):
    message = messages.Health(fault=text)
    assert messages.decode(messages.encode(0, message)).m == message


@pytest.mark.parametrize(
    "cp_id",
    [
        "",
        "cp001",
        "CP001\n",
        "' OR 1=1--",
        "../../etc/passwd",
        "CP\0001",
        "ＣＰ００１",
        "\u202e1",
        "🔌",
        "A" * 33,
    ],
    ids=ascii,
)
def test_an_id_in_a_message_is_a_well_formed_id(cp_id: str):
    problem = refused(frame({"t": "REQUEST_START", "request_id": R, "cp_id": cp_id}))
    assert (problem.code, "cp_id" in problem.text) == (Code.FIELD, True)


@pytest.mark.parametrize(
    "token", ["", "S-1", "S" * 97, "S-D01 CP001", "S-D01-CP001\n", "S-D01-CP00É-1234", "../../.."]
)
def test_a_session_or_request_id_is_a_token(token: str):
    assert refused(frame({"t": "QUERY", "session_id": token})).code is Code.FIELD


@pytest.mark.parametrize("journal", ["", "0" * 31, "0" * 33, "G" * 32, "ABCDEF" + "0" * 26, "0" * 31 + "\n"])
def test_a_journal_is_named_by_32_hex_digits(journal: str):
    assert refused(frame({"t": "SYNC", "journal_id": journal, "last_seq": 0})).code is Code.FIELD


@pytest.mark.parametrize("key", ["", "A" * 44, "A" * 42 + "=", "A" * 42 + "+=", "A" * 43 + "=\n"])
def test_a_key_is_32_bytes(key: str):
    assert refused(frame({"t": "REKEY", "epoch": 1, "key": key})).code is Code.FIELD


def test_records_come_in_batches_of_one_to_a_hundred():
    record = {"k": "METER", "seq": 1, "session_id": S, "meter_mwh": 0}
    assert refused(frame({"t": "RECORDS", "records": []})).code is Code.FIELD
    assert messages.decode(frame({"t": "RECORDS", "records": [record] * 100}))
    assert refused(frame({"t": "RECORDS", "records": [record] * 101})).code is Code.FIELD


@pytest.mark.parametrize(
    "plaintext",
    [
        b"",
        b" ",
        b"\xff\xfe",
        b"not json",
        b'{"n":0,"m":{"t":"HEARTBEAT"}',
        b'{"n":0,"m":{"t":"HEARTBEAT"}} x',
        b"[" * 4_000,
        b'{"n":0,"m":' + b"[" * 60_000,
        b'{"n":' + HUGE.encode() + b',"m":{"t":"HEARTBEAT"}}',
        b'{"n":NaN,"m":{"t":"HEARTBEAT"}}',
        b'{"n":0,"m":{"t":"HEALTH","fault":"\xff"}}',
        b'{"n":0,"m":{"t":"HEALTH","fault":"\\ud800"}}',
        b'{"n":0,"m":{"t":"HEALTH","fault":"a\nb"}}',
        b"GET / HTTP/1.1\r\n\r\n",
    ],
    ids=lambda text: ascii(text[:24]),
)
def test_what_is_no_json_is_malformed(plaintext: bytes):
    assert refused(plaintext).code in (Code.MALFORMED, Code.FIELD)


@pytest.mark.parametrize(
    "plaintext",
    [
        b"[]",
        b"null",
        b"0",
        b'"HEARTBEAT"',
        b"{}",
        b'{"n":0}',
        b'{"m":{"t":"HEARTBEAT"}}',
        b'{"n":0,"m":null}',
        b'{"n":0,"m":[]}',
        b'{"n":0,"m":{}}',
        b'{"n":0,"m":{"t":null}}',
        b'{"n":0,"m":{"t":"heartbeat"}}',
        b'{"n":0,"m":{"t":"<script>alert(1)</script>\\r\\nADMIN"}}',
        b'{"n":0,"m":{"t":"' + b"X" * 60_000 + b'"}}',
        b'{"n":0,"m":{"t":"METER","seq":1}}',
        b'{"n":0,"m":{"t":"BYE","reason":{"' + b"\xc3\xa9" * 300 + b'":1}}}',
    ],
    ids=lambda text: ascii(text[:40]),
)
def test_json_that_is_no_message_is_refused_as_a_field(plaintext: bytes):
    assert refused(plaintext).code is Code.FIELD


@given(st.binary(max_size=200))
def test_no_bytes_do_worse_than_a_refusal(plaintext: bytes):
    refused(plaintext)


@given(st.sampled_from(ALL), st.data())
def test_a_broken_frame_is_refused_or_still_a_message(
    example: tuple[messages.Message, str], data: st.DataObject
):
    whole = bytearray(frame(example[1]))
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        envelope = messages.decode(bytes(whole))
    except ProtocolError as refusal:
        assert refusal.text.isprintable()
    else:
        assert messages.decode(messages.encode(envelope.n, envelope.m)) == envelope


@pytest.mark.parametrize("role", list(Role))
def test_who_may_say_what(role: Role):
    allowed = set(SENDERS[role].split())
    for message, _ in ALL:
        if type(message).__name__ in allowed:
            messages.check_sender(message, role)
        else:
            with pytest.raises(ProtocolError, match=f"a {role} may not send [A-Z_]+$") as refusal:
                messages.check_sender(message, role)
            assert refusal.value.code is Code.ROLE


def test_a_message_cannot_be_changed():
    with pytest.raises(AttributeError):
        messages.Ack(seq=1).seq = 2  # type: ignore[misc]


def test_every_message_and_record_says_what_it_is_for():
    for kind in (*messages.MESSAGE_TYPES, *messages.RECORD_TYPES):
        assert kind.__doc__


def test_the_largest_batch_of_records_fits_a_frame():
    record = journal_records.SupplyStart(
        seq=2**53,
        session_id="S" * 84,
        driver_id="D" * 32,
        request_id="R" * 36,
        price=10**6,
        hold_cents=2**53,
        limit_mwh=10**15,
        auth="f" * 64,
        meter_mwh=10**15,
    )
    # Fernet and base64 make a third more of it; the limit of a frame is 64 KiB.
    assert len(messages.encode(2**53, messages.Records(records=[record] * 100))) * 4 / 3 + 100 < 65_536


# ---- what came later


class Later(messages.Message, tag="LATER"):
    """A message whose fields came one after the other."""

    old: journal_records.Count
    new: journal_records.Count | msgspec.UnsetType = msgspec.UNSET
    newest: journal_records.Count | msgspec.UnsetType = msgspec.UNSET
    since: ClassVar = {"new": "new", "newest": "newest"}


@pytest.fixture
def later(monkeypatch) -> Later:
    monkeypatch.setattr(messages, "OF_MESSAGES", frozenset({"new", "newest"}))
    return Later(old=1, new=2, newest=3)


@pytest.mark.parametrize(
    ("speaks", "text"),
    [
        (set(), '{"t":"LATER","old":1}'),
        ({"new"}, '{"t":"LATER","old":1,"new":2}'),
        ({"new", "newest"}, '{"t":"LATER","old":1,"new":2,"newest":3}'),
        ({"new", "newest", "from_next_year"}, '{"t":"LATER","old":1,"new":2,"newest":3}'),
    ],
)
def test_a_reader_is_sent_only_the_fields_that_it_speaks(later: Later, speaks: set[str], text: str):
    assert messages.encode(0, messages.as_understood(later, frozenset(speaks))) == frame(text)


def test_so_it_is_in_the_parts_of_a_message(monkeypatch):
    monkeypatch.setattr(messages, "OF_MESSAGES", frozenset({"new"}))

    class NewMeter(journal_records.Meter, tag="METER"):
        new: journal_records.Count | msgspec.UnsetType = msgspec.UNSET
        since: ClassVar = {"new": "new"}

    old, new = (
        journal_records.Meter(seq=1, session_id=S, meter_mwh=5),
        NewMeter(seq=1, session_id=S, meter_mwh=5, new=6),
    )
    for speaks, meter in ((set(), old), ({"new"}, new)):
        sent = messages.as_understood(messages.Records(records=[new]), frozenset(speaks))
        assert messages.encode(0, sent) == messages.encode(0, messages.Records(records=[meter]))
