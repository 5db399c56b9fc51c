"""Both ends of a login, in memory, and what they refuse."""

import pytest
from cryptography.fernet import Fernet

from evcharge.domain.errors import Code, EvchargeError
from evcharge.domain.ids import Role
from evcharge.evc1.handshake import CentralHandshake, PeerHandshake
from evcharge.evc1.tickets import Identity, TicketOpener, seal_ticket

NOW = 1_765_737_000.5
SERVICE = Fernet.generate_key()
RESUME = Fernet.generate_key()
OPENER = TicketOpener([SERVICE, RESUME])
CP001 = Identity("CP001", Role.ENGINE, 3, int(NOW), "Alicante")


def ticket(identity=CP001, key=SERVICE, *, issuer="registry", ttl_s=900, now=NOW, audience="central"):
    return seal_ticket(key, identity, issuer=issuer, ttl_s=ttl_s, now=now, audience=audience)


def ends(issued=None, *, cp_id="CP001", role=Role.ENGINE, now=NOW):
    issued = issued or ticket()
    peer = PeerHandshake(issued.ticket, issued.key, cp_id, role)
    return peer, CentralHandshake(OPENER, RESUME, now)


def refusal(kind: type[EvchargeError], code: Code, call, *arguments) -> EvchargeError:
    with pytest.raises(kind) as caught:
        call(*arguments)
    assert caught.value.code is code
    return caught.value
