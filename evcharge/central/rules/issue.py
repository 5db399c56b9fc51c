"""Who issues a ticket, and with which VAT: whoever issued receipts when its charge ended. Pure."""

from dataclasses import replace
from datetime import datetime

from msgspec import structs

from evcharge.central.rules.commands import StartCentral
from evcharge.central.rules.decision import Draft
from evcharge.central.rules.settings import Rules
from evcharge.domain.issuer import Issuer, issuing


def start_central(draft: Draft, command: StartCentral, rules: Rules) -> None:
    """Note whom the settings name, unless it is whom they named before; the row of this start tells that."""
    event, configured = command.event, rules.issuer
    if draft.issuers[-1:] != (configured,):
        number = len(draft.issuers) + 1
        draft.put(replace(configured, number=number, since=rules.now))
        event = structs.replace(
            event,
            issuer=number,
            operator=configured.operator,
            tax_id=configured.tax_id,
            address=configured.address,
            country_code=configured.country_code,
            party_id=configured.party_id,
            vat_permille=configured.vat_permille,
        )
    draft.say(event)


def issuer_at(draft: Draft, ended_at: datetime, rules: Rules) -> Issuer:
    """Return who issues the ticket of a charge that ended then."""
    return issuing(draft.issuers or (rules.issuer,), ended_at, rules.now)
