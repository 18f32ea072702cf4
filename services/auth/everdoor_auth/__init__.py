"""The auth service: accounts, credentials, bans, throttles."""
