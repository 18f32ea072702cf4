"""Worlds that Evennia has stored, read; what is made of them here is up to each service.

`pickles` reads values, `records` has what a world is made of, `database` reads it, `importing` is
what the services are handed and what they report to.
"""
