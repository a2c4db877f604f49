"""The facts about this service that the tests of `ondol.testing.contract` need."""

from functools import partial

from ondol.testing.contract import Contract

from app.models.mailed_tokens import Purpose
from app.scopes import SCOPES_OF, Role
from factories import FACTORIES
from people import fresh_token, people

CONTRACT = Contract(
    factories=FACTORIES,
    scopes_of=SCOPES_OF,
    customer=Role.CUSTOMER,
    administrator=Role.ADMIN,
    people=people,
    fresh={
        "auth_confirm_registration": partial(fresh_token, purpose=Purpose.REGISTRATION),  # registration
        "auth_reset_password": partial(fresh_token, purpose=Purpose.PASSWORD_RESET),  # password_reset
        "auth_change_email": partial(fresh_token, purpose=Purpose.EMAIL_CHANGE),  # email_change
    },
    ends_sessions=frozenset(
        {
            "auth_logout",
            "users_change_password",
            "sessions_end",
            "users_delete_me",  # personal_data
        }
    ),
    shows_everybody=frozenset(
        {
            "users_list",
            "audit_list",  # audit
        }
    ),
)
