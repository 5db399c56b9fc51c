"""Flags beat environment beats file beats defaults, and no mistake passes for a default."""

import ast
import os
import re
from pathlib import Path

import pytest

from evcharge.domain.errors import ConfigError
from evcharge.runtime.config import Config, EngineSettings, from_joined, keys, load, parse, variable
from tests.unit.sources import modules


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(text, name="config.toml"):
    path = Path(name)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refused(environ=None, flags=None, file=None):
    with pytest.raises(ConfigError) as caught:
        load(file, environ or {}, flags or {})
    return caught.value.text


def test_nothing_given_is_the_defaults():
    assert load(None, {}, {}) == Config()
    assert load(None, {}, {}).state == Path(".evcharge")


def test_flags_beat_environment_beats_file_beats_defaults():
    write("[central]\nport = 1\nhost = 'a'\nplug_within_s = 7\n")
    environ = {"EVCHARGE_CENTRAL__PORT": "2", "EVCHARGE_CENTRAL__HOST": "b"}
    central = load(None, environ, {"central.port": 3, "central.host": None}).central
    assert (central.port, central.host, central.plug_within_s, central.wallets) == (3, "b", 7, True)


def test_the_file_is_the_named_one_else_that_of_the_environment_else_the_one_here():
    write("lang = 'es'")
    named, other = write("[log]\nlevel = 'debug'", "a.toml"), write("[log]\nlevel = 'error'", "b.toml")
    assert load(None, {}, {}).lang == "es"
    assert load(None, {"EVCHARGE_CONFIG": str(other)}, {}).log.level == "error"
    assert load(named, {"EVCHARGE_CONFIG": str(other)}, {}).log.level == "debug"


def test_state_and_language_have_variables_and_flags_too():
    config = load(None, {"EVCHARGE_STATE": "/x", "EVCHARGE_LANG": "es"}, {})
    assert (config.state, config.lang) == (Path("/x"), "es")
    assert load(None, {"EVCHARGE_STATE": "/x"}, {"state": Path("y")}).state == Path("y")


def test_a_tilde_is_the_home_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ana")
    assert load(None, {}, {"state": "~/ev"}).state == Path("/home/ana/ev")
    assert "is not known" in refused(flags={"state": "~no-such-user-here/ev"})


def test_text_of_the_environment_becomes_numbers_truths_and_lists():
    environ = {
        "EVCHARGE_CENTRAL__WALLETS": "false",
        "EVCHARGE_ENGINE__SPEED": "2.5",
        "EVCHARGE_ENGINE__ARRIVAL_PERCENT": "10, 20",
        "EVCHARGE_ENGINE__AUTO_PLUG_S": "3",
        "EVCHARGE_REGISTRY__NAMES": "lab-1,10.0.0.7",
        "EVCHARGE_DRIVER__FILE": "s.txt",
    }
    config = load(None, environ, {})
    assert config.central.wallets is False
    assert config.engine == EngineSettings(speed=2.5, arrival_percent=[10, 20], auto_plug_s=3.0)
    assert config.registry.names == ["lab-1", "10.0.0.7"]
    assert config.driver.file == "s.txt"


def test_an_empty_variable_is_not_given():
    assert load(None, {"EVCHARGE_CENTRAL__PORT": "", "EVCHARGE_CONFIG": ""}, {}) == Config()


def test_port_0_and_65535_are_ports():
    assert load(None, {}, {"central.port": "0", "registry.port": "65535"}).registry.port == 65535


