import base64
import os
import socket
import ssl
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from evcharge.domain.errors import StateError
from evcharge.security import machine, secret_files, state_folder, tls
from evcharge.security.certificates import doubts, names_of

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MADE = {
    "ca.pem",
    "ca.key",
    "registry.pem",
    "registry.key",
    "central.pem",
    "central.key",
    "service.key",
    "enrolment.token",
    "operator.token",
    "weather.token",
    "central/resume.key",
    "central/pin.key",
}


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    folder = tmp_path_factory.mktemp("state")
    state_folder.init_state(folder, ["lab7", "10.0.0.7"], NOW)
    return folder


def write(path, text, mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return path


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ---- secret files


def test_a_secret_is_written_for_its_owner_only_and_read_back(tmp_path):
    path = tmp_path / "cp" / "CP001" / "secret"
    old = os.umask(0)
    try:
        secret_files.write_secret(path, "s3cret")
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert secret_files.read_secret(path) == "s3cret"
    assert [entry.name for entry in path.parent.iterdir()] == ["secret"]


def test_a_secret_is_never_overwritten_by_accident(tmp_path):
    path = tmp_path / "secret"
    secret_files.write_secret(path, "first")
    with pytest.raises(FileExistsError):
        secret_files.write_secret(path, "second")
    assert secret_files.kept_secret(path, "third") == "first"
    secret_files.replace_secret(path, "fourth")
    assert secret_files.read_secret(path) == "fourth"
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o666, 0o700])
def test_a_secret_that_others_may_read_is_refused_with_the_remedy(tmp_path, mode):
    path = write(tmp_path / "service.key", "x", mode)
    with pytest.raises(StateError) as refused:
        secret_files.read_keys(path)
    assert refused.value.text == (
        f"service.key must be mode 0600 (for its owner only) and is {mode:04o}: run chmod 600 {path}"
    )


def test_a_secret_of_another_user_is_refused(tmp_path, monkeypatch):
    path = write(tmp_path / "secret", "x")
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    with pytest.raises(StateError, match="must belong to the user who runs evcharge: run chown 4242"):
        secret_files.read_secret(path)


@pytest.mark.parametrize("text", ["s3cret", "s3cret\n", "s3cret\r\n"])
def test_a_line_end_is_tolerated(tmp_path, text):
    assert secret_files.read_secret(write(tmp_path / "secret", text)) == "s3cret"


@pytest.mark.parametrize("text", ["", "\n", "contraseña", "x" * 20_000])
def test_a_file_that_cannot_be_a_secret_is_refused(tmp_path, text):
    with pytest.raises(StateError, match="does not contain a secret that evcharge wrote"):
        secret_files.read_secret(write(tmp_path / "secret", text))


def test_a_missing_secret_says_how_to_get_one(tmp_path):
    with pytest.raises(
        StateError, match=r"secret is missing: name the state folder .* with --state DIR, or copy"
    ):
        secret_files.read_secret(tmp_path / "secret")


def test_a_pipe_a_folder_or_a_loop_is_no_secret(tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name, why in (("pipe", "plain file"), ("folder", "plain file"), ("loop", "cannot read")):
        with pytest.raises(StateError, match=why):
            secret_files.read_secret(tmp_path / name)


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    ("leads_to", "why"),
    [("not/mounted", "is a link to a file that is not there"), ("service.key", "cannot read")],
)
def test_a_link_that_leads_nowhere_is_said_and_not_tried_for_ever(tmp_path, leads_to, why):
    (tmp_path / "service.key").symlink_to(tmp_path / leads_to)
    with pytest.raises(StateError, match=why):
        secret_files.kept_secret(tmp_path / "service.key", "x")
    with pytest.raises(StateError, match=why):
        state_folder.init_state(tmp_path, [], NOW)
    assert [entry.name for entry in tmp_path.iterdir()] == ["service.key"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="cannot write"):
        secret_files.write_secret(tmp_path / "file" / "secret", "x")


# ---- keys


def test_one_or_two_keys_are_read_the_new_one_first(tmp_path):
    new, old = (base64.urlsafe_b64encode(bytes([n]) * 32).decode() for n in (1, 2))
    assert secret_files.read_keys(write(tmp_path / "one", new)) == [new.encode()]
    assert secret_files.read_keys(write(tmp_path / "two", f"{new}\n{old}\n")) == [new.encode(), old.encode()]


@pytest.mark.parametrize(
    "text",
    [
        base64.urlsafe_b64encode(b"x" * 31).decode(),
        base64.urlsafe_b64encode(b"x" * 33).decode(),
        "*" * 43 + "=",
        "B" * 43 + "=",  # not canonical: bits are set that no byte owns
        "\n".join([base64.urlsafe_b64encode(b"x" * 32).decode()] * 3),
    ],
)
def test_what_is_no_key_is_refused(tmp_path, text):
    with pytest.raises(StateError, match="must contain one key of 44 characters, or two"):
        secret_files.read_keys(write(tmp_path / "service.key", text))


