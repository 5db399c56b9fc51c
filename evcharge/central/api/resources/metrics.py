"""Figures for machines: /metrics for Prometheus, /healthz and /readyz for whoever keeps Central running."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from aiohttp import hdrs, web
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from evcharge import __version__
from evcharge.central.api.kit import answers
from evcharge.central.api.kit.access import Access, is_loopback
from evcharge.central.api.kit.routes import ANYBODY, VIEWERS, Route
from evcharge.central.books.store import CentralStore
from evcharge.central.dispatcher import Dispatcher
from evcharge.central.feed import Feed
from evcharge.central.rules.alert_kinds import AlertKind
from evcharge.central.rules.commands import Actor
from evcharge.central.views.alerts import Alerts
from evcharge.domain.charging_point import CpStatus
from evcharge.domain.errors import AuthenticationError, Code
from evcharge.domain.events import (
    Event,
    InputRefused,
    LoginRefused,
    SessionRefused,
    StartRefused,
    TicketCorrected,
    TicketMade,
)
from evcharge.domain.ids import Role
from evcharge.domain.session import SessionState
from evcharge.http.server import answer

# How many events wait for Kafka, and whether it takes them.
Backlog = Callable[[], tuple[int, bool]]
# The only figure of a Central that stands by (`api/standby`): one Central has 1, the others 0.
LEADS, LEADS_TEXT = "evcharge_leads", "Whether this Central leads its network."
_COMMIT_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_COMMIT_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0)


class Figures(Collector):
    """Counts what happens from now on; what is so at this moment is read off the facts at each scrape."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        feed: Feed,
        store: CentralStore,
        alerts: Alerts,
        unread: Callable[[], int],
        backlog: Backlog | None = None,
        untold: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        """`unread` is asked how many stored events could not be read.

        `backlog` is asked for the events that Kafka lacks; None without Kafka. `untold`: how many messages wait for
        the operators, by way of `[notify]`.
        """
        self._dispatcher = dispatcher
        self._feed = feed
        self._store = store
        self._alerts = alerts
        self._unread = unread
        self._backlog = backlog
        self._untold = untold
        registry = self._registry = CollectorRegistry()
        registry.register(self)
        self._sessions = Counter(
            "evcharge_sessions", "Sessions that ended with a ticket.", ["reason"], registry=registry
        )
        self._refused = Counter(
            "evcharge_starts_refused",
            "Requests to charge that were not granted.",
            ["code"],
            registry=registry,
        )
        self._not_taken = Counter(
            "evcharge_sessions_not_taken", "Sessions in which no power flowed.", ["reason"], registry=registry
        )
        self._energy = Counter("evcharge_energy_kwh", "Energy on tickets.", registry=registry)
        self._revenue = Counter("evcharge_revenue_euros", "Money on tickets.", registry=registry)
        self._inputs = Counter(
            "evcharge_inputs_refused", "Logins and messages that were refused.", ["code"], registry=registry
        )
        self._sizes = Histogram(
            "evcharge_commit_decisions", "Decisions in one commit.", buckets=_COMMIT_SIZES, registry=registry
        )
        self._seconds = Histogram(
            "evcharge_commit_seconds", "Time of one commit.", buckets=_COMMIT_SECONDS, registry=registry
        )
        feed.listen(self.on_event)
        store.on_commit = self.on_commit

    def on_event(self, event: Event) -> None:
        """Count one stored event."""
        match event:
            case TicketMade():
                self._sessions.labels(event.reason.value).inc()
                self._energy.inc(event.energy_mwh / 1e6)
                self._revenue.inc(event.cost_cents / 100)
            case TicketCorrected():
                # Counters only rise: what goes back is in the books alone.
                self._energy.inc(max(0, event.energy_mwh) / 1e6)
                self._revenue.inc(max(0, event.cost_cents) / 100)
            case SessionRefused():
                self._not_taken.labels(event.reason.value).inc()
            case StartRefused():
                self._refused.labels(event.code).inc(event.times)
            case InputRefused() | LoginRefused():
                self._inputs.labels(event.code).inc(event.times)
            case _:
                pass

    def on_commit(self, decisions: int, seconds: float) -> None:
        """Count one commit."""
        self._sizes.observe(decisions)
        self._seconds.observe(seconds)

    @property
    def waiting(self) -> int | None:
        """How many events wait for Kafka; None without Kafka."""
        return self._backlog()[0] if self._backlog is not None else None

    def text(self) -> bytes:
        """Return everything as Prometheus reads it."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield what is so at this moment."""
        facts = self._dispatcher.facts
        shown = dict.fromkeys(CpStatus, 0)
        peers = {Role.ENGINE: 0, Role.MONITOR: 0, Role.DRIVER: 0}
        for point in facts.points():
            shown[point.status] += 1
            peers[Role.ENGINE] += point.engine_link is not None
            peers[Role.MONITOR] += point.monitor_link is not None
        held = wallets = 0
        for driver in facts.drivers():
            peers[Role.DRIVER] += driver.link is not None
            held += driver.held_cents
            wallets += driver.balance_cents
        is_open = {SessionState.AUTHORISED: 0, SessionState.CHARGING: 0}
        for session in facts.sessions():
            if session.is_open:
                is_open[session.state] += 1
        yield _by("evcharge_charging_points", "Charging points by status.", "status", shown)
        yield _by("evcharge_sessions_open", "Sessions under way by state.", "state", is_open)
        yield _by("evcharge_peers", "Connected peers by role.", "role", peers)
        power_w = sum(live.power_w for live in self._feed.live.values())
        yield _one("evcharge_power_watts", "Power that flows now.", power_w)
        yield _one("evcharge_wallets_euros", "Money in wallets, free to use.", wallets / 100)
        yield _one("evcharge_held_euros", "Money held for sessions under way.", held / 100)
        yield _one("evcharge_alerts_open", "Alerts that are open.", len(self._alerts.open()))
        yield _one("evcharge_audit_rows", "Rows of the audit log.", self._store.head.n)
        yield _one(
            "evcharge_events_unread",
            "Rows of the audit log that were wanted and are of another release.",
            self._unread(),
        )
        yield _one(
            "evcharge_storage_ok", "Whether the books can be written.", self._dispatcher.trouble is None
        )
        if self._backlog is not None:
            waiting, is_up = self._backlog()
            yield _one(
                "evcharge_kafka_events_waiting", "Stored events that Kafka does not have yet.", waiting
            )
            yield _one("evcharge_kafka_up", "Whether Kafka takes what it is sent.", is_up)
        untold = self._untold()
        ways_up = {way: not self._alerts.is_open(way, AlertKind.NOTIFY) for way in untold}
        yield _by("evcharge_notify_waiting", "Messages that wait for the operators by way.", "way", untold)
        yield _by("evcharge_notify_up", "Whether operators can be told by that way.", "way", ways_up)
        yield _one(LEADS, LEADS_TEXT, 1)
        yield _by("evcharge_build", "The version that runs.", "version", {__version__: 1})


