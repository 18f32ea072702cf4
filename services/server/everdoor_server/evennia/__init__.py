"""Worlds that come from Evennia: what their rows become (`converting`, `locking`), and writing them
(`importing`). How they are read is in `everdoor.evennia`."""