def test_central_proves_the_service_key_by_a_token_that_does_not_give_it_away():
    key = base64.urlsafe_b64encode(bytes(range(32)))
    assert state_folder.service_token(key) == "QjSznGZ_2Xl0_-oWzBiOKli4IbnQ_zm6q5pMzu99nQU"
    assert state_folder.service_token(key) != state_folder.service_token(base64.urlsafe_b64encode(bytes(32)))


def test_a_machine_secret_is_told_from_what_people_choose():
    assert secret_files.is_machine_secret(secret_files.new_secret())
    for text in ("cp_secret_001", "B" * 43, "é" * 43, "*" * 43, secret_files.new_secret() + "A"):
        assert not secret_files.is_machine_secret(text)


# ---- init


def test_init_makes_everything_for_its_owner_only(state):
    assert {str(path.relative_to(state)) for path in state.rglob("*") if path.is_file()} - {
        machine.MARK_FILE
    } == MADE
    for path in state.rglob("*"):
        if path.is_file() and path.suffix != ".pem":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert len(secret_files.read_keys(state / "service.key")) == 1
    assert secret_files.read_keys(state / "central" / "resume.key") != secret_files.read_keys(
        state / "service.key"
    )


def test_init_again_changes_nothing_and_says_so(tmp_path):
    assert set(state_folder.init_state(tmp_path, [], NOW).made) == MADE
    before = contents(tmp_path)
    report = state_folder.init_state(tmp_path, [], NOW)
    assert contents(tmp_path) == before
    assert (report.made, set(report.kept), report.warnings) == ([], MADE, [])


def test_init_completes_what_a_crash_left_half_done(tmp_path):
    state_folder.init_state(tmp_path, [], NOW)
    key = (tmp_path / "registry.key").read_bytes()
    (tmp_path / "registry.pem").unlink()
    assert state_folder.init_state(tmp_path, [], NOW).made == ["registry.pem"]
    assert (tmp_path / "registry.key").read_bytes() == key
    tls.server_context(tmp_path / "registry.pem", tmp_path / "registry.key")


def test_init_does_not_guess_at_a_lost_or_damaged_key(tmp_path):
    state_folder.init_state(tmp_path, [], NOW)
    kept = secret_files.read_secret(tmp_path / "ca.key")
    (tmp_path / "ca.key").unlink()
    with pytest.raises(StateError, match=r"ca.key is missing, but ca.pem is there"):
        state_folder.init_state(tmp_path, [], NOW)
    secret_files.replace_secret(tmp_path / "ca.key", "rubbish")
    with pytest.raises(StateError, match="not contain a private key"):
        state_folder.init_state(tmp_path, [], NOW)
    secret_files.replace_secret(tmp_path / "ca.key", kept)
    (tmp_path / "ca.pem").write_text("rubbish")
    with pytest.raises(StateError, match=r"ca.pem is not a certificate"):
        state_folder.init_state(tmp_path, [], NOW)


def test_a_name_that_is_none_is_refused(tmp_path):
    with pytest.raises(StateError, match="not a host name or address"):
        state_folder.init_state(tmp_path, ["españa"], NOW)


def test_init_warns_of_certificates_that_will_not_do(tmp_path):
    state_folder.init_state(tmp_path, ["lab7"], NOW)
    assert state_folder.init_state(tmp_path, ["lab7"], NOW).warnings == []
    assert "registry.pem does not name lab8. evcharge init --add-name lab8 makes a new one." in "".join(
        state_folder.init_state(tmp_path, ["lab7", "lab8"], NOW).warnings
    )
    late = NOW + timedelta(days=1800)
    assert "registry.pem ends on 2031-11-19" in "".join(state_folder.init_state(tmp_path, [], late).warnings)
    for name in ("ca.pem", "ca.key"):
        (tmp_path / name).unlink()
    assert "registry.pem is not from the CA in ca.pem" in "".join(
        state_folder.init_state(tmp_path, [], NOW).warnings
    )


def test_the_password_is_for_the_screen_and_not_for_the_log():
    assert "k3y" not in repr(state_folder.InitReport(made=["ca.pem"], admin_password="k3y"))


# ---- certificates


def shake_hands(state, host, *, ca=None, who="registry"):
    """One TLS handshake over a socket pair; raises what the client sees."""
    ours, theirs = socket.socketpair()
    server = tls.server_context(state / f"{who}.pem", state / f"{who}.key")

    def serve():
        try:
            server.wrap_socket(theirs, server_side=True).close()
        except OSError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with tls.client_context(ca or state / "ca.pem").wrap_socket(ours, server_hostname=host) as done:
            return done.version()
    finally:
        ours.close()
        thread.join()


