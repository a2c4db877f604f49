from pathlib import Path

import pytest
from pydantic import ValidationError

from ondol.settings import Group, Settings


class Shop(Group):
    low_stock: int = 10


class ShopSettings(Settings):
    shop: Shop = Shop()


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("ENVIRONMENT", "DATABASE_URL", "REDIS_URL", "PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path / "secrets"))


def test_environment_beats_dotenv_beats_secrets_beats_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name, value in {"AUTH__ISSUER": "secrets", "AUTH__AUDIENCE": "secrets", "SHOP__LOW_STOCK": "1"}.items():
        (secrets / name).write_text(value)
    (tmp_path / ".env").write_text("AUTH__ISSUER=dotenv\nAUTH__AUDIENCE=dotenv\n")
    monkeypatch.setenv("AUTH__ISSUER", "environment")
    settings = ShopSettings()
    assert settings.auth.issuer == "environment"
    assert settings.auth.audience == "dotenv"
    assert settings.shop.low_stock == 1
    origins = {setting.name: setting.origin for setting in settings.effective()}
    assert origins["AUTH__ISSUER"] == "environment"
    assert origins["AUTH__AUDIENCE"] == ".env"
    assert origins["SHOP__LOW_STOCK"] == "secrets folder"
    assert origins["PORT"] == "default"


def test_the_names_every_platform_sets_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://u:hidden@127.0.0.1/d")
    monkeypatch.setenv("REDIS_URL", "redis://h")
    monkeypatch.setenv("PORT", "9000")
    settings = Settings()
    assert settings.port == 9000
    assert settings.database_url is not None
    assert "hidden" not in repr(settings)
    assert "hidden" not in str([setting.value for setting in settings.effective()])


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("AUTH__SECRT_KEY", "x" * 40, "auth.secrt_key"),
        ("AUTH__SECRET_KEY", "too short", "32 characters or more"),
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


def test_production_refuses_to_start_on_development_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    with pytest.raises(ValidationError) as refused:
        Settings()
    for sentence in ("DATABASE_URL must be set", "REDIS_URL must be set", "AUTH__SECRET_KEY must be set"):
        assert sentence in str(refused.value)
