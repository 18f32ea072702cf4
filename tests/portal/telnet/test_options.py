from everdoor_portal.telnet.options import SUPPORTED, Option, command_name, option_name


def test_names_are_those_of_the_registry_or_the_number() -> None:
    assert [command_name(code) for code in (240, 246, 255, 65)] == [
        "SE",
        "AYT",
        "IAC",
        "command 65",
    ]
    assert [option_name(code) for code in (1, 3, 24, 31, 200)] == [
        "ECHO",
        "SGA",
        "TTYPE",
        "NAWS",
        "option 200",
    ]


def test_table_asks_for_what_the_client_is_and_can_only() -> None:
    asked = {option for option, support in SUPPORTED.items() if support.asks_remote}
    assert asked == {Option.NAWS, Option.TTYPE, Option.NEW_ENVIRON}


def test_table_offers_only_what_it_accepts() -> None:
    for support in SUPPORTED.values():
        assert support.accepts_local or not support.offers_local
        assert support.accepts_remote or not support.asks_remote
