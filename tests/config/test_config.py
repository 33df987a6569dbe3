from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from meetcli.config import OPTIONS, LoadedSettings, Settings, load_process_settings, load_settings, user_folder
from meetcli.errors import UsageError

HOME = {"HOME": "/home/ana"}
TYPES = {name: TypeAdapter(kind) for name, kind in get_type_hints(Settings).items()}


@pytest.fixture
def load(tmp_path):
    """Load settings in a working folder `work` of a user whose settings live in `user`."""
    (tmp_path / "work").mkdir()
    (tmp_path / "user").mkdir()

    def load(flags=None, *, environment=None, dotenv=None, project=None, user=None) -> LoadedSettings:
        for path, text in (("work/.env", dotenv), ("work/meetcli.toml", project), ("user/meetcli.toml", user)):
            if text is not None:
                (tmp_path / path).write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_settings(
            flags or {},
            environment=HOME | (environment or {}),
            working_folder=tmp_path / "work",
            user_config_folder=tmp_path / "user",
        )

    return load


def test_without_anything_given_every_value_is_the_default(load):
    loaded = load()
    assert loaded.settings == Settings(cache_dir=Path("/home/ana/.cache/meetcli"))
    assert set(loaded.origins.values()) == {"default"}
    assert loaded.warnings == ()


def test_every_option_has_a_field_and_every_field_an_option():
    assert {option.field for option in OPTIONS.values()} == {field.name for field in fields(Settings)}


def test_settings_stay_as_they_were_loaded(load):
    with pytest.raises(FrozenInstanceError):
        load().settings.model = "other"


def test_the_first_origin_wins_all_the_way_down(load, tmp_path):
    flags = {"ttl": "1h"}
    environment = {"MEETCLI_TTL": "2h", "CACHE_TTL_HOURS": "3"}
    dotenv = "MEETCLI_TTL=4h\nCACHE_TTL_HOURS=5\n"
    project, user = 'ttl = "6h"', 'ttl = "7h"'
    seen = []
    while True:
        loaded = load(flags, environment=environment, dotenv=dotenv, project=project, user=user)
        seen.append((loaded.settings.ttl_s / 3600, loaded.origins["ttl"]))
        if flags:
            flags = {}
        elif environment:
            environment.pop(next(iter(environment)))
        elif dotenv:
            dotenv = dotenv.partition("\n")[2]
        elif project:
            project = ""
        elif user:
            user = ""
        else:
            break
    assert seen == [
        (1, "flag --ttl"),
        (2, "variable MEETCLI_TTL"),
        (3, "variable CACHE_TTL_HOURS"),
        (4, ".env"),
        (5, ".env"),
        (6, "./meetcli.toml"),
        (7, str(tmp_path / "user" / "meetcli.toml")),
        (24, "default"),
    ]


@pytest.mark.parametrize(
    ("option", "text", "field", "value"),
    [
        ("output", "out", "output", Path("out")),
        ("format", "json", "format", ("json",)),
        ("limit", "0", "limit", 0),
        ("files_from", "-", "files_from", Path("-")),
        ("engine", "LOCAL", "engine", "local"),
        ("api_key", "sk-1", "api_key", "sk-1"),
        ("model", " gpt-4o-mini ", "model", "gpt-4o-mini"),
        ("base_url", "http://localhost:8080/v1/", "base_url", "http://localhost:8080/v1"),
        ("prices", "OpenAI", "prices", "openai"),
        ("prices", "my.toml", "prices", "my.toml"),
        ("concurrency", "64", "concurrency", 64),
        ("timeout", "1m30s", "timeout_s", 90),
        ("timeout", "45", "timeout_s", 45),
        ("retries", "0", "retries", 0),
        ("max_wait", "0", "max_wait_s", 0),
        ("ttl", "30d", "ttl_s", 2_592_000),
        ("ttl", "none", "ttl_s", None),
        ("ttl", "0", "ttl_s", 0),
        ("cache_dir", "c", "cache_dir", Path("c")),
        ("cache_url", "rediss://u:p@h:6380/1", "cache_url", "rediss://u:p@h:6380/1"),
        ("cache_required", "yes", "cache_required", True),
        ("no_cache", "yes", "no_cache", True),
        ("refresh", "1", "refresh", True),
        ("cache_only", "on", "cache_only", True),
        ("on_change", "keep", "on_change", "keep"),
        ("key_fallback", "content", "key_fallback", "content"),
        ("retry_failed", "true", "retry_failed", True),
        ("dry_run", "false", "dry_run", False),
        ("yes", "TRUE", "yes", True),
        ("language", "pt-BR", "language", "pt-BR"),
        ("summary", "json", "summary", "json"),
        ("quiet", "1", "quiet", True),
        ("verbose", "2", "verbose", 2),
        ("log_format", "json", "log_format", "json"),
        ("log_file", "run.log", "log_file", Path("run.log")),
        ("metrics_file", "m.prom", "metrics_file", Path("m.prom")),
        ("max_file_size", "1.5GiB", "max_file_bytes", 1_610_612_736),
    ],
)
def test_every_option_has_a_variable(load, option, text, field, value):
    loaded = load(environment={f"MEETCLI_{option.upper()}": text})
    assert getattr(loaded.settings, field) == value
    assert loaded.origins[option] == f"variable MEETCLI_{option.upper()}"


