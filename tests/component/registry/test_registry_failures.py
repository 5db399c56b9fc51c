"""A full disk, a bug, a taken port, a spoilt state folder."""

import pytest

from evcharge.domain.errors import StateError
from evcharge.registry import setup, store
from evcharge.runtime.clock import utc_now
from evcharge.runtime.config import Config
from evcharge.security import state_folder
from evcharge.storage import hash_chain
from evcharge.storage.store_errors import StoreError
from tests.component.registry.looking import audit_rows, rows
from tests.component.registry_process import copy_state, make_state, running_registry


async def test_a_database_that_cannot_write_is_a_sentence_and_not_a_trace(registry, monkeypatch):
    async def fail(*_):
        raise StoreError("disk I/O error")

    monkeypatch.setattr(store.Store, "save", fail)
    answer = await registry.register()
    assert (answer.status, answer.body["code"]) == (503, "E_STORAGE")
    monkeypatch.undo()
    assert (await registry.register()).status == 201


async def test_a_bug_is_logged_and_the_registry_lives_on(registry, monkeypatch, caplog):
    async def fail(*_):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(store.Store, "find", fail)
    answer = await registry.register()
    assert (answer.status, answer.body["code"]) == (500, "E_INTERNAL")
    assert "bug" not in answer.body["text"]
    assert "ZeroDivisionError" in caplog.text
    monkeypatch.undo()
    assert (await registry.register()).status == 201


async def test_a_taken_port_is_a_sentence(registry, made, tmp_path):
    other = copy_state(made[0], tmp_path / "other")
    with pytest.raises(StateError, match=rf"cannot listen on 127.0.0.1:{registry.port}"):
        async with running_registry(other, made[1], port=registry.port):
            pass


async def test_a_second_registry_on_the_same_state_folder_is_refused(registry, made):
    with pytest.raises(StateError, match="in use by another evcharge"):
        async with running_registry(registry.state, made[1]):
            pass


@pytest.mark.parametrize(
    ("name", "spoil", "text"),
    [
        ("service.key", lambda path: path.chmod(0o644), "service.key must be mode 0600"),
        (
            "enrolment.token",
            lambda path: path.unlink(),
            "is missing: put it back from a backup.",
        ),
        ("registry.key", lambda path: path.chmod(0o640), "registry.key must be mode 0600"),
        (
            "registry.pem",
            lambda path: path.unlink(),
            "is missing: put it back from a backup.",
        ),
    ],
)
async def test_a_state_folder_that_will_not_do_is_refused_at_the_start(made, state, name, spoil, text):
    spoil(state / name)
    with pytest.raises(StateError, match=text):
        async with running_registry(state, made[1]):
            pass


async def test_a_registry_without_administrators_says_so(tmp_path, caplog):
    state_folder.init_state(tmp_path, [], utc_now())
    async with running_registry(tmp_path, ""):
        assert "This Registry has no administrator" in caplog.text


def test_init_twice_makes_one_administrator(tmp_path):
    password = make_state(tmp_path)
    assert password.replace("-", "").isalnum()
    assert len(password) == 24
    report = setup.initialise(Config(state=tmp_path))
    assert report.admin_password is None
    assert len(rows(tmp_path, "SELECT * FROM admins")) == 1
    assert hash_chain.first_broken(audit_rows(tmp_path)) is None
