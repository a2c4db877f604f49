"""The settings MAIL__…."""

from pathlib import Path

from pydantic import Field, SecretStr

from ondol.options import Group


class MailSettings(Group):
    """SMTP. Without a host, mail is kept (and shown at /dev/mailbox in development), not sent."""

    host: str | None = None
    port: int = Field(587, ge=1, le=65_535)
    username: str | None = None
    password: SecretStr | None = None
    start_tls: bool = True
    folder: Path = Field(Path(".ondol/mailbox"), description="Where mail is kept; relative to the project's folder.")
    sender: str = "Ondol <no-reply@example.com>"
    links: str = Field(
        "http://localhost:8000", description="Where your pages are that links in mail lead to; https in production."
    )