# ---- mistakes in the file


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "# a\n\n[reach]\ncentral_port = 1\n\n[central]\nprot = 1\n",
            "config.toml line 7: unknown key `prot`, did you mean `port`?",
        ),
        ("[centrl]\nport = 1", "config.toml line 1: unknown section [centrl], did you mean [central]?"),
        ("\n[zzz]\n", "config.toml line 2: unknown section [zzz]"),
        ("zzz = 1", "config.toml line 1: unknown key `zzz`"),
        ("\nport = 1", "config.toml line 2: unknown key `port`; it belongs to [central] or [registry]"),
        ("[central]\nspeed = 1", "config.toml line 2: unknown key `speed`; it belongs to [engine]"),
        ("central.prot = 1", "config.toml line 1: unknown key `prot`, did you mean `port`?"),
        ("\ncentral = { prot = 1 }", "config.toml line 2: unknown key `prot`, did you mean `port`?"),
        ('[ "central" ]\n"prot" = 1', "config.toml line 2: unknown key `prot`, did you mean `port`?"),
        ("[central.port]\na = 1", "`port` is {'a': 1}; it must be a whole number from 0 to 65535"),
        ("[central.deep]\na = 1", "config.toml line 1: unknown key `deep`"),
        ("central = 5", "config.toml line 1: `central` is a section: write [central] on a line of its own"),
        ("[[central]]\nport = 1", "config.toml line 1: `central` is a section"),
        ("[central]\nport = 70000", "config.toml line 2: `port` is 70000; it must be a whole number from 0"),
        ("[central]\nport = -1", "a whole number from 0 to 65535"),
        ('[central]\nport = "9002"', "`port` is '9002'; it must be a whole number from 0 to 65535"),
        ("[central]\nport = true", "`port` is True; it must be a whole number"),
        ("[central]\nwallets = 1", "`wallets` is 1; it must be true or false"),
        ("[central]\ndefault_price = 0.25", 'must be a price per kWh in quotes, such as "0.25"'),
        ('[central]\ndefault_price = "25,5"', 'must be a price per kWh in quotes, such as "0.25"'),
        ('[central]\nmax_hold = "1.234"', 'must be an amount in quotes, such as "12.50"'),
        (
            '[central]\nmax_hold = "10000000.01"',
            'must be an amount in quotes, such as "12.50", up to 10 000 000',
        ),
        ("[central]\nmax_power_kw = 0", "must be a whole number from 1 to 10000"),
        ("[central]\nmax_simulated_speed = 0.5", "must be a number from 1 to 100000"),
        ("[central]\nmax_session_kwh = 9001", "must be a whole number from 1 to 9000"),
        (
            '[central]\non_monitor_lost = "wait"',
            '`on_monitor_lost` is \'wait\'; it must be "finish" or "stop"',
        ),
        ("[central]\nhost = ''", "`host` is ''; it must be a host name or an address"),
        ('[reach]\nother_centrals = ["b"]', "must be a list, each of them host:port, such as 10.0.0.6:9002"),
        ('[reach]\nother_centrals = ["b:70000"]', "must be a list, each of them host:port"),
        ('[reach]\nother_centrals = ["fe80::1:9002"]', "must be a list, each of them host:port"),
        ('[reach]\nregistry_url = "http://a"', "must be an address like https://127.0.0.1:5001"),
        ("[engine]\nspeed = nan", "`speed` is nan; it must be a number from 0.01 to 100000"),
        ("[engine]\nspeed = inf", "`speed` is inf; it must be a number from 0.01 to 100000"),
        ("[engine]\nauto_plug_s = -1", "`auto_plug_s` is -1; it must be a number from 0 to 86400"),
        ("[engine]\narrival_percent = [70, 40]", "must be two whole numbers from 0 to 100, the lower first"),
        ("[network]\nvat_percent = 5.25", "must be a number from 0 to 100, with one decimal at most"),
        ("[network]\nvat_percent = 0.04", "must be a number from 0 to 100, with one decimal at most"),
        ("[network]\nvat_percent = nan", "must be a number from 0 to 100, with one decimal at most"),
        ("[engine]\narrival_percent = [70]", "must be two whole numbers from 0 to 100, the lower first"),
        (
            "[weather]\nevery_s = 60",
            "`every_s` is 60; it must be a number from 0.1 to 10: Central reports a service that is silent for 30 s "
            "(to ask the source less often, set min_request_s)",
        ),
        ('[engine]\nlocation = "a\\nb"', "must be a name of at most 80 characters on one line, or nothing"),
        (f'[engine]\nlocation = "{"x" * 81}"', "must be a name of at most 80 characters on one line"),
        ('[registry]\nnames = ["a b"]', "must be a list, each item a host name or an address"),
        ("[log]\nlevel = 'loud'", '"debug" or "error" or "info" or "warning"'),
        ("state = ''", "`state` is ''; it must be the name of a file or folder"),
        ("lang = 'fr'", '`lang` is \'fr\'; it must be "en" or "es"'),
        ("lang 'es'", "config.toml line 1, column 6: this is not TOML"),
        ("[central]\nport = 1\nport = 2", "config.toml"),
        ("a = " + "[" * 5000, "this is not TOML"),
        (b"\xff\xfel\x00a\x00", "config.toml line 1 is not UTF-8 text: save the file as UTF-8"),
        (b"lang='es'\n#\xe9\n", "config.toml line 2 is not UTF-8 text"),
        ("x" * (1 << 20) + "=1", "config.toml is larger than 1 MiB"),
        ("[central]\n'p\\u001b[31m' = 1", "unknown key"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_line_and_what_is_allowed(text, said):
    write(text)
    answer = refused()
    assert said in answer
    assert answer.isprintable()
    assert len(answer) < 250


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbflang = 'es'\n",
        b"lang = 'es'\r\n[central]\r\nport = 1\r\n",
        b"\tlang\t=\t'es'\t# yes\n[central]\n\tport = 1",
    ],
    ids=["BOM", "CRLF", "tabs"],
)
def test_what_editors_add_is_no_mistake(text):
    write(text)
    assert load(None, {}, {}).lang == "es"


