"""The manifests in docs/en/how-to/kubernetes.md, against the settings, the routes and the image."""

import json
import re
import secrets
from pathlib import Path
from typing import Any

import pytest
import yaml
from app.factory import create_app
from app.settings import AppSettings

from ondol import run
from ondol.settings.report import effective

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "en" / "how-to" / "kubernetes.md"
FILES = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
OBJECTS: dict[tuple[str, str], Any] = {
    (each["kind"], each["metadata"]["name"]): each for file in FILES for each in yaml.safe_load_all(file)
}
VARIABLES: dict[str, str] = OBJECTS["ConfigMap", "shop"]["data"]
SECRETS = {
    "AUTH__SECRET_KEY": secrets.token_urlsafe(48),
    "DATABASE_URL": f"postgresql://shop:{secrets.token_urlsafe(24)}@db.internal:5432/shop",
    "REDIS_URL": "rediss://valkey.internal:6379/0",
}
PODS = {
    name: each["spec"]["template"]["spec"] for (_, name), each in OBJECTS.items() if "template" in each.get("spec", ())
}


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> AppSettings:
    for name, value in {**VARIABLES, **SECRETS, "ENVIRONMENT": "production"}.items():
        monkeypatch.setenv(name, value)
    return AppSettings()


def test_every_variable_is_a_setting_and_production_starts_with_them(settings: AppSettings) -> None:
    assert {*VARIABLES, *SECRETS} <= {setting.name for setting in effective(settings)}
    said = re.findall(r"--from-literal=(\w+)", PAGE.read_text())
    assert sorted(said) == sorted(SECRETS)


def test_probes_are_routes_of_the_port_that_the_image_serves(settings: AppSettings) -> None:
    [web] = PODS["shop-web"]["containers"]
    paths = {web[probe]["httpGet"]["path"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert paths == {"/health/ready", "/health/live"}
    assert paths <= set(create_app(settings).openapi()["paths"])
    assert web["ports"] == [{"name": "http", "containerPort": settings.port}]
    assert OBJECTS["Service", "shop-web"]["spec"]["selector"] == {"app": "shop-web"}


def test_commands_are_processes_and_containers_are_locked() -> None:
    for name, process in (("shop-web", None), ("shop-worker", "worker"), ("shop-migrate", "migrate")):
        [container] = PODS[name]["containers"]
        assert container.get("command") == (["python", "-m", "ondol.run", process] if process else None)
        assert process is None or hasattr(run, process)
        assert container["image"] == "IMAGE"
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert PODS[name]["securityContext"]["runAsNonRoot"]


def test_pods_end_before_they_are_killed(settings: AppSettings) -> None:
    web, worker = (PODS[name]["terminationGracePeriodSeconds"] for name in ("shop-web", "shop-worker"))
    assert web > settings.drain_seconds + settings.http.grace_seconds + 1
    assert worker > settings.jobs.grace_seconds


def test_the_page_says_how_many_connections_there_are(settings: AppSettings) -> None:
    web = (settings.database.pool_size + settings.database.read_pool_size + 1) * settings.web_concurrency
    worker = web + settings.jobs.concurrency + 4
    most = OBJECTS["HorizontalPodAutoscaler", "shop-web"]["spec"]["maxReplicas"]
    text = " ".join(PAGE.read_text().split())
    assert f"at most {web}, a worker {worker}" in text
    assert f"that is {(most + 1) * web + 2 * worker}" in text
    assert json.loads(VARIABLES["HTTP__TRUSTED_PROXIES"]) == settings.http.trusted_proxies
