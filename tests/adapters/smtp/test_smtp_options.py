"""SMTP settings: what an operator may write, and the messages for mistakes."""

from __future__ import annotations

import pytest

from adapters.smtp.options import Sender, SmtpOptions, TransportSecurity


def test_a_submission_url_with_credentials() -> None:
    options = SmtpOptions.from_url("smtp://ada%40example.org:s%C3%A9%2Fcret@mail.example.org:2587")
    assert options.host == "mail.example.org"
    assert options.port == 2587
    assert options.username == "ada@example.org"
    assert options.password == "sé/cret"
    assert options.security is TransportSecurity.STARTTLS_REQUIRED


@pytest.mark.parametrize(
    ("url", "port", "security"),
    [
        ("smtp://mail.example.org", 587, TransportSecurity.STARTTLS_WHEN_OFFERED),
        ("smtp://mail.example.org?starttls=required", 587, TransportSecurity.STARTTLS_REQUIRED),
        ("smtp://localhost:25/?starttls=off", 25, TransportSecurity.NONE),
        ("smtp://u:p@mail.example.org", 587, TransportSecurity.STARTTLS_REQUIRED),
        ("smtp://u:p@10.0.0.5:25", 25, TransportSecurity.STARTTLS_REQUIRED),
        ("smtp://u:p@mail.example.org?starttls=off", 587, TransportSecurity.NONE),
        ("smtp://u:p@localhost:25", 25, TransportSecurity.STARTTLS_WHEN_OFFERED),
        ("smtp://u:p@127.0.0.2:25", 25, TransportSecurity.STARTTLS_WHEN_OFFERED),
        ("smtp://u:p@[::1]:25", 25, TransportSecurity.STARTTLS_WHEN_OFFERED),
        ("smtps://mail.example.org", 465, TransportSecurity.TLS),
        ("smtps://[::1]:4465", 4465, TransportSecurity.TLS),
    ],
)
def test_port_and_encryption_follow_from_the_url(url: str, port: int, security: TransportSecurity) -> None:
    options = SmtpOptions.from_url(url)
    assert (options.port, options.security) == (port, security)


def test_further_parameters() -> None:
    options = SmtpOptions.from_url("smtps://mail.example.org?ca_file=/etc/ca.pem&timeout_seconds=2.5")
    assert options.ca_file == "/etc/ca.pem"
    assert options.timeout_seconds == 2.5


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mail.example.org:587", "must start with smtp://"),
        ("http://mail.example.org", "must start with smtp://"),
        ("", "must start with smtp://"),
        ("smtp://", "names no host"),
        ("smtp://user:hidden@:587", "names no host"),
        ("smtp://mail.example.org/path", "has a path"),
        ("smtp://mail.example.org:many", "a port that is not a number"),
        ("smtp://mail.example.org:99999", "a port that is not a number"),
        ("smtp://user@mail.example.org", "both user and password"),
        ("smtp://:hidden@mail.example.org", "both user and password"),
        ("smtp://user:hidden@mail.example.org?start_tls=off", "unknown parameter 'start_tls'"),
        ("smtp://mail.example.org?starttls=maybe", "it can be required or off"),
        ("smtps://mail.example.org?starttls=required", "excludes"),
        ("smtp://mail.example.org?timeout_seconds=0", "above zero"),
        ("smtp://mail.example.org?final_timeout_seconds=-1", "final_timeout_seconds"),
        ("smtp://mail.example.org?timeout_seconds=soon", "above zero"),
        ("smtp://mail.example.org?timeout_seconds=nan", "above zero"),
    ],
)
def test_a_wrong_url_is_explained_without_its_password(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as refusal:
        SmtpOptions.from_url(url)
    assert "hidden" not in str(refusal.value)


def test_the_password_is_not_shown() -> None:
    assert "hidden" not in repr(SmtpOptions.from_url("smtp://user:hidden@mail.example.org"))


@pytest.mark.parametrize(
    ("text", "sender"),
    [
        ("tickets@example.org", Sender("", "tickets@example.org")),
        ("PiqueTickets <tickets@example.org>", Sender("PiqueTickets", "tickets@example.org")),
        ('"Éclair, Théâtre" <tickets@example.org>', Sender("Éclair, Théâtre", "tickets@example.org")),
        ("PiqueTickets <tickets@localhost>", Sender("PiqueTickets", "tickets@localhost")),
    ],
)
def test_a_sender_is_a_name_and_an_address(text: str, sender: Sender) -> None:
    assert Sender.parse(text) == sender


@pytest.mark.parametrize("text", ["", "PiqueTickets", "tickets@", "@example.org", "a b@example.org", "a@b\r\nBcc: c@d"])
def test_anything_else_is_no_sender(text: str) -> None:
    with pytest.raises(ValueError, match="not a sender of mail"):
        Sender.parse(text)