def test_a_named_file_that_is_not_there_is_said():
    assert "there is no config file lab.toml" in refused(file=Path("lab.toml"))
    assert "there is no config file lab.toml" in refused({"EVCHARGE_CONFIG": "lab.toml"})


def test_a_file_that_cannot_be_read_is_said():
    assert "cannot read config file" in refused(file=Path())
    assert "cannot read config file" in refused(file=Path("a\0b"))


def test_a_value_that_is_very_long_is_shown_short():
    write(f"lang = '{'x' * 5000}'")
    assert len(refused()) < 200


# ---- mistakes elsewhere


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("EVCHARGE_CENTRAL_PORT", "did you mean EVCHARGE_CENTRAL__PORT?"),
        ("EVCHARGE_central__port", "did you mean EVCHARGE_CENTRAL__PORT?"),
        ("EVCHARGE_CREDENTAIL", "did you mean EVCHARGE_CREDENTIAL?"),
        ("EVCHARGE_ZZZZZZZZZZZZZZZZ", "unknown environment variable EVCHARGE_ZZZZZZZZZZZZZZZZ"),
    ],
)
def test_an_unknown_variable_is_refused_and_its_value_is_not_repeated(name, said):
    answer = refused({name: "canary"})
    assert said in answer
    assert "canary" not in answer


def test_variables_of_others_and_those_that_are_no_settings_are_left_alone():
    ours = ["CONFIG", "ENROLMENT_TOKEN", "CREDENTIAL", "FAILPOINT"]
    environ = {f"EVCHARGE_{name}": "" for name in ours} | {"EVCHARGE_CREDENTIAL": "x", "EVCHARGER": "1"}
    assert load(None, environ, {}) == Config()


def test_every_variable_that_the_code_reads_may_be_set():
    texts = {node.value for _, nodes in modules() for node in nodes if isinstance(node, ast.Constant)}
    named = {text for text in texts if isinstance(text, str) and re.fullmatch(r"EVCHARGE_[A-Z_]*[A-Z]", text)}
    # Those of settings have values of their own, and the name of a file must be that of one.
    secrets = named - {variable(key) for key in keys()} - {"EVCHARGE_CONFIG"}
    assert len(secrets) > 10
    assert load(None, dict.fromkeys(secrets, "x"), {}) == Config()


def test_a_wrong_variable_or_flag_is_named():
    said = refused({"EVCHARGE_CENTRAL__PORT": "abc"})
    assert said.startswith("environment variable EVCHARGE_CENTRAL__PORT: `port` is 'abc'; it must be a whole")
    assert refused(flags={"engine.speed": "fast"}).startswith("command line: `speed` is 'fast'; it must be")


@pytest.mark.parametrize("key", sorted(keys()))
def test_every_key_has_a_variable_that_is_read_and_checked(key):
    answer = refused({variable(key): "\x01\n"})
    assert answer.startswith(f"environment variable {variable(key)}: ")
    assert answer.isprintable()


def test_parse_leaves_none_and_takes_text_only_where_it_may():
    assert parse("engine.plan", None) is None
    assert parse("central.port", "7") == 7
    with pytest.raises(ConfigError):
        parse("central.port", "7", from_text=False)


