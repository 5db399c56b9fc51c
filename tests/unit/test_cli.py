"""argv -> role -> exit code, and every failure a plain sentence."""

import asyncio
import errno
import logging
import os
import subprocess
import sys
import tempfile
import types
from pathlib import Path

import pytest

from evcharge import __version__, cli, demo
from evcharge.domain.errors import BadInput, ConfigError, EvchargeError, StateError, Taken
from evcharge.runtime import files
from evcharge.runtime.config import Config
from tests.absent import absent
from tests.component.small_disk import small_disk

ROLES = {
    "registry": ("evcharge.registry", "app", []),
    "central": ("evcharge.central", "app", []),
    "cp-engine": ("evcharge.cp.engine", "engine", ["CP001"]),
    "cp-monitor": ("evcharge.cp.monitor", "monitor", ["CP001"]),
    "driver": ("evcharge.driver", "app", ["D01"]),
}


@pytest.fixture(autouse=True)
def _clean_surroundings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("EVCHARGE_")]:
        monkeypatch.delenv(name)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], level = before
    root.setLevel(level)


@pytest.fixture
def play(monkeypatch):
    """Put a stub in the place of a role's module; its `run` calls what the test gives, with its arguments."""

    def put(command, behave=lambda *_: None):
        package, name, _ = ROLES[command]
        calls = []

        async def run(*args, **_):
            calls.append(args)
            return behave(*args)

        stub = types.SimpleNamespace(run=run)
        monkeypatch.setitem(sys.modules, f"{package}.{name}", stub)
        monkeypatch.setattr(
            sys.modules.get(package) or __import__(package, fromlist=["x"]), name, stub, raising=False
        )
        return calls

    return put


def failing(problem):
    def behave(*_):
        raise problem

    return behave


@pytest.mark.parametrize("command", ROLES)
def test_each_role_gets_its_settings_its_id_and_a_stop_event(command, play):
    calls = play(command, lambda *_: 0)
    ids = ROLES[command][2]
    assert cli.run([command, *ids, "--state", "s", "--lang", "es", "--log-format", "json"]) == 0
    ((config, *rest),) = calls
    assert isinstance(config, Config)
    assert (config.state, config.lang, config.log.format) == (Path("s"), "es", "json")
    assert rest[:-1] == ids
    assert isinstance(rest[-1], asyncio.Event)


@pytest.mark.parametrize(
    ("line", "section", "expected"),
    [
        ("registry --host 0.0.0.0 --port 0", "registry", {"host": "0.0.0.0", "port": 0}),
        ("central --port 1 --registry https://r:5", "central", {"port": 1}),
        ("central --registry https://r:5", "reach", {"registry_url": "https://r:5"}),
        ("driver D01 --chaos 7", "driver", {"chaos": 7}),
        ("driver D01 --chaos --pause 1", "driver", {"chaos": 0, "pause_s": 1.0}),
        ("cp-engine CP001 --central c:7", "reach", {"central_host": "c", "central_port": 7}),
        ("cp-engine CP001 --central [::1]:7", "reach", {"central_host": "::1", "central_port": 7}),
        (
            "cp-engine CP001 --central c:7,d:8,[::1]:9",
            "reach",
            {"central_host": "c", "central_port": 7, "other_centrals": ["d:8", "[::1]:9"]},
        ),
        ("cp-engine CP001 --health-host h --health-port 0", "engine", {"health_host": "h", "health_port": 0}),
        ("cp-engine CP001 --location Elche --speed 60", "engine", {"location": "Elche", "speed": 60.0}),
        (
            "cp-engine CP001 --auto-plug 1 --auto-unplug 2.5",
            "engine",
            {"auto_plug_s": 1.0, "auto_unplug_s": 2.5},
        ),
        ("cp-engine CP001 --plan p.txt", "engine", {"plan": "p.txt"}),
        ("cp-monitor CP001 --engine e:8", "monitor", {"engine_host": "e", "engine_port": 8}),
        ("driver D01 --file f.txt --pause 0", "driver", {"file": "f.txt", "pause_s": 0.0}),
    ],
)
def test_addresses_ports_and_parameters_are_flags(line, section, expected, play):
    args = line.split()
    calls = play(args[0])
    assert cli.run(args) == 0
    settings = getattr(calls[0][0], section)
    assert {name: getattr(settings, name) for name in expected} == expected


