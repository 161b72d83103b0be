"""Publicly verifiable signatures: JSON Web Signatures by PyJWT."""
