"""The attack suite itself, in small: it finds its attacks, starts a network, and its neighbours are served."""

import argparse

import pytest
from rich.console import Console

from tests.attack.__main__ import attacks, main


@pytest.mark.timeout(120)
async def test_a_network_keeps_its_bounds_while_a_health_port_is_flooded():
    chosen = [attack for attack in attacks() if attack.module == "flood_health"]
    console = Console(record=True, width=160)
    given = argparse.Namespace(target=None, seconds=1.5, seed=7)
    assert await main(given, chosen, console) == 0, console.export_text()