def test_typed_values_of_a_file_are_taken_as_they_are(load):
    settings = load(
        project='concurrency = 4\nno_cache = true\nformat = ["json"]\ntimeout = 2.5\nmax_file_size = 1000\n'
    ).settings
    assert (settings.concurrency, settings.no_cache, settings.format) == (4, True, ("json",))
    assert (settings.timeout_s, settings.max_file_bytes) == (2.5, 1000)


def test_older_variables_keep_their_meaning(load):
    loaded = load(
        environment={
            "OPENAI_API_KEY": "sk-1",
            "OPENAI_MODEL": "gpt-4o-mini",
            "OPENAI_BASE_URL": "http://h/v1",
            "CACHE_TTL_HOURS": "0.5",
        }
    )
    settings = loaded.settings
    assert (settings.api_key, settings.model, settings.base_url, settings.ttl_s) == (
        "sk-1",
        "gpt-4o-mini",
        "http://h/v1",
        1800,
    )
    assert loaded.origins["api_key"] == "variable OPENAI_API_KEY"


def test_empty_variables_count_as_absent(load):
    assert (
        load(environment={"MEETCLI_TTL": "", "OPENAI_API_KEY": "  "}, dotenv="OPENAI_MODEL=\n").settings.api_key is None
    )


def test_dotenv_takes_values_literally_and_leaves_the_environment_alone(load):
    loaded = load(dotenv="OPENAI_API_KEY='sk-$HOME'\nDATABASE=x\n", environment={"OTHER": "y"})
    assert loaded.settings.api_key == "sk-$HOME"
    assert loaded.warnings == ()


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("concurrency", "0"),
        ("concurrency", "1001"),
        ("concurrency", "9" * 5000),
        ("concurrency", "1.5"),
        ("concurrency", "٣"),
        ("limit", "-1"),
        ("ttl", "24"),
        ("ttl", "1x"),
        ("ttl", "h"),
        ("ttl", "nan"),
        ("ttl", f"{'9' * 400}d"),
        ("timeout", "0s"),
        ("timeout", "soon"),
        ("max_file_size", "0"),
        ("max_file_size", "5 parsecs"),
        ("no_cache", "maybe"),
        ("engine", "gpt"),
        ("format", "json,pdf"),
        ("format", ","),
        ("language", "português"),
        ("model", "gpt\x1b[31m"),
        ("output", "a\0b"),
        ("output", "~nobody-of-this-name/x"),
        ("ttl", "-1h"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_its_origin(load, option, text):
    with pytest.raises(UsageError) as refused:
        load({option: text})
    assert refused.value.message.startswith(f"{option} = {text!r}"[:50])
    assert f"(from flag --{option.replace('_', '-')}) must be" in refused.value.message
    assert len(refused.value.message) < 300
    assert refused.value.message.isprintable()


def test_the_process_s_own_settings_come_from_its_folder_environment_and_user(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "conf"))
    monkeypatch.setenv("MEETCLI_RETRIES", "1")
    (tmp_path / "conf" / "meetcli").mkdir(parents=True)
    (tmp_path / "conf" / "meetcli" / "meetcli.toml").write_text('retries = 2\nmodel = "user"\nlanguage = "pt"')
    (tmp_path / "meetcli.toml").write_text('model = "project"')
    loaded = load_process_settings({"concurrency": 3})
    settings = loaded.settings
    assert (settings.retries, settings.model, settings.language, settings.concurrency) == (1, "project", "pt", 3)
    assert loaded.origins["language"] == str(tmp_path / "conf/meetcli/meetcli.toml")


