"""The schema of PostgreSQL, made from the one of SQLite: one description of the tables, two engines.

A new database gets the tables as all steps together leave them in SQLite; a later step is translated by itself.
"""

import contextlib
import functools
import re
import sqlite3
from collections.abc import Iterator

from evcharge.storage.database import schema_steps

# What SQLite tells of each table apart from its SQL.
_TYPES = {"INTEGER": "bigint", "TEXT": "text", "REAL": "double precision"}
# Where a query asks for the order in which rows came.
NUMBERED = ("inbox", "journal", "debt")
_CHECKED = "evcharge_refuses"
_REFUSED = "integrity_constraint_violation"
# Refuses what a trigger of SQLite would; its message is its argument.
_FUNCTION = f"""
CREATE OR REPLACE FUNCTION {_CHECKED}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = '{_REFUSED}', CONSTRAINT = TG_NAME;
END $$
"""
# Which schema this is.
_OWN = "CREATE TABLE schema_version (n bigint NOT NULL)"
_TRIGGER = re.compile(
    r"CREATE TRIGGER (\w+) (BEFORE|AFTER) (INSERT|UPDATE|DELETE) ON (\w+)\s*(?:WHEN (.*?)\s)?"
    r"BEGIN\s+SELECT RAISE\(ABORT, ('[^']*')\);\s+END",
    re.DOTALL,
)


# A trigger that adds a row to another table, whose rows are counted without gaps: one commit at a time is under way.
_ADDS = re.compile(
    r"CREATE TRIGGER (\w+) (AFTER) (INSERT) ON (\w+)\s+"
    r"BEGIN INSERT INTO (\w+) \((\w+)\) VALUES \(NEW\.(\w+)\); END",
    re.DOTALL,
)


def newest(package: str) -> int:
    """Return the number of the newest schema."""
    return schema_steps(package)[-1][0]


@functools.cache
def _fresh(
    package: str,
) -> tuple[tuple[tuple[str, str, str], ...], tuple[tuple[str, tuple[object, ...]], ...]]:
    """Return kind, name and SQL of all that SQLite has after every step, and the rows that the steps put there."""
    with contextlib.closing(sqlite3.connect(":memory:")) as made:
        for _, statements in schema_steps(package):
            for statement in statements:
                made.execute(statement)
        sql = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
        things = tuple(made.execute(sql).fetchall())
        rows = [
            (name, row)
            for kind, name, _ in things
            if kind == "table"
            for row in made.execute(f"SELECT * FROM {name}")  # noqa: S608
        ]
    return things, tuple(rows)


@functools.cache
def columns(package: str) -> dict[str, dict[str, str]]:
    """Return of each table the columns that are stored, each with its type in PostgreSQL."""
    with contextlib.closing(sqlite3.connect(":memory:")) as made:
        for _, statements in schema_steps(package):
            for statement in statements:
                made.execute(statement)
        tables = made.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: {row[1]: _TYPES[row[2].upper()] for row in made.execute(f"PRAGMA table_info({name})")}
            for (name,) in tables
        }


def whole(package: str) -> Iterator[str]:
    """Yield the statements that make a new database."""
    yield _OWN
    yield _FUNCTION
    things, rows = _fresh(package)
    order = ("table", "index", "view", "trigger")
    for _, _, sql in sorted(things, key=lambda thing: order.index(thing[0])):
        yield from translated(sql)
    for table, row in rows:
        values = ", ".join(str(value) if isinstance(value, int) else f"'{value}'" for value in row)
        yield f"INSERT INTO {table} VALUES ({values})"  # noqa: S608
    yield f"INSERT INTO schema_version VALUES ({newest(package)})"  # noqa: S608


def later(package: str, have: int) -> Iterator[str]:
    """Yield the statements that bring a database from schema `have` to the newest."""
    for number, statements in schema_steps(package):
        if number > have:
            for statement in statements:
                yield from translated(statement)
            yield f"UPDATE schema_version SET n = {number}"  # noqa: S608


def translated(sql: str) -> Iterator[str]:
    """Yield what says in PostgreSQL what one statement of a schema says in SQLite."""
    sql = re.sub(r"--[^\n]*", "", sql).strip().rstrip(";")
    if trigger := _TRIGGER.fullmatch(sql):
        name, when, what, table, condition, message = trigger.groups()
        if condition and "SELECT" in condition:
            # No condition of a trigger may ask a table there; its function may.
            yield _asking(name, what, condition, message)
            yield f"CREATE TRIGGER {name} {when} {what} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
        else:
            only = f"WHEN ({condition}) " if condition else ""
            yield (
                f"CREATE TRIGGER {name} {when} {what} ON {table} FOR EACH ROW {only}"
                f"EXECUTE FUNCTION {_CHECKED}({message})"
            )
        if what == "DELETE":
            yield (
                f"CREATE TRIGGER {name}_all BEFORE TRUNCATE ON {table} FOR EACH STATEMENT "
                f"EXECUTE FUNCTION {_CHECKED}({message})"
            )
        return
    if adds := _ADDS.fullmatch(sql):
        name, when, what, table, other, column, value = adds.groups()
        yield (
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "  # noqa: S608
            f"INSERT INTO {other} (number, {column}) SELECT COALESCE(MAX(number), 0) + 1, NEW.{value} FROM {other}; "
            "RETURN NEW; END $$"
        )
        yield f"CREATE TRIGGER {name} {when} {what} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
        return
    if sql.startswith("CREATE TABLE"):
        sql = _table(sql)
    elif sql.startswith("ALTER TABLE"):
        sql = _typed(sql)
    elif sql.startswith("CREATE VIEW"):
        # SUM of whole numbers is a numeric there.
        sql = re.sub(r"SUM\((\w+\.\w+)\)", r"CAST(SUM(\1) AS bigint)", sql)
    yield sql


def _asking(name: str, what: str, condition: str, message: str) -> str:
    condition = condition.replace("IS NOT (", "IS DISTINCT FROM (")
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {condition} THEN "
        f"RAISE EXCEPTION '%', {message} USING ERRCODE = '{_REFUSED}', CONSTRAINT = TG_NAME; "
        f"END IF; RETURN {'OLD' if what == 'DELETE' else 'NEW'}; END $$"
    )


def _table(sql: str) -> str:
    sql = re.sub(r"\)\s*STRICT(, WITHOUT ROWID)?$", ")", sql)
    sql = re.sub(r"(\w+) INTEGER PRIMARY KEY", r"\1 bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY", sql)
    name = re.match(r"CREATE TABLE (\w+)", sql)
    if name is not None and name[1] in NUMBERED:
        sql = sql.replace("(", "(\n    rowid bigint GENERATED BY DEFAULT AS IDENTITY,", 1)
    return _typed(sql)


def _typed(sql: str) -> str:
    sql = re.sub(r"\bINTEGER\b", "bigint", sql)
    sql = re.sub(r"\bREAL\b", "double precision", sql)
    sql = re.sub(r"(\w+) NOT GLOB '\*(\[\^[^]]+\])\*'", r"\1 !~ '\2'", sql)
    # Text is in order of its characters, whatever the locale of the database.
    sql = re.sub(r"\bTEXT\b", 'text COLLATE "C"', sql)
    sql = re.sub(r"\)\s*VIRTUAL\b", ") STORED", sql)
    # MIN and MAX of two values.
    sql = re.sub(r"\bMIN\((\w+), (\w+)\)", r"LEAST(\1, \2)", sql)
    return re.sub(r"\bMAX\((\w+), (\w+)\)", r"GREATEST(\1, \2)", sql)
