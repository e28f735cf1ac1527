import pytest

from survey import invitations
from survey.contacts import Reached, languages, lines, mail_address, phone, read_bounces
from survey.csv_files import CsvFileError
from survey.studies import find_wave

HEAD = "reference,area,person,name,address,postcode,city,email,phone,languages\n"


@pytest.fixture
def invite(database, keys, make, tmp_path):
    """A function that invites from the rows of a file."""
    study = make.study(key="puls")
    make.area(study, key="A")
    make.wave(study, number=1)

    def invite(rows):
        path = tmp_path / "invitations.csv"
        path.write_text(HEAD + rows, encoding="utf-8")
        with database.writing() as session:
            wave = find_wave(session, "puls", 1)
            return invitations.invite(session, keys, wave, path, actor="operator")

    return invite


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("aase@example.dk", "aase@example.dk"),
        ("a.b+c@sub.example.co.uk", "a.b+c@sub.example.co.uk"),
        ("aase@blåbær.dk", "aase@xn--blbr-roah.dk"),
    ],
)
def test_an_address_is_kept_as_servers_know_it(typed, kept):
    assert mail_address(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "aase",
        "aase@",
        "@example.dk",
        "aase@localhost",
        "a@b@example.dk",
        "aase@example..dk",
        ".aase@example.dk",
        "aase@-example.dk",
        "åse@example.dk",
        "aase@example.dk, bo@example.dk",
        "Aase <aase@example.dk>",
        "aase@example.dk\r\nBcc: all@example.dk",
        "aase@example.dk\n",
        "aase@exa mple.dk",
        "a" * 65 + "@example.dk",
    ],
)
def test_what_is_no_address_is_refused(typed):
    with pytest.raises(ValueError, match="no e-mail address"):
        mail_address(typed)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("12345678", "4512345678"),
        ("12 34 56 78", "4512345678"),
        ("+45 12 34 56 78", "4512345678"),
        ("0046 (8) 123-456", "468123456"),
    ],
)
def test_a_number_is_kept_with_its_country_and_in_digits_alone(typed, kept):
    assert phone(typed) == kept


@pytest.mark.parametrize("typed", ["123", "1234567", "=1+1", "+45 12 34 56 78 x", "+", "١٢٣٤٥٦٧٨"])
def test_what_is_no_number_is_refused(typed):
    with pytest.raises(ValueError, match="no telephone number"):
        phone(typed)


def test_languages_are_codes_that_letters_are_written_in():
    assert languages("ar so") == ("ar", "so")
    assert languages(" AR+so, ar") == ("ar", "so")
    with pytest.raises(ValueError, match=r"holds xx, ku.*Codes are: ar, bs, da"):
        languages("ar xx ku")
    with pytest.raises(ValueError, match="room for Danish and 3 more"):
        languages("ar so tr fa")


def test_an_address_has_at_most_four_lines():
    assert lines("Birkevang 3 / 2. tv.") == "Birkevang 3\n2. tv."
    with pytest.raises(ValueError, match="has 5 lines"):
        lines("1\n2\n3\n4\n5")
    with pytest.raises(ValueError, match="room for 60"):
        lines("a" * 61)


@pytest.mark.parametrize("name", ["Aase\x07Holm", "Aase\u202eHolm", "Aase\u0000Holm"])
def test_signs_that_cannot_be_seen_stand_in_no_name(invite, name):
    with pytest.raises(CsvFileError):
        invite(f"R1,A,,{name},Vej 1,,,,,\n")


def test_a_persian_name_keeps_the_sign_that_its_spelling_needs(invite, database, keys):
    invite("R1,A,,می\u200cخواهم,Vej 1,,,,,\n")


def test_all_that_is_wrong_with_contacts_is_told_at_once(invite):
    with pytest.raises(CsvFileError) as caught:
        invite("R1,A,,Aase,Vej 1,9000,Aalborg,aase,123,xx\nR2,A,,0101801234,,,,,,\n")
    told = str(caught.value)
    for problem in (
        "row 2, column email: 'aase' is no e-mail address",
        "row 2, column phone: '123' is no telephone number",
        "row 2, column languages: 'xx' holds xx",
        "row 3, column name: 'DDMMYY-XXXX' looks like a CPR number",
    ):
        assert problem in told
    assert "0101801234" not in told


def test_a_dwelling_is_invited_once_a_person_each(invite):
    with pytest.raises(CsvFileError, match="row 3, column address: 'vej 1' stands in row 2"):
        invite("R1,A,,,Vej 1,9000,Aalborg,,,\nR2,A,,,vej 1,9000,Aalborg,,,\n")
    assert len(invite("R1,A,p1,,Vej 1,9000,Aalborg,,,\nR2,A,p2,,Vej 1,9000,Aalborg,,,\n")) == 2


def test_an_address_stands_above_its_postcode():
    one = Reached("CODE", address="Birkevang 3\n2. tv.", postcode="9000", city="Aalborg")
    assert one.address_lines() == ["Birkevang 3", "2. tv.", "9000 Aalborg"]


def test_a_list_of_bounces_names_addresses_or_references(tmp_path):
    path = tmp_path / "bounces.csv"
    path.write_text("email,reference\nAase@Example.dk,\n,R17\n", encoding="utf-8")
    assert read_bounces(path) == ({"aase@example.dk"}, {"R17"})
    path.write_text("email,reference\n,\nx,R1\n", encoding="utf-8")
    with pytest.raises(CsvFileError, match="row 3, column email: 'x' is no e-mail address"):
        read_bounces(path)
