from typing import get_args

import pytest
from msgspec.structs import replace

from evcharge.domain.errors import Code, Refused
from evcharge.domain.location import Location
from evcharge.labels.registry import said
from evcharge.registry.registrations import (
    IdKind,
    Registration,
    RegistrationState,
    What,
    activate,
    deactivate,
    disabled,
    invited,
    join,
    locate,
    register,
    revoke,
    rotate,
    withdraw,
)

CP001 = Registration(id="CP001", kind=IdKind.CP, location=Location("Elche"), secret_hash="old", epoch=4)
INACTIVE, REVOKED = (
    replace(CP001, state=RegistrationState.INACTIVE),
    replace(CP001, state=RegistrationState.REVOKED),
)
WITHDRAWN = replace(CP001, state=RegistrationState.WITHDRAWN, secret_hash=None, location=Location(""))


def wanted(**changes):
    return replace(CP001, **{"secret_hash": "new", "epoch": 0, **changes})


def refusal(call, *arguments, **named):
    with pytest.raises(Refused) as refused:
        call(*arguments, **named)
    return refused.value.code


def test_a_new_id_is_registered_as_wanted():
    change = register(None, wanted(), same_secret=False, by_admin=False)
    assert (change.after, change.what, change.revokes) == (wanted(), "register", False)


def test_the_same_credential_again_changes_nothing():
    assert register(CP001, wanted(), same_secret=True, by_admin=False) is None
    assert register(CP001, wanted(location=Location("")), same_secret=True, by_admin=True) is None


def test_the_owner_of_the_credential_says_where_it_stands_once():
    nowhere = replace(CP001, location=Location(""))
    change = register(nowhere, wanted(location=Location("Alcoy")), same_secret=True, by_admin=False)
    assert (change.after, change.what, change.revokes) == (
        replace(CP001, location=Location("Alcoy")),
        "move",
        False,
    )
    assert register(CP001, wanted(location=Location("Alcoy")), same_secret=True, by_admin=False) is None


def test_an_administrator_who_names_another_location_makes_older_tickets_void():
    change = register(CP001, wanted(location=Location("Alcoy")), same_secret=True, by_admin=True)
    assert change.after == replace(CP001, location=Location("Alcoy"), epoch=CP001.epoch + 1)
    assert change.revokes
    assert register(CP001, wanted(location=Location("ELCHE")), same_secret=True, by_admin=True) is None
    asked_by_central = register(
        CP001, wanted(location=Location("Alcoy")), same_secret=True, by_admin=True, may_replace=False
    )
    assert asked_by_central is None


def test_the_registry_follows_central_and_nobody_is_shut_out_by_it():
    change = locate(CP001, Location("Alcoy"))
    assert (change.after, change.what, change.revokes) == (
        replace(CP001, location=Location("Alcoy")),
        "move",
        False,
    )
    assert locate(change.after, Location("Alcoy")) is None


def test_another_credential_is_refused_unless_an_administrator_brings_it():
    assert refusal(register, CP001, wanted(), same_secret=False, by_admin=False) is Code.CONFLICT
    change = register(CP001, wanted(), same_secret=False, by_admin=True)
    assert change.after == replace(CP001, secret_hash="new", epoch=5)
    assert change.revokes


@pytest.mark.parametrize("before", [INACTIVE, REVOKED])
def test_only_an_administrator_puts_a_disabled_id_back(before):
    assert refusal(register, before, wanted(), same_secret=True, by_admin=False) is Code.DISABLED
    change = register(before, wanted(), same_secret=True, by_admin=True)
    assert change.after == replace(CP001, epoch=5)


def test_an_id_is_of_one_kind_only():
    driver = wanted(kind=IdKind.DRIVER)
    assert refusal(register, CP001, driver, same_secret=True, by_admin=True) is Code.CONFLICT


@pytest.mark.parametrize("before", [WITHDRAWN, CP001, INACTIVE])
def test_an_id_never_changes_its_kind(before):
    refused = refusal(register, before, wanted(kind=IdKind.DRIVER), same_secret=False, by_admin=True)
    assert refused is Code.CONFLICT
    assert refusal(invited, before, IdKind.DRIVER, "CP001") is Code.CONFLICT
    assert refusal(join, before, wanted(kind=IdKind.DRIVER), 4) is Code.CONFLICT


def test_a_withdrawn_id_returns_by_an_administrator_without_its_epoch_going_back():
    assert withdraw(CP001).after == replace(WITHDRAWN, epoch=5)
    assert withdraw(CP001).revokes
    assert refusal(register, WITHDRAWN, wanted(), same_secret=False, by_admin=False) is Code.DISABLED
    change = register(WITHDRAWN, wanted(), same_secret=False, by_admin=True)
    assert (change.after, change.what) == (wanted(epoch=4, number=1), "register")


def test_each_registration_of_an_id_has_its_own_number():
    registration = CP001
    for number in range(1, 4):
        gone = withdraw(registration).after
        assert gone.number == number - 1
        registration = register(gone, wanted(), same_secret=False, by_admin=True).after
        assert registration.number == number
    # It is the same one for as long as it is not withdrawn.
    for change in (deactivate(registration), rotate(registration, "new"), revoke(registration, 99)):
        assert change.after.number == 3
    assert join(withdraw(registration).after, wanted(), registration.epoch + 1).after.number == 4


