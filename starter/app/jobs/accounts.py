"""Mail about accounts, and what is deleted at night.

A token is made by the job that mails it and stored as a hash: it is in no row, no job and no log.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from ondol.auth.opaque import digest, new_token
from ondol.auth.origin import Origin
from ondol.db.one_time import delete_expired
from ondol.jobs import job
from ondol.runtime import Ondol
from sqlalchemy.ext.asyncio import AsyncSession

from app import mails
from app.models import EmailChange, PasswordReset, Registration
from app.repositories.email_change import EmailChangeRepository
from app.repositories.password_reset import PasswordResetRepository
from app.repositories.registration import RegistrationRepository
from app.repositories.sessions import SessionRepository
from app.repositories.users import UserRepository
from app.schemas.audit import Action
from app.services.audit import AuditService

ATTEMPTS = 10  # over a quarter of an hour: a mail server may be away for some time
RESET_LIFETIME = timedelta(minutes=30)


class Notice(StrEnum):
    """What owners are told of (OWASP ASVS 5.0, 6.3.7)."""

    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    EMAIL_CHANGE_ASKED = "email_change_asked"
    EMAIL_CHANGED = "email_changed"


@job(name="accounts.mail_registration", attempts=ATTEMPTS)
async def mail_registration(ondol: Ondol, *, registration_id: UUID) -> None:
    async with ondol.database.transaction() as session:
        registration = await RegistrationRepository(session).get(registration_id)
        if registration is None:
            return
        mail = await _confirmation(session, ondol, registration, mails.confirm_registration)
    await ondol.mailer.send(to=registration.email, subject=mail.subject, text=mail.text)


@job(name="accounts.mail_password_reset", attempts=ATTEMPTS)
async def mail_password_reset(ondol: Ondol, *, email: str, origin: Origin) -> None:
    """To an account that may log in; to nobody else. `origin` is of whoever asked."""
    token = new_token()
    async with ondol.database.transaction() as session:
        # Locked, so that no token is made while the address changes: it would outlive the change.
        user = await UserRepository(session).lock_by_email(email)
        if user is None or not user.is_active:
            return
        expires_at = datetime.now(UTC) + RESET_LIFETIME
        reset = PasswordReset(user_id=user.id, digest=digest(token), expires_at=expires_at)
        await PasswordResetRepository(session).add(reset)
    mail = mails.reset_password(ondol.settings.mail.links, token)
    await ondol.mailer.send(to=email, subject=mail.subject, text=mail.text)
    async with ondol.database.transaction() as session:
        await AuditService(session, origin).note(Action.PASSWORD_RESET_MAILED, target_id=user.id)


@job(name="accounts.mail_email_change", attempts=ATTEMPTS)
async def mail_email_change(ondol: Ondol, *, change_id: UUID) -> None:
    async with ondol.database.transaction() as session:
        change = await EmailChangeRepository(session).get(change_id)
        if change is None:
            return
        mail = await _confirmation(session, ondol, change, mails.confirm_email)
    await ondol.mailer.send(to=change.email, subject=mail.subject, text=mail.text)


async def _confirmation(
    session: AsyncSession, ondol: Ondol, asked: Registration | EmailChange, mail: Callable[[str, str], mails.Mail]
) -> mails.Mail:
    """To an address that has an account: that it does. To any other the token that confirms it."""
    if await UserRepository(session).get_by_email(asked.email) is not None:
        return mails.already_registered()
    token = new_token()
    asked.digest = digest(token)
    return mail(ondol.settings.mail.links, token)


@job(name="accounts.mail_notice", attempts=ATTEMPTS)
async def mail_notice(ondol: Ondol, *, to: str, notice: Notice) -> None:
    mail = mails.NOTICES[notice]
    await ondol.mailer.send(to=to, subject=mail.subject, text=mail.text)


@job(name="accounts.delete_expired_sessions", cron="17 3 * * *")
async def delete_expired_sessions(ondol: Ondol) -> None:
    """Every night: sessions nobody can use any more, with their tokens; and mailed tokens that nobody used."""
    async with ondol.database.transaction() as session:
        await SessionRepository(session).delete_expired(datetime.now(UTC))
        await delete_expired(session, Registration, PasswordReset, EmailChange)
