"""The SQL of PostgreSQL for statements that are data (`statements`), and queries as it takes them. Pure.

The rows of a statement are one value, a JSON array of arrays; so a whole commit is one call of one function.
"""

import functools
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from evcharge.storage.statements import (
    Add,
    Params,
    Put,
    Set,
    SetNewest,
    Statement,
    Take,
    Values,
    added_up,
    is_versioned,
)
from evcharge.storage.sums import MOST_KEPT

# Raised by the fence: another Central has these books.
DEPOSED = "EV001"
# Raised by a statement with a version: another Central was faster.
STALE = "EV002"
Types = Mapping[str, Mapping[str, str]]

_CHECK = f"""
            GET DIAGNOSTICS changed = ROW_COUNT;
            IF changed < jsonb_array_length(rows) THEN
                RAISE EXCEPTION 'stale' USING ERRCODE = '{STALE}';
            END IF;"""
# So long a Central has the books without another word.
LEASE_S = 3.0
_FENCE = (
    f"UPDATE central SET commits = {{k}}, until = clock_timestamp() + interval '{LEASE_S} s' "  # noqa: S608
    "WHERE name = {name} AND epoch = {epoch} AND commits = {k} - 1 "
    "AND {partitions} <@ ARRAY(SELECT partition FROM leader WHERE leader.name = {name})"
)
# `:name`, and no cast.
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]\w*)")
# In SQLite a unary plus keeps a condition from choosing the index.
_HINT = re.compile(r"\b(WHERE|AND) \+")


@functools.lru_cache(maxsize=1000)
def query(sql: str) -> tuple[str, tuple[str, ...]]:
    """Return a query with numbered parameters, and their names in that order."""
    names: list[str] = []

    def numbered(found: re.Match[str]) -> str:
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    return _PARAMETER.sub(numbered, _HINT.sub(r"\1 ", sql)), tuple(names)


def bound(names: Sequence[str], params: Params | None) -> list[Any]:
    """Return the values of a query's parameters, in the order of `names`."""
    return [_kept(params[name]) for name in names] if params is not None else []


def _kept(value: Any) -> Any:
    # No text there holds U+0000, and nothing may ask for it.
    return value.replace("\0", "\ufffd") if isinstance(value, str) and "\0" in value else value


def fence(name: str, epoch: str, k: str, partitions: str) -> str:
    """Return the first statement of every commit: it renews the lease, or another Central has these partitions."""
    return _FENCE.format(name=name, epoch=epoch, k=k, partitions=partitions)


def commit_function(statements: Sequence[Statement], types: Types) -> tuple[str, str]:
    """Return the name and the SQL of the function that stores a commit of any of `statements`.

    It takes who writes, its epoch, the number of the commit, the partitions whose points it is about, and an array of
    [number of the statement, its rows].
    Its name is made from all that it does: releases with other tables have another beside it.
    """
    cases = "\n".join(
        f"        WHEN {number} THEN\n            {sql_of(statement, types[statement.table], 'rows')};"
        f"{_CHECK if is_versioned(statement) else ''}"
        for number, statement in enumerate(statements)
    )
    body = f"""
DECLARE
    step jsonb;
    rows jsonb;
    changed bigint;
BEGIN
    {fence("me", "my_epoch", "k", "partitions")};
    IF NOT FOUND THEN
        RAISE EXCEPTION 'deposed' USING ERRCODE = '{DEPOSED}';
    END IF;
    FOR step IN SELECT * FROM jsonb_array_elements(steps) LOOP
        rows := step->1;
        CASE (step->>0)::integer
{cases}
        END CASE;
    END LOOP;
END
"""  # noqa: S608
    name = f"commit_{hashlib.sha256(body.encode()).hexdigest()[:16]}"
    # A column has the name of a variable nowhere; should one ever, it is the column that is meant.
    return name, (
        f"CREATE OR REPLACE FUNCTION {name}(me text, my_epoch bigint, k bigint, partitions bigint[], steps jsonb) "
        f"RETURNS void LANGUAGE plpgsql AS $commit$\n#variable_conflict use_column{body}$commit$"
    )