@pytest.mark.parametrize("value", ["1", "[1]", "{a = 1}", "2026-01-01"])
def test_a_file_with_a_value_of_the_wrong_type_is_refused(load, value):
    with pytest.raises(UsageError, match=r"model = .* \(from \./meetcli\.toml\) must be"):
        load(project=f"model = {value}")


def test_a_bad_value_that_is_outranked_is_not_an_error(load):
    assert load({"concurrency": 3}, environment={"MEETCLI_CONCURRENCY": "many"}).settings.concurrency == 3


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8080",
        "ftp://h/v1",
        "https://",
        "https://u:CANARY@h/v1",
        "https://h/v1?key=CANARY",
        "https://h:x/CANARY",
        "https://[x/",
    ],
)
def test_an_endpoint_is_refused_without_being_repeated(load, url):
    with pytest.raises(UsageError) as refused:
        load(environment={"OPENAI_BASE_URL": url})
    assert "CANARY" not in refused.value.message
    assert f"a value of {len(url)} characters (from variable OPENAI_BASE_URL)" in refused.value.message


@pytest.mark.parametrize(
    "url",
    [
        "localhost:6379",
        "http://h",
        "redis://u:CANARY@h:x/",
        "redis://u:CANARY@[h/",
        "redis://CANARY h",
        "redis://:47/CANARY@h/0",
        *("redis://h/CANARY", "redis://h/-1", "rediss://h/0x1", "redis://h/1/2", "redis://h/³"),
        "unix://",
    ],
)
def test_a_shared_cache_s_address_is_refused_without_being_repeated(load, url):
    with pytest.raises(UsageError) as refused:
        load(environment={"REDIS_URL": url})
    assert "CANARY" not in refused.value.message
    assert (
        f"cache_url = a value of {len(url)} characters (from variable REDIS_URL) must be an address as redis://"
        in refused.value.message
    )


def test_a_shared_cache_s_password_is_never_shown(load):
    loaded = load(environment={"REDIS_URL": "redis://:CANARY@h/0"})
    assert loaded.settings.cache_url == "redis://:CANARY@h/0"
    assert loaded.origins["cache_url"] == "variable REDIS_URL"
    assert "CANARY" not in repr(loaded) + str(loaded)


def test_a_key_is_never_shown(load):
    loaded = load(environment={"OPENAI_API_KEY": "sk-CANARY"})
    assert "CANARY" not in repr(loaded) + str(loaded)
    with pytest.raises(UsageError) as refused:
        load(environment={"OPENAI_API_KEY": "sk-CANARY\n2"})
    assert "CANARY" not in refused.value.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ttl = ", "./meetcli.toml is not TOML"),
        (b"model = '\xff'", "not UTF-8"),
        ("cache-dir = 'x'", "./meetcli.toml: unknown setting 'cache-dir'"),
    ],
)
def test_a_broken_settings_file_is_named(load, text, message):
    with pytest.raises(UsageError) as refused:
        load(project=text)
    assert message in refused.value.message


def test_an_unknown_setting_suggests_the_nearest(load):
    with pytest.raises(UsageError) as refused:
        load(user="concurency = 3")
    assert refused.value.hint == "did you mean concurrency?"


def test_an_unknown_variable_is_a_warning(load):
    loaded = load(environment={"MEETCLI_TLL": "1h", "MEETCLI_PLEASE_BE_QUICK": "1"})
    assert loaded.warnings == (
        "variable MEETCLI_PLEASE_BE_QUICK is not a setting",
        "variable MEETCLI_TLL is not a setting, did you mean MEETCLI_TTL?",
    )


def test_settings_that_exclude_each_other_are_refused_with_their_origins(load):
    with pytest.raises(UsageError) as refused:
        load({"cache_only": True}, environment={"MEETCLI_REFRESH": "1"})
    assert (
        refused.value.message
        == "refresh (from variable MEETCLI_REFRESH) and cache_only (from flag --cache-only) exclude each other"
    )


