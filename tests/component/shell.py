"""Commands that are typed on the operator's PC, in this process."""

import asyncio
from pathlib import Path

from evcharge import cli


class Shell:
    """A shell on the operator's PC."""

    def __init__(self, state: Path, capsys, **flags: str) -> None:
        self.state = state
        self._capsys = capsys
        self._flags = [
            part for name, value in flags.items() for part in (f"--{name.replace('_', '-')}", value)
        ]

    async def types(self, *args: str) -> tuple[int, str, str]:
        """Run one command; return its exit code, output and errors."""
        self._capsys.readouterr()
        code = await asyncio.to_thread(cli.run, [*args, "--state", str(self.state), *self._flags])
        said = self._capsys.readouterr()
        return code, said.out, said.err

    async def does(self, *args: str) -> str:
        """Run one command that must succeed; return its output."""
        code, out, err = await self.types(*args)
        assert (code, err) == (0, ""), (code, out, err)
        return out

    async def fails(self, *args: str, code: int = 1) -> str:
        """Run one command that must fail with one sentence; return it."""
        found, out, err = await self.types(*args)
        assert (found, out) == (code, ""), (found, out, err)
        assert "Traceback" not in err
        return err
