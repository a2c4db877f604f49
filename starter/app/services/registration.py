from datetime import UTC, datetime, timedelta
from uuid import UUID

from ondol.jobs.queue import retries
from procrastinate import Blueprint, JobContext

from app.models import MailedToken
from app.models.mailed_tokens import Purpose
from app.repositories.mailed_tokens import MailedTokenRepository
from app.runtime import Runtime, UnitOfWork
from app.schemas.registration import RegistrationConfirm
from app.schemas.users import UserRead
from app.services.limits import Limits
from app.services.mailed_tokens import InvalidMailedToken, mail_confirmation
from app.services.users import UserService, refuse_address

LIFETIME = timedelta(hours=24)

jobs = Blueprint()


class RegistrationService:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._tokens = MailedTokenRepository(work)
        self._users = UserService(work)
        self._limits = Limits(work.runtime, work.client)

    async def ask(self, email: str, language: str | None) -> None:
        """Enqueue a mail with a token. Only the job checks whether the account exists, and only the mail says so.

        Raises TooManyRequests.
        """
        await self._limits.count("register", account=email)
        asked = MailedToken(purpose=Purpose.REGISTRATION, email=email, expires_at=datetime.now(UTC) + LIFETIME)
        await self._tokens.add(asked)
        await self._work.enqueue(mail_registration, token_id=asked.id, language=language)

    async def confirm(self, data: RegistrationConfirm, language: str | None) -> UserRead:
        """Create the account. The password is sent with the token, by the person who reads the mail: a password sent
        with the request could be a stranger's.

        Raises TooManyRequests, InvalidMailedToken, PasswordIsAddress, or EmailTaken if the account has been created
        since.
        """
        await self._limits.count("register")
        password = data.password.get_secret_value()
        # Hashed before the first statement, so that no connection is held meanwhile.
        hashed = await self._work.runtime.passwords.hash(password)
        asked = await self._tokens.take(Purpose.REGISTRATION, data.token.get_secret_value())
        if asked is None:
            raise InvalidMailedToken
        refuse_address(password, asked.email)
        return await self._users.create(
            email=asked.email, full_name=data.full_name, hashed_password=hashed, language=data.language or language
        )


@jobs.task(name="accounts.mail_registration", pass_context=True, retry=retries())
async def mail_registration(context: JobContext, *, token_id: UUID, language: str | None = None) -> None:
    await mail_confirmation(Runtime.of(context), token_id, "confirm_registration", language)
