"""Commands of builders: rooms, ways and things, made and changed while the game runs."""
