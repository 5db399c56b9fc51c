"""One line per record, for people or for programs; nothing secret, nothing that paints the terminal."""

import base64
import contextlib
import io
import json
import logging
import os
import re
import threading
from datetime import UTC

import msgspec
import pytest
from cryptography.fernet import Fernet

from evcharge.labels.central import said
from evcharge.runtime import logs
from evcharge.runtime.config import LogSettings

log = logging.getLogger("evcharge.somewhere")


@pytest.fixture(autouse=True)
def _restore_logging():
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], level = before
    root.setLevel(level)


def set_up(form="text", level="info", lang="en"):
    stream = io.StringIO()
    logs.setup(LogSettings(format=form, level=level), lang, stream)
    return stream


def test_a_text_line_is_the_time_and_the_sentence():
    out = set_up()
    log.info("%s is %s", "CP001", "Available")
    assert re.fullmatch(r"\d\d:\d\d:\d\d CP001 is Available\n", out.getvalue())


def test_worse_than_info_says_so_and_debug_says_where_from():
    out = set_up(level="debug")
    log.warning("careful")
    log.debug("detail")
    first, second = out.getvalue().splitlines()
    assert first.endswith(" warning: careful")
    assert second.endswith(" debug: evcharge.somewhere: detail")


def test_what_has_no_language_yet_is_printed_in_that_of_the_process_and_english_elsewhere(caplog):
    trouble = said("disk full")
    for lang, sentence in (
        ("en", "Central cannot store new charges (disk full); what is running goes on."),
        ("es", "Central no puede guardar nuevas recargas (disco lleno); lo que está en marcha sigue."),
    ):
        out = set_up(lang=lang)
        log.error("%s (%d)", said("what runs goes on", trouble=trouble), 7)
        assert out.getvalue().endswith(f" error: {sentence} (7)\n")
    assert str(trouble) == "Central cannot store new charges (disk full)"


def test_a_json_line_names_what_is_said_and_its_facts():
    out = set_up("json", lang="es")
    facts = {"subject": "CP001", "level": "not ours", "token": "s3cret"}
    log.warning("%s", said("withdrawn unstored", **facts))
    line = msgspec.json.decode(out.getvalue())
    assert line["text"].startswith("CP001: retirado desde ahora")
    assert (line["said"], line["subject"], line["level"], line["token"]) == (
        "withdrawn unstored",
        "CP001",
        "warning",
        "<hidden>",
    )


def test_the_level_holds_back_what_is_below_it():
    out = set_up(level="warning")
    log.info("no")
    assert out.getvalue() == ""


def test_a_json_line_is_one_object_with_its_fields():
    out = set_up("json")
    with logs.about(request_id="r1"), logs.about(session_id="s1"):
        log.info("charging at %s", "CP001", extra={"cp_id": "CP001", "energy_mwh": 5})
    log.info("after")
    first, second = map(json.loads, out.getvalue().splitlines())
    assert first.pop("at").endswith("+00:00")
    assert first == {
        "level": "info",
        "logger": "evcharge.somewhere",
        "text": "charging at CP001",
        "request_id": "r1",
        "session_id": "s1",
        "cp_id": "CP001",
        "energy_mwh": 5,
    }
    assert "request_id" not in second


def test_a_records_own_field_beats_that_of_the_block_around_it():
    out = set_up("json")
    with logs.about(cp_id="CP001", name="no record may lose its name"):
        log.info("x", extra={"cp_id": "CP002"})
    line = json.loads(out.getvalue())
    assert (line["cp_id"], line["logger"]) == ("CP002", "evcharge.somewhere")


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "hostile",
    [
        "\r\n12:00:00 ADMIN login ok",
        "\x1b[2J\x1b]0;x\x07",
        "a\u202eb\u2066c",
        "\u2028\u2029",
        "\ud800",
        "\x9b1m",
        "\0",
    ],
)
def test_what_a_peer_says_cannot_forge_a_line_or_paint_the_terminal(form, hostile):
    out = set_up(form)
    log.info("peer says %s", hostile, extra={"said": hostile})
    (line,) = out.getvalue().split("\n")[:-1]
    assert line.isprintable()
    assert len(out.getvalue().splitlines()) == 1


