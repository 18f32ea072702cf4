"""The chandlery: what it sells, and the commands that there are in it."""

from typing import NamedTuple

from everdoor_server import CmdSet, create_object, default_cmds, search_object

from game.headland import join
from game.typeclasses import Room, Thing


class Ware(NamedTuple):
    """Something for sale, and its price in coins."""

    key: str
    price: int
    desc: str


WARES = (
    Ware("oil can", 4, "Enough for one night."),
    Ware("boat hook", 5, "Longer than you are, and with a worse temper."),
    Ware("postcard", 1, "The lighthouse, by day, in colours that it never had."),
)


class CmdWares(default_cmds.MuxCommand):
    """
    see what is for sale

    Usage:
      wares
    """

    key = "wares"

    def func(self) -> None:
        lines = [f"  {ware.key:<12}{ware.price:>3}" for ware in WARES]
        self.msg("\n".join(["For sale, in coins:", *lines, f"You have {self.caller.coins}."]))


class CmdBuy(default_cmds.MuxCommand):
    """
    buy something

    Usage:
      buy <ware>
    """

    key = "buy"

    def func(self) -> None:
        name = self.args.lower()
        ware = next((ware for ware in WARES if name and ware.key.startswith(name)), None)
        if ware is None:
            self.msg("That is not for sale; `wares` lists what is.")
        elif self.caller.coins < ware.price:
            self.msg(f"The {ware.key} is {ware.price} coins, and you have {self.caller.coins}.")
        else:
            self.caller.coins -= ware.price
            values = {"desc": ware.desc, "price": ware.price}
            create_object(Thing, ware.key, location=self.caller, attributes=values)
            self.msg(f"You buy the {ware.key} for {ware.price} coins.")


class CmdSell(default_cmds.MuxCommand):
    """
    sell something, for half of its price

    Usage:
      sell <thing>
    """

    key = "sell"

    def func(self) -> None:
        thing = self.caller.search(self.args, candidates=self.caller.contents)
        if thing is None:
            return
        paid = (thing.db.price or 0) // 2
        if not paid:
            self.msg(f"Nobody here would pay for the {thing.key}.")
        elif thing.delete():
            self.caller.coins += paid
            self.msg(f"You sell the {thing.key} for {paid} coins.")


class ShopCmdSet(CmdSet):
    """What can be typed by those who are in a shop."""

    key = "Shop"

    def at_cmdset_creation(self) -> None:
        self.add([CmdWares, CmdBuy, CmdSell])


class Shop(Room):
    """A room that has its commands with it."""

    def at_object_creation(self) -> None:
        super().at_object_creation()
        self.cmdset.add(ShopCmdSet, persistent=True)


def build_shop() -> None:
    """The chandlery stands on the square."""
    [square] = search_object("The Square", typeclass=Room)
    shop = create_object(Shop, "The Chandlery")
    shop.db.desc = "Rope, tar, lamps and patience, by the yard. |wwares|n shows what is for sale."
    join(square, "shop", shop, "out")
