"""The lists beneath the charging points: requests and charges, faults, messages. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len
from rich.text import Text

from evcharge import labels
from evcharge.central.feed import Live
from evcharge.central.terminal.text_layout import Sheet
from evcharge.central.views.event_text import speech
from evcharge.domain.billing import kwh
from evcharge.domain.ids import CpId, natural
from evcharge.domain.session import Session, SessionState

SOLVED = "✓"


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of the list of faults: when ("12:31:07"), what, and what ended it, if anything did."""

    at: str
    text: str
    restored_at: str = ""
    restored: str = ""


def charges(
    sheet: Sheet,
    sessions: Sequence[Session],
    live: Mapping[CpId, Live],
    frozen_at: Mapping[CpId, datetime],
    width: int,
    room: int,
) -> list[Text]:
    """Every request and charge, as authorised; `frozen_at` says since when figures have stood still, if they do."""
    in_order = sorted(sessions, key=lambda session: (session.authorised_at, natural(session.cp_id)))
    if not in_order or room < 2:
        name = "charges" if in_order else "no charges"
        return [sheet.rule(sheet.say(name, count=len(in_order)), width)][: max(0, room)]
    title = sheet.rule(sheet.say("charges", count=len(in_order)), width)
    rows = [
        _charge(sheet, session, live.get(session.cp_id), frozen_at.get(session.cp_id), width)
        for session in in_order
    ]
    return [title, *sheet.most(rows, room - 1, width)]


def _charge(
    sheet: Sheet, session: Session, live: Live | None, frozen_at: datetime | None, width: int
) -> Text:
    at = sheet.clock(session.started_at or session.authorised_at)
    words = f"{at} {session.cp_id:<6} {session.driver_id:<5} {session_state(session, sheet.lang)}"
    figures = ""
    if session.state is SessionState.CHARGING:
        energy_mwh = live.energy_mwh if live is not None else session.energy_mwh
        power = _power(sheet, live, frozen_at)
        cost = labels.money(session.shown_cents(energy_mwh), sheet.lang)
        figures = f"{power:>8} {kwh(energy_mwh):>8} kWh {cost:>9}"
        if cell_len(words) + cell_len(figures) >= width:
            figures = short_figures(sheet, session, live, frozen_at)
    return sheet.apart(words, figures, sheet.palette.quiet, width)


def short_figures(sheet: Sheet, session: Session, live: Live | None, frozen_at: datetime | None) -> str:
    """Return power, energy and cost of a running charge in few cells; or from when its energy is."""
    energy_mwh = live.energy_mwh if live is not None else session.energy_mwh
    energy = kwh(energy_mwh) if energy_mwh < 10_000_000 else kwh(energy_mwh)[:-1]
    figures = f"{_power(sheet, live, frozen_at)} {energy} kWh"
    if frozen_at is not None:
        return figures
    return f"{figures} {labels.money(session.shown_cents(energy_mwh), sheet.lang)}"


def _power(sheet: Sheet, live: Live | None, frozen_at: datetime | None) -> str:
    """The power now; nobody knows it while the figures stand still."""
    if frozen_at is not None:
        return sheet.say("as of", at=sheet.clock(frozen_at))
    return f"{live.power_w / 1000 if live is not None else 0:.1f} kW"


def session_state(session: Session, lang: str) -> str:
    """Return how far a request or charge is, in a few words."""
    say = speech(lang)
    if session.stop_reason is not None:
        return say("state stopping", reason=labels.reason(session.stop_reason, lang))
    if session.state is SessionState.CHARGING:
        return say("state charging")
    return say("state plug")


def faults_wanted(faults: Sequence[Fault]) -> int:
    """Return how many lines the list of faults would like to have."""
    return 1 + sum(2 if fault.restored else 1 for fault in faults)


def faults(sheet: Sheet, listed: Sequence[Fault], more: int, width: int, room: int) -> list[Text]:
    """The open faults, then some that are solved; `more` are open beyond those that are `listed`."""
    still_open = sum(not fault.restored for fault in listed) + more
    if not listed or room < 2:
        name = "faults" if listed else "no faults"
        return [sheet.rule(sheet.say(name, count=still_open), width)][: max(0, room)]
    title = sheet.rule(sheet.say("faults", count=still_open), width)
    rows: list[Text] = []
    shown = 0
    for fault in listed:
        style = sheet.palette.quiet if fault.restored else sheet.palette.title
        group = [sheet.line(text, style, width) for text in fault_lines(fault)]
        # The last line is kept for how many open ones are not shown.
        if len(rows) + len(group) > room - 1 - (shown + 1 < still_open):
            break
        rows += group
        shown += 1
    if shown < still_open:
        rows.append(sheet.line(sheet.say("and more", count=still_open - shown), width=width))
    return [title, *rows]


def fault_lines(fault: Fault) -> Iterator[str]:
    """Yield the line of a fault and, when it is over, the line that says so."""
    yield f"{fault.at} {SOLVED if fault.restored else '!'} {fault.text}"
    if fault.restored:
        yield f"{fault.restored_at} {SOLVED} {fault.restored}"


def messages(sheet: Sheet, texts: Sequence[str], room: int) -> list[Text]:
    """The last messages, with a title."""
    if room < 2:
        return []
    return [sheet.rule(sheet.say("messages"), sheet.width), *newest(sheet, texts, room - 1)]


def newest(sheet: Sheet, texts: Sequence[str], room: int) -> list[Text]:
    """The last messages, in full where that is not too long."""
    lines: list[Text] = []
    for text in reversed(texts):
        if len(lines) >= room:
            break
        lines = sheet.wrapped(text) + lines
    return lines[max(0, len(lines) - room) :]
