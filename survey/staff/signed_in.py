"""Who is signed in, and what a page asks of them."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import current_app, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user
from werkzeug.wrappers import Response

from survey.access import account_of, roles_of
from survey.models import Account
from survey.web import parts, reading

# A working day; after it one signs in again, at whatever desk the cookie was left.
LONGEST_SECONDS = 12 * 60 * 60

P = ParamSpec("P")
R = TypeVar("R")

login = LoginManager()
# It would put a hash of the address into the cookie, and throw out whoever walks between two masts.
login.session_protection = None


class MissingRoleError(Exception):
    """Somebody signed in asks for a page that belongs to other roles."""

    def __init__(self, roles: tuple[str, ...]) -> None:
        super().__init__(f"This page needs one of the roles {', '.join(roles)}.")
        self.roles = roles


class Member(UserMixin):  # type: ignore[misc]  # flask_login carries no types
    """An account, as the cookie names it: with a print of what ends all its sessions when it changes."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def get_id(self) -> str:
        return f"{self.account.id}:{_print_of(self.account)}"


def enter(account: Account) -> None:
    """Begin a session that holds nothing of the one before but the language."""
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language
    session["signed_in"] = int(time.time())
    login_user(Member(account))


def me() -> Account:
    """The account that is signed in; for views behind `needs_role`."""
    account: Account = current_user.account
    return account


def needs_role(*roles: str) -> Callable[[Callable[P, R]], Callable[P, R | Response]]:
    """Let a view be seen by those who have one of these roles in some study."""

    def decorate(view: Callable[P, R]) -> Callable[P, R | Response]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R | Response:
            if not current_user.is_authenticated:
                answer: Response = current_app.login_manager.unauthorized()  # type: ignore[attr-defined]  # set by flask_login
                return answer
            if roles and not roles_of(me()).intersection(roles):
                raise MissingRoleError(roles)
            return view(*args, **kwargs)

        return guarded

    return decorate


@login.user_loader  # type: ignore[untyped-decorator]  # flask_login carries no types
def _load(named: str) -> Member | None:
    number, _, print_ = named.partition(":")
    age = time.time() - session.get("signed_in", 0)
    if not number.isdecimal() or not 0 <= age < LONGEST_SECONDS:
        return None
    with reading() as database:
        account = account_of(database, int(number))
    if account is None or not hmac.compare_digest(print_, _print_of(account)):
        return None
    return Member(account)


def page_asked_for() -> str | None:
    """The address that was asked for; None where it only takes what a form sends."""
    addresses = current_app.create_url_adapter(request)
    can_be_shown = addresses is not None and addresses.test(request.path, method="GET")
    return request.path if can_be_shown else None


@login.unauthorized_handler  # type: ignore[untyped-decorator]  # flask_login carries no types
def _ask_to_sign_in() -> Response:
    return redirect(url_for("staff.sign_in", next=page_asked_for()))


def _print_of(account: Account) -> str:
    given = ("password", account.password, str(account.generation))
    return parts().keys.of("web", *given).hex()[:24]
