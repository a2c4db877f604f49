"""The texts of mails about accounts. `links`: the URL of the pages that take the tokens.

The token comes after "#": browsers do not send that part, so it reaches no log and no Referer header.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mail:
    subject: str
    text: str


# registration: begin
def confirm_registration(links: str, token: str) -> Mail:
    return Mail(
        "Confirm your registration",
        f"Confirm this e-mail address and choose a password within 24 hours:\n\n"
        f"{links}/confirm-registration#token={token}\n\n"
        f"Or use this code: {token}\n\nIf you did not register, ignore this mail.\n",
    )


# registration: end


def already_registered() -> Mail:
    return Mail(
        "You already have an account",
        "Someone tried to use this e-mail address for an account. It already has one: log in, or request a new "
        "password.\n\nIf it was not you, ignore this mail.\n",
    )


# password_reset: begin
def reset_password(links: str, token: str) -> Mail:
    return Mail(
        "Set a new password",
        f"Set a new password within 30 minutes:\n\n{links}/reset-password#token={token}\n\n"
        f"Or use this code: {token}\n\nIf you did not request this, ignore this mail. Your password stays the same.\n",
    )


# password_reset: end


# email_change: begin
def confirm_email(links: str, token: str) -> Mail:
    return Mail(
        "Confirm your new e-mail address",
        f"Confirm this e-mail address within one hour:\n\n{links}/confirm-email#token={token}\n\n"
        f"Or use this code: {token}\n\nIf you did not request this, ignore this mail.\n",
    )


# email_change: end


NOTICES = {
    "password_changed": Mail(
        "Your password was changed",
        "The password of your account was changed, and its other sessions have ended. If it was not you, request a new "
        "password immediately.\n",
    ),
    "account_deleted": Mail(
        "Your account was deleted",
        "Your account was deleted, with your name and e-mail address. If it was not you, contact us immediately.\n",
    ),
    # email_change: begin
    "email_change_asked": Mail(
        "A change of your e-mail address was requested",
        "Someone who knows your password requested another e-mail address for your account. If it was not you, change "
        "your password immediately.\n",
    ),
    "email_changed": Mail(
        "Your e-mail address was changed",
        "The e-mail address of your account was changed. If it was not you, contact us immediately.\n",
    ),
    # email_change: end
}
