"""What a container does before it is a role: it finds which of several it is, and gets its key."""

import importlib.util
import os
import struct
import sys
from pathlib import Path
from types import ModuleType

import pytest

from evcharge.joining.token import Invitation, encode
from evcharge.security import secret_files
from tests.unit.deploy.composed import ROOT

SPEC = importlib.util.spec_from_file_location("container", ROOT / "deploy/containers/container.py")


@pytest.fixture(scope="module")
def container() -> ModuleType:
    assert SPEC is not None
    assert SPEC.loader is not None
    module = importlib.util.module_from_spec(SPEC)
    sys.modules["container"] = module
    SPEC.loader.exec_module(module)
    return module


QUESTION = (
    struct.pack(">6H", 7, 0x0100, 1, 0, 0, 0)
    + b"\x012\x0289\x07in-addr\x04arpa\0"
    + struct.pack(">2H", 12, 1)
)


def answer(*names: bytes, compressed: bool = True) -> bytes:
    """Return what a name server answers: a PTR for each name."""
    owner = struct.pack(">H", 0xC00C) if compressed else QUESTION[12:-4]
    records = b"".join(
        owner + struct.pack(">2HIH", 12, 1, 60, len(name)) + name for name in names
    )  # fmt: skip
    return QUESTION[:2] + struct.pack(">5H", 0x8180, 1, len(names), 0, 0) + QUESTION[12:] + records


@pytest.mark.parametrize("compressed", [True, False])
def test_the_names_are_read_out_of_the_name_servers_answer(container: ModuleType, compressed: bool):
    # Docker gives one name, in the domain of the network; podman gives the container's id as well.
    packet = answer(
        b"\x11evcharge-engine-3\x10evcharge_default\0", b"\x0c8ad30d7bc09d\0", compressed=compressed
    )
    assert container.names_in(packet, QUESTION) == ["evcharge-engine-3", "8ad30d7bc09d"]


@pytest.mark.parametrize(
    "packet", [b"", b"\0\0", b"xx" + answer(b"\x01a\0")[2:], answer(b"\x11evcharge")[:-4]]
)
def test_what_is_no_answer_to_the_question_gives_no_name(container: ModuleType, packet: bytes):
    assert container.names_in(packet, QUESTION) == []


@pytest.mark.parametrize(
    ("own", "cp_id", "engine"),
    [
        ("evcharge-monitor-3", "CP003", "evcharge-engine-3"),
        ("evcharge_monitor_12", "CP012", "evcharge_engine_12"),
        ("my-lab-2-monitor-1", "CP001", "my-lab-2-engine-1"),
    ],
)
def test_a_monitor_is_that_of_the_engine_with_its_number(
    container: ModuleType, monkeypatch: pytest.MonkeyPatch, own: str, cp_id: str, engine: str
):
    monkeypatch.setattr(container, "own_name", lambda: own)
    monkeypatch.delenv("NAME", raising=False)
    assert container.numbered(container.CP) == cp_id
    assert container.neighbour("engine") == engine


