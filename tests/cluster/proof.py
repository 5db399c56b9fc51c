"""One run: clients work, things break one after the other, and at the end everything is held against the books."""

import asyncio
import contextlib
import math
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evcharge.domain.errors import EvchargeError
from evcharge.fleet.tally import Tally
from evcharge.http.central_client import OPERATOR_VARIABLE, ApiClient, BearerToken
from evcharge.labels import Speech
from evcharge.labels.operator import SENTENCES
from evcharge.runtime.clock import utc_now
from evcharge.security import state_folder
from tests.cluster.bank import Bank
from tests.cluster.cables import Cable, apart
from tests.cluster.fleet import Dialler, RememberingPoint
from tests.cluster.history import History, Order
from tests.cluster.judge import Verdict, judge, read
from tests.cluster.nemesis import LOSSES, Fault, Kind, plan, strike
from tests.cluster.network import Member, Network
from tests.cluster.postgres_pair import Pair, pair
from tests.system.lab import NoLab
from tests.system.soak import FAKETIME

_CHARGE_S = 1.0
_TICK_S = 0.05
_LEADS_WITHIN_S = 60.0
# After a fault is over: until charges end again.
_WORKS_WITHIN_S = 120.0
_SETTLES_WITHIN_S = 120.0
_LOOKS = 60
_PAYS_EVERY_S = 0.5
_PAYS_WITHIN_S = 8.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What a run is to be: it ends after so many faults and tickets, or after so many seconds."""

    seed: int
    seconds: float
    faults: int
    tickets: int = 0
    points: int = 40
    pause_s: float = 0.5
    centrals: str = "ABC"
    mutant: str = ""
    # What breaks; empty: everything.
    kinds: frozenset[Kind] = frozenset()
    # Each Central on a computer of its own, if this one lets us.
    apart: bool = False
    # A run that has found something ends.
    ends_at_problem: bool = False
    # Where all that the programs said is kept.
    logs: Path | None = None

    def due(self, worked: int, now: int) -> int:
        """Return how many tickets there are to be before the next thing breaks, of `now`.

        Half of the points have charged since; and since it last worked, with `worked`, this fault has its share of
        them: things break so quickly that charges would not keep up otherwise.
        """
        return max(now + self.points // 2, worked + math.ceil(self.tickets / max(self.faults, 1)))


@dataclass
class Report:
    """What was broken, and what came of it."""

    seed: int
    faults: Counter[Kind] = field(default_factory=Counter)
    together: int = 0
    died: int = 0
    takeovers: int = 0
    took_s: dict[Kind, list[float]] = field(default_factory=dict)
    snapshots: int = 0
    bad_snapshots: int = 0
    orders: int = 0
    repeated: int = 0
    seconds: float = 0.0
    # What clients took of the processors, and what the Centrals did; the databases are not counted.
    cpu_s: float = 0.0
    centrals_cpu_s: float = 0.0
    verdict: Verdict = field(default_factory=Verdict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing was wrong."""
        return not self.problems


async def prove(
    folder: Path, wish: Wish, tell: Callable[[Report, History], None] = lambda *_: None
) -> Report:
    """Run one proof in `folder`; return what came out. Raises ValueError: none of what is to break can be broken."""
    with contextlib.ExitStack() as ends:
        host, cables, why = "127.0.0.1", list[Cable](), ""
        if wish.apart:
            try:
                here, cables = ends.enter_context(apart(wish.centrals))
                host = here.address
            except (NoLab, OSError) as problem:
                why = f"no packets were lost: {problem}"
        async with pair() as both:
            run = _Run(folder, both, wish, host, cables)
            run.report.notes += [why] if why else []
            try:
                report = await run.run(tell)
            finally:
                await run.end()
            used = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
            report.cpu_s, report.centrals_cpu_s = (one.ru_utime + one.ru_stime for one in used)
            return report


