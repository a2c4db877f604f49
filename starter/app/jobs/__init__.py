"""What runs later, in `ondol worker`. A job that is not listed here is not run."""

from app.jobs.accounts import delete_expired_sessions
from app.jobs.orders import send_receipt

JOBS = [send_receipt, delete_expired_sessions]