def test_flags_beat_environment_beats_file(play, monkeypatch):
    Path("other.toml").write_text("state = 'file'\n[central]\nport = 1\nhost = 'file'\n")
    monkeypatch.setenv("EVCHARGE_CENTRAL__PORT", "2")
    monkeypatch.setenv("EVCHARGE_STATE", "environment")
    calls = play("central")
    assert cli.run(["central", "--config", "other.toml", "--port", "3"]) == 0
    config = calls[0][0]
    assert (config.central.port, config.central.host, config.state) == (3, "file", Path("environment"))


@pytest.mark.parametrize("code", [0, 1, 2])
def test_the_exit_code_is_that_of_the_role(code, play):
    play("central", lambda *_: code)
    assert cli.run(["central"]) == code


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (EvchargeError("it is so"), 1),
        (StateError("it is so"), 1),
        (BadInput("it is so"), 1),
        (ConfigError("it is so"), 2),
        (Taken("it is so"), 2),
        (ExceptionGroup("x", [ExceptionGroup("y", [Taken("it is so")])]), 2),
    ],
)
def test_a_foreseen_failure_is_one_plain_sentence(problem, code, play, capsys):
    play("central", failing(problem))
    assert cli.run(["central"]) == code
    assert capsys.readouterr().err == "evcharge: it is so\n"


def test_what_a_sentence_quotes_cannot_paint_the_terminal_nor_tell_a_secret(play, capsys):
    secret = "aB3" + "x" * 40
    play("central", failing(StateError(f"a\x1b[2Jb\nc {secret}")))
    cli.run(["central"])
    assert capsys.readouterr().err == "evcharge: a\\x1b[2Jb\\nc <hidden>\n"


def test_an_unforeseen_failure_is_a_sentence_too_and_its_way_is_for_who_debugs(play, capsys):
    play("central", failing(ExceptionGroup("x", [StateError("known"), KeyError("oops")])))
    assert cli.run(["central"]) == 1
    brief = capsys.readouterr().err
    assert brief.startswith("evcharge: stopped by an error in the program itself (KeyError: 'oops')")
    assert brief.count("\n") == 1
    assert cli.run(["central", "--log-level", "debug"]) == 1
    assert "Traceback (most recent call last):" in capsys.readouterr().err


def test_ctrl_c_before_a_role_runs_is_no_traceback(play, capsys, monkeypatch):
    monkeypatch.setattr("evcharge.runtime.config.load", failing(KeyboardInterrupt()))
    assert cli.run(["central"]) == 130
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("cp-engine cp.001", "bad id 'CP.001': use 1 to 32 of A-Z, 0-9, _ and -"),
        ("cp-monitor ../CP001", "use 1 to 32 of A-Z"),
        ("driver D01#", "use 1 to 32 of A-Z"),
        ("cp-engine", "Missing argument 'CP_ID'"),
        ("centrl", "No such command 'centrl'"),
        ("central --prot 1", "No such option"),
        ("central --port 70000", "'--port': `port` is '70000'; it must be a whole number from 0 to 65535"),
        ("central --port abc", "it must be a whole number from 0 to 65535"),
        ("central --lang fr", 'it must be "en" or "es"'),
        ("central --registry http://r", "it must be an address like https://127.0.0.1:5001"),
        ("driver D01 --central 9002", "'9002' is not HOST:PORT, such as 127.0.0.1:9002"),
        ("driver D01 --central ::1:9002", "is not HOST:PORT"),
        ("driver D01 --central :9002", "it must be a host name or an address"),
        ("cp-engine CP001 --speed -1", "it must be a number from 0.01 to 100000"),
        ("up --points 0", "'--points'"),
        ("audit", "Usage: evcharge audit"),
    ],
)
def test_misuse_is_exit_code_2_and_says_what_is_allowed(line, said, capsys):
    assert cli.run(line.split()) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_a_wrong_config_file_is_misuse(capsys):
    Path("config.toml").write_text("[central]\nprot = 1\n")
    assert cli.run(["central"]) == 2
    assert capsys.readouterr().err == (
        "evcharge: config.toml line 2: unknown key `prot`, did you mean `port`?\n"
    )


def test_version(capsys):
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == f"evcharge {__version__}\n"


def test_without_a_command_it_says_what_there_is(capsys):
    assert cli.run([]) == 2
    said = capsys.readouterr()
    assert "cp-engine" in said.out + said.err