JOINED = '[reach]\nregistry_url = "https://joined:1"\ncentral_host = "joined"\ncentral_port = 2\n'


def test_what_join_wrote_goes_before_config_toml_and_behind_environment_and_flags():
    Path("state").mkdir()
    write(JOINED, "state/joined.toml")
    write('state = "state"\n[reach]\nregistry_url = "https://file:9"\ncentral_port = 9\n')
    reach = load(None, {}, {}).reach
    assert (reach.registry_url, reach.central_host, reach.central_port) == ("https://joined:1", "joined", 2)
    environ = {"EVCHARGE_REACH__CENTRAL_HOST": "environment"}
    reach = load(None, environ, {"reach.central_port": 3}).reach
    assert (reach.registry_url, reach.central_host, reach.central_port) == (
        "https://joined:1",
        "environment",
        3,
    )
    # It belongs to one state folder.
    assert load(None, {"EVCHARGE_STATE": "other"}, {}).reach.central_port == 9


def test_joined_toml_says_where_the_others_are_and_nothing_else():
    Path(".evcharge").mkdir()
    write('lang = "es"\n', ".evcharge/joined.toml")
    assert ".evcharge/joined.toml line 1: unknown key `lang`" in refused()
    write('[reach]\nregistry_url = "http://plain"\n', ".evcharge/joined.toml")
    assert ".evcharge/joined.toml line 2: `registry_url` is 'http://plain'" in refused()


def test_a_state_folder_of_somebody_else_is_for_the_role_to_find_out(monkeypatch):
    def exists(self):
        raise PermissionError

    monkeypatch.setattr(Path, "exists", exists)
    assert from_joined(Path("state")) == {}


# ---- a config.toml that happens to be here does not say where secrets go

ELSEWHERE = {"EVCHARGE_STATE": "/home/ana/.evcharge"}
REDIRECTS = [
    ("reach", "registry_url", "https://theirs:1"),
    ("reach", "central_api", "https://theirs:1"),
    ("kafka", "bootstrap", "theirs:1"),
    ("kafka", "security", "sasl_plaintext"),
    ("kafka", "mechanism", "PLAIN"),
    ("kafka", "ca_file", "theirs.pem"),
    ("central", "database", "postgresql://evcharge@theirs/evcharge"),
    ("central", "database_security", "plaintext"),
    ("central", "database_ca_file", "theirs.pem"),
    ("weather", "api_url", "https://theirs:1"),
]


@pytest.mark.parametrize(("section", "name", "value"), REDIRECTS)
def test_a_file_that_nobody_named_redirects_no_secret_of_another_state_folder(section, name, value):
    file = write(f'[{section}]\n{name} = "{value}"\n')
    answer = refused(ELSEWHERE)
    assert f"`{name}`" in answer
    assert "/home/ana/.evcharge" in answer
    assert "--config config.toml" in answer
    for named in (load(file, ELSEWHERE, {}), load(None, ELSEWHERE | {"EVCHARGE_CONFIG": "config.toml"}, {})):
        assert getattr(getattr(named, section), name) == value


@pytest.mark.parametrize(("section", "name", "value"), REDIRECTS)
def test_what_is_nearer_than_that_file_goes_before_it(section, name, value):
    write(f'[{section}]\n{name} = "{value}"\n')
    own = {
        "kafka": {"bootstrap": "ours:1", "security": "tls", "mechanism": "SCRAM-SHA-256", "ca_file": "o"},
        "central": {
            "database": "postgresql://evcharge@ours/evcharge",
            "database_security": "tls",
            "database_ca_file": "ours.pem",
        },
    }
    ours = own.get(section, {}).get(name, "https://ours:1")
    key = f"{section}.{name}"
    for config in (load(None, ELSEWHERE, {key: ours}), load(None, ELSEWHERE | {variable(key): ours}, {})):
        assert getattr(getattr(config, section), name) == ours


def test_a_file_belongs_to_the_state_folder_that_stands_beside_it():
    write('[reach]\ncentral_api = "https://lab:1"\n')
    assert load(None, {}, {}).reach.central_api == "https://lab:1"
    for state in (".evcharge", "lab/state", str(Path.cwd() / "lab")):
        assert load(None, {"EVCHARGE_STATE": state}, {}).reach.central_api == "https://lab:1"


