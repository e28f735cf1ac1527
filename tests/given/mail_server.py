"""A mail server as others run them: takes, refuses, defers, and breaks lines at bad moments."""

from __future__ import annotations

import email
import email.policy
import socket
import socketserver
import threading

import pytest

from survey.mail_settings import Mail


class MailServer(socketserver.ThreadingTCPServer):
    """Keeps what it took. Addresses may be refused for good, or deferred so many times."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Dialogue)
        self.taken = []  # (address, message) in the order they came
        self.refused = set()
        self.deferred = {}
        self.silent_at = None  # the number of the message after which no word comes
        self.silent = threading.Event()
        self.password = None

    @property
    def port(self):
        return self.server_address[1]

    def cut(self):
        """Break the line on which no word came."""
        self.line.shutdown(socket.SHUT_RDWR)

    def addresses(self):
        return [address for address, _ in self.taken]


class _Dialogue(socketserver.StreamRequestHandler):
    def handle(self):
        self.signed_in = self.server.password is None
        self.say("220 here")
        while line := self.rfile.readline().decode().strip():
            if not self.answer(line):
                return

    def say(self, words):
        self.wfile.write(f"{words}\r\n".encode())

    def answer(self, line):
        verb = line.split(" ")[0].upper()
        match verb:
            case "EHLO":
                self.say("250-here\r\n250 AUTH PLAIN" if self.server.password else "250 here")
            case "AUTH":
                self.signed_in = line.endswith(self.server.password)
                self.say("235 welcome" if self.signed_in else "535 wrong password")
            case "MAIL":
                self.say("250 fine" if self.signed_in else "530 sign in first")
            case "RCPT":
                self.rcpt(line[line.index("<") + 1 : line.index(">")])
            case "DATA":
                return self.data()
            case "QUIT":
                self.say("221 bye")
                return False
            case _:
                self.say("250 fine")
        return True

    def rcpt(self, address):
        self.address = address
        if address in self.server.refused:
            self.say("550 no such user")
        elif self.server.deferred.get(address, 0) > 0:
            self.server.deferred[address] -= 1
            self.say("451 try again later")
        else:
            self.say("250 fine")

    def data(self):
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        self.server.taken.append((self.address, message))
        if len(self.server.taken) == self.server.silent_at:
            self.server.line = self.connection
            self.server.silent.set()
            # Waits until the line is cut or the other side is gone, and says nothing.
            self.rfile.read()
            return False
        self.say("250 taken")
        return True


@pytest.fixture
def mail_server():
    with MailServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def mail(mail_server):
    """The settings that lead to the mail server, at a rate that no test waits for."""
    return Mail("127.0.0.1", mail_server.port, "none", "puls@example.dk", 10_000)
