"""Secrets are planted in every request, and must not appear in anything that the service writes."""

import json
from pathlib import Path
from urllib.parse import quote

import psycopg
import redis

from ondol.dev.ports import free_port
from ondol.testing.collector import Collector
from ondol.testing.contract import AUTH, ME, PASSWORD
from ondol.testing.contract.fixtures import Rig
from ondol.testing.contract.service import Service
from ondol.testing.processes import running
from ondol.testing.waiting import eventually

COLLECTOR_PORT = free_port()
ENVIRONMENT = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{COLLECTOR_PORT}",
    "OTEL_BSP_SCHEDULE_DELAY": "100",
    "DEBUG": "true",  # logs SQL statements, without their values
}
PLANTED = "planted-4f1c9a77"
NEW_PASSWORD = f"{PLANTED}-new-password"


def rows(url: str) -> str:
    """Return every row of every table, as text."""
    with psycopg.connect(url, autocommit=True) as connection:
        tables = connection.execute(
            "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        return "\n".join(
            str(row) for [table] in tables for row in connection.execute(f"SELECT t::text FROM {table} t").fetchall()
        )


def values(url: str) -> str:
    """Return every key and value in Valkey."""
    with redis.Redis.from_url(url, decode_responses=True) as client:
        return "\n".join(f"{key} {client.get(key)}" for key in client.scan_iter() if client.type(key) == "string")


def test_no_secret_is_written_anywhere(rig: Rig, service: Service, tmp_path: Path, project_folder: Path) -> None:
    """ASVS 16.2.5, 14.2.1 and 11.4.2: not in logs, traces, problems, the database or the cache."""
    collector = Collector(COLLECTOR_PORT)
    said: list[str] = []
    secrets = {PASSWORD, PLANTED}
    worker = running(
        ["-m", "ondol.run", "worker"], folder=project_folder, environment=rig.environment, log=tmp_path / "log"
    )
    with worker, rig.client() as client:
        email = rig.new_address()
        said.append(client.post(f"{AUTH}/token", data={"username": email, "password": f"{PLANTED}-wrong"}).text)
        answer = client.post(f"{AUTH}/token", data={"username": email, "password": PASSWORD})
        tokens = answer.json()
        secrets |= {tokens["access_token"], tokens["refresh_token"], answer.cookies["__Host-device"]}
        refreshed = client.post(f"{AUTH}/refresh", json={"refresh_token": tokens["refresh_token"]}).json()
        secrets |= {refreshed["access_token"], refreshed["refresh_token"]}
        headers = {"Authorization": f"Bearer {refreshed['access_token']}"}
        change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
        assert client.post(f"{ME}/password", json=change, headers=headers).status_code == 204
        if client.post(f"{AUTH}/password-reset", json={"email": email}).status_code != 404:
            eventually(lambda: "accounts.mail_password_reset" in (tmp_path / "log").read_text(), 10)
        secrets |= set(rig.fresh_tokens())
        # In all places where a client may put a secret by mistake, for every operation.
        everywhere = {
            "Authorization": f"Bearer {PLANTED}-header",
            "Cookie": f"session={PLANTED}; __Host-access={PLANTED}",
            "X-Api-Key": PLANTED,
            "X-Request-ID": "the-planted-one",
        }
        for operation in service.document.operations:
            said.append(service.request(operation, everywhere).body.decode(errors="replace"))
            url = operation.path.replace("{", "").replace("}", "")
            query = f"access_token={PLANTED}&password={quote(PASSWORD)}"
            body = json.dumps({"password": PLANTED})
            kind = {"Content-Type": "application/json"}
            answered = service.send(operation.method, f"{url}?{query}", body=body, headers=kind)
            said.append(answered.body.decode(errors="replace"))
        said.append(client.post(f"{AUTH}/register/confirm", content=f'{{"password": "{PLANTED}').text)
    eventually(lambda: len(collector.spans()) > 20, 10)
    collector.stop()
    written = {
        "answers": "\n".join(said),
        "the log of a worker": "\n".join(file.read_text() for file in rig.logs.glob("web*.log")),
        "the log of the job worker": (tmp_path / "log").read_text(),
        "traces": "\n".join(body.decode(errors="replace") for body in collector.bodies),
        "PostgreSQL": rows(rig.database_url),
        "Valkey": values(rig.environment["REDIS_URL"]),
    }
    assert "the-planted-one" in written["the log of a worker"]
    assert '"UPDATE' in written["the log of a worker"] or "UPDATE users" in written["the log of a worker"]
    assert email in written["PostgreSQL"]
    found = [(place, secret) for place, text in written.items() for secret in secrets if secret in text]
    assert found == []
