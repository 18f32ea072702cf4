"""Markup to what a client can show: which kind of client it is, and texts rendered for its kind."""
