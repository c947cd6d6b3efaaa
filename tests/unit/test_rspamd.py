import base64
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st

from backends.dns.settings import DnsSettings
from backends.resources import Directory, File, GeneratedFile, Membership, Resource, Service
from backends.rspamd import dkim_keys
from backends.rspamd.adapter import LOCAL, Rspamd
from backends.rspamd.block_lists import added_rules, shipped_rules
from backends.rspamd.maps import map_line
from backends.rspamd.settings import MILTER_SOCKET, RspamdSettings, dkim_key_path
from backends.templates import UnsafeValue


def settings(**changes: object) -> RspamdSettings:
    base = {"hostname": "mail.example.test", "domains": ("example.test", "second.test"), "release": "trixie"}
    return RspamdSettings(**(base | changes))  # type: ignore[arg-type]


def resources(**changes: object) -> list[Resource]:
    return list(Rspamd(settings(**changes)).resources())


def text(name: str, **changes: object) -> str:
    """The lines of a file that are no comments."""
    path = f"{LOCAL}/{name}"
    (found,) = (r for r in resources(**changes) if isinstance(r, File) and r.path == path)
    lines = (found.content or b"").decode().splitlines()
    return "\n".join(line for line in lines if line and not line.startswith("#"))


def test_the_same_settings_give_the_same_files(release: str) -> None:
    assert resources(release=release) == resources(release=release)


def test_whatever_a_resource_lies_in_comes_before_it() -> None:
    found = resources()
    paths = [r.path for r in found if isinstance(r, Directory | File | GeneratedFile)]
    for directory in (r.path for r in found if isinstance(r, Directory)):
        inside = [paths.index(path) for path in paths if str(Path(path).parent) == directory]
        assert all(paths.index(directory) < index for index in inside)


def test_the_filter_restarts_for_a_new_key_a_new_file_or_a_new_group() -> None:
    found = resources()
    (service,) = (r for r in found if isinstance(r, Service) and r.unit == "rspamd.service")
    read_at_start = {r.key for r in found if isinstance(r, GeneratedFile | Membership)}
    read_at_start |= {r.key for r in found if isinstance(r, File) and r.path.startswith(LOCAL)}
    assert read_at_start
    assert read_at_start <= {r.key for r in service.restart_on}


def test_every_domain_is_signed_with_both_keys() -> None:
    signing = text("dkim_signing.conf")
    for domain in ("example.test", "second.test"):
        for selector in ("r1", "e1"):
            assert f'path = "{dkim_key_path(domain, selector)}"' in signing


def test_no_socket_is_a_tcp_port() -> None:
    sockets = [re.findall(r"bind_socket = (.*);", text(f"worker-{n}.inc")) for n in ("controller", "proxy")]
    assert [len(found) for found in sockets] == [1, 1]
    assert all(found[0].startswith('"/') for found in sockets)
    assert MILTER_SOCKET.startswith("/var/spool/postfix/")


def test_a_low_reject_score_keeps_the_order_of_the_actions() -> None:
    assert text("actions.conf", reject_score=5.0).startswith(
        "reject = 5.0;\nadd_header = 4.0;\ngreylist = 3.0;"
    )
    assert text("actions.conf", reject_score=15.0).startswith(
        "reject = 15.0;\nadd_header = 6.0;\ngreylist = 4.0;"
    )


def test_what_is_off_in_the_answers_is_off() -> None:
    assert "enabled = false" in text("greylist.conf", has_greylisting=False)
    assert "greylist = null" in text("actions.conf", has_greylisting=False)
    assert "enabled = false" in text("neural.conf", has_neural=False)
    assert "min_learns = 2000000000" in text("classifier-bayes.conf", has_bayes=False)


