"""What docker-compose.yml promises, read from the file."""

import json
import re
from itertools import pairwise

import jsonschema
import pytest

from dragoman.settings import Settings, process_secrets
from ops import env_file
from ops.up import supervisor
from pipeline.worker import graceful_shutdown
from tests import compose

SCHEMA = json.loads((compose.ROOT / "tests/data/compose-spec.json").read_text())
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
SERVICES = compose.raw()["services"]
OURS = ("worker", "notifier", "sweeper", "beat", "smtp", "web", "slack", "flower")
ONCE = {"migrate", "models", "doctor"}
ALL = {"postgres", "redis", "seaweedfs", "jaeger", *ONCE, *OURS}
SECRET = re.compile(r"PASSWORD|SECRET|_KEY|TOKEN|AUTH$|requirepass", re.IGNORECASE)
NO_SECRETS = {"DRAGOMAN_SENDER_AUTH"}
PASSWORD_IN_URL = re.compile(r"://\w*:(?P<password>(?:\$\{(?P<name>\w+))?[^/@]+)@")


def test_the_file_follows_the_compose_specification():
    VALIDATOR.check_schema(SCHEMA)
    VALIDATOR.validate(compose.raw())
    VALIDATOR.validate(compose.interpolated(env_file.fresh()))


def test_the_schema_notices_a_mistake():
    broken = {"services": {"web": {"image": "a", "memory_limit": "1g"}}}
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(broken)


def test_all_services_are_there():
    assert set(SERVICES) == ALL


@pytest.mark.parametrize("name", sorted(ALL - ONCE))
def test_a_service_is_watched_restarted_and_limited(name):
    service = SERVICES[name]
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert service["restart"] == "unless-stopped"
    assert service["mem_limit"]


def test_the_migration_runs_once():
    assert SERVICES["migrate"]["restart"] == "no"
    assert SERVICES["migrate"]["healthcheck"] == {"disable": True}
    assert SERVICES["migrate"]["mem_limit"]
    for name in OURS:
        if name != "flower":  # it knows the broker alone
            assert (
                SERVICES[name]["depends_on"]["migrate"]["condition"]
                == "service_completed_successfully"
            )


def test_models_are_fetched_by_a_command_alone_and_only_read_by_the_others():
    models = SERVICES["models"]
    assert (models["restart"], models["profiles"], models["networks"]) == (
        "no",
        ["models"],
        ["outside"],
    )
    assert models["entrypoint"][-2:] == ["dragoman", "models"]
    mounted = {
        name: one
        for name, service in SERVICES.items()
        for one in service.get("volumes", [])
        if "/models" in one
    }
    assert mounted == {
        "models": "models:/models",
        "worker": "models:/models:ro",
        "doctor": "models:/models:ro",
    }
    assert SERVICES["worker"]["environment"]["DRAGOMAN_LOCAL_MODELS_DIR"] == "/models"


@pytest.mark.parametrize("name", OURS)
def test_a_service_has_time_to_end(name):
    assert compose.seconds(SERVICES[name]["stop_grace_period"]) == 40
    worker_s = graceful_shutdown.GRACE_S + graceful_shutdown.LEAVE_S + graceful_shutdown.END_S
    assert worker_s < supervisor.STOP_TIMEOUT_S < 40


def test_one_service_builds_the_image_and_none_asks_a_registry_for_it():
    """Two that build one tag at the same time fail: "already exists"."""
    assert [name for name, service in SERVICES.items() if "build" in service] == ["migrate"]
    assert {SERVICES[name]["pull_policy"] for name in ("migrate", *OURS)} == {"never"}


def test_an_env_file_chooses_what_the_image_is_built_with():
    given = {
        **env_file.fresh(),
        "IMAGE_BASE": "mirror.example/python:3.13",
        "APERTIUM": "apertium apertium-eng-spa",
    }
    build = compose.interpolated(given)["services"]["migrate"]["build"]
    assert build["args"] == {"BASE": given["IMAGE_BASE"], "APERTIUM": given["APERTIUM"]}
    declared = re.findall(
        r"^ARG (\w+)=(.*)$", (compose.ROOT / "Dockerfile").read_text(), re.MULTILINE
    )
    defaults = compose.interpolated(env_file.fresh())["services"]["migrate"]["build"]["args"]
    assert {name: value.strip('"') for name, value in declared if name in defaults} == defaults