def test_words_of_any_language_stay_as_they_are():
    out = set_up("json")
    log.info("Fuera de servicio · 0,25 €/kWh · ñ 電")
    assert json.loads(out.getvalue())["text"] == "Fuera de servicio · 0,25 €/kWh · ñ 電"


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_looks_like_a_secret_is_hidden(form):
    out = set_up(form)
    ticket = Fernet(Fernet.generate_key()).encrypt(b"identity").decode()
    secrets = [base64.urlsafe_b64encode(os.urandom(32)).decode() for _ in range(200)]
    secrets += [secret.rstrip("=") for secret in secrets] + [ticket, "Bearer hunter2", "appid=0a1b2c"]
    for secret in secrets:
        log.info("said %s.", secret, extra={"said": f"={secret}&"})
        log.info({"key": secret})
    text = out.getvalue()
    assert not [secret for secret in secrets if secret.removeprefix("Bearer ").removeprefix("appid=") in text]
    assert "<hidden>" in text


def test_a_field_with_a_secrets_name_is_hidden_whatever_it_holds():
    out = set_up("json")
    names = ["secret", "password", "key", "ticket_key", "access_token", "credential", "Authorization"]
    log.info("x", extra=dict.fromkeys(names, "canary") | {"keyboard": "shown"})
    assert "canary" not in out.getvalue()
    assert json.loads(out.getvalue())["keyboard"] == "shown"


def test_ids_and_hashes_are_not_taken_for_secrets():
    out = set_up()
    log.info("S-D01-CP001-aB3dE5gH7jK9mN1p %s %s", "a" * 64, "0123456789abcdef" * 2)
    assert "<hidden>" not in out.getvalue()


def fail(text="the reason"):
    def deeper():
        raise KeyError(text)

    try:
        deeper()
    except KeyError:
        log.exception("peer CP001 failed")


def test_a_failure_is_one_sentence_that_says_where():
    out = set_up()
    fail()
    assert re.search(
        r"error: peer CP001 failed \(KeyError: 'the reason', test_logs\.py:\d+\)\n\Z", out.getvalue()
    )


def test_a_failure_shows_the_whole_way_only_to_who_debugs_and_on_one_line():
    out = set_up(level="debug")
    fail("a\nb")
    (line,) = out.getvalue().splitlines()
    assert "Traceback (most recent call last):" in line


def test_a_failure_without_a_place_is_told_too():
    out = set_up()
    log.error("x", exc_info=KeyError("never raised"))
    assert out.getvalue().endswith("error: x (KeyError: 'never raised')\n")


def test_wrong_arguments_of_a_log_call_lose_no_line():
    out = set_up()
    log.info("%d of %s", "x")  # noqa: PLE1206  the very mistake
    assert "%d of %s ('x',)" in out.getvalue()


def test_a_record_that_cannot_be_shown_ends_nobody():
    class Broken:
        def __str__(self):
            raise RuntimeError

    out = set_up()
    log.info("%s", Broken())
    log.info("next")
    assert out.getvalue().splitlines()[0] == "a log record of evcharge.somewhere could not be written"
    assert out.getvalue().endswith("next\n")


def test_a_closed_stream_in_memory_ends_nobody():
    out = set_up()
    out.close()
    log.info("x")


def test_without_standard_output_there_are_no_lines(monkeypatch):
    monkeypatch.setattr("sys.stdout", None)
    logs.setup(LogSettings())
    log.info("x")


def test_others_tell_their_insides_only_when_it_is_serious():
    out = set_up(level="debug")
    logging.getLogger("aiosqlite").debug("executing")
    logging.getLogger("aiosqlite").warning("hm")
    assert out.getvalue().endswith("warning: hm\n")
    assert "executing" not in out.getvalue()


# ---- a reader that is slow, or gone


@pytest.fixture
def pipe():
    reader, writer = os.pipe()
    stream = os.fdopen(writer, "w")
    yield reader, stream
    for handler in logging.getLogger().handlers:
        handler.close()
    for end in (lambda: os.close(reader), stream.close):
        with contextlib.suppress(OSError):
            end()