def test_a_file_does_not_choose_whose_secrets_it_redirects():
    write('state = "/home/ana/.evcharge"\n[reach]\ncentral_api = "https://theirs:1"\n')
    assert "--config config.toml" in refused()
    Path(".evcharge").symlink_to("/home/ana/.evcharge")
    write('[reach]\ncentral_api = "https://theirs:1"\n')
    assert "--config config.toml" in refused()


def test_a_file_that_repeats_the_defaults_redirects_nothing():
    write('[reach]\nregistry_url = "https://127.0.0.1:5001"\n[kafka]\nsecurity = "plaintext"\n')
    assert load(None, ELSEWHERE | {"EVCHARGE_OPERATOR_TOKEN": "canary"}, {}).reach == Config().reach


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("EVCHARGE_ADMIN_PASSWORD", '[reach]\nregistry_url = "https://theirs:1"'),
        ("EVCHARGE_CREDENTIAL", '[reach]\nregistry_url = "https://theirs:1"'),
        ("EVCHARGE_ENROLMENT_TOKEN", '[reach]\nregistry_url = "https://theirs:1"'),
        ("EVCHARGE_CREDENTIAL", '[reach]\nother_registries = ["https://theirs:1"]'),
        ("EVCHARGE_OPERATOR_TOKEN", '[reach]\ncentral_api = "https://theirs:1"'),
        ("EVCHARGE_WEATHER_TOKEN", '[reach]\ncentral_api = "https://theirs:1"'),
        ("EVCHARGE_KAFKA_PASSWORD", '[kafka]\nbootstrap = "theirs:1"'),
        ("EVCHARGE_DATABASE_PASSWORD", '[central]\ndatabase = "postgresql://us@theirs/us"'),
        ("EVCHARGE_DATABASE_PASSWORD", '[registry]\ndatabase = "postgresql://us@theirs/us"'),
        ("EVCHARGE_WEATHER_KEY", '[weather]\napi_url = "https://theirs:1"'),
        ("OPENWEATHER_API_KEY", '[weather]\napi_url = "https://theirs:1"'),
    ],
)
def test_a_secret_of_the_environment_goes_nowhere_that_nobody_named(name, text):
    file = write(text)
    answer = refused({name: "canary"})
    assert answer.startswith(f"{name} is not sent where config.toml says")
    assert "canary" not in answer
    load(file, {name: "canary"}, {})
    load(None, {name: ""}, {})


def test_nor_where_a_state_folder_that_nobody_named_says():
    Path(".evcharge").mkdir()
    write(JOINED, ".evcharge/joined.toml")
    load(None, {}, {})
    answer = refused({"EVCHARGE_ADMIN_PASSWORD": "canary"})
    assert answer.startswith("EVCHARGE_ADMIN_PASSWORD is not sent where .evcharge/joined.toml says")
    assert "--state .evcharge" in answer
    config = load(None, {"EVCHARGE_ADMIN_PASSWORD": "canary"}, {"state": ".evcharge"})
    assert config.reach.registry_url == "https://joined:1"


@pytest.mark.parametrize("name", ["/dev/urandom", "/dev/zero", "pipe", "."])
def test_a_config_file_that_gives_without_end_or_never_is_a_sentence(name):
    os.mkfifo("pipe")
    with pytest.raises(ConfigError, match=f"cannot read config file {name}: it must be a plain file"):
        load(Path(name), {}, {})


def test_no_config_file_at_all_can_be_asked_for():
    assert load(Path("/dev/null"), {}, {}) == Config()


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://evcharge:secret@db/evcharge",
        "postgresql://db/evcharge",
        "mysql://evcharge@db/evcharge",
        "postgresql://evcharge@db/evcharge?sslmode=disable",
        'postgresql://evcharge@db/evcharge?schema=a"b',
        "postgresql://evcharge@db:first/evcharge",
        "postgresql://evcharge@db1,/evcharge",
    ],
)
def test_the_address_of_a_database_holds_no_password_and_nothing_that_is_not_ours(address: str):
    with pytest.raises(ConfigError, match="without a password"):
        parse("central.database", address)
