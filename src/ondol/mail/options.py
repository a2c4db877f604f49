"""The settings MAIL__…."""

from pathlib import Path

from pydantic import Field, SecretStr

from ondol.options import Group


class MailSettings(Group):
    """SMTP. Without a host, mail is stored in a folder instead of sent; /dev/mailbox shows it in development."""

    host: str | None = Field(None, description="SMTP server; without one, mail is stored in MAIL__FOLDER.")
    port: int = Field(587, ge=1, le=65_535, description="Port of the SMTP server.")
    username: str | None = Field(None, description="Login at the SMTP server.")
    password: SecretStr | None = Field(None, description="Password at the SMTP server.")
    start_tls: bool = Field(True, description="Encrypt the connection by STARTTLS.")
    folder: Path = Field(Path(".ondol/mailbox"), description="Folder for unsent mail, relative to the project.")
    sender: str = Field("Ondol <no-reply@example.com>", description="From address of mails.")
    links: str = Field(
        "http://localhost:8000", description="Base URL of the pages that links in mail open; https in production."
    )