def test_init_makes_the_state_folder_and_shows_the_password_once(capsys):
    assert cli.run(["init", "--state", "s", "--name", "lab-1", "--name", "lab-2"]) == 0
    first = capsys.readouterr().out
    assert "made: ca.pem\n" in first
    assert "The administrator is admin, the password " in first
    assert cli.run(["init", "--state", "s"]) == 0
    second = capsys.readouterr().out
    assert "kept: ca.pem\n" in second
    assert "password" not in second


def test_init_speaks_spanish(capsys):
    assert cli.run(["init", "--state", "s", "--lang", "es"]) == 0
    first = capsys.readouterr().out
    assert "hecho: ca.pem\n" in first
    assert "El administrador es admin, la contraseña " in first
    assert first.endswith("Apúntela: no se vuelve a mostrar.\n")
    assert cli.run(["init", "--state", "s", "--lang", "es", "--name", "lab-2"]) == 0
    second = capsys.readouterr().out
    assert "ya estaba: administrador admin\n" in second
    assert "atención: central.pem no nombra lab-2. evcharge init --add-name lab-2 hace uno nuevo.\n" in second
    words = ("made", "kept", "mind", "administrator", "account", "is new", "makes")
    assert not any(word in first + second for word in words)


@pytest.mark.parametrize("size", ["4k", "16k", "40k", "64k", "120k", "220k", "300k"])
def test_init_on_a_full_disk_says_what_to_do(size, tmp_path, capsys):
    with small_disk(tmp_path / "small", size) as disk:
        code = cli.run(["init", "--state", str(disk / "s")])
        told = capsys.readouterr()
    assert code == 1
    (said,) = told.err.splitlines()
    assert "Free some space" in said
    assert "program itself" not in said


def test_a_password_that_was_made_before_the_disk_was_full_is_shown(monkeypatch, capsys):
    monkeypatch.setattr("evcharge.central.books.setup.initialise", failing(StateError("the disk is full.")))
    assert cli.run(["init", "--state", "s"]) == 1
    told = capsys.readouterr()
    assert "The administrator is admin, the password " in told.out
    assert told.err == "evcharge: the disk is full.\n"


EVERYBODY = [
    ["init"], ["registry"], ["central"], ["cp-engine", "CP001"], ["cp-monitor", "CP001"], ["driver", "D01"],
    ["weather"], ["up"], ["audit", "verify"], ["invite", "driver", "D01"], ["cps"],
]  # fmt: skip


@pytest.mark.parametrize("command", EVERYBODY, ids=" ".join)
def test_the_state_folder_of_another_user_is_a_sentence(command, monkeypatch, capsys):
    Path("s").mkdir()
    monkeypatch.setattr(
        "evcharge.runtime.files.shut_by", lambda folder: 4711 if folder == Path("s") else None
    )
    assert cli.run([*command, "--state", "s"]) == 1
    assert capsys.readouterr().err == (
        f"evcharge: the state folder s is closed to this user (uid {os.geteuid()}; it belongs to 4711): "
        "run evcharge as its owner, or choose another folder with --state.\n"
    )


def test_a_folder_that_this_user_may_not_enter_is_shut_by_its_owner():
    if os.geteuid() != 0:
        absent("only root can be somebody else for a while")
    folder = Path(tempfile.mkdtemp())
    os.seteuid(65534)
    try:
        assert files.shut_by(folder) == 0
    finally:
        os.seteuid(0)
        folder.rmdir()


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "a file: no space left on the disk. Free some space",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "/x/y"),
            "/x/y: permission denied. Check who owns",
        ),
        (
            OSError(errno.EROFS, "Read-only file system", "/x"),
            "/x: that disk can only be read. Check who owns",
        ),
    ],
)
def test_a_disk_that_does_not_take_part_is_no_error_in_the_program(problem, said, play, capsys):
    play("central", failing(problem))
    assert cli.run(["central"]) == 1
    assert capsys.readouterr().err.startswith(f"evcharge: cannot use {said}")


