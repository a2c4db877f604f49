"""One-time tokens sent by mail, for registration, password reset and change of e-mail address.

The job that mails a token creates it and stores only its hash: no row, job or log contains the token.
"""

from uuid import UUID

from ondol import BadRequest
from ondol.jobs.queue import retries
from ondol.keys import digest, new_token
from procrastinate import Blueprint, JobContext

from app.models import MailedToken, User
from app.models.mailed_tokens import Purpose
from app.repositories.mailed_tokens import MailedTokenRepository
from app.repositories.users import UserRepository
from app.runtime import Runtime, UnitOfWork

jobs = Blueprint()


class InvalidMailedToken(BadRequest):
    code = "invalid_token"
    detail = "This link is invalid or has expired. Request a new one."


async def redeem(work: UnitOfWork, purpose: Purpose, token: str) -> tuple[User, MailedToken]:
    """Use up a token; return its account, locked, and the token's row. Raises InvalidMailedToken.

    The account is locked before the token, as in all changes of an account, so that they cannot deadlock.
    """
    tokens = MailedTokenRepository(work)
    user_id = await tokens.user_of(purpose, token)
    user = await UserRepository(work).lock(user_id) if user_id else None
    asked = await tokens.take(purpose, token)
    if asked is None or user is None or not user.is_active:
        raise InvalidMailedToken
    return user, asked


async def mail_confirmation(runtime: Runtime, token_id: UUID, mail: str, language: str | None) -> None:
    """Mail a token that confirms an address. If the address already has an account, mail only a notice.

    `mail`: its name in app/languages.
    """
    async with runtime.transaction() as work:
        asked = await MailedTokenRepository(work).get(token_id)
        if asked is None:
            return
        token = new_token()
        if account := await UserRepository(work).read_by_email(asked.email):
            mail, language = "already_registered", account.language
        else:
            asked.digest = digest(token)
    await runtime.send_mail(mail, to=asked.email, language=language, token=token)


@jobs.periodic(cron="27 3 * * *")
@jobs.task(name="accounts.delete_expired_tokens", pass_context=True, retry=retries())
async def delete_expired_tokens(context: JobContext, timestamp: int = 0) -> None:
    """Delete expired mailed tokens every night."""
    async with Runtime.of(context).transaction() as work:
        await MailedTokenRepository(work).delete_expired()
