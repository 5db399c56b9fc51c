"""What this network's operators have chosen, as the rules need it."""

from dataclasses import dataclass, field
from datetime import datetime

from evcharge.domain.issuer import Issuer


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What this network's operators have chosen (config.toml [central]), and the present instant."""

    now: datetime
    # The seconds of a clock that nobody sets, and that goes on while this computer sleeps: lengths are computed from
    # these, never from `now`.
    steady_s: float = 0.0
    wallets: bool = True
    welcome_credit_cents: int = 0
    # So many new drivers find it in their wallets: in all, and within an hour.
    welcome_drivers: int = 2_000
    welcome_per_hour: int = 200
    max_hold_cents: int = 2_000
    max_session_mwh: int = 100_000_000
    # The most that any charging point is believed to supply, and the fastest simulated time.
    max_power_w: int = 1_000_000
    max_speed_permille: int = 100_000_000
    max_active_per_driver: int = 1
    plug_within_s: int = 60
    unplugged_pause_s: int = 60
    # A driver's id typed at a charging point needs neither the driver's answer nor its PIN.
    manual_start_is_open: bool = False
    confirm_within_s: int = 30
    default_price_centi_cents_per_kwh: int = 2_500
    # Who issues receipts from the start of this Central on, and the VAT that every price contains.
    issuer: Issuer = field(default_factory=Issuer)
    stop_on_monitor_lost: bool = False
    # What Central signs its STARTs with.
    sign_key: bytes = field(default=b"", repr=False)
