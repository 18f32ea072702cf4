"""What players type and what becomes of it: commands, sets of them, how they are found and run."""
