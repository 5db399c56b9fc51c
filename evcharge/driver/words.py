"""Every word a driver reads, in English. A language is added by giving these functions another body."""

from collections.abc import Iterable, Sequence

from evcharge import labels
from evcharge.billing import euros, kwh, price_text
from evcharge.errors import Code
from evcharge.messages import Balance, History, Points, Supply, TicketIssued
from evcharge.session import EndReason

NONE_AVAILABLE = "No charging point available at the moment."
CONNECTED_AGAIN = "Connected to CENTRAL again."
NO_POINTS = "No charging point is available now."
NO_HISTORY = "No charges yet."
ALREADY_ASKED = "Already asked; the answer is on its way."
ALREADY_STOPPING = "Already asked to stop."
STOP_SENT = "Asked to stop the charge."
CANCELLED = "Cancelled: the request had not been sent yet."
NOT_CONNECTED = "Not connected to CENTRAL; it is asked as soon as it can be reached."
TYPE_HELP = "Type help for the commands, quit to leave."
HELP = (
    "start [CP] [near LOCATION]   ask for a charging point (without CP: any that is free)",
    "stop                         end the charge",
    "list                         charging points that are available",
    "balance                      money left",
    "history                      latest charges",
    "quit                         leave (a charge goes on without you)",
)


def connected(address: str) -> str:
    """CENTRAL is reached for the first time."""
    return f"Connected to CENTRAL at {address}."


def cannot_connect(address: str, charging: bool) -> str:
    """CENTRAL cannot be reached; said once per outage."""
    return f"Cannot connect to CENTRAL at {address}; retrying{' (your charge goes on)' if charging else ''}"


def cannot_enter(text: str) -> str:
    """Somebody was reached, but did not let us in; `text` says why."""
    return f"{text}{'' if text.endswith(('.', '!', '?')) else '.'} Retrying."


def farewell(text: str) -> str:
    """CENTRAL said goodbye."""
    return f"CENTRAL closes the connection{': ' + text if text else ''}"


def wanted(cp_id: str | None, location: str | None) -> str:
    """Name what was asked for: one charging point, or any."""
    near = f" near {location}" if location else ""
    return (cp_id or "any charging point") + near


def sent(cp_id: str | None, location: str | None) -> str:
    """The request is on its way."""
    return f"Request sent: {wanted(cp_id, location)}"


def asking(cp_id: str | None) -> str:
    """CENTRAL has authorised the request and asks the charging point."""
    return f"{cp_id} is free; asking it" if cp_id else "Asking the charging point"


def ready(cp_id: str | None, plug_within_s: int) -> str:
    """The charging point waits for the plug."""
    return f"Authorised: plug in at {cp_id or 'the charging point'} within {plug_within_s} s"


def charging(cp_id: str | None) -> str:
    """Power flows."""
    return f"Charging at {cp_id or 'the charging point'}"


def stopping(cp_id: str | None) -> str:
    """The charging point was told to stop."""
    return f"Stopping the charge at {cp_id or 'the charging point'}"


def refusal(code: str, text: str) -> str:
    """Why a request was refused: Central's own sentence, or the meaning of its code."""
    return NONE_AVAILABLE if code == Code.NONE_AVAILABLE else text or labels.code(code)


def refused(text: str) -> str:
    """A rule said no."""
    return f"Refused: {text}"


def live(supply: Supply) -> str:
    """The figures of this second."""
    return (
        f"{supply.cp_id}: {supply.power_w / 1000:.2f} kW, {kwh(supply.energy_mwh)} kWh, "
        f"{euros(supply.cost_cents)} €"
    )


def central_says(text: str) -> str:
    """CENTRAL could not do something, or ends the connection."""
    return f"CENTRAL says: {text}"


def taken_after_all(cp_id: str | None) -> str:
    """A request that had been refused turned out to be running."""
    return f"{cp_id or 'A charging point'} took a request that had been refused; stopping it"


def still_running(cp_id: str | None) -> str:
    """A new request while one is running."""
    return f"A request is already running ({cp_id or 'any charging point'}); wait for its end, or type stop."


def goes_on(cp_id: str | None) -> str:
    """The driver leaves while its charge goes on."""
    return f"Your charge at {cp_id or 'the charging point'} goes on; its ticket is shown when you are back."


def not_sent(cp_id: str | None, location: str | None) -> str:
    """The driver leaves before its request could be sent."""
    return f"The request for {wanted(cp_id, location)} was never sent."


def ended(reason: str) -> str:
    """Say why a charge ended."""
    return labels.reason(EndReason.read(reason))


def ticket(driver_id: str, bill: TicketIssued) -> list[str]:
    """The final bill as a block of lines."""
    lines = [
        "===== SESSION SUMMARY =====",
        f"Driver:  {driver_id}",
        f"Session: {bill.session_id}",
        f"Energy:  {kwh(bill.energy_mwh)} kWh{'  (estimated)' if bill.estimated else ''}",
        f"Cost:    {euros(bill.cost_cents)} €  ({price_text(bill.price)} €/kWh)",
        f"Ended:   {ended(bill.reason)}",
    ]
    if bill.while_away:
        lines.append("Note:    this charge ended while you were away")
    return [*lines, "==========================="]


