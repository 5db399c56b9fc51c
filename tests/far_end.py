"""What only a broken or hostile far end would touch of a connection: its socket, its keys, what it has not read.

The one place that looks inside `Channel`; tests say what they do with it.
"""

import asyncio
from typing import Any

from evcharge.evc1.connection import Channel
from evcharge.evc1.handshake import SessionKeys
from evcharge.evc1.messages import Message


def transport(channel: Channel) -> asyncio.Transport:
    """Return the socket under a channel: what is written there is not sealed."""
    return channel._transport


def put_between(channel: Channel, transport: Any) -> None:
    """Have a channel write to `transport` from now on."""
    channel._transport = transport


def keys(channel: Channel) -> SessionKeys:
    """Return the direction keys that a channel uses now."""
    return channel._keys


def key_epoch(channel: Channel) -> int:
    """Return how often a channel has had new keys."""
    return channel._epoch


def skip_keys(channel: Channel, epoch: int) -> None:
    """Have a channel believe that it has had so many new keys."""
    channel._epoch = epoch


def sealed(channel: Channel, message: Message) -> bytes:
    """Return the frame in which a channel would send a message, without sending it."""
    return channel._sealer.seal(message)


def has_ended(channel: Channel) -> bool:
    """Return whether a channel knows that its connection is over, whatever it still has to tell."""
    return channel._lost.done()


def half_read(channel: Channel) -> int:
    """Return how many bytes of a frame wait for its rest."""
    return channel._cutter.waiting


def unread(channel: Channel) -> int:
    """Return how many whole frames wait to be received."""
    return len(channel._frames)


def mute(channel: Channel) -> None:
    """Have a channel say nothing any more; its connection stays."""
    channel._mute = True
