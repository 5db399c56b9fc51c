"""Every command that a document types, one way to find them all, and how each is held to what is so.

`evcharge` lines are parsed by the real parser, and those that ask a running network are run in one
(tests/system/test_documents.py); `make` says what it would do; compose files, units and containers must be there. What
is neither run nor parsed stands in NEITHER with its reason.
"""

import itertools
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENTS = (
    ROOT / "README.md",
    ROOT / "README.es.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "config.toml",
    *sorted(ROOT.glob("docs/**/*.md")),
)
_SHELLS = ("sh", "bash", "console", "shell")
# Of what stands in a sentence: ours, and what somebody might type as well.
_PROGRAMS = (
    "evcharge|make|docker|podman-compose|python3?|pip|pkill|kill|journalctl|systemctl|runuser|curl|kcat|rm|git|ls|df"
    # `cp set` is one of our own commands.
    "|cp(?! set)"
)
# Files with commands in their comments.
COMMENTED = (
    ROOT / "compose.yaml",
    ROOT / "Dockerfile",
    ROOT / "Makefile",
    ROOT / "front.txt",
    ROOT / "services.txt",
    ROOT / ".pre-commit-config.yaml",
    *sorted(
        path for path in (ROOT / "deploy").rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ),
)

# Commands that ask a network that runs, or this PC, and end: tests/system/test_documents.py types each line of a block
# that begins so, once.
RUN = (
    "evcharge cps", "evcharge sessions", "evcharge tickets", "evcharge alerts", "evcharge report", "evcharge out",
    "evcharge top-up", "evcharge backup", "evcharge account", "evcharge token", "evcharge audit", "evcharge health",
    "evcharge ports", "evcharge invite", "evcharge export", "curl --cacert",
)  # fmt: skip
# Of those, what needs more than a network: a passphrase that is typed.
ASKS = "--with-keys"

# What no test runs and nothing here can parse: the beginning of the line, and why.
NEITHER = {
    "curl -k -X POST https://127.0.0.1:5001/register/cp": "tests/system/test_readme.py types it at a real Registry",
    "kcat ": "another project's reader of Kafka; tests/system/test_kafka.py reads the topics with a client of its own",
    "python3 -m venv": "makes a virtual environment; the Makefile's own is how these tests run",
    "cp deploy/systemd": "installs into the system; that its files are there is looked at below",
    "useradd ": "makes a user of this system",
    "install -d ": "makes a folder of the system, for that user",
    "createuser ": "makes a role and a database of a server; tests of PostgreSQL start one of their own",
    "createdb ": "makes a database of a server, as the line of `createuser` does",
    "pre-commit install": "changes the reader's own clone; `make check` runs what it would run",
    "kill -9": "names how a process of the reader's ends; many tests end processes so",
    "df -h": "asks the reader's own disk",
    "ls -l .evcharge": "shows the reader's own state folder",
    "cp -r state other": "files of the reader's; tests/system/test_wrong_keys.py gives Central another key, too",
    "rm other/service.key": "the same",
    "cp state/service.key other/": "the same",
    "cp secret.right secret": "the same, with a credential",
    "podman build": "tests/system/test_containers.py builds the image, where an engine is",
}


# What only a reader's own change of the code makes possible: the beginning of the line, and why.
NOT_YET = {
    "evcharge weather --source thermometer": "an exercise adds this source; its model solution is tested with it",
}


