"""What all processes of Everdoor agree on; imports no service."""
