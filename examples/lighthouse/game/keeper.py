"""Wenna, who keeps the light: she walks her rounds and answers what she is asked."""

from everdoor_server import Script, create_object, default_cmds, delay, search_object

from game.typeclasses import Character, Room

ANSWERS = {
    "lamp": "It wants its wick trimmed, then oil, then a flame. In that order.",
    "oil": "They sell it in the chandlery, on the square. They sell everything.",
    "reef": "Nobody rows there while the light is out. Nobody who came back.",
}

THOUGHTS = ("The kettle is on.", "Forty years, and it still needs trimming.", "Hear the reef?")


class Rounds(Script):
    """Has whoever it is on walk up and down, and say what is on their mind."""

    key = "rounds"
    interval = 40
    start_delay = True

    def at_repeat(self) -> None:
        keeper = self.obj
        if keeper is None or keeper.location is None:
            return
        keeper.execute_cmd("up" if keeper.location.key == "The Kitchen" else "down")
        thought = self.db.thought or 0
        keeper.execute_cmd(f"say {THOUGHTS[thought]}")
        self.db.thought = (thought + 1) % len(THOUGHTS)


class Keeper(Character):
    """Somebody whom nobody plays."""

    default_description = "She has kept the light for forty years, and it shows on neither."

    def at_object_creation(self) -> None:
        super().at_object_creation()
        self.scripts.add(Rounds)

    def answer(self, topic: str) -> None:
        """Think for a moment, then say what she knows."""
        known = [text for word, text in ANSWERS.items() if word in topic.lower()]
        delay(1, self.execute_cmd, f"say {known[0] if known else 'I could not tell you.'}")


class CmdAsk(default_cmds.MuxCommand):
    """
    ask somebody about something

    Usage:
      ask <somebody> about <something>
    """

    key = "ask"
    rhs_split = (" about ",)

    def func(self) -> None:
        if not self.rhs:
            self.msg("Usage: ask <somebody> about <something>")
            return
        somebody = self.caller.search(self.lhs)
        if isinstance(somebody, Keeper):
            self.msg(f"You ask {somebody.key} about {self.rhs}.")
            somebody.answer(self.rhs)
        elif somebody is not None:
            self.msg(f"{somebody.key} has nothing to say.")


def build_keeper() -> None:
    """Wenna begins in her kitchen."""
    [kitchen] = search_object("The Kitchen", typeclass=Room)
    create_object(Keeper, "Wenna", location=kitchen, home=kitchen)
