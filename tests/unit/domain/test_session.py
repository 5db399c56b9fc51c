"""A session: whether it is open, what it has metered, why it ended."""

from datetime import UTC, datetime

import pytest
from msgspec import structs

from evcharge.domain.ids import CpId, DriverId, RequestId, SessionId
from evcharge.domain.session import EndReason, Session, SessionState


def session(**facts) -> Session:
    return Session(
        **{
            "session_id": SessionId("S-1"),
            "request_id": RequestId("R-1"),
            "cp_id": CpId("CP001"),
            "driver_id": DriverId("D01"),
            "state": SessionState.AUTHORISED,
            "price_centi_cents_per_kwh": 2_500,
            "hold_cents": 2_000,
            "limit_mwh": 80_000_000,
            "authorised_at": datetime(2026, 1, 1, tzinfo=UTC),
            "plug_within_s": 60,
        }
        | facts
    )


@pytest.mark.parametrize(
    ("state", "is_open"),
    [
        (SessionState.AUTHORISED, True),
        (SessionState.CHARGING, True),
        (SessionState.TICKETED, False),
        (SessionState.REFUSED, False),
    ],
)
def test_a_session_takes_its_charging_point_until_it_is_ticketed_or_refused(state, is_open: bool):
    assert session(state=state).is_open is is_open


def test_its_energy_is_the_growth_of_the_register():
    assert session(start_meter_mwh=1_000, meter_mwh=1_250).energy_mwh == 250
    assert session().energy_mwh == 0


def test_two_are_equal_when_the_books_would_tell_them_so():
    one = session()
    # What only this run of Central knows.
    same = structs.replace(one, ready=True, spare_mwh=7, authorised_s=1.0, started_s=2.0)
    assert same == one
    assert len({same, one}) == 1
    assert structs.replace(one, meter_mwh=one.meter_mwh + 1) != one


@pytest.mark.parametrize("reason", list(EndReason))
def test_a_known_reason_is_read_as_it_is_written(reason: EndReason):
    assert EndReason.read(reason.value) is reason


@pytest.mark.parametrize("text", ["", "UNPLUGGED", "a meteorite", "unplugged ", "\x00"])
def test_an_unknown_reason_is_other_and_never_an_error(text: str):
    assert EndReason.read(text) is EndReason.OTHER


def test_every_reason_fits_a_message_and_is_told_apart():
    assert len({reason.value for reason in EndReason}) == len(EndReason)
    assert all(0 < len(reason) <= 200 and reason.isascii() for reason in EndReason)
