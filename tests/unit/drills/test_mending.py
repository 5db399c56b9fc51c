"""What a drill has broken is written down before, and put right by whoever comes next when the drill was killed."""

import asyncio
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from evcharge.domain.errors import Code, EvchargeError, Overloaded, Refused, StateError
from evcharge.drills import mending, processes_here
from evcharge.drills.damages import (
    BadWeather,
    Damage,
    Damages,
    Guests,
    KilledCentral,
    StoppedProcess,
    damages_of,
    tag_of,
)
from evcharge.drills.processes_here import StartedProgram
from evcharge.labels import LANGUAGES, Speech
from evcharge.labels.drills import SENTENCES
from evcharge.operator.client import OperatorClient
from evcharge.runtime.config import Config

FROST = BadWeather("Drill", "COLD")
CENTRAL = KilledCentral(StartedProgram(7, (b"evcharge", b"central"), b"/tmp/\xff", (b"NAME=\xff\xfe",)))


def guests(folder: Path) -> Guests:
    return Guests("DRILL-CP", "DRILL-D", bytes(folder))


class Api:
    """Central's API as the mender uses it: it keeps what was asked, and fails with `problem`."""

    def __init__(self, problem: EvchargeError | None = None) -> None:
        self.asked: list[str] = []
        self.problem = problem

    async def send(self, method: str, path: str) -> None:
        self.asked.append(f"{method} {path}")
        if self.problem is not None:
            raise self.problem

    async def get(self, path: str) -> dict[str, Any]:
        self.asked.append(f"GET {path}")
        left = [{"driver_id": id_, "registration": 3, "balance_cents": 1_990} for id_ in ("D01", "DRILL-D")]
        return {"left": left} if path == "/api/drivers" else {"withdrawn": True}

    async def post(self, path: str, body: dict[str, Any]) -> None:
        assert body["reference"].startswith("drill-")
        self.asked.append(f"POST {path} {body['registration']}")


def mender(state: Path, damages: Damages, api: Api) -> mending.Mender:
    return mending.Mender(Config(state=state), cast("OperatorClient", api), damages)


def test_the_list_is_private_outlives_its_process_and_is_gone_when_all_is_right(tmp_path: Path):
    file = tmp_path / "drill.damages"
    all_kinds: list[Damage] = [guests(tmp_path), FROST, StoppedProcess(7, 123), CENTRAL]
    with damages_of(tmp_path) as damages:
        assert damages.last_first == []
        for one in all_kinds:
            damages.add(one)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with damages_of(tmp_path) as damages:
        assert damages.last_first == all_kinds[::-1]
        for one in all_kinds:
            assert file.exists()
            damages.remove(one)
    assert list(tmp_path.iterdir()) == []


def test_a_list_that_cannot_be_read_says_what_to_do(tmp_path: Path):
    (tmp_path / "drill.damages").write_text('[{"type": "earthquake"}]')
    with (
        pytest.raises(StateError, match="does not contain a list of damage. Remove it"),
        damages_of(tmp_path),
    ):
        pass


def test_two_drills_with_one_state_folder_are_one_too_many(tmp_path: Path):
    again = damages_of(tmp_path)
    with (
        damages_of(tmp_path),
        pytest.raises(StateError, match="another drill is running with .* Wait until it ends"),
    ):
        again.__enter__()
    with damages_of(tmp_path):
        pass
    with pytest.raises(StateError, match="--state DIR"), damages_of(tmp_path / "none"):
        pass


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_kind_of_damage_has_its_words(lang: str, tmp_path: Path):
    for one in (guests(tmp_path), FROST, StoppedProcess(7, 123), CENTRAL):
        assert Speech(SENTENCES, lang)(
            f"m {tag_of(one)}", cp="DRILL-CP", driver="DRILL-D", pid=7, location="Drill"
        )


