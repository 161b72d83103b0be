"""The API of api.md."""
