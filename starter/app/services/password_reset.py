from datetime import UTC, datetime, timedelta

from ondol.auth.client import Client
from ondol.jobs.queue import retries
from ondol.keys import digest, new_token
from procrastinate import Blueprint, JobContext

from app.models import MailedToken
from app.models.mailed_tokens import Purpose
from app.repositories.mailed_tokens import MailedTokenRepository
from app.repositories.users import UserRepository
from app.runtime import Runtime, UnitOfWork
from app.schemas.audit import Action  # audit
from app.services.audit import AuditService  # audit
from app.services.limits import Limits
from app.services.mailed_tokens import redeem
from app.services.users import UserService, device_subject, refuse_address

LIFETIME = timedelta(minutes=30)

jobs = Blueprint()


class PasswordResetService:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._users = UserService(work)
        self._audit = AuditService(work)  # audit
        self._limits = Limits(work.runtime, work.client)

    async def ask(self, email: str) -> None:
        """Enqueue a mail with a token. Only the job checks whether the account exists. Raises TooManyRequests."""
        await self._limits.count("reset", account=email)
        await self._work.enqueue(mail_password_reset, email=email, client=self._work.client)

    async def confirm(self, token: str, new_password: str) -> str:
        """Set the password, end every login session, and return a device token.

        The device token lets the owner log in from this device even while the account is under attack.
        Raises TooManyRequests, InvalidMailedToken, PasswordIsAddress.
        """
        await self._limits.count("reset")
        hashed = await self._work.runtime.passwords.hash(new_password)
        user, _ = await redeem(self._work, Purpose.PASSWORD_RESET, token)
        refuse_address(new_password, user.email)
        await self._users.set_password(user, hashed)
        await self._audit.note(Action.PASSWORD_RESET, target_id=user.id)  # audit
        return self._work.runtime.device_tokens.issue(device_subject(user.id, user.hashed_password))


@jobs.task(name="accounts.mail_password_reset", pass_context=True, retry=retries())
async def mail_password_reset(context: JobContext, *, email: str, client: Client) -> None:
    """Mail a token if the address has an active account. `client` made the request."""
    runtime, token = Runtime.of(context), new_token()
    async with runtime.transaction() as work:
        # Locked, so that no token is created during a change of address: it would stay valid after it.
        user = await UserRepository(work).lock_by_email(email)
        if user is None or not user.is_active:
            return
        made = MailedToken(
            purpose=Purpose.PASSWORD_RESET,
            user_id=user.id,
            email=email,
            digest=digest(token),
            expires_at=datetime.now(UTC) + LIFETIME,
        )
        await MailedTokenRepository(work).add(made)
    await runtime.send_mail("reset_password", to=email, language=user.language, token=token)
    # audit: begin
    async with runtime.transaction(client) as work:
        await AuditService(work).note(Action.PASSWORD_RESET_MAILED, target_id=user.id)
    # audit: end
