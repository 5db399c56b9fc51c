"""What a monitor's screen shows. Pure."""

from collections.abc import Sequence

from rich.text import Text

from evcharge.cp.status import MonitorFacts, located, warmth
from evcharge.labels import Speech
from evcharge.terminal import drawing
from evcharge.terminal.fault_log import LoggedFault, clock

# Below so many lines there may be no room for the messages.
_HIGH = 20


def view(
    facts: MonitorFacts,
    troubles: Sequence[LoggedFault],
    messages: Sequence[Text],
    words: Speech,
    width: int,
    height: int,
    *,
    only_list: bool,
) -> list[Text]:
    """Return the lines of the screen; `messages` and `troubles` newest first."""
    title = located(words("monitor title", cp_id=facts.cp_id), facts.location)
    top = [drawing.title(title, facts.clock, width)]
    listed = drawing.listed(troubles, words)
    if only_list:
        top.append(drawing.heading(words("faults"), width))
        middle = drawing.wrapped(listed, width, height)
    else:
        top += _lamps(facts, words)
        top += [Text(), drawing.heading(words("faults"), width)]
        # The faults may take half of what is left, and the messages the rest.
        room = max(1, (height - len(top) - 3) // 2)
        silent = [Text(f" {words('nothing yet')}", style="dim")]
        middle = [
            *drawing.wrapped(listed, width, room),
            Text(),
            drawing.heading(words("messages"), width),
            *drawing.wrapped(messages or silent, width, height),
        ]
    keys = drawing.keys(
        [
            ("r", words("key r")),
            ("w", words("key w")),
            ("a", words("key a")),
            ("f", words("key f, simulating" if facts.simulating else "key f")),
            ("l", words("key l")),
            ("q", words("key q")),
        ],
        width,
    )
    if messages and (only_list or height < _HIGH):
        # What a key has done is seen wherever one looks.
        keys = [*drawing.wrapped(messages[:1], width, 2), *keys]
    return drawing.page(top, middle, keys, height)


def _lamps(facts: MonitorFacts, words: Speech) -> list[Text]:
    heard = words("no ping") if facts.heard_at is None else words("ping at", at=clock(facts.heard_at))
    lines = [
        drawing.fact(words("engine"), drawing.lamp(facts.engine.lamp, facts.engine.words)),
        drawing.fact(
            "", f"{facts.engine_at}  {heard}{words.figures(warmth(facts.temperature_deci_celsius))}"
        ),
        drawing.fact(words("link"), drawing.lamp(facts.link.lamp, facts.link.words)),
        drawing.fact("", words("link means")),
        drawing.fact(words("central"), drawing.lamp(facts.central.lamp, facts.central.words)),
        drawing.fact("", facts.central_at),
    ]
    if facts.withheld:
        lines.append(drawing.fact("", Text(facts.withheld, style="not dim yellow")))
    if facts.monitors > 1:
        lines.append(Text(f" {words('many monitors', count=facts.monitors)}", style="yellow"))
    if facts.simulating:
        lines.append(Text(f" {words('simulating')}", style="yellow"))
    return lines