def drain(reader):
    os.set_blocking(reader, False)
    got = b""
    try:
        while chunk := os.read(reader, 65536):
            got += chunk
    except BlockingIOError:
        pass
    return got.decode()


def test_a_pipe_gets_whole_lines_at_once(pipe):
    reader, stream = pipe
    logs.setup(LogSettings(), stream=stream)
    log.info("é")
    assert drain(reader).endswith(" é\n")


def test_a_reader_that_does_not_read_never_makes_us_wait_and_misses_only_what_is_counted(pipe):
    reader, stream = pipe
    logs.setup(LogSettings(), stream=stream)
    logged, got = 5000, ""
    for number in range(logged):
        log.info("record %05d %s", number, "x" * 100)
    while "were not shown" not in got:
        got += drain(reader)
        log.info("record %05d", logged)
        logged += 1
    got += drain(reader)
    shown = [int(number) for number in re.findall(r"record (\d+)", got)]
    (missing,) = re.findall(r"… (\d+) lines were not shown\n", got)
    assert shown == sorted(set(shown))
    assert len(shown) + int(missing) == logged


def test_a_line_larger_than_a_pipe_takes_at_once_arrives_whole(pipe):
    reader, stream = pipe
    logs.setup(LogSettings(), stream=stream)
    log.info("y" * 20_000)
    assert drain(reader).count("y") == 20_000


def test_a_reader_that_has_gone_is_no_error(pipe):
    reader, stream = pipe
    logs.setup(LogSettings(), stream=stream)
    os.close(reader)
    log.info("x")
    log.info("y")


def test_an_output_that_others_made_nonblocking_loses_nothing(pipe, monkeypatch):
    reader, stream = pipe
    logs.setup(LogSettings(), stream=stream)
    real = os.write
    monkeypatch.setattr("os.write", lambda *_: (_ for _ in ()).throw(BlockingIOError))
    log.info("first")
    monkeypatch.setattr("os.write", real)
    log.info("second")
    assert [line.split()[1] for line in drain(reader).splitlines()] == ["first", "second"]


def test_a_slow_reader_gets_the_last_lines_at_the_end(pipe):
    reader, stream = pipe
    logs.setup(LogSettings(), stream=stream)
    for number in range(1000):
        log.info("%05d %s", number, "x" * 100)
    got = []
    slow = threading.Thread(target=lambda: got.extend(iter(lambda: os.read(reader, 65536), b"")))
    slow.start()
    for handler in logging.getLogger().handlers:
        handler.flush()
    stream.close()
    slow.join(timeout=10)
    assert b"".join(got).count(b"\n") == 1000


@pytest.mark.parametrize(("lang", "before"), [("en", "warning: "), ("es", "aviso: ")])
def test_the_level_is_said_in_the_language_of_the_screen(lang: str, before: str):
    record = logging.makeLogRecord({"msg": "hm", "levelno": logging.WARNING, "levelname": "WARNING"})
    assert logs.TextFormatter(UTC, lang).format(record).endswith(f" {before}hm")


def test_a_file_that_is_copied_and_emptied_goes_on_at_its_beginning(tmp_path):
    """As logrotate does it (copytruncate) to `evcharge central >>central.log`."""
    path = tmp_path / "central.log"
    with path.open("a", encoding="utf-8") as stream:
        logs.setup(LogSettings(), stream=stream)
        log.info("of before")
        rotated = path.read_bytes()
        os.truncate(path, 0)
        log.info("of after")
    assert rotated.endswith(b"of before\n")
    assert re.fullmatch(rb"[0-9:]+ of after\n", path.read_bytes())


def test_what_is_printed_for_programs_is_the_line_that_a_log_would_make():
    with logs.about(request_id="5d1c9a"):
        told = json.loads(logs.json_line("evcharge.driver", "Request sent: CP001", "en"))
    assert (told["text"], told["level"], told["request_id"]) == ("Request sent: CP001", "info", "5d1c9a")