def test_an_administrator_without_leave_to_replace_brings_back_what_is_withdrawn_and_nothing_else():
    change = register(WITHDRAWN, wanted(), same_secret=False, by_admin=True, may_replace=False)
    assert change.after == wanted(epoch=4, number=1)
    for before in (CP001, INACTIVE, REVOKED):
        refused = refusal(register, before, wanted(), same_secret=False, by_admin=True, may_replace=False)
        assert refused is Code.CONFLICT


@pytest.mark.parametrize("before", [INACTIVE, REVOKED])
def test_only_who_is_active_withdraws_itself(before):
    assert refusal(withdraw, before, by_itself=True) is Code.DISABLED
    assert withdraw(before).after.state is RegistrationState.WITHDRAWN
    assert withdraw(CP001, by_itself=True).after.state is RegistrationState.WITHDRAWN


@pytest.mark.parametrize("id_", ["CENTRAL", "REGISTRY", "UNKNOWN", "ADMIN", "REG1STRY", "KAFKA"])
def test_our_own_names_are_nobodys_id(id_):
    new = wanted(id=id_)
    assert refusal(register, None, new, same_secret=False, by_admin=True) is Code.CONFLICT
    assert refusal(invited, None, IdKind.CP, id_) is Code.CONFLICT
    # Whoever has had such an id since before this rule keeps it.
    assert register(new, new, same_secret=True, by_admin=False) is None


def test_deactivating_makes_tickets_void_and_activating_does_not_bring_them_back():
    off = deactivate(CP001)
    assert (off.after, off.revokes) == (replace(INACTIVE, epoch=5), True)
    on = activate(off.after)
    assert (on.after, on.revokes) == (replace(CP001, epoch=5), False)


def test_switching_to_the_present_state_changes_nothing():
    assert activate(CP001) is None
    assert deactivate(INACTIVE) is None
    assert deactivate(REVOKED) is None


def test_a_revoked_credential_must_be_replaced():
    assert refusal(activate, REVOKED) is Code.CONFLICT
    assert rotate(REVOKED, "new").after == replace(CP001, secret_hash="new", epoch=5)


def test_rotating_does_not_undo_the_administrators_switch():
    assert rotate(INACTIVE, "new").after == replace(INACTIVE, secret_hash="new", epoch=5)
    assert rotate(CP001, "new").revokes


@pytest.mark.parametrize("before", [CP001, INACTIVE])
def test_central_disables_with_the_epoch_it_has_raised(before):
    change = revoke(before, 7)
    assert (change.after, change.revokes) == (replace(REVOKED, epoch=7), True)


def test_an_order_that_is_no_news_leaves_the_new_credential_alone():
    assert revoke(replace(CP001, epoch=8), 7) is None
    assert revoke(replace(CP001, epoch=7), 7) is None


def test_the_refusal_says_what_helps():
    assert "activate" in disabled(INACTIVE).text
    assert "new credential" in disabled(REVOKED).text
    assert "register it again" in disabled(WITHDRAWN).text


def test_the_hash_of_a_secret_is_not_shown():
    assert "old" not in repr(CP001)


def test_an_invitation_is_made_for_the_id_as_it_is_now():
    assert invited(None, IdKind.CP, "CP001") is None
    for before in (CP001, REVOKED, WITHDRAWN):
        assert invited(before, IdKind.CP, "CP001") == 4
    assert refusal(invited, CP001, IdKind.DRIVER, "CP001") is Code.CONFLICT
    assert refusal(invited, INACTIVE, IdKind.CP, "CP001") is Code.DISABLED


def test_who_joins_is_registered():
    assert join(None, wanted(), None).after == wanted()
    change = join(WITHDRAWN, wanted(), 4)
    assert (change.after, change.what, change.revokes) == (wanted(epoch=4, number=1), "register", False)


@pytest.mark.parametrize("before", [CP001, REVOKED])
def test_a_known_id_that_joins_gets_a_new_credential_and_its_old_tickets_are_void(before):
    change = join(before, wanted(location=Location("")), 4)
    assert (change.after, change.what, change.revokes) == (
        replace(CP001, secret_hash="new", epoch=5),
        "rotate",
        True,
    )
    assert join(before, wanted(location=Location("Alcoy")), 4).after.location == Location("Alcoy")


def test_what_happened_after_an_invitation_was_made_is_stronger():
    assert refusal(join, CP001, wanted(), 3) is Code.CONFLICT
    assert refusal(join, CP001, wanted(), None) is Code.CONFLICT
    assert refusal(join, None, wanted(), 0) is Code.CONFLICT
    assert refusal(join, INACTIVE, wanted(), 4) is Code.DISABLED
    assert refusal(join, CP001, wanted(kind=IdKind.DRIVER), 4) is Code.CONFLICT


@pytest.mark.parametrize("what", get_args(What))
def test_whatever_becomes_of_a_registration_is_said_in_both_languages(what: str):
    told = said(what, id="CP001", who="admin", address="10.0.0.7")
    assert told.in_language("en") == f"CP001: {what} by admin from 10.0.0.7"
    assert "CP001" in told.in_language("es")


def test_of_a_registry_put_back_from_an_old_copy_a_revocation_and_a_rotation_go_beyond_what_central_knows():
    """What the runbook tells an operator to do: Central has seen epoch 9, and revokes at 10."""
    told = revoke(CP001, 10)
    assert told is not None
    after = rotate(told.after, "new").after
    assert (after.state, after.epoch > 10) == (RegistrationState.ACTIVE, True)
