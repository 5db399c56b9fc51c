"""The SQL of SQLite for statements that are data (`statements`). Pure."""

import functools

from evcharge.storage.statements import Add, Put, Set, SetNewest, Sql, Statement, Take
from evcharge.storage.sums import MOST_KEPT


@functools.cache
def sql_of(statement: Statement | Sql) -> str:
    """Return what to execute with each row."""
    match statement:
        case Sql():
            return statement.text
        case Put():
            return f"{_insert(statement)}{_on_conflict(statement)}"
        case Add(begins=True):
            key = ", ".join(statement.key)
            added = ", ".join(_added(statement, name, f"excluded.{name}") for name in statement.sums)
            return f"{_insert(statement)} ON CONFLICT ({key}) DO UPDATE SET {added}"
        case Add():
            places = {name: f"?{number}" for number, name in enumerate(statement.takes, 1)}
            added = ", ".join(_added(statement, name, places[name]) for name in statement.sums)
            where = " AND ".join(f"{name} = {places[name]}" for name in statement.key)
            return f"UPDATE {statement.table} SET {added} WHERE {where}"  # noqa: S608
        case Set():
            places = {name: f"?{number}" for number, name in enumerate(statement.takes, 1)}
            told = ", ".join(f"{name} = {places[name]}" for name in statement.columns)
            where = " AND ".join(f"{name} = {places[name]}" for name in statement.key)
            if statement.version:
                where += f" AND {statement.version} = {places[statement.version]} - 1"
            return f"UPDATE {statement.table} SET {told} WHERE {where}"  # noqa: S608
        case SetNewest():
            key = " AND ".join(f"{name} = ?{number}" for number, name in enumerate(statement.key, 1))
            newest = f"SELECT MAX({statement.newest}) FROM {statement.table} WHERE {key}"  # noqa: S608
            value = f"?{len(statement.key) + 1}"
            return f"UPDATE {statement.table} SET {statement.column} = {value} WHERE {statement.newest} = ({newest})"  # noqa: S608
        case Take():
            where = " AND ".join(f"{name} = ?" for name in statement.key)
            return f"DELETE FROM {statement.table} WHERE {where}"  # noqa: S608


def _insert(statement: Put | Add) -> str:
    names, places = ", ".join(statement.takes), ", ".join("?" for _ in statement.takes)
    return f"INSERT INTO {statement.table} ({names}) VALUES ({places})"  # noqa: S608


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


def _added(statement: Add, name: str, more: str) -> str:
    there = f"{statement.table}.{name}"
    if name not in statement.capped:
        return f"{name} = {there} + {more}"
    # What is full stays full: a sum beyond 64 bits would be no whole number any more.
    return f"{name} = CASE WHEN {there} > {MOST_KEPT} - {more} THEN {MOST_KEPT} ELSE {there} + {more} END"
