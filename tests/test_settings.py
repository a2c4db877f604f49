import secrets
from pathlib import Path

import pytest
from pydantic import ValidationError

from ondol.settings import Group, Settings, load_settings
from ondol.settings.guard import is_guessable, leads_elsewhere
from ondol.settings.load import sentences
from ondol.settings.report import effective
from ondol.testing.contract.test_production import SOUND


class Shop(Group):
    low_stock: int = 10


class ShopSettings(Settings):
    shop: Shop = Shop()


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("ENV_FILE", "ENVIRONMENT", "DATABASE_URL", "REDIS_URL", "PORT", "WEB_CONCURRENCY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path / "secrets"))


def test_environment_beats_dotenv_beats_secrets_beats_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    for name, value in {"AUTH__ISSUER": "secrets", "AUTH__AUDIENCE": "secrets", "SHOP__LOW_STOCK": "1"}.items():
        (folder / name).write_text(value)
    (tmp_path / ".env").write_text("AUTH__ISSUER=dotenv\nAUTH__AUDIENCE=dotenv\n")
    monkeypatch.setenv("AUTH__ISSUER", "environment")
    settings = ShopSettings()
    assert settings.auth.issuer == "environment"
    assert settings.auth.audience == "dotenv"
    assert settings.shop.low_stock == 1
    sources = {setting.name: setting.source for setting in effective(settings)}
    assert sources["AUTH__ISSUER"] == "environment"
    assert sources["AUTH__AUDIENCE"] == ".env"
    assert sources["SHOP__LOW_STOCK"] == "secrets folder"
    assert sources["PORT"] == "default"


def test_env_file_names_another_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=1111\n")
    (tmp_path / "other.env").write_text("PORT=2222\n")
    assert Settings().port == 1111
    monkeypatch.setenv("ENV_FILE", "other.env")
    assert Settings().port == 2222
    monkeypatch.setenv("ENV_FILE", "/dev/null")  # as in test runs, which ignore .env
    assert Settings().port == 8000


def test_a_group_is_read_from_its_names_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Debian's login shells export MAIL=/var/mail/root."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "AUTH").write_text("{}")
    (tmp_path / ".env").write_text("JOBS=4\nMAIL__PORT=2525\n")
    for name in ("MAIL", "Mail", "CACHE", "LOGGING", "HTTP", "SHOP", "DATABASE"):
        monkeypatch.setenv(name, "/var/mail/root")
    monkeypatch.setenv("MAIL__HOST", "smtp.internal")
    settings = ShopSettings()
    assert (settings.mail.host, settings.mail.port, settings.jobs.concurrency) == ("smtp.internal", 2525, 4)
    monkeypatch.setenv("HTTP", '{"docs": false}')
    assert Settings().http.docs is None


def test_a_file_in_another_encoding_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".env").write_bytes("MAIL__SENDER=온돌 <no-reply@example.com>\n".encode("euc-kr"))
    with pytest.raises(SystemExit):
        load_settings(Settings)
    assert "is not UTF-8: save it as UTF-8." in capsys.readouterr().err


def test_the_names_every_platform_sets_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://u:hidden@127.0.0.1/d")
    monkeypatch.setenv("REDIS_URL", "redis://h")
    monkeypatch.setenv("PORT", "9000")
    settings = Settings()
    assert settings.port == 9000
    assert settings.database_url is not None
    assert "hidden" not in repr(settings)
    assert "hidden" not in str([setting.value for setting in effective(settings)])


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("AUTH__SECRT_KEY", "x" * 40, "auth.secrt_key"),
        ("AUTH__SECRET_KEY", "too short", "at least 32 characters"),
        ("DATABASE_URL", "mysql://u:hidden@h/d", "must begin with postgresql://"),
        ("REDIS_URL", "http://h", "must begin with redis://"),
        ("PORT", "0", "greater than or equal to 1"),
        ("ENVIRONMENT", "prod", "'development', 'test' or 'production'"),
    ],
)
def test_a_wrong_value_is_named_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert message in str(refused.value)
    assert "hidden" not in str(refused.value)


