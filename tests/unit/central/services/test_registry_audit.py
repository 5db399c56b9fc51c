"""How much of the Registry's audit log Central takes in: everything that is said once, and little of a flood."""

from evcharge.central.services.registry_audit import MOST_ALIKE, AuditRow, Pace


def row(n: int, address: str = "10.0.0.7", what: str = "POST /v1/ticket", times: int = 1) -> AuditRow:
    return AuditRow(
        n=n, at=float(n), who="unknown", role="stranger", address=address, what=what,
        target=f"CP{n}", result="E_CREDENTIAL", times=times,
    )  # fmt: skip


def test_what_is_said_once_is_kept_as_it_is():
    rows = [row(1), row(2, "10.0.0.8"), row(3, what="register", times=7)]
    assert Pace().take(rows, now=0.0) == rows


def test_a_flood_of_one_source_is_few_rows_a_minute_and_every_refusal_is_counted():
    pace = Pace()
    pages = [pace.take([row(n) for n in range(start, start + 200)], now=60.0) for start in (1, 201, 401)]
    assert [len(page) for page in pages] == [MOST_ALIKE + 1, 1, 1]
    assert sum(one.times for page in pages for one in page) == 600
    assert (pages[2][0].n, pages[2][0].target, pages[2][0].address) == (600, "various", "10.0.0.7")
    # It hides nobody else, and is over after its minute.
    assert pace.take([row(601, "10.0.0.8")], now=119.0)[0].target == "CP601"
    assert pace.take([row(602)], now=120.0)[0].target == "CP602"
