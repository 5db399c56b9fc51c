"""What the log tells of the control room: weather, accounts, tokens, logins, orders. Pure."""

from collections.abc import Iterator

from evcharge.central.books.expected.log_reading import Folds, LogReading
from evcharge.central.books.expected.proven_tables import UNKNOWN, Row
from evcharge.central.rules.accounts import Told
from evcharge.domain import events as e
from evcharge.domain.location import Location


class ControlRoomRows:
    """Rows of `weather`, `account` and `api_token`, as they are so far; logins, and orders that were answered."""

    def __init__(self, log: LogReading) -> None:
        self._log = log
        self._weathers: dict[str, Row] = {}
        self._access_rows: dict[str, dict[str, Row]] = {"account": {}, "api_token": {}}
        self.logins = Told()
        self.orders: set[str] = set()

    def folds(self) -> Folds:
        """Return what takes in an event, by its type."""
        return {
            e.WeatherAlertRaised: self._weather_raised,
            e.WeatherAlertCleared: self._weather_cleared,
            e.WeatherOverridden: self._weather_overridden,
            e.AccountAdded: self._account_changed,
            e.AccountChanged: self._account_changed,
            e.AccountRemoved: self._account_removed,
            e.TokenMade: self._token_made,
            e.TokenRemoved: self._token_removed,
            e.LoggedIn: self._logged_in,
            e.OrderCarriedOut: self._order_answered,
            e.OrderRefused: self._order_answered,
        }

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Yield each row that may still have changed, with the name of its table."""
        yield from (("weather", row) for row in self._weathers.values())
        for name, rows in self._access_rows.items():
            yield from ((name, row) for row in rows.values())

    def _weather_raised(self, event: e.WeatherAlertRaised) -> None:
        self._weather(event.location, {*self._alerts(event.location), event.alert})

    def _weather_cleared(self, event: e.WeatherAlertCleared) -> None:
        self._weather(event.location, set(event.left))
        if not event.left:
            self._weathers[Location(event.location).key]["override"] = 0

    def _weather_overridden(self, event: e.WeatherOverridden) -> None:
        self._weather(event.location, self._alerts(event.location))
        self._weathers[Location(event.location).key]["override"] = int(event.override)

    def _account_changed(self, event: e.AccountAdded | e.AccountChanged) -> None:
        self._access("account", event.name, event.seal, role=event.role, removed=0)

    def _account_removed(self, event: e.AccountRemoved) -> None:
        self._access("account", event.name, event.seal, removed=1)

    def _token_made(self, event: e.TokenMade) -> None:
        self._access("api_token", event.name, event.seal, role=event.role, removed=0)

    def _token_removed(self, event: e.TokenRemoved) -> None:
        self._access("api_token", event.name, event.seal, removed=1)

    def _logged_in(self, event: e.LoggedIn) -> None:
        self.logins.take(event, self._log.at)
        if not event.login:
            self._log.unsealed["open logins of the pages"] = self._log.n

    def _order_answered(self, event: e.OrderCarriedOut | e.OrderRefused) -> None:
        self.orders.add(event.request_id)

    def _alerts(self, location: str) -> set[str]:
        row = self._weathers.get(Location(location).key)
        return {name for name in row["alerts"].split(",") if name} if row is not None else set()

    def _weather(self, location: str, alerts: set[str]) -> None:
        row = self._weathers.setdefault(
            Location(location).key, {"place": Location(location).key, "override": 0}
        )
        row["alerts"] = ",".join(sorted(alerts))

    def _access(self, table: str, name: str, sealed: str, **said: object) -> None:
        row = self._access_rows[table].setdefault(name, {"name": name, "role": UNKNOWN})
        row |= {**said, "seal": sealed or UNKNOWN}
        if not sealed:
            self._log.unsealed["passwords and tokens"] = self._log.n
