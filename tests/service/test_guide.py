"""docs/*/guide.md: the points and terms of the FastAPI guide, and the two responses that it shows."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from app.access import current_user
from app.models import User
from app.scopes import Scope
from app.services.users import UserService
from fastapi import FastAPI
from fastapi.testclient import TestClient
from people import hashed_password
from sqlalchemy import select

from ondol.auth.caller import Caller
from ondol.db.session import SyncDatabase

KOREAN, ENGLISH = (
    Path(__file__).parents[2].joinpath("docs", language, "guide.md").read_text(encoding="utf-8")
    for language in ("ko", "en")
)
ALIKE = [
    *("pip install fastapi uvicorn", "uvicorn main:app --reload", "http://localhost:8000", "Swagger", "/docs"),
    *("Pydantic", "422", "response_model", "hashed_password", "Depends", "async def", "await", "SQLAlchemy", "Session"),
    *("async_session", "OAuth2", "OAuth2PasswordBearer", "JWT", "bcrypt", "OpenAPI", "TestClient", "pytest", "Mocking"),
    *("dependency_overrides", "BackgroundTasks", "lifespan", "Gunicorn", "Uvicorn", "Docker", "Dockerfile"),
    *("Cloud Run", "AWS ECS", "CRUD", "routers/users.py", "schemas", "services", "repositories", "models"),
    *("DAO", "Redis"),
]
"""Terms that both languages spell alike."""
TERMS = {
    "가상환경": "virtual environment",
    "라우팅": "routing",
    "데코레이터": "decorator",
    "경로 파라미터": "path parameter",
    "쿼리 파라미터": "query parameter",
    "바디 파라미터": "body parameter",
    "검증": "validation",
    "문자열 입력": "strings where a number",
    "필수 필드 누락": "required field",
    "직렬화": "serialization",
    "역직렬화": "deserialization",
    "응답 모델 필터링": "response models that filter",
    "의존성 주입": "dependency injection",
    "이벤트 루프": "event loop",
    "비동기 SQLAlchemy": "async SQLAlchemy",
    "동기 SQLAlchemy": "sync SQLAlchemy",
    "OAuth2 비밀번호 흐름": "OAuth2 password flow",
    "해싱": "hashing",
    "환경 변수": "environment variables",
    "설정 분리": "settings are separate",
    "문서화": "documentation",
    "자동 동기화": "always in step",
    "경계상황": "edge cases",
    "서비스를 확장": "another implementation",
    "백그라운드 작업": "may be lost",
    "미들웨어": "middleware",
    "이벤트 훅": "event hooks",
    "라이프사이클": "lifecycle",
    "컨테이너 레지스트리": "container registry",
    "스케일아웃": "scales the service out",
    "복합 엔드포인트": "composite endpoints",
    "인증 엔드포인트": "authentication endpoints",
    "레이어": "layer",
    "서비스 레이어": "service layer",
    "레포지토리": "repositories",
    "빈번한 데이터": "frequently read data",
    "인증 정보와 세션": "authentication data and sessions",
    "우버, 넷플릭스": "Uber, Netflix",
}
"""The guide's Korean terms, and the English ones in their place."""


@pytest.mark.parametrize("korean", [*ALIKE, *TERMS])
def test_each_term_is_there_in_both_languages(korean: str) -> None:
    assert korean in KOREAN
    assert TERMS.get(korean, korean).casefold() in ENGLISH.casefold()


def test_the_422_is_the_one_that_is_shown(app: FastAPI, client: TestClient) -> None:
    app.dependency_overrides[current_user] = lambda: Caller(UUID(int=1), UUID(int=2), frozenset(Scope))
    headers = {"Accept-Language": "ko", "X-Request-ID": "guide-0001"}
    answer = client.post("/api/v1/products", json={"price": "비쌈", "stock": "많음"}, headers=headers)
    for guide in (KOREAN, ENGLISH):
        [shown] = re.findall(r"```json\n(.*?)```", guide, re.DOTALL)
        assert answer.json() == json.loads(shown)


def test_the_hash_is_in_the_row_and_in_no_response(
    app: FastAPI, client: TestClient, in_transaction: Callable[..., Any], database: SyncDatabase
) -> None:
    email = "jiwoo@example.com"
    made = in_transaction(
        lambda work: UserService(work).create(email=email, full_name="김지우", hashed_password=hashed_password())
    )
    with database.transaction() as session:
        assert session.scalars(select(User)).one().hashed_password.startswith("$argon2id$")
    app.dependency_overrides[current_user] = lambda: Caller(made.id, UUID(int=2), frozenset(Scope))
    answer = client.get("/api/v1/users/me").json()
    assert answer["email"] == email
    assert "hashed_password" not in answer
