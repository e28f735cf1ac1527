"""Somebody with a browser, over real HTTP: cookies, forms, and nothing of ours inside."""

from __future__ import annotations

import http.client
import re
from contextlib import closing
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

import pytest

_FIELD = re.compile(r'<input[^>]*type="hidden"[^>]*>')
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


@dataclass
class Person:
    """Sends requests one by one; redirects are followed like a browser follows them."""

    address: str
    cookies: dict[str, str] = field(default_factory=dict)
    path: str = "/"
    status: int = 0
    page: str = ""

    def get(self, path):
        return self._send("GET", path)

    def post(self, fields, path=None):
        """Send the page's form with these fields and what stands hidden in it."""
        body = urlencode(self.hidden() | fields, doseq=True)
        return self._send("POST", path or self.path, body)

    def hidden(self):
        found = [dict(_ATTRIBUTE.findall(one)) for one in _FIELD.findall(self.page)]
        return {one["name"]: one.get("value", "") for one in found}

    def begin(self, code):
        """From a code to the first page of questions."""
        self.get("/")
        self.post({"code": code})
        while "mini_home" not in self.page:
            before = self.path
            self.post({"language": "da"})
            assert self.path != before, self.page
        return self

    def _send(self, method, path, body=None):
        for _ in range(6):
            headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
            if body is not None:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            host = urlsplit(self.address).netloc
            with closing(http.client.HTTPConnection(host, timeout=30)) as connection:
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                page = answer.read().decode()
            for header in answer.headers.get_all("Set-Cookie", []):
                self.cookies |= {name: one.value for name, one in SimpleCookie(header).items()}
            if answer.status not in {302, 303}:
                self.status, self.path, self.page = answer.status, path, page
                return self
            method, body, path = "GET", None, urlsplit(answer.headers["Location"]).path
        raise AssertionError(f"{path} redirects without end")


@pytest.fixture
def person():
    """A function that gives somebody at an address a browser: `person(address)`."""
    return Person
