"""What mail about accounts says. `links`: where the pages are that take the tokens.

A token stands behind "#": browsers send that part to nobody, so it is in no log and no Referer.
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
        f"Confirm that this address is yours and choose a password, within a day:\n\n"
        f"{links}/confirm-registration#token={token}\n\n"
        f"Or send this code: {token}\n\nIf you did not register, do nothing.\n",
    )


# registration: end


def already_registered() -> Mail:
    return Mail(
        "You have an account already",
        "Somebody, probably you, wanted to use this address for an account. There is one already: log in, or ask for a "
        "new password.\n\nIf it was not you, do nothing.\n",
    )


# password_reset: begin
def reset_password(links: str, token: str) -> Mail:
    return Mail(
        "Set a new password",
        f"Set a new password, within half an hour:\n\n{links}/reset-password#token={token}\n\n"
        f"Or send this code: {token}\n\nIf you did not ask for it, do nothing: your password stays.\n",
    )


# password_reset: end


# email_change: begin
def confirm_email(links: str, token: str) -> Mail:
    return Mail(
        "Confirm your new address",
        f"Confirm that this address is yours, within an hour:\n\n{links}/confirm-email#token={token}\n\n"
        f"Or send this code: {token}\n\nIf you did not ask for it, do nothing.\n",
    )


# email_change: end


NOTICES = {
    "password_changed": Mail(
        "Your password was changed",
        "The password of your account was changed, and its other sessions have ended. If it was not you, ask for a new "
        "password at once.\n",
    ),
    "account_deleted": Mail(
        "Your account was deleted",
        "Your account was deleted, with your name and address. If it was not you, write to us at once.\n",
    ),
    # email_change: begin
    "email_change_asked": Mail(
        "Your address is about to change",
        "Somebody who knows your password asked for another e-mail address for your account. If it was not you, change "
        "your password at once.\n",
    ),
    "email_changed": Mail(
        "Your address was changed",
        "The e-mail address of your account was changed. If it was not you, tell us at once.\n",
    ),
    # email_change: end
}
