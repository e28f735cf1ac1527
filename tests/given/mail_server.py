"""A mail server as others run them: takes, refuses, defers, and breaks lines at bad moments."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import ipaddress
import socket
import socketserver
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

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
        self.to_everybody = None  # what it says to every address
        self.silent_at = None  # the number of the message after which no word comes
        self.silent = threading.Event()
        self.password = None
        self.tls = None  # a context, where the server offers STARTTLS

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

    def finish(self):
        super().finish()
        self.connection.close()  # the one over TLS, which the server does not know

    def say(self, words):
        self.wfile.write(f"{words}\r\n".encode())

    def answer(self, line):
        verb = line.split(" ")[0].upper()
        match verb:
            case "EHLO":
                offers = ["here"] + ["AUTH PLAIN"] * bool(self.server.password)
                offers += ["STARTTLS"] * bool(self.server.tls)
                self.say("\r\n".join([*(f"250-{one}" for one in offers), "250 that is all"]))
            case "STARTTLS":
                self.say("220 go on")
                return self.secure()
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

    def secure(self):
        try:
            self.request = self.server.tls.wrap_socket(self.connection, server_side=True)
        except (ssl.SSLError, OSError):
            return False  # the other side does not trust us
        self.setup()
        return True

    def rcpt(self, address):
        self.address = address
        if self.server.to_everybody:
            self.say(self.server.to_everybody)
        elif address in self.server.refused:
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


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate of this machine's own, with its key, that nobody trusts yet."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2120, 1, 1, tzinfo=dt.UTC))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "server.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return path


@pytest.fixture
def over_tls(mail_server, certificate):
    """The mail server, offering STARTTLS."""
    mail_server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    mail_server.tls.load_cert_chain(certificate)
    return mail_server


@pytest.fixture
def mail(mail_server):
    """The settings that lead to the mail server, at a rate that no test waits for."""
    return Mail("127.0.0.1", mail_server.port, "none", "puls@example.dk", 10_000)
