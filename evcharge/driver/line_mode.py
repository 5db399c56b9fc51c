"""Line mode: what is typed, or piped in, until its end."""

from collections.abc import AsyncIterator

from evcharge.domain.errors import BadInput
from evcharge.driver.actions import ActionRunner
from evcharge.driver.conversation import Question
from evcharge.driver.lines import LineCutter, RawLine
from evcharge.driver.prompt import PinWish, StopWish, TypedCommand, Word, parse
from evcharge.driver.script import Wish
from evcharge.evc1.messages import AskBalance, AskHistory, AskPin, ListPoints, SetPin
from evcharge.terminal.fault_log import told

_QUESTIONS: dict[str, Question] = {"list": ListPoints(), "balance": AskBalance(), "history": AskHistory()}


async def obey(desk: ActionRunner, chunks: AsyncIterator[bytes], *, is_terminal: bool) -> None:
    """Do what the lines in `chunks` say, until `quit` or their end.

    A person who ends the input leaves; a program that does wants what it asked for: its end waits for that.
    """
    cutter = LineCutter()
    async for chunk in chunks:
        for line in cutter.feed(chunk):
            if not obey_line(desk, line):
                return
    for line in cutter.end():
        if not obey_line(desk, line):
            return
    if not is_terminal:
        await desk.until(lambda: not desk.conversation.busy)


def obey_line(desk: ActionRunner, line: RawLine) -> bool:
    """Do what one line says; return whether to go on."""
    try:
        command = parse(line.text(desk.words), desk.words)
    except BadInput as problem:
        desk.show(desk.words.not_understood(problem.text))
        return True
    match command:
        case Wish():
            wish = (command.cp_id, command.location, None, command.until_mwh, command.until_cents)
            desk.carry_out(desk.conversation.start(*wish))
        case StopWish(cp_id=cp_id):
            desk.carry_out(desk.conversation.stop(cp_id))
        case PinWish(limit_cents=limit_cents, pin=None) if limit_cents:
            # Where no digits can be asked for, hidden.
            desk.show(desk.words.not_understood(desk.words("bad pin")))
        case PinWish():
            asked = AskPin() if command.is_asked else SetPin(pin=command.pin, limit_cents=command.limit_cents)
            desk.carry_out(desk.conversation.ask(asked))
        case TypedCommand(word="yes" | "no"):
            desk.carry_out(desk.conversation.answer(yes=command.word == "yes"))
        case TypedCommand(word="quit"):
            return False
        case TypedCommand():
            _do(desk, command.word)
    return True


def _do(desk: ActionRunner, word: Word) -> None:
    if word == "help":
        desk.show(*desk.words.help())
    elif word == "troubles":
        desk.show(*told(desk.troubles.newest_first, desk.words))
    else:
        desk.carry_out(desk.conversation.ask(_QUESTIONS[word]))
