"""What one SUPPLY_UPDATE costs Central, from its bytes to those that its driver's screen gets, without the sockets.

`python -m bench.figures [--points 60]`: CPU of the loop's thread, with the driver there and without.
"""

import argparse
import asyncio
import cProfile
import pstats
import time

from bench.in_process import Town, charging
from evcharge.evc1 import messages
from evcharge.evc1.frames import Cipher, FernetCipher, GcmCipher

_POWER_W = 22_000
_MWH = 3_000


async def measure(points: int, rounds: int, *, drivers: bool, cipher: type[Cipher]) -> float:
    """Let `points` tell a figure each, `rounds` times; return the least microseconds that one took in a round."""
    async with charging(points, cipher, drivers=drivers) as town:
        return min([await _round(town, number) for number in range(1, rounds + 1)]) / points * 1e6


async def _round(town: Town, number: int) -> float:
    """Return the seconds of CPU that a figure of each took."""
    town.move(1.0)
    frames = [point.engine.frame(_figure(point.session_id, number)) for point in town.points]
    began = time.thread_time()
    for point, token in zip(town.points, frames, strict=True):
        point.engine.channel.data_received(token)
    # A turn in which each conversation is woken and takes it, and one for what that leaves to be done.
    for _ in range(3):
        await asyncio.sleep(0)
    return time.thread_time() - began


def _figure(session_id: str, number: int) -> messages.SupplyUpdate:
    return messages.SupplyUpdate(
        session_id=session_id,
        power_w=_POWER_W,
        energy_mwh=number * _MWH,
        temperature_deci_celsius=215,
        battery_permille=500,
        full_in_s=3600,
    )


async def _profile(points: int, rounds: int, cipher: type[Cipher]) -> None:
    async with charging(points, cipher, drivers=True) as town:
        with cProfile.Profile(time.thread_time) as profile:
            for number in range(1, rounds + 1):
                await _round(town, number)
    pstats.Stats(profile).sort_stats("tottime").print_stats(40)


def main() -> None:
    """Print them with either cipher."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument(
        "--profile", action="store_true", help="where the time goes, with drivers and AES-GCM"
    )
    given = parser.parse_args()
    if given.profile:
        asyncio.run(_profile(given.points, given.rounds, GcmCipher))
        return
    for name, cipher in (("Fernet", FernetCipher), ("AES-256-GCM", GcmCipher)):
        with_us, without_us = (
            asyncio.run(measure(given.points, given.rounds, drivers=drivers, cipher=cipher))
            for drivers in (True, False)
        )
        print(f"{name:16}with its driver {with_us:.1f} us, without {without_us:.1f} us")


if __name__ == "__main__":
    main()