def _by(name: str, text: str, label: str, values: Mapping[Any, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([str(key)], value)
    return family


def _one(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def text_of_one_that_stands_by() -> bytes:
    """Return the figures of a Central that does not lead, as Prometheus reads them."""
    return f"# HELP {LEADS} {LEADS_TEXT}\n# TYPE {LEADS} gauge\n{LEADS} 0.0\n".encode()


class Metrics:
    """/metrics, /healthz, /readyz"""

    def __init__(self, figures: Figures, dispatcher: Dispatcher, access: Access) -> None:
        self._figures = figures
        self._dispatcher = dispatcher
        self._access = access

    def routes(self) -> list[Route]:
        """Return the routes of this room."""
        return [
            Route(
                method=hdrs.METH_GET,
                path="/metrics",
                handler=self.metrics,
                roles=ANYBODY,
                answers="text/plain",
                also={401: "No login, and not this computer.", 403: "These figures are not for this role."},
                summary="Figures for Prometheus; without a login only from this computer.",
            ),
            Route(
                method=hdrs.METH_GET,
                path="/healthz",
                handler=self.healthz,
                roles=ANYBODY,
                answers=answers.HealthAnswer,
                summary="Central lives.",
            ),
            Route(
                method=hdrs.METH_GET,
                path="/readyz",
                handler=self.readyz,
                roles=ANYBODY,
                answers=answers.HealthAnswer,
                summary="Central can work; 503 with the reasons when its books cannot be written.",
            ),
        ]

    async def metrics(self, request: web.Request, _: Actor) -> web.Response:
        """Show every figure, to this computer or to whoever may look."""
        if not is_loopback(request.remote or ""):
            caller = self._access.caller(request)
            if caller is None:
                raise AuthenticationError(
                    "Figures are shown on this computer, or after a login.", Code.CREDENTIAL
                )
            if caller.role not in VIEWERS:
                raise AuthenticationError("This role may not see the figures.", Code.ROLE)
        return web.Response(
            body=self._figures.text(),
            headers={hdrs.CONTENT_TYPE: CONTENT_TYPE_LATEST, hdrs.CACHE_CONTROL: "no-store"},
        )

    async def healthz(self, _request: web.Request, _: Actor) -> web.Response:
        """Say that the loop turns."""
        return answer(self._health())

    async def readyz(self, _request: web.Request, _: Actor) -> web.Response:
        """Say whether anything can be stored."""
        health = self._health()
        return answer(health, 200 if health["ready"] else 503)

    def _health(self) -> dict[str, object]:
        trouble = self._dispatcher.trouble
        return {
            "ready": trouble is None,
            "reasons": [trouble] if trouble is not None else [],
            "kafka_events_waiting": self._figures.waiting,
        }
