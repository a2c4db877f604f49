from ondol.auth.origin import Origin
from ondol.jobs import enqueue
from ondol.runtime import Ondol
from sqlalchemy.ext.asyncio import AsyncSession

from app.jobs.accounts import mail_password_reset
from app.repositories.password_reset import PasswordResetRepository
from app.repositories.users import UserRepository
from app.schemas.audit import Action
from app.services.audit import AuditService
from app.services.registration import InvalidMailedToken
from app.services.users import UserService, device_subject, refuse_address


class PasswordResetService:
    def __init__(self, session: AsyncSession, ondol: Ondol, origin: Origin) -> None:
        self._session, self._ondol, self._origin = session, ondol, origin
        self._resets = PasswordResetRepository(session)
        self._users = UserService(session, ondol, origin)
        self._audit = AuditService(session, origin)

    async def ask(self, email: str) -> None:
        """Nothing here looks whether there is such an account: the job does."""
        await enqueue(self._session, mail_password_reset, email=email, origin=self._origin)

    async def confirm(self, token: str, new_password: str) -> str:
        """Sets the password and ends every session. Returns what a device of the account is known by. Raises
        InvalidMailedToken, PasswordIsAddress."""
        hashed = await self._ondol.passwords.hash(new_password)
        user_id = await self._resets.account_of(token)
        user = await UserRepository(self._session).get_locked(user_id) if user_id else None
        reset = await self._resets.take(token)
        if reset is None or user is None or not user.is_active:
            raise InvalidMailedToken
        refuse_address(new_password, user.email)
        await self._users.set_password(user, hashed)
        await self._audit.note(Action.PASSWORD_RESET, target_id=user.id)
        return device_subject(user)
