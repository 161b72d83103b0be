"""The API of docs/api.md."""
