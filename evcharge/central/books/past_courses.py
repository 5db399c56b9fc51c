"""What recent charges had drawn when, of the whole network or of one charging point. Reads only.

Read in small pieces: while one is read nothing can be committed, so none may take more than a few milliseconds.
"""

from datetime import UTC, datetime
from itertools import groupby

from evcharge.domain.ids import CpId
from evcharge.domain.timestamps import text_of
from evcharge.storage.books import Books, Row

MOST_SESSIONS = 5_000
_SESSIONS_AT_ONCE = 100
# The most sessions of one charging point that are read for its last hour.
MOST_OF_A_POINT = 100


def _page(of: str, stretch_s: int) -> str:
    # The last that ended first; those that are open, before all (`ends_at`). One reading of each stretch is enough.
    return f"""
SELECT page.session_id, page.started_at, page.ends_at, page.lasted_s, page.drawn_mwh,
    MAX(reading.elapsed_s) AS elapsed_s, MAX(reading.energy_mwh) AS energy_mwh,
    MAX(reading.speed_permille) AS speed_permille
FROM (
    SELECT session_id, started_at, ends_at, elapsed_s AS lasted_s,
        meter_mwh - start_meter_mwh - excess_mwh AS drawn_mwh
    FROM session WHERE {of} ends_at > :since AND (ends_at, session_id) < (:before, :id)
    ORDER BY ends_at DESC, session_id DESC LIMIT :limit
) AS page LEFT JOIN reading ON reading.session_id = page.session_id
GROUP BY page.session_id, page.started_at, page.ends_at, page.lasted_s, page.drawn_mwh, reading.elapsed_s / {stretch_s}
ORDER BY page.ends_at DESC, page.session_id DESC, MAX(reading.elapsed_s)
"""  # noqa: S608


_OF_THE_NETWORK, _OF_A_POINT = _page("", 300), _page("cp_id = :cp_id AND", 15)
_LATER_THAN_ALL = "A"

Course = list[tuple[float, int, int]]


async def past_courses(database: Books, since: datetime, until: datetime) -> tuple[list[Course], datetime]:
    """Return what charges had drawn as (Unix seconds, mWh, thousandths of speed), and since when that is all of them.

    That is `since`, or later: when the books began, or when MOST_SESSIONS before `until` had not ended yet.
    """
    began = await database.read("SELECT at FROM events ORDER BY n LIMIT 1")
    since = max([since, *(datetime.fromisoformat(row["at"]) for row in began)])
    courses: list[Course] = []
    before, session_id = _LATER_THAN_ALL, ""
    for _ in range(MOST_SESSIONS // _SESSIONS_AT_ONCE):
        rows = await database.read(
            _OF_THE_NETWORK,
            {"since": text_of(since), "before": before, "id": session_id, "limit": _SESSIONS_AT_ONCE},
        )
        found, sessions = _courses(rows)
        courses += found
        if sessions < _SESSIONS_AT_ONCE:
            return courses, since
        before, session_id = rows[-1]["ends_at"], rows[-1]["session_id"]
    return courses, _whole_since(rows, until)


async def courses_of(
    database: Books, cp_id: CpId, since: datetime, until: datetime
) -> tuple[list[Course], datetime]:
    """Return what charges of one charging point had drawn, and since when that is all of them.

    That is `since`, or later: when the first of them began, or when MOST_OF_A_POINT before `until` had not ended yet.
    """
    limit = {"before": _LATER_THAN_ALL, "id": "", "limit": MOST_OF_A_POINT}
    rows = await database.read(_OF_A_POINT, {"cp_id": cp_id, "since": text_of(since), **limit})
    courses, sessions = _courses(rows)
    if not courses:
        return [], until
    began_s = min(course[0][0] for course in courses)
    since = max(since, datetime.fromtimestamp(began_s, UTC))
    return courses, _whole_since(rows, until) if sessions == MOST_OF_A_POINT else since


def _whole_since(rows: list[Row], until: datetime) -> datetime:
    """Return since when a full page is all that was there: when its last session ended."""
    before = rows[-1]["ends_at"]
    return until if before > text_of(until) else datetime.fromisoformat(before)


def _courses(rows: list[Row]) -> tuple[list[Course], int]:
    """Return the courses in a page, and of how many sessions it tells."""
    sessions = [list(group) for _, group in groupby(rows, lambda row: row["session_id"])]
    return [course for course in map(_course, sessions) if len(course) > 1], len(sessions)


def _course(rows: list[Row]) -> Course:
    first, last = rows[0], rows[-1]
    if first["started_at"] is None or last["elapsed_s"] is None:
        return []
    began_s = datetime.fromisoformat(first["started_at"]).timestamp()
    course = [
        (began_s, 0, last["speed_permille"]),
        *((began_s + row["elapsed_s"], row["energy_mwh"], row["speed_permille"]) for row in rows),
    ]
    # What an open session has drawn since its last reading that was kept.
    if (first["lasted_s"] or 0) > last["elapsed_s"]:
        course.append((began_s + first["lasted_s"], first["drawn_mwh"], last["speed_permille"]))
    return course