def refusal(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> list[str]:
    for name, value in {**SOUND, **changes}.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    try:
        Settings()
    except ValidationError as error:
        return list(sentences(error))
    return []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://shop:Tb5kq9Zx@127.0.0.1:5432/shop"),  # a proxy on the same host
        ("DATABASE_URL", "postgresql://shop:Tb5kq9Zx@/shop?host=/cloudsql/project:region:shop"),
        ("DATABASE_URL", "postgresql://shop@db/shop"),  # without a password
        ("HTTP__ALLOWED_HOSTS", '["*.example.com"]'),
    ],
)
def test_production_starts_on_sound_settings(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    assert refusal(monkeypatch) == []
    assert refusal(monkeypatch, **{name: value}) == []


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("AUTH__SECRET_KEY", None, "AUTH__SECRET_KEY must be set"),
        ("AUTH__SECRET_KEY", "too short", "at least 32 characters"),
        ("AUTH__SECRET_KEY", "a" * 40, "can be guessed"),
        ("AUTH__SECRET_KEY", "abc123XY" * 5, "can be guessed"),
        ("AUTH__SECRET_KEY", "0123456789abcdefghijklmnopqrstuvwxyz", "can be guessed"),
        ("AUTH__SECRET_KEY", "changethis-before-you-deploy-0815-4711", "can be guessed"),
        ("DATABASE_URL", None, "DATABASE_URL must be set"),
        ("DATABASE_URL", "postgresql://ondol:Tb5kq9Zx@127.0.0.1:5433/ondol", "development database"),
        ("DATABASE_URL", "postgresql://shop:Tb5kq9Zx@db/shop_dev", "development database"),
        ("DATABASE_URL", "postgresql://shop:postgres@db/shop", "a well-known password"),
        ("REDIS_URL", None, "REDIS_URL must be set"),
        ("HTTP__ALLOWED_HOSTS", None, "HTTP__ALLOWED_HOSTS must name the hosts"),
        ("HTTP__CORS_ORIGINS", '["*"]', "HTTP__CORS_ORIGINS must name the origins"),
        ("DEBUG", "true", "DEBUG must be off"),
        ("MAIL__HOST", None, "MAIL__HOST must be set"),
        ("MAIL__LINKS", None, "MAIL__LINKS must be the https URL"),
        ("AUTH__NEXT_SECRET_KEY", "a" * 40, "AUTH__NEXT_SECRET_KEY can be guessed"),
        ("HTTP__TRUSTED_PROXIES", '["*"]', "HTTP__TRUSTED_PROXIES must name only the networks"),
        ("METRICS__ENABLED", "true", "METRICS__TOKEN needs at least 16 characters"),
        ("DATABASE_URL", "postgresql://shop:shop@db/shop", "a well-known password"),
        (
            "DATABASE_URL",
            "postgresql:///shop?host=db&user=postgres&password=postgres",
            "a well-known password",
        ),
        ("DATABASE_URL", "postgresql://shop:Sup3rS%zzcret@db/shop", "percent-encoded"),
        (
            "DATABASE_DIRECT_URL",
            "postgresql://shop:Tb5kq9Zx@db/shop_dev",
            "DATABASE_DIRECT_URL points to a",
        ),
        ("HTTP__ALLOWED_HOSTS", "[]", "HTTP__ALLOWED_HOSTS must name the hosts"),
        ("HTTP__ALLOWED_HOSTS", '["*.com"]', "HTTP__ALLOWED_HOSTS must name the hosts"),
        ("HTTP__CORS_ORIGINS", '["null"]', "HTTP__CORS_ORIGINS must name the origins"),
        ("HTTP__CORS_ORIGINS", '["http://shop.example.com"]', "HTTP__CORS_ORIGINS must name the origins"),
        ("HTTP__TRUSTED_PROXIES", '["0.0.0.0/1", "128.0.0.0/1"]', "HTTP__TRUSTED_PROXIES must name only the networks"),
        ("HTTP__TRUSTED_PROXIES", '["::ffff:0:0/96"]', "HTTP__TRUSTED_PROXIES must name only the networks"),
        ("AUTH__SECRET_KEY", "CorrectHorseBatteryStapleForMyShop2026", "can be guessed"),
        ("AUTH__SECRET_KEY", "ThisIsMySuperSecretJwtSigningKey1", "can be guessed"),
        ("AUTH__SECRET_KEY", "my_very_long_secret_key_for_jwt_tokens_please", "can be guessed"),
        ("AUTH__SECRET_KEY", "development-only-never-in-production", "AUTH__SECRET_KEY must be set"),
    ],
)
def test_production_refuses(monkeypatch: pytest.MonkeyPatch, name: str, value: str | None, sentence: str) -> None:
    [fault] = refusal(monkeypatch, **{name: value})
    assert sentence in fault
    assert value is None or len(value) < 8 or value not in fault


def test_production_tells_every_fault_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    faults = refusal(
        monkeypatch,
        **dict.fromkeys(SOUND.keys() - {"ENVIRONMENT"}),
        DEBUG="1",
        HTTP__CORS_ORIGINS='["*"]',
        METRICS__ENABLED="1",
    )
    assert len(faults) == 9


def test_a_list_that_is_not_json_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HTTP__ALLOWED_HOSTS", "shop.example.com")
    with pytest.raises(SystemExit):
        load_settings(Settings)
    assert 'lists are written as JSON, such as ["shop.example.com"]' in capsys.readouterr().err


def test_random_secrets_are_not_taken_for_guessable(whole: bool) -> None:
    for _ in range(1_000 if whole else 50):
        assert not is_guessable(secrets.token_urlsafe(32))
        assert not is_guessable(secrets.token_urlsafe(48))
        assert not is_guessable(secrets.token_hex(32))


@pytest.mark.parametrize(
    ("url", "elsewhere"),
    [
        ("postgresql://u:p@localhost/shop", False),
        ("postgresql:///shop", False),
        ("postgresql://u:p@localhost/shop?hostaddr=10.0.0.5", True),
        ("postgresql:///shop?hostaddr=10.0.0.5", True),
        ("postgresql:///shop?service=prod", True),
        ("postgresql://u:p@/shop?host=localhost,db", True),
        ("postgresql://u:p@db/shop?hostaddr=127.0.0.1", False),
    ],
)
def test_where_a_database_is(url: str, elsewhere: bool) -> None:
    assert leads_elsewhere(url) is elsewhere


def test_a_known_secret_stays_at_home_also_when_production_was_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    faults = refusal(monkeypatch, ENVIRONMENT="development", AUTH__SECRET_KEY=None)
    assert [fault.partition(":")[0] for fault in faults] == ["AUTH__SECRET_KEY must be set"]