def test_audit_verify_checks_the_state_folder_with_all_who_remember(monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr(
        "evcharge.central.books.verify.main", lambda *state, **how: seen.append((*state, how)) or 1
    )
    kept = tmp_path / "central.log"
    kept.touch()
    assert cli.run(["audit", "verify", "--state", "s"]) == 1
    assert cli.run(["audit", "verify", "--state", "s", "--json", "--log", str(kept)]) == 1
    (state, first), (_, second) = seen
    assert (state, first["as_json"], first["logs"]) == (Path("s"), False, ())
    assert (second["as_json"], second["logs"]) == (True, (kept,))
    # Neither is asked in vain: it is said why not.
    assert [who.name for who in first["far"]["central.db"]] == ["the Registry"]
    assert all(who.why for witnesses in first["far"].values() for who in witnesses)
    assert cli.run(["audit", "verify", "--log", str(tmp_path / "none")]) == 2


def test_up_hands_its_wishes_on(monkeypatch):
    seen = []

    async def run(config, wish, stop):
        seen.append((config.central.port, wish))
        return 1

    monkeypatch.setattr(demo, "run", run)
    assert cli.run(["up", "--points", "2", "--drivers", "0", "--once", "--port", "7"]) == 1
    assert seen == [(7, demo.DemoOptions(points=2, drivers=0, once=True))]


# ---- as a process


def evcharge(*args, **more):
    return subprocess.run(
        [sys.executable, "-m", "evcharge", *args], check=False, text=True, timeout=30, **more
    )


def test_help_imports_nothing_heavy():
    code = "import sys, evcharge.cli as c; c.run(['--help']); print(sorted(sys.modules))"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    ).stdout
    heavy = ("asyncio", "aiohttp", "msgspec", "cryptography", "sqlite3", "aiosqlite", "ssl")
    assert not [name for name in heavy if f"'{name}'" in out]


@pytest.mark.parametrize(
    "clock", ["raise OverflowError('timestamp too large')", "return -43200.0", "return 2e11"]
)
def test_a_clock_that_cannot_be_meant_is_a_sentence(clock):
    # 9966, 1969, 8307: before anything looks at it, as logging does when it is imported.
    code = (
        f"import runpy, time\ndef now():\n    {clock}\ntime.time = now\n"
        "runpy.run_module('evcharge', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "evcharge: the clock of this computer is wrong (before 1970, or after 2199): set it, and try again.\n"
    )


def test_a_clock_that_is_set_wrong_meanwhile_ends_a_role_with_a_sentence(play, monkeypatch, capsys):
    play("central", failing(OverflowError("timestamp too large to convert to C _PyTime_t")))
    monkeypatch.setattr("evcharge.runtime.wall_clock.is_usable", lambda: False)
    assert cli.run(["central"]) == 1
    assert capsys.readouterr().err == (
        "evcharge: this computer's clock is wrong (before 1970, or after 2199): set it, and start again.\n"
    )


def test_an_output_that_nobody_reads_is_no_traceback():
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = evcharge("--help", stdout=writer, stderr=subprocess.PIPE)
    finally:
        os.close(writer)
    assert done.returncode == 1
    assert done.stderr == ""


def test_a_closed_output_is_no_traceback():
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" -m evcharge --version >&-', sys.executable],
        stderr=subprocess.PIPE,
        check=False,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("problem", [OSError(errno.EPIPE, "gone"), ValueError("closed")])
def test_an_output_that_breaks_at_the_very_end_is_silent(problem, monkeypatch):
    silenced = []
    # Undone at once: pytest writes to these, too.
    with monkeypatch.context() as patch:
        patch.setattr(cli, "run", lambda: 0)
        patch.setattr("sys.stdout", types.SimpleNamespace(flush=failing(problem)))
        patch.setattr("os.dup2", lambda old, new: silenced.append(new) or os.close(old))
        with pytest.raises(SystemExit) as left:
            cli.main()
    assert (left.value.code, silenced) == (0, [1])


def test_a_broken_pipe_in_the_middle_is_exit_code_1(play):
    play("central", failing(BrokenPipeError()))
    assert cli.run(["central"]) == 1


def test_the_help_of_driver_shows_the_flags_of_who_drives(capsys):
    assert cli.run(["driver", "--help"]) == 0
    said = capsys.readouterr().out
    for part in (
        "evcharge driver ID [OPTIONS]",
        "--file FILE",
        "--pause SECONDS",
        "--central HOST:PORT",
        "withdraw",
    ):
        assert part in said


@pytest.mark.parametrize("word", ["d01", " D01 "])
def test_an_id_may_be_typed_in_small_letters(word, play):
    calls = play("driver")
    assert cli.run(["driver", word]) == 0
    assert calls[0][1] == "D01"
