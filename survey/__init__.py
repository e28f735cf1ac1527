"""Asking and keeping. `create_app` puts one installation together.

It is loaded when it is first used: a command that shows no page does not wait for the web's
packages.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from survey.application import create_app as create_app


def __getattr__(name: str) -> Any:
    if name != "create_app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module("survey.application").create_app
