"""The auth service's answers, with a real database and real hashes."""

import pytest
from sqlalchemy import inspect, text
from structlog.testing import capture_logs

from auth_lives import CHEAP, PASSWORD, Auth, call_key
from everdoor.errors import StoreBusy
from everdoor.messages.accounts import AccountFound, Authenticate, Confirm, CreateAccount
from everdoor.messages.callmessage import Done
from everdoor.messages.calls import Answer, Call, Failed, Status
from everdoor_auth.passwords import Argon2, Verdict
from everdoor_auth.store import Store
from everdoor_auth.throttle import Limit

HOME, AWAY = "192.0.2.1", "203.0.113.9"


def login(name: str = "Bob", password: str = PASSWORD, address: str = HOME) -> Authenticate:
    return Authenticate(name, password, address)


def new(name: str = "Bob", password: str = PASSWORD, address: str = HOME) -> CreateAccount:
    return CreateAccount(name, password, address)


def code(answer: Answer) -> str:
    return answer.code if isinstance(answer, Failed) else type(answer).__name__


def stored_text(auth: Auth) -> str:
    """Everything that the database holds, as text."""
    store = Store(auth.url)
    with store.reading() as db:
        rows = [
            repr(row)
            for table in inspect(db.connection()).get_table_names()
            for row in db.connection().execute(text(f"SELECT * FROM {table}"))
        ]
    store.close()
    return "\n".join(rows)


# Accounts and passwords.


def test_service_finds_an_account_by_name_and_password(auth: Auth) -> None:
    created = auth.ask(new("Bob McGee"))
    assert created == AccountFound(1, "Bob McGee", False)
    assert auth.ask(login("  bob mcGEE ")) == created


def test_service_answers_an_unknown_name_as_a_wrong_password(auth: Auth) -> None:
    auth.create("Bob")
    wrong = auth.ask(login(password="not this one", address="192.0.2.1"))
    unknown = auth.ask(login(name="nobody", address="192.0.2.2"))
    strange = auth.ask(login(name="\x00|", address="192.0.2.3"))
    assert wrong == unknown == strange
    assert code(wrong) == "wrong_password"


def test_service_hashes_as_often_for_an_unknown_name_as_for_a_wrong_password(
    closed_auth: Auth,
) -> None:
    counting = CountingHashing()
    closed_auth.hashing = counting
    closed_auth.open()
    closed_auth.create("Bob")
    counts = []
    for call in (login(password="wrong one", address=HOME), login("nobody", address=AWAY)):
        counting.checks = 0
        closed_auth.ask(call)
        counts.append(counting.checks)
    assert counts == [1, 1]


def test_service_takes_a_password_however_it_was_composed(auth: Auth) -> None:
    auth.ask(new(password="Zoe\u0308 sings loud"))
    assert code(auth.ask(login(password="Zo\u00eb sings loud"))) == "AccountFound"


def test_service_renews_a_hash_when_its_password_is_shown(closed_auth: Auth) -> None:
    closed_auth.open()
    closed_auth.create("Bob")
    closed_auth.hashing = Argon2(time_cost=2, memory_kib=16)
    closed_auth.reopen()
    assert code(closed_auth.ask(login())) == "AccountFound"
    assert "m=16,t=2,p=1" in stored_text(closed_auth)
    assert code(closed_auth.ask(login())) == "AccountFound"


def test_service_refuses_a_bad_name_and_a_bad_password_with_the_reason(auth: Auth) -> None:
    bad_name, bad_password = auth.ask(new("x")), auth.ask(new(password="bob12345"))
    assert (code(bad_name), code(bad_password)) == ("bad_name", "bad_password")
    assert "3 to 30" in bad_name.text
    assert "like the name" in bad_password.text


def test_service_refuses_a_name_that_is_taken_however_it_is_spelt(auth: Auth) -> None:
    auth.create("Straße")
    refused = auth.ask(new("STRASSE"))
    assert code(refused) == "name_taken"
    assert "STRASSE" in refused.text


