"""Which tests `make flaky` runs again."""

from tests.flaky import conftests_of, imports_of, touched

IMPORTS = {
    "tests/tools.py": set(),
    "tests/room.py": {"tests/tools.py"},
    "tests/test_wall.py": {"tests/room.py"},
    "tests/test_alone.py": set(),
}


def test_a_changed_test_is_run_again():
    assert touched({"tests/test_alone.py"}, IMPORTS) == ["tests/test_alone.py"]


def test_a_changed_tool_brings_the_tests_that_use_it_through_others():
    assert touched({"tests/tools.py"}, IMPORTS) == ["tests/test_wall.py"]


def test_what_is_no_longer_there_is_not_run():
    assert touched({"tests/test_gone.py"}, IMPORTS) == []


def test_both_ways_of_importing_a_tool_are_seen():
    source = (
        "from tests import ports\nfrom tests.component.office import opened\nimport tests.kafka\nimport os\n"
    )
    assert {"tests/ports.py", "tests/component/office.py", "tests/kafka.py"} <= imports_of(source)


def test_a_changed_fixture_of_a_folder_brings_the_tests_below_it():
    tests = ("tests/unit/books/test_rows.py", "tests/unit/test_rules.py", "tests/web/test_page.py")
    imports = {path: conftests_of(path) for path in (*tests, "tests/unit/conftest.py")}
    assert touched({"tests/unit/conftest.py"}, imports) == list(tests[:2])
    assert touched({"tests/conftest.py"}, imports | {"tests/conftest.py": set()}) == list(tests)
