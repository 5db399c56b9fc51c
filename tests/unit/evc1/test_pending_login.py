"""A login whose connection has gone before anybody has told it so."""

import asyncio
from unittest.mock import Mock

from evcharge.domain.errors import Code
from evcharge.evc1 import server
from evcharge.runtime.listener import Connection


async def test_a_login_that_is_too_late_writes_nothing_to_a_connection_that_is_closed():
    """uvloop raises there; the deadline must not, and is noted all the same."""
    refused, transport, connection = Mock(), Mock(spec=asyncio.Transport), Mock(spec=Connection)
    transport.is_closing.return_value = True
    transport.get_extra_info.return_value = ("127.0.0.1", 9)
    transport.write.side_effect = RuntimeError("the handler is closed")
    door = Mock(handshake_within_s=60.0, on_refused=refused)
    login = server._PendingLogin(Mock(door=door), connection)
    login.connection_made(transport)
    login._too_late()
    assert refused.call_args.args[3].code is Code.TIMEOUT
    connection.left.assert_called()