@pytest.mark.parametrize(
    ("given", "prices", "endpoint"),
    [
        ({}, "openai", "api.openai.com"),
        ({"base_url": "https://eu.api.openai.com/v1"}, "openai", "eu.api.openai.com"),
        ({"base_url": "http://localhost:8080/v1"}, "none", "localhost:8080"),
        ({"base_url": "https://api.openai.com.evil.example/v1"}, "none", "api.openai.com.evil.example"),
        ({"base_url": "http://localhost:8080/v1", "prices": "openai"}, "openai", "localhost:8080"),
        ({"engine": "local"}, "openai", "local"),
    ],
)
def test_prices_follow_the_endpoint_unless_given(load, given, prices, endpoint):
    settings = load(given).settings
    assert (settings.prices, settings.endpoint) == (prices, endpoint)


@pytest.mark.parametrize(
    ("dotenv", "project"),
    [("OPENAI_BASE_URL=https://evil.example/v1", None), (None, "base_url = 'https://evil.example/v1'")],
)
def test_an_endpoint_from_a_file_in_the_working_folder_is_announced(load, dotenv, project):
    (announced,) = load(dotenv=dotenv, project=project).announcements
    assert announced.startswith("transcripts go to evil.example: the endpoint comes from")


@pytest.mark.parametrize(
    ("dotenv", "project", "said"),
    [
        ("REDIS_URL=redis://u:CANARY@evil.example:6380/1", None, "results go to Redis at evil.example:6380: cache_url"),
        (None, "cache_url = 'redis://u:CANARY@evil.example/0'", "results go to Redis at evil.example: cache_url"),
        (None, "log_file = '/srv/evil.log'", "the log goes to /srv/evil.log: log_file comes from ./meetcli.toml"),
        ("MEETCLI_METRICS_FILE=/srv/evil.prom", None, "metrics go to /srv/evil.prom: metrics_file comes from .env"),
    ],
)
def test_every_place_for_data_that_such_a_file_names_is_announced(load, dotenv, project, said):
    (announced,) = load(dotenv=dotenv, project=project).announcements
    assert announced.startswith(said)
    assert "CANARY" not in announced


def test_a_place_that_the_user_gave_is_not_announced(load):
    assert load({"base_url": "http://h/v1"}, project="base_url = 'http://other/v1'").announcements == ()
    assert load({}, project="", user="base_url = 'http://h/v1'\nlog_file = '/x.log'").announcements == ()
    assert load({"log_file": "/x.log"}, project="log_file = '/y.log'").announcements == ()


@pytest.mark.parametrize("kind", ["cache", "config"])
@pytest.mark.parametrize(
    "environment",
    [
        {"HOME": "/home/ana"},
        {"HOME": "/home/ana", "XDG_CACHE_HOME": "/x", "XDG_CONFIG_HOME": "/y"},
        {"HOME": "/home/ana", "XDG_CACHE_HOME": "rel", "XDG_CONFIG_HOME": ""},
        {"HOME": "rel"},
        {},
    ],
)
def test_user_folders_are_the_platform_s(monkeypatch, kind, environment):
    import platformdirs

    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    expected = platformdirs.user_cache_path("meetcli") if kind == "cache" else platformdirs.user_config_path("meetcli")
    assert user_folder(kind, environment) == expected


def test_a_user_without_a_home_is_told_to_name_the_cache_folder(monkeypatch, tmp_path):
    import pwd

    def unknown(uid):
        raise KeyError(uid)

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(UsageError) as refused:
        load_settings({}, environment={}, working_folder=tmp_path, user_config_folder=None)
    assert "--cache-dir" in refused.value.hint
    for flags in ({"cache_dir": "c"}, {"no_cache": True}):
        assert (
            load_settings(flags, environment={}, working_folder=tmp_path, user_config_folder=None).settings.ttl_s
            == 86_400
        )


TEXTS = st.text("0159.,-smhdkbMB truenoa/:@٣\0\n", max_size=9) | st.sampled_from(
    ["24h", "none", "50MB", "pt-BR", "http://h/v1"]
)


@given(
    st.dictionaries(
        st.sampled_from(sorted(OPTIONS)),
        TEXTS | st.integers() | st.booleans() | st.floats() | st.lists(TEXTS, max_size=2),
    )
)
def test_whatever_is_loaded_has_the_types_that_settings_declare(tmp_path_factory, flags):
    """Nothing checks settings but the parsers; this holds the parsers against the declared types."""
    try:
        settings = load_settings(
            flags, environment=HOME, working_folder=tmp_path_factory.getbasetemp(), user_config_folder=None
        ).settings
    except UsageError:
        return
    for name, value in vars(settings).items():
        assert TYPES[name].validate_python(value, strict=True) == value
