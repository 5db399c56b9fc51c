"""What a database did not do, in our own words: whoever uses one catches these, and never an engine's own errors.

StoreError                 nothing of this transaction is stored; this read has no answer
├── ConstraintViolated     the data breaks a rule of the schema: it will each time
├── StoreStale             another writer has changed what this was decided on: read it anew, and decide again
├── StoreFull              there is no room: again when somebody has made some
├── StoreBusy              another has it: again in a moment
├── StoreAway              it cannot be reached: again when it is back
│   └── StoreInDoubt       nor is known whether this was stored: look, before it is tried again
├── StoreUnwritable        we may not open it, or not write there: its owner or its permissions
└── StoreBroken            what is stored can no longer be relied on: stop
    ├── StoreDamaged       what is stored is not what was written
    └── StoreDeposed       another Central has these books now

Whether a commit was stored is known when one of them is raised, except for StoreInDoubt: nothing more is stored until
it is. Pure.
"""


class StoreError(Exception):
    """The database did not store or read something; `code` is the engine's own name for why.

    It says `sentence`. What the engine said stands in `args`, for a traceback only.
    """

    sentence = "the database did not do it"

    def __init__(self, text: str, code: str = "", sentence: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.sentence = sentence or type(self).sentence

    def __str__(self) -> str:
        return self.sentence


class ConstraintViolated(StoreError):
    """The schema refuses the data. Everything else of the same transaction may be tried without it."""

    sentence = "it breaks a rule of the database"


class StoreStale(StoreError):
    """A row is not of the version that was read: another writer was faster."""

    sentence = "another Central has changed it meanwhile"


class StoreFull(StoreError):
    """The disk, or what the database may use of it, is full."""

    sentence = "the disk is full"


class StoreBusy(StoreError):
    """Somebody else holds what this needs."""

    sentence = "another program holds the database"


class StoreAway(StoreError):
    """The database cannot be reached."""

    sentence = "the database cannot be reached"


class StoreInDoubt(StoreAway):
    """The database went away in the middle of a commit, and nobody knows yet whether that was stored."""


class StoreUnwritable(StoreError):
    """The database cannot be opened or written by us."""

    sentence = "the database may not be opened or written by us"


class StoreBroken(StoreError):
    """What the database holds cannot be relied on from now on: a write may be lost that it took for done."""

    sentence = "the disk failed in the middle of a write"


class StoreDamaged(StoreBroken):
    """What the database holds is no longer what was written."""

    sentence = "the database is damaged"


class StoreDeposed(StoreBroken):
    """Another Central writes these books from now on; nothing of ours is stored any more."""

    sentence = "another Central has taken these books over"
