"""Restored books against what engines metered and drivers paid: a short round, always the same.

Longer ones: tests/component/test_rules_rounds.py.
"""

from tests.unit.central.restores import play


def test_no_watt_hour_and_no_cent_is_lost_or_billed_twice_by_a_restore():
    play(40)