class _Run:
    def __init__(self, folder: Path, both: Pair, wish: Wish, host: str, cables: Sequence[Cable]) -> None:
        self._wish = wish
        self._kinds = (wish.kinds or set(Kind)) - (set() if cables else set(LOSSES))
        if not self._kinds:
            raise ValueError("nothing of that can be broken here")
        self.report = Report(wish.seed)
        self._network = Network(
            folder,
            both,
            wish.centrals,
            mutant=wish.mutant,
            clocks=FAKETIME is not None,
            host=host,
            cables=cables,
        )
        self._history = History()
        self._bank = Bank(both)
        self._dialler = Dialler(
            self._network.key,
            lambda: {one.peers.port: one.ahead_s for one in self._network.members},
        )
        self._tally = Tally()
        self._points = [
            RememberingPoint(number, self._dialler.dial, self._tally, wish.seed, self._history)
            for number in range(1, wish.points + 1)
        ]
        self._tasks: list[asyncio.Task[None]] = []
        self._pays = True
        # How many tickets there were when it last worked.
        self._worked = 0
        # What was done when.
        self._diary: list[str] = []

    async def end(self) -> None:
        """Leave nothing running."""
        if self._wish.logs is not None:
            for member in self._network.members:
                (self._wish.logs / f"{member.name}.log").write_text("\n".join(member.lines))
            (self._wish.logs / "diary.log").write_text("\n".join(self._diary))
            (self._wish.logs / "postgres.log").write_text(self._network.pair.logs)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._network.end()

    async def run(self, tell: Callable[[Report, History], None]) -> Report:
        """Start all, break things until the wish is fulfilled, and judge."""
        wish, report = self._wish, self.report
        if FAKETIME is None:
            report.notes.append("no clock was set: libfaketime is not installed (.ci/packages does that)")
        began = time.monotonic()
        await self._network.begin()
        await self._bank.witness()
        for member in self._network.members[1:]:
            member.has_failpoints = True
        lives = [one.live(wish.pause_s, _CHARGE_S) for one in self._points]
        for life in (*lives, self._bank.look(), self._pay()):
            self._tasks.append(asyncio.create_task(life))
        try:
            await self._works()
            for faults in plan(wish.seed):
                done = sum(report.faults.values()) >= wish.faults and self._history.tickets >= wish.tickets
                if done or time.monotonic() - began > wish.seconds or (wish.ends_at_problem and self._found):
                    break
                if not {fault.kind for fault in faults} <= self._kinds:
                    continue
                await self._break(faults)
                tell(report, self._history)
            await self._settle()
        except TimeoutError as problem:
            report.problems.append(str(problem))
        await self._judge()
        report.seconds = time.monotonic() - began
        return report

    @property
    def _found(self) -> list[str]:
        return [
            *self.report.problems,
            *self._bank.problems,
            *self._history.problems,
            *(problem for member in self._network.members for problem in member.problems),
        ]

    # ---- what breaks

    async def _break(self, faults: tuple[Fault, ...]) -> None:
        network, report = self._network, self.report
        leader = network.leader
        others = [one for one in network.members if one is not leader]
        victims = [
            leader if fault.on_leader else others[place % len(others)] for place, fault in enumerate(faults)
        ]
        for fault, victim in zip(faults, victims, strict=True):
            self._note(f"{victim.name}: {fault}")
        loop = asyncio.get_running_loop()
        began = loop.time()
        striking = [
            asyncio.create_task(strike(network, fault, victim))
            for fault, victim in zip(faults, victims, strict=True)
        ]
        if len(faults) == 1 and faults[0].deposes:
            await self._taken_over(faults[0].kind, began, leader)
        for problems in await asyncio.gather(*striking):
            report.problems += problems
        self._note("over")
        for fault in faults:
            report.faults[fault.kind] += 1
        report.together += len(faults) > 1
        await asyncio.sleep(max(fault.after_s for fault in faults))
        await self._works()

    async def _taken_over(self, kind: Kind, began: float, leader: Member) -> None:
        def took_s() -> float | None:
            return self._network.led_since(began, leader)

        if await _comes(lambda: took_s() is not None, _LEADS_WITHIN_S):
            self.report.took_s.setdefault(kind, []).append(took_s() or 0.0)
        else:
            self.report.problems.append(
                f"{kind}: nobody took over from {leader.name} in {_LEADS_WITHIN_S:g} s"
            )

    async def _works(self) -> None:
        """Return when charges end again, enough of them, and all Centrals are there. Raises TimeoutError."""
        members, history = self._network.members, self._history
        due = self._wish.due(self._worked, history.tickets)
        while (had := history.tickets) < due or not all(one.ready.is_set() for one in members):

            def goes_on(had: int = had) -> bool:
                enough = history.tickets >= due
                return all(one.ready.is_set() for one in members) if enough else history.tickets > had

            # However long a slow machine takes for all of it.
            if not await _comes(goes_on, _WORKS_WITHIN_S):
                last = [f"{one.name}: {one.lines[-1:]}" for one in members]
                failed = [*self._dialler.failures][-3:]
                raise TimeoutError(
                    f"no charges for {_WORKS_WITHIN_S:g} s after a fault: {last}, logins: {failed}"
                )
        self._worked = history.tickets
        self._note("works")

    def _note(self, what: str) -> None:
        self._diary.append(f"{utc_now():%H:%M:%S.%f} {what}")

    async def _pay(self) -> None:
        """An operator moves money, each time under a reference of its own, until Central confirms it."""
        state = self._network.members[0].state
        token = BearerToken(OPERATOR_VARIABLE, state_folder.operator_token_path(state), {})
        say = Speech(SENTENCES, "en")
        # Who answered is asked first the next time.
        centrals = [
            ApiClient(f"https://{one.host}:{one.api_port}", state / "ca.pem", say, token, _PAYS_WITHIN_S)
            for one in self._network.members
        ]
        while self._pays:
            await asyncio.sleep(_PAYS_EVERY_S)
            order = self._next_order()
            if order is None or order.reference in self._history.orders:
                continue
            self._history.orders[order.reference] = order
            while not order.is_confirmed:
                body = order.more | {"cents": order.cents, "reference": order.reference, "confirm": True}
                try:
                    await centrals[0].call("POST", order.path, dict[str, object], body=body)
                    order.is_confirmed = True
                except EvchargeError:
                    centrals.append(centrals.pop(0))
                    await asyncio.sleep(_PAYS_EVERY_S)

    def _next_order(self) -> Order | None:
        """Return a payment, or a refund of the last ticket, by turns; None while there is nothing for it."""
        history = self._history
        number = len(history.orders)
        session_id, cents = history.last
        if number % 2:
            path = f"/api/sessions/{session_id}/refund"
            return Order(f"refund-{session_id}", path, 1, {"reason": "proof"}) if cents > 1 else None
        driver_id = self._points[number // 2 % len(self._points)].driver_id
        if not any(one.driver_id == driver_id for one in history.requests.values()):
            return None
        return Order(f"proof-{number}", f"/api/drivers/{driver_id}/top-up", 100 + number)

    # ---- judging

    async def _settle(self) -> None:
        """Mend all, begin nothing new, and wait until everybody has been told everything. Raises TimeoutError."""
        for member in self._network.members:
            member.sets_its_clock(0)
            member.has_failpoints = False
        self._pays = False
        for point in self._points:
            point.closes()
        told = await _comes(self._all_are_told, _SETTLES_WITHIN_S)
        if not (told and await self._is_settled()):
            left = [one.cp_id for one in self._points if not one.has_told_all]
            raise TimeoutError(
                f"not settled in {_SETTLES_WITHIN_S:g} s: {len(left)} points ({left[:3]}) have not told all"
            )

    def _all_are_told(self) -> bool:
        paid = all(one.is_confirmed for one in self._history.orders.values())
        return paid and all(point.has_told_all for point in self._points)

    async def _is_settled(self) -> bool:
        """Return whether the books hold nothing open, and nothing unseen, in the end."""
        for _ in range(_LOOKS):
            books = await read(self._network.pair.url)
            states = {state for rows in books.sessions.values() for _, state in rows}
            if not books.unseen and not {"AUTHORISED", "CHARGING"} & states:
                return True
            await asyncio.sleep(1.0)
        return False

    async def _judge(self) -> None:
        report, network = self.report, self._network
        report.notes += [
            f"{name}: {count} asked in vain" for name, count in sorted(self._tally.refused.items())
        ]
        report.problems += unproved([*self._tasks, *network.lives], self._bank.snapshots)
        for task in self._tasks:
            task.cancel()
        report.problems += await network.stop()
        report.verdict = judge(await read(network.pair.url), self._history, self._points)
        report.problems += [*report.verdict.problems, *self._bank.problems, *await self._bank.taken_early()]
        report.snapshots, report.bad_snapshots = self._bank.snapshots, self._bank.bad
        verified = await asyncio.gather(*(network.run(one, "audit", "verify") for one in network.members))
        for member, (code, said) in zip(network.members, verified, strict=True):
            report.problems += member.problems[:3]
            report.died += sum(code == -9 for code in member.ends)
            if code:
                report.problems.append(f"audit verify with the anchors of {member.name}: {said[-300:]}")
            odd = [code for code in member.ends if code not in (0, -9)]
            if odd:
                report.notes.append(f"{member.name} ended with {dict(Counter(odd))}, and was started again")
        if twice := network.pair.logs.count('unique constraint "events_pkey"'):
            report.problems.append(f"{twice} commits came past the fence to the key of the events")
        report.takeovers = network.takeovers - 1
        report.died -= report.faults[Kind.KILL]
        report.orders = len(self._history.orders)
        report.repeated = self._history.repeated
        report.problems = list(dict.fromkeys(report.problems))


def unproved(tasks: Iterable[asyncio.Task[None]], snapshots: int) -> list[str]:
    """Return which parts of the proof itself have failed: what they did not find says nothing."""
    failures = [
        failure
        for task in tasks
        if task.done() and not task.cancelled() and (failure := task.exception()) is not None
    ]
    found = [f"a part of the proof has failed: {failure!r}" for failure in failures]
    return found if snapshots else [*found, "the bank was never looked at"]


async def _comes(condition: Callable[[], bool], within_s: float) -> bool:
    """Return whether a condition comes true in time; while this process itself stood still, no time has passed."""
    loop = asyncio.get_running_loop()
    passed_s, before = 0.0, loop.time()
    while not condition():
        if passed_s > within_s:
            return False
        await asyncio.sleep(_TICK_S)
        now = loop.time()
        passed_s, before = passed_s + min(now - before, 5 * _TICK_S), now
    return True