@pytest.fixture
def sleeper() -> Iterator[int]:
    """The number of a process that does nothing."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        yield process.pid
    finally:
        process.kill()
        process.communicate()


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


async def becomes(pid: int, state: str) -> None:
    async with asyncio.timeout(30):
        while (state_of(pid) == "T") != (state == "T"):
            await asyncio.sleep(0.01)


async def test_a_stopped_process_goes_on_and_a_later_one_of_its_number_is_left_alone(
    tmp_path: Path, sleeper: int
):
    began = processes_here.began(sleeper)
    assert began is not None
    processes_here.freeze(sleeper)
    await becomes(sleeper, "T")
    with damages_of(tmp_path) as damages:
        damages.add(StoppedProcess(sleeper, began + 1))
        await mender(tmp_path, damages, Api()).mend_all(lambda _: None)
        assert state_of(sleeper) == "T"
        damages.add(StoppedProcess(sleeper, began))
        await mender(tmp_path, damages, Api()).mend_all(lambda _: None)
        await becomes(sleeper, "S")
        assert damages.last_first == []
    assert processes_here.began(2**22 + 1) is None


async def test_what_was_broken_last_is_put_right_first_and_its_guests_leave_at_the_end(tmp_path: Path):
    room = tmp_path / "evcharge-drill-1"
    room.mkdir()
    (room / "secret").touch()
    api, told = Api(), list[Damage]()
    with damages_of(tmp_path) as damages:
        damages.add(guests(room))
        damages.add(FROST)
        await mender(tmp_path, damages, api).mend_all(told.append)
    assert told == [FROST, guests(room)]
    assert api.asked == [
        "DELETE /api/weather_alert?location=Drill&alert=COLD",
        "DELETE /api/registrations/DRILL-D",
        "DELETE /api/registrations/DRILL-CP",
        "GET /api/cps/DRILL-CP",
        # Nobody else's money is touched.
        "GET /api/drivers",
        "POST /api/drivers/DRILL-D/pay-out 3",
    ]
    assert not room.exists()


async def test_what_cannot_be_put_right_now_stays_in_the_list(tmp_path: Path, sleeper: int):
    began = processes_here.began(sleeper)
    assert began is not None
    with damages_of(tmp_path) as damages:
        damages.add(FROST)
        damages.add(StoppedProcess(sleeper, began))
        with pytest.raises(Overloaded):
            await mender(tmp_path, damages, Api(Overloaded("Central is away"))).mend_all(lambda _: None)
    with damages_of(tmp_path) as damages:
        assert damages.last_first == [FROST]
        # What is right already, because another has done it, is right.
        away = Api(Refused("nothing of that kind", Code.NOT_FOUND))
        await mender(tmp_path, damages, away).mend_all(lambda _: None)
        assert damages.last_first == []


async def test_central_that_was_killed_stays_in_the_list_until_it_answers_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(mending, "LOOK_AGAIN_S", 0.0)
    monkeypatch.setattr(StartedProgram, "start_again", lambda _self, _log: None)
    listed = list[list[Damage]]()

    class Starting(Api):
        async def get(self, path: str) -> dict[str, Any]:
            listed.append(Damages(tmp_path / "drill.damages").last_first)
            if len(listed) < 3:
                raise StateError("Central is not running")
            return await super().get(path)

    with damages_of(tmp_path) as damages:
        damages.add(CENTRAL)
        await mender(tmp_path, damages, Starting()).mend(CENTRAL)
        assert listed == [[CENTRAL]] * 3
        assert damages.last_first == []


async def test_nothing_but_a_folder_of_a_drill_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    precious, room = tmp_path / "books", tmp_path / "evcharge-drill-2"
    precious.mkdir()
    room.symlink_to(precious)
    (precious / "central.db").touch()
    await mending.take_away(precious)
    monkeypatch.setattr(mending, "GONE_WITHIN_S", 0.0)
    with pytest.raises(StateError, match="Delete it by hand"):
        await mending.take_away(room)
    assert (precious / "central.db").exists()


async def test_a_small_network_whose_drill_was_killed_is_swept_and_one_that_runs_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / "evcharge-drills-left"
    (left / "network").mkdir(parents=True)
    (tmp_path / "evcharge-drills-file").touch()
    async with mending.room_for_a_network() as folder:
        assert folder.name.startswith("evcharge-drills-")
        assert await mending.sweep() == 1
        assert not left.exists()
        assert folder.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["evcharge-drills-file"]
