"""The settings MAIL__…."""

from pathlib import Path

from pydantic import Field, SecretStr

from ondol.options import Group


class MailSettings(Group):
    """SMTP. Without a host, mail is stored in a folder instead of sent; /dev/mailbox shows it in development."""

    host: str | None = None
    port: int = Field(587, ge=1, le=65_535)
    username: str | None = None
    password: SecretStr | None = None
    start_tls: bool = True
    folder: Path = Field(Path(".ondol/mailbox"), description="Folder for unsent mail, relative to the project.")
    sender: str = "Ondol <no-reply@example.com>"
    links: str = Field(
        "http://localhost:8000", description="Base URL of the pages that links in mail open; https in production."
    )