def test_service_gives_a_name_to_one_of_many_who_ask_at_once(auth: Auth) -> None:
    asked = [(new("Bob", address=f"192.0.2.{number}"), {}) for number in range(8)]
    answers = auth.ask_together(*asked)
    assert sorted(map(code, answers)) == ["AccountFound"] + ["name_taken"] * 7


def test_service_never_gives_an_id_twice(auth: Auth) -> None:
    first = auth.create("Bob")
    store = Store(auth.url)
    with store.writing() as db:
        db.connection().execute(text("DELETE FROM auth_account"))
    store.close()
    assert auth.create("Ann").uid > first.uid


def test_service_tells_nobody_a_password(auth: Auth) -> None:
    calls: list[Call] = [new(), login(), login(password=PASSWORD + "x"), new("Ann", "bob bob bob")]
    with capture_logs() as logged:
        answers = [auth.ask(call, key=call_key(seq)) for seq, call in enumerate(calls, start=1)]
    assert logged
    told = repr(answers) + repr(calls) + repr(logged) + stored_text(auth)
    assert PASSWORD not in told
    assert "bob bob bob" not in told


# Once.


def test_service_creates_once_however_often_it_is_asked(auth: Auth) -> None:
    first = auth.ask(new(), key=call_key(4))
    assert auth.ask(new(), key=call_key(4)) == first
    assert code(auth.ask(new(), key=call_key(5))) == "name_taken"


def test_service_creates_once_when_asked_again_meanwhile(auth: Auth) -> None:
    answers = auth.ask_together(*[(new(), {"key": call_key(4)})] * 5)
    assert answers == [AccountFound(1, "Bob", False)] * 5


def test_service_gives_the_same_account_after_a_crash_between_effect_and_answer(
    auth: Auth,
) -> None:
    first = auth.ask(new(), key=call_key(4))
    auth.reopen()
    assert auth.ask(new(), key=call_key(4)) == first


def test_service_counts_a_failure_once_over_a_crash(auth: Auth) -> None:
    auth.create("Bob")
    wrong = login(password="not this one")
    first = auth.ask(wrong, key=call_key(4))
    auth.reopen()
    assert auth.ask(wrong, key=call_key(4)) == first
    assert auth.ask(wrong, key=call_key(5)).retry_after_s == 1.0


def test_service_answers_a_login_alike_after_a_crash(auth: Auth) -> None:
    auth.create("Bob")
    first = auth.ask(login(), key=call_key(4))
    auth.reopen()
    assert auth.ask(login(), key=call_key(4)) == first


def test_service_keeps_no_refusal(auth: Auth) -> None:
    assert code(auth.ask(new(password="short"), key=call_key(4))) == "bad_password"
    assert code(auth.ask(new(), key=call_key(4))) == "AccountFound"


@pytest.mark.parametrize("crash", [False, True])
def test_service_refuses_a_key_with_other_arguments(auth: Auth, crash: bool) -> None:
    auth.ask(new(), key=call_key(4))
    if crash:
        auth.reopen()
    for other in (new("Ann"), new(address=AWAY), login()):
        assert code(auth.ask(other, key=call_key(4))) == "key_reused"


def test_service_refuses_a_key_with_other_arguments_while_the_first_is_under_way(
    auth: Auth,
) -> None:
    key = {"key": call_key(4)}
    answers = auth.ask_together((new("Bob"), key), (new("Ann"), key))
    assert list(map(code, answers)) == ["AccountFound", "key_reused"]


def test_service_compares_the_arguments_of_a_key_without_the_password(auth: Auth) -> None:
    first = auth.ask(new(), key=call_key(4))
    assert auth.ask(new(password="another long one"), key=call_key(4)) == first


@pytest.mark.parametrize("crash", [False, True])
def test_service_forgets_an_answer_that_is_confirmed(auth: Auth, crash: bool) -> None:
    session = call_key(4).session
    auth.ask(new(), key=call_key(4))
    assert auth.ask(Confirm([(session, 3)])) == Done()
    assert code(auth.ask(new(), key=call_key(4))) == "AccountFound"
    assert auth.ask(Confirm([(session, 4)])) == Done()
    if crash:
        auth.reopen()
    assert code(auth.ask(new(), key=call_key(4))) == "name_taken"


