"""Markup in texts, `|rred|n`: read into runs of one style, cleaned, measured and laid out.

What a client is shown of it is its portal's business (`everdoor_portal.render`).
"""
