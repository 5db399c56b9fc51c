"""The units for systemd start commands that exist, under settings that exist, and may do next to nothing."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from evcharge.cli import evcharge
from evcharge.runtime import config
from tests.unit.deploy.composed import FILES, ROOT, read

UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))
OPERATIONS = (ROOT / "docs/OPERATIONS.md").read_text("utf-8")
# Of 10; "OK" ends at 3, as the issue wants it.
MOST_EXPOSED = 3.0


def entries(path: Path, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.+)$", path.read_text("utf-8"), re.MULTILINE)


def name_of(path: Path) -> str:
    return path.stem


def test_there_is_one_for_each_role_that_serves():
    started = {shlex.split(entries(path, "ExecStart")[0])[1] for path in UNITS}
    assert started == {"registry", "central", "weather", "cp-engine", "cp-monitor"}
    assert started <= set(evcharge.commands)


@pytest.mark.parametrize("path", UNITS, ids=name_of)
def test_a_unit_runs_as_nobody_comes_back_and_gives_up_on_a_wrong_setting(path: Path):
    for key, value in {
        "User": "evcharge",
        "Restart": "always",
        "RestartPreventExitStatus": "2",
        "UMask": "0077",
        "ProtectSystem": "strict",
        "StateDirectoryMode": "0700",
    }.items():
        assert entries(path, key) == [value]


@pytest.mark.parametrize("path", UNITS, ids=name_of)
def test_the_settings_of_a_unit_exist(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # Away from ./config.toml.
    monkeypatch.chdir(tmp_path)
    known = {config.variable(key) for key in config.keys()}
    named = set(re.findall(r"EVCHARGE_[A-Z_]+", path.read_text("utf-8")))
    assert named - known == set()
    (given,) = entries(path, "Environment")
    environ = dict(one.split("=", 1) for one in shlex.split(given))
    loaded = config.load(None, {k: v for k, v in environ.items() if k.startswith("EVCHARGE_")}, {})
    assert loaded.state == Path("/var/lib/evcharge")
    assert loaded.health_folder == Path("/run/evcharge")


@pytest.mark.parametrize("path", UNITS, ids=name_of)
def test_systemd_finds_a_unit_hardly_exposed(path: Path):
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze here")
    line = [
        analyze,
        "security",
        "--offline=true",
        "--no-pager",
        f"--threshold={round(MOST_EXPOSED * 10)}",
        path,
    ]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze cannot look at a file (systemd 250 can)")
    said = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    assert said is not None, done.stderr
    assert float(said[1]) <= MOST_EXPOSED
    assert done.returncode == 0


def test_the_operators_page_names_every_file_of_the_folder():
    for path in (ROOT / "deploy/systemd").iterdir():
        named = path.stem.partition("@")[0] if path.suffix == ".service" else path.name
        assert named in OPERATIONS, path.name


def test_logrotate_takes_the_file():
    path = ROOT / "deploy/systemd/evcharge.logrotate"
    text = path.read_text("utf-8")
    # A role keeps its file open: whoever rotates copies it and empties it, and never moves it away.
    assert "copytruncate" in text
    assert "create" not in re.findall(r"^\s+(\w+)", text, re.MULTILINE)
    if (logrotate := shutil.which("logrotate")) is None:
        pytest.skip("no logrotate on PATH (Debian: logrotate)")
    done = subprocess.run([logrotate, "--debug", path], capture_output=True, text=True, check=False)
    assert "error" not in done.stderr.replace("evcharge", ""), done.stderr


def test_the_journal_and_containers_keep_as_much_as_the_documents_say():
    journal = dict(
        re.findall(
            r"^(\w+)=(\S+)$",
            (ROOT / "deploy/systemd/evcharge-journald.conf").read_text("utf-8"),
            re.MULTILINE,
        )
    )
    assert (journal["SystemMaxUse"], journal["MaxRetentionSec"]) == ("500M", "90day")
    assert "(500 MB, 90 days)" in OPERATIONS
    assert "five files of 10 MB" in (ROOT / "docs/CONTAINERS.md").read_text("utf-8")
    for path in FILES:
        for name, service in read(path)["services"].items():
            assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}, (path.name, name)
