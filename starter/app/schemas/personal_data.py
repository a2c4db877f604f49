from ondol.auth.rules import AnyPassword

from app.schemas.audit import AuditEntryRead  # audit
from app.schemas.base import Input, Output
from app.schemas.orders import OrderRead  # sample
from app.schemas.sessions import LoginSessionRead
from app.schemas.users import UserRead


class AccountDeletion(Input):
    current_password: AnyPassword


class PersonalData(Output):
    """All data stored about an account."""

    account: UserRead
    sessions: list[LoginSessionRead]
    orders: list[OrderRead]  # sample
    audit: list[AuditEntryRead]  # audit
