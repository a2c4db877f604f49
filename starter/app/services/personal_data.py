"""Export and deletion of personal data, as the law requires (GDPR, articles 15 and 17)."""

from functools import partial
from uuid import UUID

from ondol.auth.caller import Caller
from ondol.db.idempotency import delete_keys_of
from ondol.db.pagination import every

from app.runtime import UnitOfWork
from app.schemas.audit import Action, AuditQuery  # audit
from app.schemas.orders import OrderQuery  # sample
from app.schemas.personal_data import AccountDeletion, PersonalData
from app.schemas.sessions import LoginSessionQuery
from app.services.audit import AuditService  # audit
from app.services.limits import Limits
from app.services.orders import OrderService  # sample
from app.services.sessions import LoginSessionService
from app.services.users import UserService

LIMIT = 100


class PersonalDataService:
    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._users = UserService(work)
        self._audit = AuditService(work)  # audit
        self._limits = Limits(work.runtime, work.client)

    async def export(self, user_id: UUID) -> PersonalData:
        """Return all data stored about an account. Raises UserNotFound."""
        sessions = LoginSessionService(self._work)
        orders = OrderService(self._work)  # sample
        return PersonalData(
            account=await self._users.get(user_id),
            sessions=await every(partial(sessions.page, user_id), LoginSessionQuery(limit=LIMIT)),
            orders=await every(partial(orders.page, user_id), OrderQuery(limit=LIMIT)),  # sample
            audit=await every(self._audit.page, AuditQuery(limit=LIMIT, actor_id=user_id)),  # audit
        )

    async def delete_own(self, data: AccountDeletion, by: Caller) -> None:
        """Delete the caller's account. Raises TooManyRequests, WrongPassword, LastAdministrator."""
        await self._limits.count("login", account=str(by.user_id))
        verified = await self._users.verify(data.current_password.get_secret_value(), by)
        await self._users.anonymise(by.user_id, verified)
        await self._forget(by.user_id, by)

    async def delete(self, user_id: UUID) -> None:
        """Delete an account at its owner's request. Raises UserNotFound, LastAdministrator."""
        await self._users.anonymise(user_id)
        await self._forget(user_id)

    async def _forget(self, user_id: UUID, by: Caller | None = None) -> None:
        await delete_keys_of(self._work.session, user_id)
        await self._audit.note(Action.ACCOUNT_DELETED, by, target_id=user_id)  # audit
