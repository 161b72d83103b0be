"""Mails written with Jinja2 and sent by SMTP, and the mailbox that catches them in demo and tests."""
