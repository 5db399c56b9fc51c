"""Puts right what a drill has broken: at the drill's end, or after a drill that was killed before it could."""

import asyncio
import contextlib
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from evcharge.central.books.setup import database_path
from evcharge.domain.errors import Code, EvchargeError, Refused, StateError
from evcharge.drills import processes_here
from evcharge.drills.damages import (
    BadWeather,
    Damage,
    Damages,
    Guests,
    KilledCentral,
    KilledRegistry,
    StoppedProcess,
    held,
)
from evcharge.operator.client import OperatorClient
from evcharge.runtime.config import Config
from evcharge.storage.database import holder

# Folders that drills make, and what those of a whole small network are called.
GUESTS, NETWORK = "evcharge-drill-", "evcharge-drills-"
LOOK_AGAIN_S = 0.2
GONE_WITHIN_S = 30.0
_CENTRAL_WITHIN_S = 60.0
_OVER = "the drill is over"


def new_reference() -> str:
    """Return what a movement of a drill's money is known by: repeated, it moves nothing."""
    return f"drill-{secrets.token_hex(8)}"


async def until(is_so: Callable[[], Awaitable[bool]], within_s: float) -> bool:
    """Look again and again; return whether it became so in time."""
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + within_s
    while True:
        if (found := await is_so()) or loop.time() >= ends_at:
            return found
        await asyncio.sleep(LOOK_AGAIN_S)


class Mender:
    """Puts right what stands in `damages`, and strikes it out."""

    def __init__(self, config: Config, api: OperatorClient, damages: Damages) -> None:
        self._config = config
        self._api = api
        self.damages = damages

    async def mend(self, one: Damage) -> None:
        """Put one damage right. Raises EvchargeError when that is not possible now."""
        match one:
            case StoppedProcess():
                if processes_here.began(one.pid) == one.began:
                    processes_here.thaw(one.pid)
            case KilledCentral():
                await self._start(one, "drill-central.log")
                # Until it answers this stays on the list: whoever comes next waits for it, too.
                await until(self._answers, _CENTRAL_WITHIN_S)
            case KilledRegistry():
                await self._start(one, "drill-registry.log")

                async def listens(port: int = one.port) -> bool:
                    return processes_here.listener(port) is not None

                await until(listens, _CENTRAL_WITHIN_S)
            case BadWeather():
                await self._delete(f"/api/weather_alert?location={one.location}&alert={one.alert}")
            case Guests():
                for id_ in (one.driver_id, one.cp_id):
                    await self._delete(f"/api/registrations/{id_}")
                # Central hears of it from the Registry, a moment later and in this order.
                await until(lambda: self._is_gone(one.cp_id), GONE_WITHIN_S)
                await self._pay_out(one.driver_id)
                await take_away(one.path)
        self.damages.remove(one)

    async def mend_all(self, tell: Callable[[Damage], None]) -> None:
        """Put all of it right, and tell each. Raises StateError when something is left."""
        trouble = None
        for one in self.damages.last_first:
            try:
                await self.mend(one)
            except EvchargeError as problem:
                trouble = problem
            else:
                tell(one)
        if trouble is not None:
            raise trouble

    async def _start(self, killed: KilledCentral | KilledRegistry, log: str) -> None:
        """Have it run again: by itself where somebody starts it, else by us; `log` gets what it says then."""

        async def runs() -> bool:
            if killed.port:
                return processes_here.listener(killed.port) is not None
            return holder(database_path(self._config.state)) is not None

        if killed.program.comes_back:
            await until(runs, processes_here.COMES_BACK_WITHIN_S)
        if not await runs():
            killed.program.start_again(self._config.state / log)

    async def _answers(self) -> bool:
        with contextlib.suppress(EvchargeError):
            await self._api.get("/api/audit")
            return True
        return False

    async def _delete(self, path: str) -> None:
        try:
            await self._api.send("DELETE", path)
        except Refused as refusal:
            if refusal.code is not Code.NOT_FOUND:
                raise

    async def _pay_out(self, driver_id: str) -> None:
        """Take back what drills have given their driver and it has not spent."""
        for left in (await self._api.get("/api/drivers"))["left"]:
            if left["driver_id"] == driver_id:
                body = {"registration": left["registration"], "reason": _OVER, "reference": new_reference()}
                await self._api.post(f"/api/drivers/{driver_id}/pay-out", body)

    async def _is_gone(self, cp_id: str) -> bool:
        try:
            return bool((await self._api.get(f"/api/cps/{cp_id}"))["withdrawn"])
        except EvchargeError:
            return True


async def take_away(folder: Path) -> None:
    """Unmount and delete a folder of a drill. Raises StateError when it does not go."""
    # Whatever stands in a file: nothing else is deleted.
    if not folder.name.startswith((GUESTS, NETWORK)):
        return

    async def is_gone() -> bool:
        await processes_here.unmount_all(folder)
        return await asyncio.to_thread(_deleted, folder)

    if not await until(is_gone, GONE_WITHIN_S):
        raise StateError(f"{folder} cannot be deleted. Delete it by hand.")


def _deleted(folder: Path) -> bool:
    # It follows no link: of one it says so, and deletes nothing.
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


@contextlib.asynccontextmanager
async def room_for_a_network() -> AsyncIterator[Path]:
    """Yield a folder for a small network; it is gone afterwards, at the latest when another drill `sweeps`."""
    made = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix=f".{NETWORK}"))
    with held(made):
        # Under this name others find it, and that it is held.
        folder = made.rename(made.with_name(made.name.removeprefix(".")))  # noqa: ASYNC240  a moment
        try:
            yield folder
        finally:
            await take_away(folder)


async def sweep() -> int:
    """Take away the small networks whose drills were killed; return how many there were. Raises StateError."""
    found = 0
    for folder in await asyncio.to_thread(_networks):
        with contextlib.suppress(StateError), held(folder) as is_ours:
            if is_ours:
                await take_away(folder)
                found += 1
    return found


def _networks() -> list[Path]:
    found = []
    for folder in Path(tempfile.gettempdir()).glob(f"{NETWORK}*"):
        with contextlib.suppress(OSError):
            status = folder.lstat()
            if stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid():
                found.append(folder)
    return found
