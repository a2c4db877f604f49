"""Mail: sent by SMTP, or kept in a folder."""

from ondol.mail.mailer import Mailbox, Mailer

__all__ = ["Mailbox", "Mailer"]
