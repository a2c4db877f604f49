from datetime import UTC, datetime, timedelta

from ondol.auth.origin import Origin
from ondol.auth.principal import Principal
from ondol.db.constraints import violation_as
from ondol.jobs import enqueue
from ondol.runtime import Ondol
from sqlalchemy.ext.asyncio import AsyncSession

from app.jobs.accounts import Notice, mail_email_change, mail_notice
from app.models import EmailChange, User
from app.repositories.email_change import EmailChangeRepository
from app.repositories.users import UserRepository
from app.schemas.audit import Action
from app.schemas.email_change import EmailChangeCreate
from app.services.audit import AuditService
from app.services.registration import InvalidMailedToken
from app.services.users import EmailTaken, UserService

LIFETIME = timedelta(hours=1)


class EmailChangeService:
    def __init__(self, session: AsyncSession, ondol: Ondol, origin: Origin) -> None:
        self._session = session
        self._changes = EmailChangeRepository(session)
        self._users = UserService(session, ondol, origin)
        self._audit = AuditService(session, origin)

    async def ask(self, data: EmailChangeCreate, by: Principal) -> None:
        """Mails a token to the new address, and a notice to the old one. Says nothing of other accounts."""
        verified = await self._users.verify(data.current_password.get_secret_value(), by)
        user = await self._users.locked_as(verified)
        await self._changes.delete_all(user.id)  # the last one asked for counts
        change = EmailChange(user_id=user.id, email=data.email, expires_at=datetime.now(UTC) + LIFETIME)
        await self._changes.add(change)
        await enqueue(self._session, mail_email_change, change_id=change.id)
        await enqueue(self._session, mail_notice, to=user.email, notice=Notice.EMAIL_CHANGE_ASKED)
        await self._audit.note(Action.EMAIL_CHANGE_ASKED, actor_id=user.id, session_id=by.session_id, target_id=user.id)

    async def confirm(self, token: str) -> User:
        """Changes the address and tells both. Raises InvalidMailedToken, or EmailTaken."""
        user_id = await self._changes.account_of(token)
        user = await UserRepository(self._session).get_locked(user_id) if user_id else None
        change = await self._changes.take(token)
        if change is None or user is None or not user.is_active:
            raise InvalidMailedToken
        former, user.email = user.email, change.email
        with violation_as(EmailTaken, "uq_users_email"):
            await self._session.flush()
        await self._users.forget_mailed_tokens(user.id)  # whoever reads the former address may not reset the password
        for address in (former, user.email):
            await enqueue(self._session, mail_notice, to=address, notice=Notice.EMAIL_CHANGED)
        await self._audit.note(Action.EMAIL_CHANGED, target_id=user.id, former=former, email=user.email)
        return user
