"""The people who work for producers: sign-in, sessions, teams and passkeys."""
