"""What runs later, in `ondol worker`. A job that is not listed here is not run."""

from app.jobs.accounts import (
    delete_expired_sessions,
    mail_email_change,
    mail_notice,
    mail_password_reset,
    mail_registration,
)
from app.jobs.orders import send_receipt

JOBS = [
    send_receipt,
    mail_registration,
    mail_password_reset,
    mail_email_change,
    mail_notice,
    delete_expired_sessions,
]
