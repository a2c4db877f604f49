"""What registration, password reset and change of address share: a mailed token allows something once.

A token is made by the job that mails it and stored as a hash: it is in no row, no job and no log.
"""

from collections.abc import Callable

from ondol import BadRequest
from ondol.auth.opaque import digest, new_token
from ondol.jobs import retries
from procrastinate import Blueprint, JobContext

from app import mails
from app.models import MailedToken
from app.repositories.mailed_tokens import MailedTokenRepository
from app.repositories.users import UserRepository
from app.runtime import Runtime, UnitOfWork

jobs = Blueprint()


class InvalidMailedToken(BadRequest):
    code = "invalid_token"
    detail = "This link is not valid (any more): ask for a new one."


async def confirmation(work: UnitOfWork, asked: MailedToken, write: Callable[[str, str], mails.Mail]) -> mails.Mail:
    """Return the mail for an address that is to be confirmed: the token; or, to one that has an account, that it
    has."""
    if await UserRepository(work).read_by_email(asked.email) is not None:
        return mails.already_registered()
    token = new_token()
    asked.digest = digest(token)
    return write(work.settings.mail.links, token)


@jobs.periodic(cron="27 3 * * *")
@jobs.task(name="accounts.delete_expired_tokens", pass_context=True, retry=retries(5))
async def delete_expired_tokens(context: JobContext, timestamp: int = 0) -> None:
    """Every night: mailed tokens that nobody used."""
    async with Runtime.of(context).transaction() as work:
        await MailedTokenRepository(work).delete_expired()
