from datetime import UTC, datetime, timedelta

from ondol import BadRequest
from ondol.auth.origin import Origin
from ondol.jobs import enqueue
from ondol.runtime import Ondol
from sqlalchemy.ext.asyncio import AsyncSession

from app.jobs.accounts import mail_registration
from app.models import Registration, User
from app.repositories.registration import RegistrationRepository
from app.schemas.registration import RegistrationConfirm
from app.services.users import UserService, refuse_address

LIFETIME = timedelta(hours=24)


class InvalidMailedToken(BadRequest):
    code = "invalid_token"
    detail = "This link is not valid (any more): ask for a new one."


class RegistrationService:
    def __init__(self, session: AsyncSession, ondol: Ondol, origin: Origin) -> None:
        self._session, self._ondol = session, ondol
        self._registrations = RegistrationRepository(session)
        self._users = UserService(session, ondol, origin)

    async def ask(self, email: str) -> None:
        """Have a token mailed. Only the job looks whether there is such an account, and says so by mail alone."""
        registration = Registration(email=email, expires_at=datetime.now(UTC) + LIFETIME)
        await self._registrations.add(registration)
        await enqueue(self._session, mail_registration, registration_id=registration.id)

    async def confirm(self, data: RegistrationConfirm) -> User:
        """Make the account. The password comes with the token, from who reads the mail: one that was given before
        could be a stranger's.

        Raises InvalidMailedToken, PasswordIsAddress, or EmailTaken where another registration was faster.
        """
        password = data.password.get_secret_value()
        # Hashed before the first statement: a connection is not held while it takes its time.
        hashed = await self._ondol.passwords.hash(password)
        registration = await self._registrations.take(data.token.get_secret_value())
        if registration is None:
            raise InvalidMailedToken
        refuse_address(password, registration.email)
        return await self._users.create(email=registration.email, full_name=data.full_name, hashed_password=hashed)
