"""What the steps choose from."""

from hypothesis import strategies as st

from evcharge.central.rules.settings import Rules
from evcharge.domain.charging_point import Hold
from evcharge.domain.issuer import Issuer
from tests.unit.central.builders import NOON
from tests.unit.central.model import MAX_HOLD, MAX_MWH, WELCOME

RULES = Rules(
    now=NOON,
    welcome_credit_cents=WELCOME,
    max_hold_cents=MAX_HOLD,
    max_session_mwh=MAX_MWH,
    issuer=Issuer(vat_permille=210),
)
CPS, DRIVERS = ("CP001", "CP002"), ("D01", "D02")
cps, drivers = st.sampled_from(CPS), st.sampled_from(DRIVERS)
PLACES, HOME = ("Elche", "Altea"), {"CP001": "Elche", "CP002": "Altea"}
places = st.sampled_from(["Elche", "ELCHE", "Altea"])
said_places = st.sampled_from(["", "", *PLACES])
# The third is placed with a new journal, and lifted with its alert.
ORDERED_HOLDS = (Hold.OPERATOR, Hold.WEATHER)
ordered_holds = st.sampled_from(ORDERED_HOLDS)
# Mostly the keys that are valid; sometimes older or newer ones.
rarely = st.sampled_from([False] * 4 + [True])
epochs = st.sampled_from([None] * 4 + [0, 1, 2, 3])
# Mostly the link over which one speaks; sometimes one from before, or with what was valid before.
stale = st.sampled_from([""] * 4 + ["old link", "old epoch"])
energies = st.sampled_from([0, 1, 777, 20_000, 1_000_000, 5_999_999, 300_000_000])
# In mWh and cents.
own_limits = st.sampled_from(
    [(None, None)] * 3 + [(1_000_000, None), (None, 30), (20_000, 200), (300_000_000, None)]
)
shown_prices = st.sampled_from([None] * 4 + [0, 2_500, 1_000_000])
reasons = st.sampled_from(["unplugged", "limit", "fault", "restart", "a new kind of reason"])
afterwards = st.sampled_from([
    "it goes on", "a fault", "revoked", "a new disk", "a gap", "bad weather", "barred", "a move", "a new price",
    "ended by an operator",
])  # fmt: skip