def test_who_has_a_name_asks_nobody(container: ModuleType, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NAME", "CP077")
    monkeypatch.setenv("ENGINE", "192.0.2.7")
    assert (container.numbered(container.CP), container.neighbour("engine")) == ("CP077", "192.0.2.7")


def test_who_is_to_be_invited(container: ModuleType, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("POINTS", "2")
    monkeypatch.setenv("DRIVERS", "1")
    assert list(container.asked([])) == [
        ("cp", "CP001", False),
        ("cp", "CP002", False),
        ("driver", "D01", False),
    ]
    assert list(container.asked(["cp", "1", "driver", "d09"])) == [
        ("cp", "CP001", False),
        ("driver", "D09", True),
    ]
    with pytest.raises(container.Trouble):
        list(container.asked(["engine", "1"]))


def token_for(id_: str) -> str:
    invitation = Invitation(
        kind="cp", id=id_, registry_host="registry", registry_port=5001, central_host="central", central_port=9002,
        ca_sha256=bytes(32), secret=bytes(16),
    )  # fmt: skip
    return encode(invitation)


def test_each_takes_its_own_token_of_those_that_a_person_brought(
    container: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(container, "TOKENS", tmp_path / "tokens")
    brought = tmp_path / "points.tokens"
    brought.write_text(f"some words of a terminal\n{token_for('CP001')}\n\n{token_for('CP002')}\r\n")
    monkeypatch.setenv("TOKENS_FILE", str(brought))
    assert container.join_token("cp", "CP002", 0.0) == token_for("CP002")
    with pytest.raises(container.Trouble, match="invite cp CP003"):
        container.join_token("cp", "CP003", 0.0)


def test_where_init_runs_the_token_comes_from_there(
    container: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(container, "TOKENS", tmp_path)
    monkeypatch.setenv("TOKENS_FILE", str(tmp_path / "none"))
    secret_files.write_secret(tmp_path / "CP001", token_for("CP001"))
    assert container.join_token("cp", "CP001", 0.0) == token_for("CP001")
    with pytest.raises(container.Trouble, match="No join token for CP002"):
        container.join_token("cp", "CP002", 0.0)


def test_who_has_its_key_joins_no_second_time(
    container: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    secret_files.write_secret(tmp_path / "cp" / "CP001" / "secret", "c2VjcmV0")
    monkeypatch.setattr(container, "join_token", lambda *_: pytest.fail("it asked for a token"))
    container.join(tmp_path, "cp", "CP001")


def test_what_waits_for_keys_says_when_they_do_not_come(
    container: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(container, "WITHIN_S", 0.0)
    with pytest.raises(container.Trouble, match="docker compose logs init"):
        container.keys_are_there(tmp_path / ".made")


def test_keys_are_made_once_and_the_password_is_not_printed(
    container: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(container, "NETWORK", tmp_path / "network")
    monkeypatch.setattr(container, "WEATHER", tmp_path / "weather")
    monkeypatch.setenv("EVCHARGE_REGISTRY__NAMES", "registry,central")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    container.init()
    password = secret_files.read_secret(tmp_path / "network" / "admin.password")
    said = capfd.readouterr()
    assert "made: ca.key" in said.out
    assert password not in said.out + said.err
    assert {path.name for path in (tmp_path / "weather").iterdir()} == {"ca.pem", "weather.token"}
    keys = {path: path.read_bytes() for path in (tmp_path / "network").glob("*.key")}
    container.init()
    assert keys == {path: path.read_bytes() for path in keys}
    assert "made: " not in capfd.readouterr().out


def network_of(container: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("NETWORK", "WEATHER", "DATABASE", "FIRST"):
        monkeypatch.setattr(container, name, tmp_path / name.lower())
    monkeypatch.setattr(container, "WITHIN_S", 0.0)
    monkeypatch.setenv("EVCHARGE_CENTRAL__DATABASE", "postgresql://evcharge@postgres/evcharge")


def test_the_password_of_the_postgresql_beside_us_is_made_once_and_handed_over(
    container: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    network_of(container, monkeypatch, tmp_path)
    monkeypatch.setattr(
        container.socket, "create_connection", lambda *_, **__: pytest.fail("before there are keys")
    )
    (tmp_path / "network").mkdir()
    container.password_of_database(container.load(tmp_path / "network"))
    made = secret_files.read_secret(tmp_path / "network" / "central" / "database.password")
    handed = tmp_path / "database" / "password"
    assert handed.read_text().strip() == made
    # PostgreSQL is another user.
    assert handed.stat().st_mode & 0o777 == 0o644
    container.password_of_database(container.load(tmp_path / "network"))
    assert secret_files.read_secret(tmp_path / "network" / "central" / "database.password") == made


def test_a_postgresql_elsewhere_keeps_its_own_password(
    container: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    network_of(container, monkeypatch, tmp_path)
    monkeypatch.setenv("EVCHARGE_CENTRAL__DATABASE", "postgresql://evcharge@db.example.org/evcharge")
    container.password_of_database(container.load(tmp_path / "network"))
    assert list(tmp_path.iterdir()) == []


def test_who_waits_for_postgresql_in_vain_says_where_to_look(
    container: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    network_of(container, monkeypatch, tmp_path)

    def refused(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(container.socket, "create_connection", refused)
    with pytest.raises(
        container.Trouble, match=r"database evcharge at postgres.*docker compose logs postgres"
    ):
        container.database_answers(container.load(tmp_path / "network"))
    monkeypatch.setenv("EVCHARGE_CENTRAL__DATABASE", "")
    container.database_answers(container.load(tmp_path / "network"))


def test_the_second_central_takes_the_keys_that_the_first_has_now(
    container: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    network_of(container, monkeypatch, tmp_path)
    first, own = tmp_path / "first", tmp_path / "network"
    for name in (*container.KEYS, "central/database.password", ".made"):
        secret_files.replace_secret(first / name, f"old {name}")
    (first / "central" / "central.db").write_bytes(b"not for another one")
    roles: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(container, "server", lambda role, args: roles.append((role, args)))
    container.second_central(["--kafka", "kafka:9092"])
    assert roles == [("central", ["--kafka", "kafka:9092"])]
    secret_files.replace_secret(first / "central.pem", "renewed")
    container.second_central([])
    assert secret_files.read_secret(own / "central.pem") == "renewed"
    assert secret_files.read_secret(own / "central" / "database.password") == "old central/database.password"
    assert not (own / "central" / "central.db").exists()
    monkeypatch.setenv("EVCHARGE_CENTRAL__DATABASE", "")
    with pytest.raises(container.Trouble, match=r"two-centrals\.env"):
        container.second_central([])


def test_the_second_registry_takes_the_keys_that_the_first_has_now(
    container: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    network_of(container, monkeypatch, tmp_path)
    first, own = tmp_path / "first", tmp_path / "network"
    for name in (*container.REGISTRY_KEYS, "registry/database.password", ".made"):
        secret_files.replace_secret(first / name, f"old {name}")
    with pytest.raises(container.Trouble, match=r"two-registries\.env"):
        container.second_registry([])
    monkeypatch.setenv("EVCHARGE_REGISTRY__DATABASE", "postgresql://evcharge@postgres/evcharge")
    roles: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(container, "server", lambda role, args: roles.append((role, args)))
    container.second_registry([])
    assert roles == [("registry", [])]
    for name in (*container.REGISTRY_KEYS, "registry/database.password"):
        assert secret_files.read_secret(own / name) == f"old {name}"
    # Central's are not for it.
    assert not (own / "central").exists()


def test_the_registrys_tables_beside_us_have_the_same_password_and_move_by_themselves(
    container: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    network_of(container, monkeypatch, tmp_path)
    monkeypatch.setenv("EVCHARGE_REGISTRY__DATABASE", url := "postgresql://evcharge@postgres/evcharge")
    network = tmp_path / "network"
    container.password_of_database(container.load(network))
    kept = [
        secret_files.read_secret(network / name / "database.password") for name in ("central", "registry")
    ]
    assert kept[0] == kept[1] == (tmp_path / "database" / "password").read_text().strip()
    asked: list[object] = []
    monkeypatch.setattr(container, "_answers", asked.append)
    monkeypatch.setattr(container, "evcharge", lambda *args, **_: asked.append(args))
    container.main(["migrate", "registry"])
    assert asked[1] == ("migrate", "--books", "registry", "--to", url)


def test_of_a_network_that_was_made_by_half_nothing_is_left_but_the_password_of_the_database(
    container: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    network_of(container, monkeypatch, tmp_path)
    # It answers, and is gone before the books are made: the administrators' passwords would differ the next time.
    monkeypatch.setenv("EVCHARGE_CENTRAL__DATABASE", "postgresql://evcharge@127.0.0.1:1/evcharge")
    monkeypatch.setattr(container, "database_answers", lambda _: None)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    secret_files.replace_secret(tmp_path / "network" / "central" / "database.password", "kept")
    with pytest.raises(SystemExit):
        container.init()
    left = [path.name for path in (tmp_path / "network").rglob("*") if path.is_file()]
    assert left == ["database.password"]


def test_every_sentence_is_in_both_languages_and_takes_the_same_values(container: ModuleType):
    import string

    for name, words in container.WORDS.items():
        fields = [{field for _, field, _, _ in string.Formatter().parse(text) if field} for text in words]
        assert len(words) == 2, name
        assert fields[0] == fields[1], name
