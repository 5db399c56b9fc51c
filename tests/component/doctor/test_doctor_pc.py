"""The doctor looks for real at this PC: who lives here, and its files and folders."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from evcharge.doctor import probes
from evcharge.doctor.findings import FindingMark, findings
from evcharge.domain.errors import AuthenticationError, Code
from evcharge.evc1.client import TicketWallet
from evcharge.runtime import files
from evcharge.runtime.config import Config
from evcharge.security import secret_files
from tests.absent import absent
from tests.component.doctor.looks import ID, listener, reach, registry_of, settings, told
from tests.component.gate import Gate
from tests.component.small_disk import small_disk

# ---- who lives here


async def test_a_credential_that_the_registry_does_not_take(state: Path, network: Path):
    async with registry_of(state, network) as registry:
        await registry.register()
        secret_files.write_secret(state / "cp/CP001/secret", "another_secret")
        mark, text = await told(settings(state, registry_url=registry.url), "credential")
        assert mark is FindingMark.WRONG
        assert f"does not take that of CP001 ({state}/cp/CP001/secret)" in text
        secret_files.replace_secret(state / "cp/CP001/secret", "cp_secret_001")
        await registry.ask("POST", "/deactivate", {"cp_id": "CP001"}, token=await registry.admin())
        mark, text = await told(settings(state, registry_url=registry.url), "credential")
        assert (mark, "is disabled or withdrawn" in text) == (FindingMark.WRONG, True)


async def test_a_join_that_failed_leaves_nobody(state: Path):
    (state / "cp/CP007").mkdir(parents=True)
    (state / "cp/CP007/secret.join-1").touch(mode=0o600)
    found = findings(await probes.look(settings(state), 0.2, {}))
    assert not [one for one in found if one.values.get("id") == "CP007"]


async def test_a_ticket_that_has_expired_needs_the_registry(state: Path):
    secret_files.write_secret(state / "cp/CP001/secret", "cp_secret_001")
    old = Gate().ticket(now=datetime.now(UTC).timestamp() - 3600)
    TicketWallet(state / "cp/CP001/engine.ticket").keep_registry(old)
    mark, text = await told(settings(state), "credential")
    assert (mark, text[:35]) == (FindingMark.WRONG, "the ticket of CP001 has expired, an")


@contextlib.asynccontextmanager
async def knocking(state: Path, **door: Any) -> AsyncIterator[tuple[Gate, Config]]:
    """A Central that is knocked at with a kept ticket."""
    gate = Gate(**door)
    secret_files.write_secret(state / "cp/CP001/secret", "cp_secret_001")
    TicketWallet(state / "cp/CP001/engine.ticket").keep_registry(gate.ticket())
    async with gate.open():
        yield gate, settings(state, central_port=gate.port)


async def test_central_takes_a_ticket_and_nobody_is_logged_in(state: Path):
    async with knocking(state) as (gate, config), gate.pair():
        mark, text = await told(config, "central")
        assert (mark, text) == (
            FindingMark.WELL,
            f"127.0.0.1:{gate.port} answers, and takes the ticket of CP001.",
        )
        assert gate.arrived.empty()
        assert gate.refused == []


async def test_a_central_with_another_service_key(state: Path):
    async with knocking(state) as (_, config):
        other = Gate().ticket()
        TicketWallet(state / "cp/CP001/engine.ticket").keep_registry(other)
        mark, text = await told(config, "central")
    assert (mark, "its service.key is not the Registry's" in text) == (FindingMark.WRONG, True)


async def test_a_central_whose_clock_is_behind(state: Path):
    behind = lambda: datetime.now(UTC).timestamp() - 600  # noqa: E731
    async with knocking(state, now=behind, wall_now=behind) as (_, config):
        mark, text = await told(config, "central")
    assert (mark, "the clocks of Central and the Registry differ" in text) == (FindingMark.WRONG, True)


async def test_another_program_in_centrals_place(state: Path):
    async with knocking(state) as (_, config), listener(answer=b"SSH-2.0-OpenSSH_9.6\r\n") as port:
        mark, text = await told(structs.replace(config, reach=reach(central_port=port)), "central")
    assert (mark, "what answers is not our Central" in text) == (FindingMark.WRONG, True)


async def test_keys_that_were_revoked(state: Path):
    async with knocking(state) as (gate, config):
        gate.withdrawn["CP001"] = AuthenticationError("the keys of CP001 were revoked", Code.REVOKED)
        mark, text = await told(config, "central")
    assert (mark, "the keys of CP001 were revoked" in text) == (FindingMark.WRONG, True)


# ---- this PC


async def test_files_that_others_may_read(state: Path):
    (state / "operator.token").chmod(0o640)
    mark, text = await told(settings(state), "modes")
    assert (mark, text) == (
        FindingMark.WRONG,
        f"{state}/operator.token has mode 0640: others may use it, so evcharge refuses it. "
        f"Type: chmod 600 {state}/operator.token",
    )


@pytest.mark.parametrize("inner", ["", "cp", "cp/CP001", "central", "driver/D01/letters"])
async def test_a_folder_that_is_shut_hides_what_is_in_it(state: Path, inner: str):
    secret_files.write_secret(state / "cp/CP001/secret", "cp_secret_001")
    files.make_folder(state / "driver/D01/letters")
    assert (await told(settings(state), "modes"))[0] is FindingMark.WELL
    folder = state / inner
    folder.chmod(0o600)
    mark, text = await told(settings(state), "modes")
    folder.chmod(0o700)
    assert (mark, text) == (
        FindingMark.WRONG,
        f"{folder} has mode 0600: not even its owner may use what is in it. Type: chmod 700 {folder}",
    )


@pytest.mark.parametrize(
    ("mode", "mark", "words"),
    [
        (0o770, FindingMark.WRONG, "others may replace any file in it"),
        (0o755, FindingMark.MIND, "others see which files are in it"),
    ],
)
async def test_a_folder_that_others_may_use(state: Path, mode: int, mark: FindingMark, words: str):
    (state / "central").chmod(mode)
    found, text = await told(settings(state), "modes")
    assert (found, words in text) == (mark, True)
    assert text.endswith(f"Type: chmod 700 {state}/central")


async def test_a_shut_folder_keeps_nobody_from_looking_at_the_rest(state: Path):
    if os.geteuid() != 0:
        absent("only root can be somebody else for a while")
    secret_files.write_secret(state / "cp/CP001/secret", "cp_secret_001")
    with tempfile.TemporaryDirectory() as room:
        there = Path(room) / "state"
        shutil.move(state, there)
        for path in (Path(room), there, *there.rglob("*")):
            os.chown(path, 65534, 65534)
        for inner in ("cp", "cp/CP001", "central"):
            (there / inner).chmod(0o400)
        os.seteuid(65534)
        try:
            mark, text = await told(settings(there), "modes")
        finally:
            os.seteuid(0)
    assert (mark, f"{there}/cp has mode 0400" in text, f"{there}/central has mode 0400" in text) == (
        FindingMark.WRONG,
        True,
        True,
    )


async def test_a_file_of_another_user(state: Path):
    if os.geteuid() != 0:
        absent("only root can give a file away")
    os.chown(state / "ca.key", 65534, -1)
    mark, text = await told(settings(state), "modes")
    assert (mark, "belongs to another user (uid 65534)" in text) == (FindingMark.WRONG, True)


async def test_a_disk_that_is_nearly_full(state: Path, tmp_path: Path):
    with small_disk(tmp_path / "small", "1m") as disk:
        shutil.copytree(state, disk / "s")
        mark, text = await told(settings(disk / "s"), "disk")
    assert mark is FindingMark.WRONG
    assert text.startswith("only 0 MB are free at ")


async def test_a_state_folder_that_was_copied_to_another_pc(state: Path, this_pc: Path):
    assert (await told(settings(state), "state"))[0] is FindingMark.WELL
    this_pc.write_bytes(ID[::-1])
    mark, text = await told(settings(state), "state")
    assert mark is FindingMark.WRONG
    assert "with the keys of the whole network, was copied from another PC" in text
    (state / "ca.key").unlink()
    _, text = await told(settings(state), "state")
    assert "two PCs with one credential" in text


async def test_a_pc_without_a_number_says_nothing_of_copies(state: Path, this_pc: Path):
    this_pc.unlink()
    assert (await told(settings(state), "state"))[0] is FindingMark.SKIPPED


async def test_there_is_no_state_folder(tmp_path: Path):
    mark, text = await told(settings(tmp_path / "none"), "state")
    assert (mark, "evcharge init" in text) == (FindingMark.WRONG, True)
    assert not (tmp_path / "none").exists()
