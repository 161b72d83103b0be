"""Signatures that anybody can verify: JSON Web Signatures by PyJWT."""
