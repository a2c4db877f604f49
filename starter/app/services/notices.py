"""Mails that notify owners of changes to their account."""

from enum import StrEnum

from ondol.jobs.queue import retries
from procrastinate import Blueprint, JobContext

from app.runtime import Runtime

jobs = Blueprint()


class Notice(StrEnum):
    """The changes that owners are notified of (OWASP ASVS 5.0, 6.3.7)."""

    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    ACCOUNT_DELETED = "account_deleted"  # personal_data
    EMAIL_CHANGE_ASKED = "email_change_asked"  # email_change
    EMAIL_CHANGED = "email_changed"  # email_change


@jobs.task(name="accounts.mail_notice", pass_context=True, retry=retries())
async def mail_notice(context: JobContext, *, to: str, notice: Notice, language: str | None = None) -> None:
    await Runtime.of(context).send_mail(notice, to=to, language=language)
