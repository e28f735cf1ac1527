import pytest

from survey.secrets import make_key_file
from survey.settings import SettingsError, read_settings


@pytest.fixture
def environ(tmp_path):
    make_key_file(tmp_path / "keys")
    return {
        "BEBOERPULS_DATABASE": f"sqlite:///{tmp_path}/answers.db",
        "BEBOERPULS_KEYS": str(tmp_path / "keys"),
        "BEBOERPULS_DATA": str(tmp_path / "data"),
    }


def test_settings_are_read_with_safe_defaults(environ):
    settings = read_settings(environ)
    assert settings.https
    assert settings.proxies == 0
    assert not settings.demo


@pytest.mark.parametrize(
    ("proxies", "https", "doubts"), [("0", "yes", 1), ("1", "yes", 0), ("0", "no", 0)]
)
def test_https_without_a_proxy_is_doubted(environ, proxies, https, doubts):
    settings = read_settings(environ | {"BEBOERPULS_PROXIES": proxies, "BEBOERPULS_HTTPS": https})
    assert len(settings.doubts()) == doubts


def test_every_problem_is_told_at_once():
    with pytest.raises(SettingsError) as told:
        read_settings(
            {
                "BEBOERPULS_DATABASE": "mysql://somewhere",
                "BEBOERPULS_PROXIES": "-1",
                "BEBOERPULS_HTTPS": "maybe",
                "BEBOERPULS_KEYS": "/nowhere/keys",
                "BEBOERPULS_DATABSE": "a slip",
            }
        )
    words = str(told.value)
    for problem in ("mysql", "-1", "maybe", "/nowhere/keys", "BEBOERPULS_DATABSE", "_DATA is not"):
        assert problem in words


@pytest.mark.parametrize("url", ["", "not a url", "postgresql://u@h/n", "sqlite+aiosqlite:///x"])
def test_a_database_that_cannot_be_used_is_named(environ, url):
    with pytest.raises(SettingsError, match="BEBOERPULS_DATABASE"):
        read_settings(environ | {"BEBOERPULS_DATABASE": url})


def test_the_accessibility_statement_is_read(environ):
    told = {"DAY": "2026-11-20", "BY": "Sensus", "URL": "https://was.digst.dk/x-dk"}
    settings = read_settings(environ | {f"BEBOERPULS_STATEMENT_{k}": v for k, v in told.items()})
    assert settings.statement.day.isoformat() == "2026-11-20"
    assert (settings.statement.by, settings.statement.contact) == ("Sensus", "")


@pytest.mark.parametrize(("name", "value"), [("DAY", "20. november"), ("URL", "was.digst.dk/x-dk")])
def test_a_statement_that_cannot_be_shown_is_a_problem(environ, name, value):
    with pytest.raises(SettingsError, match=f"BEBOERPULS_STATEMENT_{name} is '{value}'"):
        read_settings(environ | {f"BEBOERPULS_STATEMENT_{name}": value})


MAIL = {"BEBOERPULS_SMTP_HOST": "smtp.example.dk", "BEBOERPULS_SMTP_SENDER": "puls@example.dk"}


@pytest.fixture
def password_file(tmp_path):
    path = tmp_path / "password"
    path.write_text("hemmelig\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def test_a_mail_server_is_spoken_to_over_tls_unless_told_otherwise(environ, password_file):
    signed_in = {
        "BEBOERPULS_SMTP_USER": "puls",
        "BEBOERPULS_SMTP_PASSWORD_FILE": str(password_file),
    }
    mail = read_settings(environ | MAIL | signed_in).mail
    assert (mail.port, mail.tls, mail.rate) == (587, "starttls", 60)
    assert mail.password == "hemmelig"
    assert "hemmelig" not in repr(mail)
    assert read_settings(environ | MAIL | {"BEBOERPULS_SMTP_TLS": "tls"}).mail.port == 465
    assert read_settings(environ).mail is None


@pytest.mark.parametrize(
    ("set_", "told"),
    [
        ({"BEBOERPULS_SMTP_TLS": "ssl"}, "must be starttls, tls or none"),
        ({"BEBOERPULS_SMTP_PORT": "0"}, "from 1 to 65535"),
        ({"BEBOERPULS_SMTP_RATE": "0"}, "from 1 to 10000"),
        ({"BEBOERPULS_SMTP_SENDER": "a@b.dk\r\nBcc: c@d.dk"}, "must be an address"),
        ({"BEBOERPULS_SMTP_SENDER": ""}, "must be an address"),
        ({"BEBOERPULS_SMTP_HOST": ""}, "BEBOERPULS_SMTP_SENDER is set, but"),
        ({"BEBOERPULS_SMTP_USER": "puls"}, "belong together"),
        ({"BEBOERPULS_SMTP_PASSWORD_FILE": "/nowhere"}, "No such file"),
        ({"BEBOERPULS_ADDRESS": "svar.example.dk"}, "must look like https://svar.example.dk"),
        ({"BEBOERPULS_ADDRESS": "https://a.dk/?x"}, "must look like"),
    ],
)
def test_what_is_wrong_with_the_mail_server_is_told(environ, set_, told):
    with pytest.raises(SettingsError, match=told):
        read_settings(environ | MAIL | set_)


def test_a_password_that_others_could_read_is_refused(environ, password_file):
    password_file.chmod(0o644)
    wanted = {
        "BEBOERPULS_SMTP_USER": "puls",
        "BEBOERPULS_SMTP_PASSWORD_FILE": str(password_file),
    }
    with pytest.raises(SettingsError, match="chmod 600"):
        read_settings(environ | MAIL | wanted)


def test_a_password_never_crosses_the_network_in_clear(environ, password_file):
    wanted = {
        "BEBOERPULS_SMTP_TLS": "none",
        "BEBOERPULS_SMTP_USER": "puls",
        "BEBOERPULS_SMTP_PASSWORD_FILE": str(password_file),
    }
    with pytest.raises(SettingsError, match="in clear"):
        read_settings(environ | MAIL | wanted)