@pytest.fixture(scope="module")
def today(tmp_path_factory):
    """As `state`, but valid now: OpenSSL looks at the real clock."""
    folder = tmp_path_factory.mktemp("today")
    state_folder.init_state(folder, ["lab7", "10.0.0.7"], datetime.now(UTC))
    return folder


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "lab7", "10.0.0.7", socket.gethostname()])
def test_the_certificates_pass_the_strict_checks_for_every_name(today, host):
    assert tls.client_context(today / "ca.pem").verify_flags & ssl.VERIFY_X509_STRICT
    for who in ("registry", "central"):
        assert shake_hands(today, host, who=who) in ("TLSv1.2", "TLSv1.3")


def test_another_host_or_another_ca_is_refused(today, tmp_path):
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        shake_hands(today, "lab8")
    state_folder.init_state(tmp_path, [], datetime.now(UTC))
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(today, "localhost", ca=tmp_path / "ca.pem")


def test_a_slow_clock_may_be_a_day_behind(state):
    certificate = x509.load_pem_x509_certificate((state / "registry.pem").read_bytes())
    assert certificate.not_valid_before_utc == NOW - timedelta(days=1)
    assert (
        doubts(certificate, state_folder._authority(state, NOW, state_folder.InitReport()), ["lab7"], NOW)
        == []
    )


def test_contexts_say_what_is_missing_or_does_not_fit(state, tmp_path):
    with pytest.raises(StateError, match=r"ca.pem is missing: name the state folder"):
        tls.client_context(tmp_path / "ca.pem")
    (tmp_path / "ca.pem").write_text("rubbish")
    with pytest.raises(StateError, match="is not a certificate"):
        tls.client_context(tmp_path / "ca.pem")
    with pytest.raises(StateError, match=r"no.pem is missing"):
        tls.server_context(state / "no.pem", state / "registry.key")
    with pytest.raises(StateError, match="do not match"):
        tls.server_context(state / "central.pem", state / "registry.key")


# ---- another folder, another user, another name


def test_in_another_folder_the_absolute_path_and_the_flag_come_first_and_no_init(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("service.key", "ca.pem"):
        with pytest.raises(StateError) as refused:
            if name == "ca.pem":
                tls.client_context(Path(".evcharge") / name)
            else:
                secret_files.read_secret(Path(".evcharge") / name)
        assert refused.value.text == (
            f"{tmp_path / '.evcharge' / name} is missing: name the state folder of the network with --state DIR, "
            "or copy the file from the PC where evcharge init ran."
        )


def test_where_the_ca_is_init_completes_what_is_missing(tmp_path):
    state_folder.init_state(tmp_path, [], NOW)
    (tmp_path / "central" / "resume.key").unlink()
    with pytest.raises(StateError, match="put it back from a backup. Only if there is none: evcharge init"):
        secret_files.read_secret(tmp_path / "central" / "resume.key")


def test_a_name_is_added_later_and_the_certificate_keeps_its_key_and_its_other_names(tmp_path):
    state_folder.init_state(tmp_path, ["lab7"], NOW)
    before = contents(tmp_path)
    report = state_folder.init_state(tmp_path, [], NOW, added=["10.0.0.9", "lab9"])
    changed = {path.name for path, data in contents(tmp_path).items() if before[path] != data}
    assert changed == {"registry.pem", "central.pem"}
    for who in ("registry", "central"):
        certificate = state_folder._load_certificate(tmp_path / f"{who}.pem")
        assert {"lab7", "lab9", "10.0.0.9", "localhost", "127.0.0.1"} <= set(names_of(certificate))
        tls.server_context(tmp_path / f"{who}.pem", tmp_path / f"{who}.key")
        assert f"{who}.pem is new: restart {who.capitalize()} if it is running." in report.warnings
    assert any(line.startswith("registry.pem (for ") and "lab9" in line for line in report.made)
    assert state_folder.init_state(tmp_path, ["lab7", "lab9"], NOW).warnings == []


def test_a_certificate_that_ends_is_renewed_when_asked(tmp_path):
    state_folder.init_state(tmp_path, ["lab7"], NOW)
    late = NOW + timedelta(days=1820)
    warnings = state_folder.init_state(tmp_path, [], late).warnings
    assert any(
        "registry.pem ends on" in line and "evcharge init --renew makes a new one" in line
        for line in warnings
    )
    state_folder.init_state(tmp_path, [], late, renew=True)
    assert state_folder.init_state(tmp_path, ["lab7"], late).warnings == []


def test_init_in_the_folder_of_another_user_is_a_sentence_and_makes_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(
        StateError, match="belongs to another user .* run evcharge init as its owner, or choose"
    ):
        state_folder.init_state(tmp_path, [], NOW)
    assert list(tmp_path.iterdir()) == []
