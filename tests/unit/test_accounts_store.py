from pathlib import Path

import pytest

from backends.accounts import aliases, database, domains, mailboxes
from backends.accounts.addresses import WrongAddress
from backends.accounts.database_resource import Database
from backends.accounts.entries import AccountEntry, AliasEntry, DomainEntry
from backends.accounts.errors import AliasLoop, AlreadyThere, NotThere, StillUsed
from backends.accounts.passwords import WrongPassword, first_line, hash_password
from backends.accounts.strength import PasswordRules, require_strength
from backends.resources import Existence, Resource, look_at

ANNA, BOB, INFO = "anna@example.test", "bob@example.test", "info@example.test"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "mail.db"
    entry = Database(str(found), "root")
    entry.put(entry.wanted(Database.look([entry])[0]))
    domains.add_domain("Example.Test", found)
    return found


def test_the_database_is_made_whole_and_found_as_wanted(tmp_path: Path) -> None:
    entry = Database(str(tmp_path / "mail.db"), "root")
    wanted = entry.wanted(Database.look([entry])[0])

    entry.put(wanted)

    assert Database.look([entry]) == [wanted]
    assert (tmp_path / "mail.db").stat().st_mode & 0o777 == 0o640


def test_going_back_removes_only_an_empty_database(path: Path) -> None:
    entry = Database(str(path), "root")
    absent = Database.look([Database(str(path.with_name("none")), "root")])[0]

    entry.put(absent)
    assert path.exists()
    domains.remove_domain("example.test", path)
    entry.put(absent)
    assert not path.exists()


def test_an_account_is_added_listed_and_removed(path: Path) -> None:
    assert mailboxes.add_account("Anna@Example.test", "some password", 5, path) == ANNA
    (account,) = mailboxes.list_accounts(path)
    assert (account.address, account.quota_bytes, account.is_enabled) == (ANNA, 5, True)

    assert mailboxes.remove_account(ANNA, path) == Path("/var/vmail/example.test/anna")
    assert mailboxes.list_accounts(path) == ()


def test_what_is_not_here_is_named(path: Path) -> None:
    for attempt in (
        lambda: mailboxes.add_account("a@elsewhere.test", "x", 0, path),
        lambda: mailboxes.set_password(ANNA, "x", path),
        lambda: mailboxes.disable_account(ANNA, path),
        lambda: mailboxes.remove_account(ANNA, path),
        lambda: aliases.add_alias(INFO, ANNA, path),
        lambda: aliases.remove_alias(INFO, path=path),
        lambda: domains.remove_domain("elsewhere.test", path),
    ):
        with pytest.raises(NotThere):
            attempt()


def test_an_address_is_either_an_account_or_an_alias(path: Path) -> None:
    mailboxes.add_account(ANNA, "x", 0, path)
    aliases.add_alias(INFO, ANNA, path)

    with pytest.raises(AlreadyThere):
        mailboxes.add_account(ANNA, "y", 0, path)
    with pytest.raises(AlreadyThere):
        mailboxes.add_account(INFO, "y", 0, path)
    with pytest.raises(AlreadyThere):
        aliases.add_alias(ANNA, "b@elsewhere.test", path)


def test_aliases_never_lead_in_a_circle(path: Path) -> None:
    one, two, three = (f"{name}@example.test" for name in ("one", "two", "three"))
    aliases.add_alias(one, "x@elsewhere.test", path)
    aliases.add_alias(two, one, path)
    aliases.add_alias(three, two, path)

    with pytest.raises(AliasLoop):
        aliases.add_alias(one, three, path)
    with pytest.raises(AliasLoop):
        aliases.add_alias(one, one, path)


def test_a_domain_in_use_stays(path: Path) -> None:
    mailboxes.add_account(ANNA, "x", 0, path)

    with pytest.raises(StillUsed, match=ANNA):
        domains.remove_domain("example.test", path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "anna",
        "@example.test",
        "anna@",
        "a b@example.test",
        "../x@example.test",
        "a@b",
        "a'b@example.test",
        "a+b@example.test",
        ".a@example.test",
        "a..b@example.test",
        "a@example.123",
        "a\n@example.test",
        "é@example.test",
        "a@exa$mple.test",
        "%s@example.test",
        "a@" + "x" * 300 + ".test",
    ],
)
def test_no_strange_address_gets_in(path: Path, text: str) -> None:
    with pytest.raises(WrongAddress):
        mailboxes.add_account(text, "x", 0, path)


