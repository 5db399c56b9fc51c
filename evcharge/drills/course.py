"""What a drill is: steps as data. Each says what is done, where to look, and what must be so. Pure."""

from enum import StrEnum

from msgspec import Struct


class Act(StrEnum):
    """What the drill does in one step."""

    CHARGE = "charge"
    ASK = "ask"
    UNPLUG = "unplug"
    KILL_ENGINE = "kill engine"
    START_ENGINE = "start engine"
    KILL_MONITOR = "kill monitor"
    START_MONITOR = "start monitor"
    KILL_DRIVER = "kill driver"
    START_DRIVER = "start driver"
    KILL_CENTRAL = "kill central"
    START_CENTRAL = "start central"
    KILL_LEADER = "kill leader"
    START_LEADER = "start leader"
    FREEZE_LEADER = "freeze leader"
    GO_ON_LEADER = "go on leader"
    KILL_REGISTRY = "kill registry"
    START_REGISTRY = "start registry"
    FREEZE_REGISTRY = "freeze registry"
    GO_ON_REGISTRY = "go on registry"
    REGISTER_ANEW = "register anew"
    SPOIL_KEY = "spoil key"
    RIGHT_KEY = "right key"
    REVOKE = "revoke"
    ROTATE = "rotate"
    FREEZE_OVER = "freeze over"
    THAW = "thaw"
    STOP_BROKER = "stop broker"
    GO_ON_BROKER = "go on broker"
    FILL_DISK = "fill disk"
    FREE_DISK = "free disk"
    CUT_CABLE = "cut cable"
    MEND_CABLE = "mend cable"
    VERIFY = "verify"


class Proof(StrEnum):
    """How the drill finds out whether something is so."""

    # The status of the drill's charging point, by the API.
    STATUS = "status"
    # A charge runs at it, by the API, and its energy grows.
    GROWS = "grows"
    # The charge that began last has one ticket in the books, and no session is open.
    TICKET = "ticket"
    ENGINE_SAYS = "engine says"
    MONITOR_SAYS = "monitor says"
    DRIVER_SAYS = "driver says"
    API_AWAY = "api away"
    API_BACK = "api back"
    # An alert of that id is open, or open no more.
    ALERT = "alert"
    NO_ALERT = "no alert"
    # Another Central takes peers; the API says that it took over and why; the one that was broken stands by.
    OTHER_WORKS = "other works"
    TOOK_OVER = "took over"
    STANDS_BY = "stands by"
    # Another Registry takes connections; the API says that the one that was broken is away, or there again.
    OTHER_REGISTRY = "other registry"
    REGISTRY_AWAY = "registry away"
    REGISTRY_BACK = "registry back"
    # `evcharge audit verify` finds nothing wrong.
    VERIFIED = "verified"


class Screen(StrEnum):
    """Where a person looks."""

    WALL = "wall"
    DRIVER = "driver"
    ENGINE = "engine"
    MONITOR = "monitor"
    CENTRAL = "central"
    CENTRALS = "centrals"
    MEMBERS = "members"


class Expectation(Struct, frozen=True):
    """Something that must become so: `value` is a status, an alert, a cause, or a pattern of a line.

    `within_s`: what is promised about it; 0: nothing in particular.
    """

    proof: Proof
    value: str = ""
    within_s: float = 0.0


class Need(StrEnum):
    """What a drill needs of this machine; without it, it is not run."""

    CENTRAL_HERE = "central here"
    CENTRAL_ALONE = "central alone"
    TWO_CENTRALS = "two centrals"
    TWO_REGISTRIES = "two registries"
    POSTGRES_HERE = "postgres here"
    BROKER_HERE = "broker here"
    SMALL_DISK = "small disk"


class Step(Struct, frozen=True, kw_only=True):
    """One step: what is done, where to look meanwhile, and what must become so."""

    act: Act
    look: tuple[Screen, ...]
    expects: tuple[Expectation, ...]


class Drill(Struct, frozen=True, kw_only=True):
    """One drill by its name. `needs` what this machine must offer."""

    name: str
    steps: tuple[Step, ...]
    needs: tuple[Need, ...] = ()


class DrillVerdict(StrEnum):
    """How a drill ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"


class Seen(Struct, frozen=True, kw_only=True):
    """What became of one expectation, after how many seconds; `what` was seen last."""

    expectation: Expectation
    holds: bool
    seconds: float
    what: str


class StepReport(Struct, frozen=True, kw_only=True):
    """One step that was done."""

    step: Step
    seen: tuple[Seen, ...]


class DrillReport(Struct, frozen=True, kw_only=True):
    """One drill: its verdict, what was seen, and why it was not run or broke off."""

    drill: Drill
    verdict: DrillVerdict
    began_at: str
    steps: tuple[StepReport, ...] = ()
    why: str = ""


def verdict_of(reports: list[DrillReport]) -> DrillVerdict:
    """Return how all of them ended: what was not run has not passed."""
    verdicts = {report.verdict for report in reports}
    if DrillVerdict.FAILED in verdicts:
        return DrillVerdict.FAILED
    return DrillVerdict.PASSED if DrillVerdict.PASSED in verdicts else DrillVerdict.NOT_RUN
