"""What an engine's screen shows. Pure."""

from collections.abc import Sequence

from rich.text import Text

from evcharge import labels
from evcharge.cp.health import BROKEN
from evcharge.cp.status import (
    EngineFacts,
    Lamp,
    ShownSession,
    car_words,
    central_words,
    located,
    state_words,
    warmth,
)
from evcharge.domain.billing import kwh
from evcharge.labels import Speech
from evcharge.terminal import drawing
from evcharge.terminal.fault_log import LoggedFault


def view(
    facts: EngineFacts,
    messages: Sequence[Text],
    words: Speech,
    width: int,
    height: int,
    *,
    troubles: Sequence[LoggedFault] | None = None,
) -> list[Text]:
    """Return the lines of the screen; all lists newest first. With `troubles`: those and the messages, no more."""
    top = [
        drawing.title(located(words("engine title", cp_id=facts.cp_id), facts.location), facts.clock, width)
    ]
    if troubles is None:
        top += _facts(facts, words)
        if facts.session is not None:
            top += _session(facts.session, facts, words, width)
        elif facts.confirming is not None:
            driver_id, left_s = facts.confirming
            waits = words("confirms within", s=left_s)
            top.append(
                drawing.fact(words("driver"), Text(driver_id, style="not dim bold")).append(
                    f"  {waits}", style="not dim yellow"
                )
            )
        top.append(Text())
    else:
        top.append(drawing.heading(words("faults"), width))
        # They may take half of the window, and the messages the rest.
        top += drawing.wrapped(drawing.listed(troubles, words), width, max(1, height // 2 - 2))
        top.append(Text())
    top.append(drawing.heading(words("messages"), width))
    broken = facts.fault == BROKEN
    keys = drawing.keys(
        [
            ("p", words("key p")),
            ("u", words("key u")),
            ("m", words("key m")),
            ("k", words("key k, broken" if broken else "key k")),
            ("s", words("key s")),
            ("l", words("key l")),
            ("q", words("key q")),
        ],
        width,
    )
    silent = [Text(f" {words('nothing yet')}", style="dim")]
    return drawing.page(top, drawing.wrapped(messages or silent, width, height), keys, height)


def _facts(facts: EngineFacts, words: Speech) -> list[Text]:
    monitors = {0: words("no monitor"), 1: words("one monitor")}.get(
        facts.monitors, words("monitors", count=facts.monitors)
    )
    waits = "" if facts.delivered else f", {words('to deliver')}"
    return [
        drawing.fact(
            words("engine"),
            drawing.lamp(Lamp.OK if facts.fault is None else Lamp.KO, state_words(facts, words)),
        ),
        drawing.fact(
            words("central"),
            drawing.lamp(Lamp.OK if facts.linked else Lamp.KO, central_words(facts, words)),
            f"  {facts.central_at}",
        ),
        *([drawing.fact("", Text(facts.withheld, style="not dim yellow"))] if facts.withheld else []),
        drawing.fact(
            words("health"),
            drawing.lamp(Lamp.OK if facts.monitors == 1 else Lamp.SILENT, monitors),
            f"  {facts.health_at}",
        ),
        drawing.fact(words("car"), car_words(facts, words)),
        drawing.fact(
            words("meter"), words("meter value", kwh=kwh(facts.meter_mwh), seq=facts.last_seq) + waits
        ),
    ]


def _session(session: ShownSession, facts: EngineFacts, words: Speech, width: int) -> list[Text]:
    driver = drawing.fact(words("driver"), Text(session.driver_id, style="not dim bold"))
    if session.wait_s is not None:
        return [driver.append(f"  {words('plug within', s=session.wait_s)}", style="not dim yellow")]
    used = session.energy_mwh * 1000 // session.limit_mwh if session.limit_mwh else 0
    lines = [
        driver,
        drawing.fact(
            words("power"), words.figures(f"{session.kw} kW{warmth(facts.temperature_deci_celsius)}")
        ),
        drawing.fact(words("energy"), words.figures(f"{kwh(session.energy_mwh)} kWh")),
        drawing.fact(
            words("cost"),
            f"{labels.money(session.cost_cents, words.lang)}  ({labels.price(session.price, words.lang)})",
        ),
        drawing.fact(words("limit"), drawing.bar(used, width)),
    ]
    if facts.battery_permille is not None:
        lines.append(drawing.fact(words("battery"), drawing.bar(facts.battery_permille, width)))
    return lines