def points(answer: Points) -> list[str]:
    """The available charging points as a table."""
    if not answer.points:
        return [NO_POINTS]
    rows = [
        (point.cp_id, f"{price_text(point.price)} €/kWh", point.status, point.location)
        for point in answer.points
    ]
    return table(("Point", "Price", "Status", "Location"), rows)


def balance(answer: Balance) -> str:
    """The wallet."""
    held = f" ({euros(answer.held_cents)} € held for a running charge)" if answer.held_cents else ""
    return f"Balance: {euros(answer.balance_cents)} €{held}"


def history(answer: History) -> list[str]:
    """The latest tickets as a table, newest first."""
    if not answer.tickets:
        return [NO_HISTORY]
    rows = [
        (
            bill.session_id,
            bill.cp_id,
            f"{kwh(bill.energy_mwh)} kWh",
            f"{euros(bill.cost_cents)} €",
            ended(bill.reason),
        )
        for bill in answer.tickets
    ]
    return table(("Session", "Point", "Energy", "Cost", "Ended"), rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Columns as wide as their widest cell, two blanks between."""
    cells = [head, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


# ---- what was typed


def unknown_command(word: str) -> str:
    """No such command; `word` is already printable."""
    return f"unknown command {word}"


def takes_nothing(command: str) -> str:
    """A command was given more than it takes."""
    return f"{command} takes nothing after it"


def too_long(limit: int) -> str:
    """A line longer than any command or service."""
    return f"too long (more than {limit} bytes)"


NOT_TEXT = "not UTF-8 text"
CONTROL_CHARACTERS = "control characters in it"
NEAR_WHAT = "near needs a location after it, as in: any near Berlin"


def expected_point(shown: str) -> str:
    """What stands where a charging point should."""
    return f"expected a charging point (such as CP001) or any, then near LOCATION; found {shown}"


def bad_location(shown: str) -> str:
    """A location that nobody would print."""
    return f"bad location {shown}: at most 200 plain characters"


def not_understood(problem: str) -> str:
    """A typed line that was not carried out."""
    return f"Not understood: {problem}. {TYPE_HELP}"


# ---- a file of services


def cannot_read(name: str, why: str) -> str:
    """The file of services cannot be used."""
    return f"cannot read {name}: {why}. Give a text file with one charging point a line."


def not_a_text_file(name: str) -> str:
    """The file of services is binary."""
    return f"{name} is not a text file in UTF-8. Give a text file with one charging point a line."


def bad_line(name: str, line: int, problem: str) -> str:
    """One line of the file is skipped."""
    return f"{name}, line {line} skipped: {problem}"


def more_bad_lines(name: str) -> str:
    """Too many bad lines to name each."""
    return f"{name}: further bad lines are skipped without being named"


def resuming(name: str, line: int, unknown: bool) -> str:
    """The file was begun by an earlier run."""
    after = "asking what became of" if unknown else "after"
    return f"Continuing {name} where it was left: {after} line {line}"


def service(number: int, line: int, cp_id: str | None, location: str | None) -> str:
    """A service of the file begins."""
    return f"Service {number} (line {line}): {wanted(cp_id, location)}"


def next_in(pause_s: float) -> str:
    """The pause between two services."""
    return f"Next service in {pause_s:g} s"


def no_services(name: str) -> str:
    """The file holds nothing to do."""
    return f"No services in {name}."


def services_done(name: str, rows: Iterable[Sequence[str]]) -> list[str]:
    """The table at the end of a file."""
    title = f"===== SERVICES OF {name} ====="
    body = table(("Line", "Asked for", "Point", "kWh", "€", "Result"), rows)
    return [title, *body]


def services_total(charged: int, refused_count: int, bad: int, energy_mwh: int, cost_cents: int) -> str:
    """The last line of that table."""
    skipped = f", {bad} bad line{'s' * (bad > 1)} skipped" if bad else ""
    sums = f"{kwh(energy_mwh)} kWh, {euros(cost_cents)} €"
    return f"Total: {charged} charged, {refused_count} refused{skipped}; {sums}"


def earlier_rows(count: int) -> str:
    """The table's oldest rows are left out."""
    return f"… and {count} earlier services"


# ---- the state folder


def damaged(path: str, consequence: str) -> str:
    """A file of ours was not readable; it is begun anew."""
    return f"{path} was damaged and is begun anew; {consequence}"


SEEN_LOST = "a ticket may be shown once more"
SCRIPT_LOST = "a file of services begins at its first line"


def cannot_use(path: str, why: str) -> str:
    """A file in the state folder cannot be read or written."""
    return f"cannot use {path}: {why}. Make room, or check the permissions."


SCREEN_GONE = "nobody reads the screen any more; a running charge goes on, its ticket waits for you"
