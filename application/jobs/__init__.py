"""Work that a person starts and does not wait for."""