@pytest.mark.parametrize("name", sorted(ALL))
def test_no_image_is_left_to_chance(name):
    tag = SERVICES[name]["image"].rpartition(":")[2]
    assert tag == "local" or re.match(r"\d+\.\d+", tag)


@pytest.mark.parametrize("name", sorted(ALL))
def test_no_secret_is_written_down(name):
    service = SERVICES[name]
    given = dict(service.get("environment", {}))
    command = service.get("command", [])
    given |= {word: after for word, after in pairwise(command) if word.startswith("--")}
    for key, value in given.items():
        if SECRET.search(key) and key not in NO_SECRETS:
            assert re.fullmatch(r"\$\{\w+:(\?run dragoman init|-)\}", value), key
        in_url = PASSWORD_IN_URL.search(str(value))
        assert (
            not in_url
            or in_url["password"] == "${POSTGRES_PASSWORD:?run dragoman init}"
            or "REDIS" in in_url[0]
        ), key


def test_only_the_doors_are_published():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"web", "smtp", "flower", "jaeger"}
    for name in ("flower", "jaeger"):
        assert all(port.startswith("127.0.0.1:") for port in published[name])


@pytest.mark.parametrize("name", sorted(env_file.fresh()))
def test_compose_stops_with_a_word_when_a_secret_is_missing(name):
    secrets = env_file.fresh()
    del secrets[name]
    with pytest.raises(compose.Missing, match=f"{name}: run dragoman init"):
        compose.interpolated(secrets)


def test_every_setting_reaches_the_services():
    flower_alone = {"flower_listen", "flower_auth"}
    plain = set(Settings.model_fields) - process_secrets.SECRETS - flower_alone
    for name in ("worker", "notifier", "smtp", "slack", "web", "doctor"):
        lacking = variables(plain) - set(SERVICES[name]["environment"])
        assert lacking == set(), "add it to x-settings in docker-compose.yml"


def variables(fields):
    return {f"DRAGOMAN_{name.upper()}" for name in fields}


def secrets_of(name):
    """The secrets that a service is given, by the names of their fields; those of files as the
    secret itself.
    """
    given = {key.removesuffix("_FILE") for key in SERVICES[name]["environment"]}
    return {field for field in process_secrets.SECRETS if f"DRAGOMAN_{field.upper()}" in given}


@pytest.mark.parametrize("name", OURS)
def test_a_service_gets_the_secrets_that_it_needs_and_no_others(name):
    assert secrets_of(name) == process_secrets.NEEDS[name]
    of_store = set(process_secrets.STORE_KEYS) & set(SERVICES[name]["environment"])
    assert bool(of_store) == (name in process_secrets.OPENS_STORE)


def test_what_runs_once_gets_no_secrets_but_the_doctor_who_looks_at_all():
    assert secrets_of("migrate") == {"database_url"}
    assert secrets_of("models") == set()
    assert secrets_of("doctor") == process_secrets.SECRETS


def test_each_secret_that_an_admin_fills_in_can_stand_in_a_file():
    made_by_init = {"secret_key", "api_tokens", "flower_auth", *process_secrets.LEDGERS}
    given = set(SERVICES["doctor"]["environment"])
    assert {f"{name}_FILE" for name in variables(process_secrets.SECRETS - made_by_init)} <= given


def test_every_line_to_fill_in_reaches_the_services():
    assert {name for name, _, _ in env_file.TO_FILL_IN} <= set(SERVICES["doctor"]["environment"])


def test_flower_holds_no_secret_that_it_has_no_use_for():
    assert {key for key in SERVICES["flower"]["environment"] if SECRET.search(key)} == {
        "DRAGOMAN_FLOWER_AUTH"
    }
    assert "DRAGOMAN_DATABASE_URL" not in SERVICES["flower"]["environment"]


def test_the_data_keepers_are_reached_from_inside_alone():
    networks = compose.raw()["networks"]
    assert networks["inside"] == {"internal": True}
    for name in ("postgres", "redis", "seaweedfs"):
        assert SERVICES[name]["networks"] == ["inside"]
