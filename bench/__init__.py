"""Measurements of a whole system under a telnet load; see README.md. No part of the product."""
