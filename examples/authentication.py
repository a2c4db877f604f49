"""OAuth2 password flow, JWT and Argon2id with one account in memory."""

from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from uuid_utils.compat import uuid7

from ondol import Unauthorized
from ondol.auth.passwords import PasswordHasher
from ondol.auth.tokens import AccessTokens
from ondol.web.problems import install_problems

app = FastAPI()
install_problems(app)
passwords = PasswordHasher()
tokens = AccessTokens("a secret of at least thirty-two characters", issuer="me", audience="me", lifetime_seconds=600)
accounts = {"jiwoo": (uuid7(), passwords.hash_now("ondol is warm"))}


@app.post("/token")
async def log_in(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> dict[str, str]:
    user_id, hashed = accounts.get(form.username, (uuid7(), None))
    valid, _ = await passwords.verify(form.password, hashed)
    if not valid:
        raise Unauthorized
    token = tokens.issue(user_id=user_id, session_id=uuid7(), scopes=frozenset())
    return {"access_token": token, "token_type": "bearer"}


@app.get("/me")
async def me(token: Annotated[str, Depends(OAuth2PasswordBearer(tokenUrl="token"))]) -> dict[str, str]:
    return {"user_id": str(tokens.verify(token).user_id)}
