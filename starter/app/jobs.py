"""The jobs that `ondol worker` runs. A job that is not listed here does not run."""

from ondol import upkeep
from ondol.jobs.queue import AnyTask

from app.services import (
    audit,  # audit
    email_change,  # email_change
    mailed_tokens,
    notices,
    orders,  # sample
    password_reset,  # password_reset
    registration,  # registration
    sessions,
)

JOBS: list[AnyTask] = [
    orders.send_receipt,  # sample
    registration.mail_registration,  # registration
    password_reset.mail_password_reset,  # password_reset
    email_change.mail_email_change,  # email_change
    notices.mail_notice,
    sessions.delete_expired_sessions,
    mailed_tokens.delete_expired_tokens,
    upkeep.delete_expired,
    audit.prune_audit_log,  # audit
]