def test_the_database_itself_refuses_what_code_might_let_through(path: Path) -> None:
    rows = (
        ("INSERT INTO accounts (address, localpart, domain, password) VALUES (?, ?, 'example.test', '{X}y')",
         ("A@example.test", "A")),
        ("INSERT INTO accounts (address, localpart, domain, password) VALUES (?, ?, 'example.test', 'open')",
         (ANNA, "anna")),
        ("INSERT INTO accounts (address, localpart, domain, password) VALUES (?, ?, 'other.test', '{X}y')",
         ("a@other.test", "a")),
        ("INSERT INTO aliases (address, domain, destination) VALUES (?, 'example.test', ?)", (INFO, INFO)),
    )  # fmt: skip
    for statement, values in rows:
        with (
            pytest.raises(database.DatabaseError, match="can't be used"),
            database.writing(path) as connection,
        ):
            connection.execute(statement, values)


def test_a_failed_change_changes_nothing(path: Path) -> None:
    def interrupted() -> None:
        with database.writing(path) as connection:
            connection.execute("DELETE FROM domains")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()

    assert [domain.name for domain in domains.list_domains(path)] == ["example.test"]


def test_a_replay_makes_an_account_once_and_leaves_its_password_and_its_being_disabled(path: Path) -> None:
    passwords = iter(["first"])
    entry = AccountEntry(ANNA, 7, lambda: next(passwords), path=str(path))
    entry.put(entry.wanted(AccountEntry.look([entry])[0]))
    mailboxes.disable_account(ANNA, path)
    mailboxes.set_quota(ANNA, 8, path)
    now = AccountEntry.look([entry])[0]

    entry.put(entry.wanted(now))

    assert list(passwords) == []
    (account,) = mailboxes.list_accounts(path)
    assert (account.quota_bytes, account.is_enabled) == (7, False)


def test_a_replay_makes_an_alias_lead_exactly_there(path: Path) -> None:
    mailboxes.add_account(ANNA, "x", 0, path)
    mailboxes.add_account(BOB, "x", 0, path)
    aliases.add_alias(INFO, BOB, path)
    entry = AliasEntry(INFO, (ANNA,), path=str(path))

    entry.put(entry.wanted(AliasEntry.look([entry])[0]))

    assert aliases.list_aliases(path) == (aliases.Alias(INFO, (ANNA,)),)


def test_entries_go_back_to_what_was_recorded(path: Path) -> None:
    entries: tuple[Resource, ...] = (
        DomainEntry("second.test", str(path)),
        AccountEntry(ANNA, 7, lambda: "first", path=str(path)),
        AliasEntry(INFO, (ANNA,), path=str(path)),
    )
    for entry in entries:
        (before,) = look_at([entry]).values()
        wanted = entry.wanted(before)
        record = before.record(lambda _: "")
        entry.put(wanted)
        assert list(look_at([entry]).values()) == [wanted]

        again = type(entry).from_identity(entry.identity())
        again.put(type(entry).state_from_record(record, lambda _: b""))

        assert list(look_at([entry]).values()) == [before]
        entry.put(wanted)


def test_without_a_database_nothing_is_there(tmp_path: Path) -> None:
    path = str(tmp_path / "none.db")

    assert DomainEntry.look([DomainEntry("example.test", path)]) == [Existence(False)]
    AliasEntry(INFO, (), path=path).put(AliasEntry.look([AliasEntry(INFO, (), path=path)])[0])
    assert not (tmp_path / "none.db").exists()


def test_a_hash_is_argon2id_and_never_the_same() -> None:
    one, two = hash_password("some password"), hash_password("some password")

    assert one.startswith("{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$")
    assert one != two
    for wrong in ("", "x" * 2000, "tab\there"):
        with pytest.raises(WrongPassword):
            hash_password(wrong)


def test_a_password_file_gives_its_first_line(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("pass word\nsecond line\n")

    assert first_line(tmp_path / "secret") == "pass word"
    with pytest.raises(WrongPassword, match="can't be read"):
        first_line(tmp_path / "none")


@pytest.mark.parametrize("weak", ["tiny", "aaaaaaaaaaaaaaaa", "password1234", "anna.example.test"])
def test_weak_passwords_are_refused_without_being_repeated(weak: str) -> None:
    with pytest.raises(WrongPassword) as problem:
        require_strength(weak, ANNA, PasswordRules())

    assert weak not in problem.value.describe()


def test_strong_passwords_pass() -> None:
    require_strength("tidal umbrella cactus 97", ANNA, PasswordRules())
    require_strength("fhj3k-9qwzx-" * 10, ANNA, PasswordRules())