def sql_of(statement: Statement, types: Mapping[str, str], rows: str) -> str:
    """Return what to execute for all `rows` of a statement at once."""
    table, takes = statement.table, statement.takes
    values = ", ".join(f"(r->>{place})::{types[name]} AS {name}" for place, name in enumerate(takes))
    given = f"SELECT {values} FROM jsonb_array_elements({rows}) r"  # noqa: S608
    match statement:
        case Put():
            return f"INSERT INTO {table} ({', '.join(takes)}) {given}{_on_conflict(statement)}"
        case Add(begins=True):
            added = ", ".join(_added(statement, name, f"excluded.{name}") for name in statement.sums)
            key = ", ".join(statement.key)
            return (
                f"INSERT INTO {table} ({', '.join(takes)}) {given} ON CONFLICT ({key}) DO UPDATE SET {added}"
            )
        case Add():
            added = ", ".join(_added(statement, name, f"more.{name}") for name in statement.sums)
            return f"UPDATE {table} SET {added} FROM ({given}) AS more WHERE {_same(statement, 'more')}"  # noqa: S608
        case Set():
            told = ", ".join(f"{name} = newer.{name}" for name in statement.columns)
            older = (
                f" AND {table}.{statement.version} = newer.{statement.version} - 1"
                if statement.version
                else ""
            )
            return (
                f"UPDATE {table} SET {told} FROM ({given}) AS newer WHERE {_same(statement, 'newer')}{older}"  # noqa: S608
            )
        case SetNewest():
            same = " AND ".join(f"one.{name} = newer.{name}" for name in statement.key)
            last = f"SELECT MAX(one.{statement.newest}) FROM {table} AS one WHERE {same}"  # noqa: S608
            return (
                f"UPDATE {table} SET {statement.column} = newer.{statement.column} FROM ({given}) AS newer "  # noqa: S608
                f"WHERE {table}.{statement.newest} = ({last})"
            )
        case Take():
            return f"DELETE FROM {table} USING ({given}) AS gone WHERE {_same(statement, 'gone')}"  # noqa: S608


def single(statement: Statement, rows: Sequence[Values]) -> Sequence[Values]:
    """Return `rows` with each key once: PostgreSQL refuses to change a row twice in one statement.

    Rows that several writers change are in order: they are locked in it, and nobody waits for one another in a circle.
    """
    if isinstance(statement, Add):
        return added_up(statement, rows)
    if isinstance(statement, Put) and not (statement.key and len(rows) > 1):
        return rows
    places = [statement.takes.index(name) for name in statement.key]
    if not places:
        return rows
    found = {tuple(row[place] for place in places): row for row in rows}
    return [found[key] for key in sorted(found)] if is_versioned(statement) else list(found.values())


def _on_conflict(statement: Put) -> str:
    if statement.stays:
        return " ON CONFLICT DO NOTHING"
    if not statement.key:
        return ""
    rest = ", ".join(f"{name} = excluded.{name}" for name in statement.columns if name not in statement.key)
    older = f" WHERE {statement.table}.{statement.version} = excluded.{statement.version} - 1"
    return (
        f" ON CONFLICT ({', '.join(statement.key)}) DO UPDATE SET {rest}{older if statement.version else ''}"
    )


def _same(statement: Add | Set | Take, other: str) -> str:
    return " AND ".join(f"{statement.table}.{name} = {other}.{name}" for name in statement.key)


def _added(statement: Add, name: str, more: str) -> str:
    there = f"{statement.table}.{name}"
    if name not in statement.capped:
        return f"{name} = {there} + {more}"
    full = f"WHEN {there} > {MOST_KEPT} - {more} THEN {MOST_KEPT}"
    return f"{name} = CASE WHEN {more} <= 0 THEN {there} + {more} {full} ELSE {there} + {more} END"