@dataclass(frozen=True)
class Typed:
    """One command as a document types it, without its comment; `fenced` when it is a line of a block to be typed."""

    document: str
    text: str
    fenced: bool

    def __str__(self) -> str:
        return f"{self.document}: {self.text}"

    @property
    def words(self) -> list[str]:
        """Its words as a shell makes them, without assignments and redirections before and behind."""
        words = shlex.split(re.sub(r"\$\([^)]*\)", "X", self.text.partition(" | ")[0]))
        words = list(itertools.dropwhile(lambda word: re.fullmatch(r"[A-Z_]+=.*", word), words))
        return [word for word in words if not re.match(r"\d*[<>]", word)]

    @property
    def program(self) -> str:
        """What runs: the first word, or `evcharge` where another program becomes it."""
        return "evcharge" if self.evcharge is not None else Path(self.words[0]).name if self.words else ""

    @property
    def evcharge(self) -> list[str] | None:
        """The words behind `evcharge`, also in a container or as another user; None when it is not run."""
        words = self.words
        for at, word in enumerate(words):
            is_run = at == 0 or words[at - 1] == "--" or (words[0] == "docker" and "exec" in words)
            # Of `env EVCHARGE_HEALTH=/run/evcharge …` only what comes behind runs.
            if (word == "evcharge" and is_run) or (word.endswith("/evcharge") and "=" not in word):
                # What `install -d … /var/lib/evcharge` and `useradd` name is a folder.
                return words[at + 1 :] if words[0] not in ("install", "useradd", "python3") else None
        return None


def everything() -> list[Typed]:
    """Return every command of every document, and of the comments of files that are read like one."""
    documents = [typed for path in DOCUMENTS for typed in commands_of(path)]
    return documents + [typed for path in COMMENTED for typed in commands_of_comments(path)]


def commands_of_comments(path: Path) -> Iterator[Typed]:
    """Yield what stands in the comments of a file as `docker compose …`, or as a line that begins with it."""
    document = str(path.relative_to(ROOT))
    for comment in re.findall(r"(?:^|\s)#( .*)$", path.read_text("utf-8"), re.MULTILINE):
        for inline in re.findall(rf"`((?:{_PROGRAMS}) [^`]+)`", comment):
            yield from (Typed(document, part, fenced=False) for part in _parts(inline))
        if found := re.match(r" {2,}((?:[A-Z_]+=\S+ )*(?:evcharge|make|docker) .*?)(?:\s+#.*)?$", comment):
            yield from (Typed(document, part, fenced=True) for part in _parts(found[1]))


def _parts(line: str) -> Iterator[str]:
    """Yield the commands of one line: `A && B`, or `A` alone."""
    yield from (part.strip() for part in line.split(" && ") if part.strip())


def commands_of(path: Path) -> Iterator[Typed]:
    """Yield the commands of one document: lines of its blocks, and what stands in its text as `evcharge …`."""
    document = str(path.relative_to(ROOT))
    text = path.read_text("utf-8")
    blocks = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
    for found in blocks.finditer(text):
        if found[1] in _SHELLS:
            for line in re.sub(r"\\\n\s*", " ", found[2]).splitlines():
                for part in _parts(re.sub(r"(^|\s+)#( .*)?$", "", line)):
                    # `D01> start` is typed at a prompt of ours; `export A=b` runs nothing.
                    if not part.startswith("export "):
                        yield Typed(document, part, fenced=True)
    rest = blocks.sub("", text).replace("\\|", "|")
    for inline in re.findall(rf"`((?:{_PROGRAMS}) [^`\n]+)`", rest):
        yield from (Typed(document, part, fenced=False) for part in _parts(inline))


def to_run() -> list[str]:
    """Return the lines that are typed at a real network, in the order of the documents, each once."""
    lines = [
        one.text for one in everything() if one.fenced and one.text.startswith(RUN) and ASKS not in one.text
    ]
    return list(dict.fromkeys(lines))


def spelt_out(typed: Typed) -> Iterator[list[str]]:
    """Yield the words behind `evcharge` with what a text leaves open filled in: `add|list`, `[AMOUNT]`, `S-…`."""
    words: list[str] = []
    for each in typed.evcharge or ():
        word = re.sub(r"(?<=\w)\[[^\]]*\]", "", each).strip("[]")
        if word == "…" and (not words or not words[-1].startswith("-")):
            break
        words.append(word.replace("…", "1"))
    choices = [word.split("|") if re.fullmatch(r"[a-z-]+(\|[a-z-]+)+", word) else [word] for word in words]
    yield from map(list, itertools.product(*choices))