def test_only_the_block_lists_of_the_answers_are_asked(release: str) -> None:
    lists = ("zen.spamhaus.org", "bl.example.org")
    wanted = {rule.name for rule in shipped_rules(lists, release) if rule.is_wanted}
    assert wanted == {"spamhaus"}
    assert [(rule.zone, rule.symbol) for rule in added_rules(lists, release)] == [
        ("bl.example.org", "RBL_BL_EXAMPLE_ORG")
    ]
    assert not any(rule.is_wanted for rule in shipped_rules((), release))


def test_a_value_that_would_break_out_is_refused() -> None:
    for hostile in ('x"; evil = "', "a\nb", "$HOME"):
        with pytest.raises(UnsafeValue):
            resources(domains=(hostile + "\n",))


@given(st.from_regex(r"[ -~]{1,40}", fullmatch=True))
def test_a_map_line_has_one_key_that_ends_at_its_last_slash(expression: str) -> None:
    line = map_line(expression)
    inner = line.removeprefix("/").removesuffix("/i")
    assert f"/{inner}/i" == line
    assert " " not in inner
    assert "#" not in inner
    assert not re.search(r"(?<!\\)(\\\\)*/", inner)


@pytest.mark.parametrize(
    ("expression", "matching", "other"),
    [
        (r"^a/b", "a/b@x", "ab@x"),
        (r"^a\/b", "a/b@x", "ab@x"),
        (r"a b#c", "xa b#cx", "ab#c"),
        (r"a\ b\#", "a b#", "ab#"),
        (r"[ #/]{2}", "a #b", "a#b"),
        (r"\\/x", r"a\/x", "a/x"),
        (r"@spam\.example$", "x@spam.example", "x@spam.example.org"),
    ],
)
def test_a_map_line_means_what_the_expression_means(expression: str, matching: str, other: str) -> None:
    inner = map_line(expression).removeprefix("/").removesuffix("/i").replace(r"\/", "/")
    for pattern in (expression, inner):
        assert re.search(pattern, matching)
        assert not re.search(pattern, other)


def test_a_line_break_never_gets_into_a_map() -> None:
    with pytest.raises(ValueError, match="one line"):
        map_line("a\nb")


def test_a_fresh_key_of_each_kind_is_one_that_is_kept() -> None:
    assert dkim_keys.is_rsa_key(dkim_keys.new_rsa_key())
    assert dkim_keys.is_ed25519_key(dkim_keys.new_ed25519_key())


def test_no_key_is_taken_for_one_of_the_other_kind() -> None:
    assert not dkim_keys.is_ed25519_key(dkim_keys.new_rsa_key())
    assert not dkim_keys.is_rsa_key(dkim_keys.new_ed25519_key())
    assert not dkim_keys.is_rsa_key(b"")
    assert not dkim_keys.is_ed25519_key(b"")


def test_an_ed25519_key_whose_halves_dont_belong_together_is_replaced() -> None:
    one, other = (base64.b64decode(dkim_keys.new_ed25519_key()) for _ in range(2))
    assert not dkim_keys.is_ed25519_key(base64.b64encode(one[:32] + other[32:]))


def test_the_public_part_of_an_ed25519_key_is_32_bytes_that_verify() -> None:
    content = dkim_keys.new_ed25519_key()
    kind, public = dkim_keys.public_part(content)
    seed = base64.b64decode(content)[:32]
    signature = ed25519.Ed25519PrivateKey.from_private_bytes(seed).sign(b"x")
    ed25519.Ed25519PublicKey.from_public_bytes(base64.b64decode(public)).verify(signature, b"x")
    assert kind == "ed25519"


def test_the_checks_name_every_key_to_publish() -> None:
    adapter = Rspamd(settings(), DnsSettings("mail.example.test", ("example.test", "second.test")))
    ids = [check.id for check in adapter.checks()]
    assert ids[3:] == [f"dkim.record-{s}.{d}" for d in ("example.test", "second.test") for s in ("r1", "e1")]
    assert [check.id for check in adapter.checks() if check.is_gate] == ["rspamd.milter"]
