"""What the doctor saw of this PC and of its ways to the others: facts alone. `findings` says what they mean. Pure."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from evcharge.runtime.health_socket import Pulse


class WayEnd(StrEnum):
    """How a try to open a TCP connection ended."""

    OPEN = "open"
    REFUSED = "refused"
    # Nothing came back in time: switched off, another address, or a firewall that drops.
    DROPPED = "dropped"
    # An ICMP message came back: a firewall or a router says no.
    TURNED_AWAY = "turned away"
    # Nobody in this network has that address: its neighbours were asked for it (ARP).
    NOBODY = "nobody"
    NO_ROUTE = "no route"
    NO_NAME = "no name"
    # The firewall of this PC.
    HELD_BACK = "held back"
    FAILED = "failed"


class Way(Struct, frozen=True, kw_only=True):
    """One way to `host:port`; `why` is for those ends that have no sentence of their own."""

    host: str
    port: int
    end: WayEnd
    why: str = ""


class Trust(StrEnum):
    """What became of the TLS handshake with our CA."""

    OURS = "ours"
    OTHER_CA = "other CA"
    OTHER_NAME = "other name"
    NOT_YET = "not yet"
    EXPIRED = "expired"
    NO_TLS = "no TLS"
    SILENT = "silent"
    # There is no ca.pem here that could be compared with.
    UNCHECKED = "unchecked"


class ServerShown(Struct, frozen=True, kw_only=True):
    """What a server showed: its certificate's names and term, and how far this PC's clock is ahead of its own."""

    trust: Trust
    names: tuple[str, ...] = ()
    begins: datetime | None = None
    ends: datetime | None = None
    ahead_s: float | None = None


class TlsServer(Struct, frozen=True, kw_only=True):
    """A server that speaks TLS: the Registry, or Central's API."""

    way: Way
    shown: ServerShown | None = None


class CredentialAnswer(StrEnum):
    """What the Registry says of the credential of an id that lives here."""

    TAKEN = "taken"
    REFUSED = "refused"
    DISABLED = "disabled"
    # There is none here, or it cannot be read.
    UNREADABLE = "unreadable"
    # The Registry was not asked, or had no time for it.
    UNASKED = "unasked"


class Member(Struct, frozen=True, kw_only=True):
    """A charging point or driver of this state folder. `ticket_ends`: the last kept ticket's, Unix seconds."""

    id: str
    kind: str
    path: str
    answer: CredentialAnswer
    why: str = ""
    ticket_ends: float | None = None


class Knock(Struct, frozen=True, kw_only=True):
    """What Central said to the ticket of `id`: None is yes (nobody logs in for it)."""

    id: str
    code: str | None
    why: str = ""


class OpenFile(Struct, frozen=True, kw_only=True):
    """A secret or a folder of another mode than ours, or that belongs to somebody else (`owner`, a uid)."""

    path: str
    mode: int
    owner: int


class PaperEnd(StrEnum):
    """How the reading of a certificate of the state folder ended."""

    WHOLE = "whole"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    SPOILT = "spoilt"
    # Its private key lies beside it, and is another one's.
    OTHER_KEY = "other key"
    OTHER_CA = "other CA"


class Paper(Struct, frozen=True, kw_only=True):
    """A certificate of the state folder, and until when it holds; `why` is for one that cannot be read."""

    path: str
    end: PaperEnd
    ends: datetime | None = None
    why: str = ""


class Home(StrEnum):
    """Where the state folder was made, by the mark that `init` and `join` leave in it."""

    HERE = "here"
    ELSEWHERE = "elsewhere"
    # An older release made it, or this PC has no number of its own (containers).
    UNKNOWN = "unknown"


class Folder(Struct, frozen=True, kw_only=True):
    """The state folder."""

    path: str
    is_there: bool
    home: Home = Home.UNKNOWN
    secrets: int = 0
    open_files: tuple[OpenFile, ...] = ()
    open_folders: tuple[OpenFile, ...] = ()
    free_bytes: int | None = None
    # Registry and Central have their CA here.
    has_own_ca: bool = False
    # ca.pem first; with our own CA also those of Registry and Central.
    papers: tuple[Paper, ...] = ()


class BooksHere(Struct, frozen=True, kw_only=True):
    """Central's books on this PC: who works with them, and how they stand to those of the Central that answers.

    `same`: the newest row here is one of its own; None where it was not asked.
    """

    path: str
    holder: int | None
    same: bool | None = None
    rows: int = 0


class WeatherSource(Struct, frozen=True, kw_only=True):
    """The source of weather. `needed`: a weather service runs here, or the settings name a source."""

    name: str
    why: str | None
    needed: bool


class Process(Struct, frozen=True, kw_only=True):
    """One process of evcharge on this PC."""

    name: str
    pulse: Pulse
    why: str = ""


class DatabaseThere(Struct, frozen=True, kw_only=True):
    """The database of a service ([central] or [registry]): its address, and what keeps that service from it.

    `why`: "" is nothing. `schema`: of the tables there; None where there are none yet.
    """

    section: str
    at: str
    why: str = ""
    schema: int | None = None


class Observations(Struct, frozen=True, kw_only=True):
    """All of it. What was not looked at is None or empty."""

    now: datetime
    within_s: float
    version: str
    python: tuple[int, int]
    uid: int
    folder: Folder
    registry: TlsServer
    central: Way
    central_api: TlsServer
    central_api_url: str
    # Of several Registries and Centrals those that do not answer while another one does.
    registries_away: tuple[TlsServer, ...] = ()
    central_apis_away: tuple[TlsServer, ...] = ()
    members: tuple[Member, ...] = ()
    knock: Knock | None = None
    # The release of Central; None when there was no token to ask with, or no answer.
    central_version: str | None = None
    health_port: Way | None = None
    books: BooksHere | None = None
    # Of those services whose tables are not in a file.
    databases: tuple[DatabaseThere, ...] = ()
    brokers: str = ""
    # What keeps us from them; "" is nothing.
    brokers_why: str = ""
    brokers_sent_on: bool = False
    # Why operators are not told by a way of `[notify]`, by its name; None where there is none, or Central did not say.
    untold_by: dict[str, str] | None = None
    source: WeatherSource | None = None
    processes: tuple[Process, ...] = ()