def test_service_confirms_one_session_without_touching_others(auth: Auth) -> None:
    auth.ask(new("Bob"), key=call_key(4, conn=1))
    auth.ask(new("Ann"), key=call_key(4, conn=2))
    auth.ask(Confirm([(call_key(4, conn=1).session, 9)]))
    auth.reopen()
    assert code(auth.ask(new("Ann"), key=call_key(4, conn=2))) == "AccountFound"


def test_service_drops_answers_that_nobody_confirms_within_a_day(auth: Auth) -> None:
    auth.ask(new(), key=call_key(4))
    auth.pass_time(24 * 3600 + 1)
    auth.ask(Confirm([]))
    assert "auth_kept_answer" not in stored_text(auth)
    assert code(auth.ask(new(), key=call_key(4))) == "name_taken"


# Who may ask.


def test_service_refuses_a_server_older_than_the_newest(auth: Auth) -> None:
    auth.ask(Confirm([]), generation=8)
    stale = auth.ask(new(), generation=7)
    assert code(stale) == "stale"
    assert code(auth.ask(new(), generation=8)) == "AccountFound"


def test_service_is_not_told_generations_by_others_than_servers(auth: Auth) -> None:
    auth.ask(login(), role="portal", generation=99)
    assert code(auth.ask(Confirm([]), generation=1)) == "Done"
    assert code(auth.ask(Confirm([]), generation=0)) == "forbidden"


@pytest.mark.parametrize("role", ["server", "portal"])
@pytest.mark.parametrize(
    "call",
    [
        CreateAccount("Bob", PASSWORD, HOME, superuser=True),
        CreateAccount("Bob", PASSWORD, ""),
        Authenticate("Bob", PASSWORD, ""),
        Status(),
    ],
)
def test_service_allows_what_is_the_command_lines_to_nobody_else(
    auth: Auth, role: str, call: Call
) -> None:
    assert code(auth.ask(call, role=role)) == "forbidden"


def test_service_makes_superusers_on_the_command_line(auth: Auth) -> None:
    made = auth.ask(CreateAccount("Root", PASSWORD, "", superuser=True), role="cli")
    assert made == AccountFound(1, "Root", True)
    assert auth.ask(login("root")) == made


def test_service_lets_only_servers_confirm(auth: Auth) -> None:
    assert code(auth.ask(Confirm([]), role="portal")) == "forbidden"


# Throttles.


def test_service_tells_how_long_to_wait_after_a_failure(auth: Auth) -> None:
    auth.create("Bob")
    auth.ask(login(password="not this one"))
    early = auth.ask(login())
    assert early == Failed("throttled", "Too many failed logins. Try again in 1 second.", 1.0)
    auth.pass_time(1.0)
    assert code(auth.ask(login())) == "AccountFound"


def test_service_blocks_an_address_after_five_failures_also_over_a_restart(auth: Auth) -> None:
    auth.create("Bob")
    for wait in (0, 1, 2, 4, 8):
        auth.pass_time(wait)
        assert code(auth.ask(login(password="not this one"))) == "wrong_password"
    auth.reopen()
    blocked = auth.ask(login())
    assert blocked.text == "Too many failed logins. Try again in 4 minutes 45 seconds."
    auth.pass_time(285)
    assert code(auth.ask(login())) == "AccountFound"


def test_service_checks_attempts_of_one_address_one_after_the_other(auth: Auth) -> None:
    auth.create("Bob")
    guesses = [(login(password=f"guess number {number}"), {}) for number in range(10)]
    answers = auth.ask_together(*guesses)
    assert sorted(map(code, answers)) == ["throttled"] * 9 + ["wrong_password"]


def test_service_lets_a_known_good_address_in_whatever_others_do(auth: Auth) -> None:
    auth.create("Bob")
    assert code(auth.ask(login(address=HOME))) == "AccountFound"
    for number in range(30):
        auth.ask(login(password="not this one", address=f"203.0.113.{number}"))
        auth.ask(login(name=f"other{number}", address=HOME))
    assert code(auth.ask(login(address=AWAY))) == "throttled"
    assert code(auth.ask(login(address=HOME))) == "AccountFound"


