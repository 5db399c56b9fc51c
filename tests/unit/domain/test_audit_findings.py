"""A finding of a check is a name and facts."""

from evcharge.domain.audit_findings import AuditFinding


def test_findings_of_the_same_name_and_facts_are_one():
    found = AuditFinding("receipt missing", session_id="S-1", most=3)
    assert found == AuditFinding("receipt missing", most=3, session_id="S-1")
    assert len({found, AuditFinding("receipt missing", session_id="S-1", most=3)}) == 1
    assert found != AuditFinding("receipt missing", session_id="S-2", most=3)
    assert found != AuditFinding("receipt gap", session_id="S-1", most=3)
    assert found != "receipt missing"


def test_a_finding_is_read_in_a_failed_test():
    assert repr(AuditFinding("receipt gap", number=7)) == "AuditFinding('receipt gap', {'number': 7})"
