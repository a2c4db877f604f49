from datetime import UTC, datetime, timedelta

from ondol import BadRequest
from ondol.auth.origin import Origin
from ondol.jobs import enqueue
from ondol.runtime import Ondol
from sqlalchemy.ext.asyncio import AsyncSession

from app.jobs.accounts import mail_registration
from app.models import Registration, User
from app.repositories.registration import RegistrationRepository
from app.schemas.registration import RegistrationCreate
from app.services.users import UserService

LIFETIME = timedelta(hours=24)


class InvalidMailedToken(BadRequest):
    code = "invalid_token"
    detail = "This link is not valid (any more): ask for a new one."


class RegistrationService:
    def __init__(self, session: AsyncSession, ondol: Ondol, origin: Origin) -> None:
        self._session, self._ondol = session, ondol
        self._registrations = RegistrationRepository(session)
        self._users = UserService(session, ondol, origin)

    async def ask(self, data: RegistrationCreate) -> None:
        """Nothing here looks whether there is such an account: the job does, and says so by mail alone."""
        # Hashed before the first statement: a connection is not held while it takes its time.
        hashed = await self._ondol.passwords.hash(data.password.get_secret_value())
        registration = Registration(
            email=data.email,
            full_name=data.full_name,
            hashed_password=hashed,
            expires_at=datetime.now(UTC) + LIFETIME,
        )
        await self._registrations.add(registration)
        await enqueue(self._session, mail_registration, registration_id=registration.id)

    async def confirm(self, token: str) -> User:
        """Makes the account. Raises InvalidMailedToken, or EmailTaken where another registration was faster."""
        registration = await self._registrations.take(token)
        if registration is None:
            raise InvalidMailedToken
        return await self._users.create(
            email=registration.email,
            full_name=registration.full_name,
            hashed_password=registration.hashed_password,
        )
