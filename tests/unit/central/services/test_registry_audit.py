"""How much of the Registry's audit log Central takes in: everything that is said once, and little of a flood."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from evcharge.central.rules.commands import Note
from evcharge.central.services import registry_audit
from evcharge.central.services.registry_audit import MOST_ALIKE, AuditPlace, AuditRow, Pace, RegistryAudit
from evcharge.domain.events import RegistryNoted


def row(n: int, address: str = "10.0.0.7", what: str = "POST /v1/ticket", times: int = 1) -> AuditRow:
    return AuditRow(
        n=n, at=float(n), who="unknown", role="stranger", address=address, what=what,
        target=f"CP{n}", result="E_CREDENTIAL", times=times,
    )  # fmt: skip


def test_what_is_said_once_is_kept_as_it_is():
    rows = [row(1), row(2, "10.0.0.8"), row(3, what="register", times=7)]
    assert Pace().take(rows, now=0.0) == rows


def test_a_flood_of_one_source_is_few_rows_a_minute_and_every_refusal_is_counted():
    pace = Pace()
    pages = [pace.take([row(n) for n in range(start, start + 200)], now=60.0) for start in (1, 201, 401)]
    assert [len(page) for page in pages] == [MOST_ALIKE + 1, 1, 1]
    assert sum(one.times for page in pages for one in page) == 600
    assert (pages[2][0].n, pages[2][0].target, pages[2][0].address) == (600, "various", "10.0.0.7")
    # It hides nobody else, and is over after its minute.
    assert pace.take([row(601, "10.0.0.8")], now=119.0)[0].target == "CP601"
    assert pace.take([row(602)], now=120.0)[0].target == "CP602"


class Two:
    """Central's audit log, and the Registry's as a test puts it; a page of that is two rows."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kept: list[RegistryNoted] = []
        self.registry: Sequence[AuditRow] = ()
        us: Any = self
        self.audit = RegistryAudit(us, us, AuditPlace(0, None), lambda: datetime(2026, 7, 1, tzinfo=UTC))
        monkeypatch.setattr(self.audit, "_page", self._page)

    def post(self, note: Note) -> None:
        assert isinstance(note.event, RegistryNoted)
        self.kept.append(note.event)

    @property
    def places(self) -> list[AuditPlace]:
        return [AuditPlace(event.n, event.at) for event in self.kept]

    async def events(self, *, limit: int, before: int | None, type_: str) -> list[dict[str, Any]]:
        found = list(enumerate(self.kept, 1))[: None if before is None else before - 1][-limit:]
        return [{"n": n, "type": type_, "data": msgspec.json.encode(event).decode()} for n, event in found]

    async def _page(self, _http: object, _url: str, since: AuditPlace | None) -> Any:
        if since is None:
            rows = list(self.registry[-2:])
        elif since.n and since not in [(one.n, one.at) for one in self.registry]:
            return registry_audit._Page([], since.n, since.at, same=False)
        else:
            rows = [one for one in self.registry if one.n > since.n][:2]
        last = (rows[-1].n, rows[-1].at) if rows else since or (0, None)
        return registry_audit._Page(rows, *last)

    async def asks(self, times: int) -> None:
        for _ in range(times):
            http: Any = None
            await self.audit.ask(http, "")


async def test_what_is_read_once_more_of_a_registry_that_was_put_back_is_remembered_until_it_was_read(
    monkeypatch: pytest.MonkeyPatch,
):
    two, before = Two(monkeypatch), [row(n) for n in range(1, 7)]
    two.registry = before
    await two.asks(4)
    # An older copy, and what it wrote since under the same numbers.
    after = [msgspec.structs.replace(row(n), at=100.0 + n) for n in range(5, 8)]
    two.registry = [*before[:4], *after]
    await two.asks(1)
    assert two.audit._known
    await two.asks(4)
    assert two.places == [(one.n, one.at) for one in [*before, *after]]
    assert not two.audit._known
    # One that has nothing in common with what is kept.
    two.registry = [msgspec.structs.replace(row(1), at=200.0)]
    await two.asks(1)
    assert two.places[-1] == (1, 200.0)
    assert not two.audit._known
