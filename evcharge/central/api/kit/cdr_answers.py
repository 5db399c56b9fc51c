"""The shapes of OCPI 2.2.1 that a Charge Detail Record is made of, as far as we fill them.

Energy is in kWh, time in hours, money in euros, an instant in UTC; what nobody knows is left out.
"""

from typing import Literal

from msgspec import UNSET, UnsetType

from evcharge.central.api.kit.answers import Shape


class CdrPrice(Shape):
    """An amount: `incl_vat` is what the driver pays. Where its ticket has no VAT that is `excl_vat`, alone."""

    excl_vat: float
    incl_vat: float | UnsetType = UNSET


class CdrToken(Shape):
    """Who charged: `contract_id` tells registrations of one driver's id apart."""

    country_code: str
    party_id: str
    uid: str
    type: Literal["APP_USER"]
    contract_id: str


class CdrCoordinates(Shape):
    """Degrees, as the source of the weather has them."""

    latitude: str
    longitude: str


class CdrLocation(Shape, kw_only=True):
    """Where the charging point stood when the charge began. No street is known."""

    id: str
    name: str
    address: str
    city: str
    country: str
    coordinates: CdrCoordinates | UnsetType = UNSET
    evse_uid: str
    evse_id: str
    connector_id: str
    connector_standard: str
    connector_format: str
    connector_power_type: str


class CdrPriceComponent(Shape, kw_only=True):
    """What a kWh costs, without its VAT."""

    type: Literal["ENERGY"]
    price: float
    vat: float | UnsetType = UNSET
    step_size: int


class CdrTariffElement(Shape):
    """One price at all hours."""

    price_components: list[CdrPriceComponent]


class CdrTariff(Shape):
    """The price that was frozen when the charge was authorised."""

    country_code: str
    party_id: str
    id: str
    currency: str
    elements: list[CdrTariffElement]
    last_updated: str


class CdrDimension(Shape):
    """kWh, or hours."""

    type: Literal["ENERGY", "TIME"]
    volume: float


class CdrChargingPeriod(Shape):
    """The whole charge: its price does not change meanwhile."""

    start_date_time: str
    dimensions: list[CdrDimension]
    tariff_id: str


class Cdr(Shape, kw_only=True):
    """One Charge Detail Record of OCPI 2.2.1. A correction is a credit of the one before, and a new one."""

    country_code: str
    party_id: str
    id: str
    start_date_time: str
    end_date_time: str
    session_id: str
    cdr_token: CdrToken
    auth_method: Literal["COMMAND"]
    authorization_reference: str
    cdr_location: CdrLocation
    currency: str
    tariffs: list[CdrTariff]
    charging_periods: list[CdrChargingPeriod]
    total_cost: CdrPrice
    total_energy: float
    total_time: float | UnsetType = UNSET
    remark: str
    credit: bool | UnsetType = UNSET
    credit_reference_id: str | UnsetType = UNSET
    last_updated: str
