from datetime import UTC, datetime, timedelta
from uuid import UUID

from ondol.auth.caller import Caller
from ondol.db.constraints import violation_as
from ondol.jobs.queue import retries
from procrastinate import Blueprint, JobContext

from app.models import MailedToken
from app.models.mailed_tokens import Purpose
from app.repositories.mailed_tokens import MailedTokenRepository
from app.repositories.users import UserRepository
from app.runtime import Runtime, UnitOfWork
from app.schemas.audit import Action  # audit
from app.schemas.email_change import EmailChangeCreate
from app.schemas.users import UserRead
from app.services.audit import AuditService  # audit
from app.services.limits import Limits
from app.services.mailed_tokens import mail_confirmation, redeem
from app.services.notices import Notice, mail_notice
from app.services.users import EmailTaken, UserService

LIFETIME = timedelta(hours=1)

jobs = Blueprint()


class EmailChangeService:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._tokens = MailedTokenRepository(work)
        self._users = UserService(work)
        self._audit = AuditService(work)  # audit
        self._limits = Limits(work.runtime, work.client)

    async def ask(self, data: EmailChangeCreate, by: Caller) -> None:
        """Mail a token to the new address and a notice to the current one. Other accounts are not revealed.

        Raises TooManyRequests, WrongPassword.
        """
        await self._limits.count("reset", account=str(by.user_id))
        verified = await self._users.verify(data.current_password.get_secret_value(), by)
        user = await self._users.lock_verified(verified)
        await self._tokens.delete_of(user.id, Purpose.EMAIL_CHANGE)  # only the latest request counts
        asked = MailedToken(
            purpose=Purpose.EMAIL_CHANGE, user_id=user.id, email=data.email, expires_at=datetime.now(UTC) + LIFETIME
        )
        await self._tokens.add(asked)
        await self._work.enqueue(mail_email_change, token_id=asked.id, language=user.language)
        notice = Notice.EMAIL_CHANGE_ASKED
        await self._work.enqueue(mail_notice, to=user.email, notice=notice, language=user.language)
        await self._audit.note(Action.EMAIL_CHANGE_ASKED, by, target_id=user.id)  # audit

    async def confirm(self, token: str) -> UserRead:
        """Change the address and notify both addresses. Raises TooManyRequests, InvalidMailedToken, EmailTaken."""
        await self._limits.count("reset")
        user, asked = await redeem(self._work, Purpose.EMAIL_CHANGE, token)
        former = user.email
        with violation_as(EmailTaken, "uq_users_email"):
            await UserRepository(self._work).change(user, {"email": asked.email})
        # Reset tokens that were mailed to the former address become invalid too.
        await self._tokens.delete_of(user.id)
        for address in (former, user.email):
            await self._work.enqueue(mail_notice, to=address, notice=Notice.EMAIL_CHANGED, language=user.language)
        # audit: begin
        details = {"former": former, "email": user.email}
        await self._audit.note(Action.EMAIL_CHANGED, target_id=user.id, details=details)
        # audit: end
        return UserRead.model_validate(user)


@jobs.task(name="accounts.mail_email_change", pass_context=True, retry=retries())
async def mail_email_change(context: JobContext, *, token_id: UUID, language: str | None = None) -> None:
    await mail_confirmation(Runtime.of(context), token_id, "confirm_email", language)