def test_service_knows_the_address_that_made_an_account(auth: Auth) -> None:
    auth.ask(new())
    auth.ask(login(name="another"))
    assert code(auth.ask(login())) == "AccountFound"


def test_service_forgives_the_failures_of_a_known_good_address_for_good(auth: Auth) -> None:
    auth.ask(new())
    auth.ask(login(password="not this one"))
    auth.pass_time(1)
    auth.ask(login())
    auth.reopen()
    auth.ask(login(password="not this one"))
    assert auth.ask(login()).retry_after_s == 1.0


def test_service_throttles_new_accounts_also_over_a_restart(auth: Auth) -> None:
    assert code(auth.ask(new("Ann"))) == "AccountFound"
    assert code(auth.ask(new("Ben"))) == "AccountFound"
    auth.reopen()
    refused = auth.ask(new("Cat"))
    assert refused.text == (
        "Too many accounts were made from your address. Try again in 10 minutes."
    )
    assert code(auth.ask(new("Cat", address=AWAY))) == "AccountFound"


def test_service_throttles_new_accounts_that_are_asked_for_at_once(auth: Auth) -> None:
    answers = auth.ask_together(*[(new(f"Bob{number}"), {}) for number in range(6)])
    assert sorted(map(code, answers)) == ["AccountFound"] * 2 + ["throttled"] * 4


def test_service_does_not_count_accounts_that_were_refused(auth: Auth) -> None:
    for _ in range(5):
        auth.ask(new("x"))
    assert code(auth.ask(new())) == "AccountFound"


def test_service_throttles_nothing_of_the_command_line(auth: Auth) -> None:
    for number in range(5):
        auth.create(f"Bob{number}")
    for _ in range(9):
        answer = auth.ask(Authenticate("Bob0", "not this one", ""), role="cli")
        assert code(answer) == "wrong_password"


def test_service_with_limits_at_0_throttles_nobody(closed_auth: Auth) -> None:
    closed_auth.login = closed_auth.creation = Limit(0, 300.0)
    closed_auth.open()
    for number in range(9):
        assert code(closed_auth.ask(new(f"Bob{number}"))) == "AccountFound"
        assert code(closed_auth.ask(login(password="not this one"))) == "wrong_password"


@pytest.mark.parametrize("days", [-4000, 4000])
def test_service_locks_nobody_out_when_the_wall_clock_jumps(auth: Auth, days: int) -> None:
    auth.create("Bob")
    for wait in (0, 1, 2, 4, 8):
        auth.pass_time(wait)
        auth.ask(login(password="not this one"))
    auth.wall += days * 86400
    assert 280 < auth.ask(login()).retry_after_s <= 300
    auth.reopen()
    auth.pass_time(300)
    assert code(auth.ask(login())) == "AccountFound"


def test_service_drops_marks_that_count_no_more(auth: Auth) -> None:
    auth.ask(login("nobody"))
    assert "login:address:192.0.2.1" in stored_text(auth)
    auth.pass_time(700)
    auth.ask(Confirm([]))
    assert "login:address:192.0.2.1" not in stored_text(auth)


# When it cannot.


def test_service_says_busy_while_the_database_is_locked_and_creates_nothing(auth: Auth) -> None:
    auth.ask(Confirm([]))
    other = Store(auth.url)
    with pytest.raises(StoreBusy), other.writing() as db:
        is_sqlite = auth.url.startswith("sqlite")
        lock = "SELECT 1" if is_sqlite else "LOCK TABLE auth_account IN EXCLUSIVE MODE"
        db.connection().exec_driver_sql(lock)
        assert code(auth.ask(new(), key=call_key(4))) == "busy"
        raise StoreBusy("let go without a commit")
    other.close()
    assert auth.ask(new(), key=call_key(4)) == AccountFound(1, "Bob", False)


class CountingHashing:
    """A real argon2 that counts its work."""

    def __init__(self) -> None:
        self.checks = 0

    def hash(self, password: str) -> str:
        return CHEAP.hash(password)

    def check(self, stored: str, password: str) -> Verdict:
        self.checks += 1
        return CHEAP.check(stored, password)
