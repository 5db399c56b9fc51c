"""What the screen of the weather service shows. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from evcharge import labels
from evcharge.domain.location import Location
from evcharge.labels import Speech
from evcharge.terminal import drawing
from evcharge.terminal.fault_log import LoggedFault, clock
from evcharge.weather.readings import Spot

# Narrower than this, a line of the list is the name and the temperature.
_NARROW = 50
# Coordinates, with a blank before them; and what else must fit beside the name.
_WHERE, _ROOMY = 15, 64
_GREEN, _RED, _GREY = "green", "red", "bright_black"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationLine:
    """One location. `trouble`: why nothing new is known of it."""

    location: Location
    # Where it was asked for.
    spot: Spot | None = None
    celsius: float | None = None
    wind_m_per_s: float | None = None
    measured_at: datetime | None = None
    alerts: Sequence[str] = ()
    override: bool = False
    cps: Sequence[str] = ()
    trouble: str = ""

    @property
    def name(self) -> str:
        """The location, with its country when that is known."""
        return self.location.in_country(self.spot.country if self.spot is not None else "")

    def words(self, words: Speech) -> str:
        """Return what the weather there means."""
        if self.celsius is None and not self.alerts:
            return words("unknown")
        if not self.alerts:
            return words("good")
        what = ", ".join(labels.weather(alert, words.lang) for alert in sorted(self.alerts))
        return words("overridden", what=what) if self.override else what


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFacts:
    """How the weather service is at this moment; the troubles are None when there are none."""

    source: str
    url: str
    clock: str
    source_trouble: str | None
    source_heard: bool
    central_trouble: str | None
    central_heard: bool
    rows: Sequence[LocationLine]


def view(
    facts: ServiceFacts,
    troubles: Sequence[LoggedFault],
    messages: Sequence[Text],
    words: Speech,
    width: int,
    height: int,
    *,
    only_list: bool,
) -> list[Text]:
    """Return the lines of the screen; `messages` and `troubles` newest first."""
    top = [drawing.title(words("title", source=facts.source), facts.clock, width)]
    if only_list:
        top.append(drawing.heading(words("faults"), width))
        middle = drawing.wrapped(drawing.listed(troubles, words), width, height)
    else:
        top += [
            _lamp(words("source"), facts.source_heard, facts.source_trouble, words("ok"), words),
            _lamp(
                words("central"),
                facts.central_heard,
                facts.central_trouble,
                words("connected", url=facts.url),
                words,
            ),
            Text(),
            drawing.heading(words("cities", count=len(facts.rows)), width),
        ]
        # The locations may take two thirds of what is left, and the messages the rest.
        room = max(1, (height - len(top) - 4) * 2 // 3)
        silent = [Text(f" {words('nothing yet')}", style="dim")]
        middle = [
            *_table(facts.rows, words, width, room),
            Text(),
            drawing.heading(words("messages"), width),
            *drawing.wrapped(messages or silent, width, height),
        ]
    keys = drawing.keys([(key, words(f"key {key}")) for key in "adcmlq"], width)
    return drawing.page(top, middle, keys, height)


def listed(rows: Sequence[LocationLine], words: Speech) -> list[str]:
    """Return the locations as plain lines."""
    if not rows:
        return [words("no cities")]
    return [
        words(
            "line",
            location=f"{row.name} ({row.spot})" if row.spot is not None else row.location,
            weather=_weather(row, words),
            alerts=row.trouble or row.words(words),
            cps=", ".join(row.cps) or "–",
        )
        for row in rows
    ]


def _weather(row: LocationLine, words: Speech) -> str:
    if row.celsius is None:
        return words("unknown")
    if row.wind_m_per_s is None:
        return words("weather, no wind", celsius=f"{row.celsius:z.1f}")
    return words("weather", celsius=f"{row.celsius:z.1f}", wind=f"{row.wind_m_per_s:.1f}")


def _lamp(label: str, heard: bool, trouble: str | None, well: str, words: Speech) -> Text:
    if trouble is not None:
        return drawing.fact(label, drawing.lamp(_RED, trouble))
    if not heard:
        return drawing.fact(label, drawing.lamp(_GREY, words("not yet")))
    return drawing.fact(label, drawing.lamp(_GREEN, well))


def _table(rows: Sequence[LocationLine], words: Speech, width: int, room: int) -> list[Text]:
    if not rows:
        return [Text(f" {words('no cities')}", style="dim")]
    # Bad weather first: what does not fit is what nobody has to look at.
    ordered = sorted(rows, key=lambda row: (not row.alerts, not row.trouble, row.location.key))
    shown = ordered if len(rows) < room else ordered[: max(1, room - 2)]
    name_cells = min(24, max(8, *(cell_len(row.name) for row in rows)))
    where_cells = _WHERE if width - name_cells >= _ROOMY and any(row.spot for row in rows) else 0
    lines = [_line(row, words, name_cells, where_cells, width) for row in shown]
    if len(shown) < len(rows):
        lines.append(Text(f" +{len(rows) - len(shown)}", style="dim"))
    if width < _NARROW:
        return lines
    where = set_cell_size(f" {words('h where')}", where_cells)
    heads = (
        f" {set_cell_size(words('h location'), name_cells)}{where}"
        f" {words('h celsius'):>6} {words('h wind'):>5}  "
        f"{words('h measured'):<8}  {words('h points'):>4}  {words('h weather')}"
    )
    return [Text(heads, style="dim"), *lines]


def _line(row: LocationLine, words: Speech, name_cells: int, where_cells: int, width: int) -> Text:
    celsius = f"{row.celsius:z6.1f}" if row.celsius is not None else f"{'–':>6}"
    where = set_cell_size(f" {row.spot}" if row.spot is not None else " –", where_cells)
    text = Text(f" {set_cell_size(row.name, name_cells)}{where} {celsius}")
    if width >= _NARROW:
        wind = f"{row.wind_m_per_s:5.1f}" if row.wind_m_per_s is not None else f"{'–':>5}"
        measured = clock(row.measured_at) if row.measured_at is not None else "–"
        text.append(f" {wind}  {measured:<8}  {len(row.cps):>4}")
    style = (
        "yellow"
        if row.trouble
        else "dark_orange"
        if row.alerts
        else "green"
        if row.celsius is not None
        else "dim"
    )
    return text.append("  ").append(row.words(words), style=style)
