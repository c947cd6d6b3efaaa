"""The web server of Mailstead's own: which names it answers to, with what, and how it speaks TLS."""

import re
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from backends.clients.settings import MailAccess, MailService
from backends.machine.services import ServiceNames
from backends.nginx import own
from backends.nginx.adapter import DIRECTORY, Nginx, NoNginx
from backends.nginx.settings import NginxSettings
from backends.nginx.sites import sites, web_names
from backends.resources import Directory, File, GeneratedFile, PackageSet, Service
from tests.unit.test_blueprint import facts, resources
from wizard import preflight
from wizard.answers import Answers, Clients, Imported
from wizard.blueprint import blueprint, certificates
from wizard.dns_settings import dns_settings
from wizard.preflight import InTheWay, refuse_obstacles
from wizard.quickstart import quickstart_answers
from wizard.tls_ports import tls_ports

ACCESS = MailAccess(
    "mail.example.test",
    (MailService("imap", 993, "tls"),),
    (MailService("smtp", 465, "tls"),),
    own_authority="/etc/mailstead/tls/ca/ca.pem",
    has_pages=True,
)
SETTINGS = NginxSettings("bookworm", ACCESS, ("example.test", "second.test"))


def configuration(settings: NginxSettings = SETTINGS) -> str:
    (found,) = (r for r in Nginx(settings).resources() if r.name == own.CONFIGURATION)
    assert isinstance(found, File)
    return (found.content or b"").decode()


def with_clients() -> Answers:
    return quickstart_answers("mail.example.test").model_copy(update={"clients": Clients(enabled=True)})


def test_every_domain_has_its_names_and_each_serves_what_is_asked_for_there() -> None:
    found = {site.name: [page.path for page in site.pages] for site in sites(SETTINGS)}

    assert found == {
        "mail.example.test": ["/", "/ca.crt", "/example.test.mobileconfig", "/second.test.mobileconfig"],
        "autoconfig.example.test": [
            "/mail/config-v1.1.xml",
            "/.well-known/autoconfig/mail/config-v1.1.xml",
        ],
        "autodiscover.example.test": ["/autodiscover/autodiscover.xml"],
        "mta-sts.example.test": ["/.well-known/mta-sts.txt"],
        "autoconfig.second.test": [
            "/mail/config-v1.1.xml",
            "/.well-known/autoconfig/mail/config-v1.1.xml",
        ],
        "autodiscover.second.test": ["/autodiscover/autodiscover.xml"],
        "mta-sts.second.test": ["/.well-known/mta-sts.txt"],
    }


def test_a_policy_that_is_off_has_no_host() -> None:
    assert not [name for name in web_names(replace(SETTINGS, mta_sts="off")) if name.startswith("mta-sts")]


def test_a_host_that_is_called_like_one_of_the_names_is_served_once() -> None:
    access = replace(ACCESS, hostname="autoconfig.example.test")

    names = [site.name for site in sites(replace(SETTINGS, access=access))]

    assert len(set(names)) == len(names)


def test_every_page_lies_on_the_disk() -> None:
    written = {r.name for r in Nginx(SETTINGS).resources() if isinstance(r, File | GeneratedFile)}

    for site in sites(SETTINGS):
        for page in site.pages:
            assert f"{DIRECTORY}/{page.file}" in written


def test_each_name_is_a_server_and_whatever_else_is_asked_for_does_not_exist() -> None:
    text = configuration()

    assert re.findall(r"server_name (\S+);", text) == ["_", *(site.name for site in sites(SETTINGS))]
    assert text.count("return 404;") == 1 + len(sites(SETTINGS))
    assert set(re.findall(r"listen (.*);", text)) == {
        "443 ssl default_server",
        "[::]:443 ssl default_server",
        "443 ssl",
        "[::]:443 ssl",
    }


def test_port_80_is_left_alone() -> None:
    assert not re.search(r"listen (\[::\]:)?80\b", configuration())


def test_without_ipv6_only_ipv4_is_listened_on() -> None:
    assert "[::]" not in configuration(replace(SETTINGS, has_ipv6=False))


@pytest.mark.parametrize(("tls", "protocols"), [("intermediate", "TLSv1.2 TLSv1.3"), ("modern", "TLSv1.3")])
def test_tls_is_as_old_as_the_answers_allow(tls: str, protocols: str) -> None:
    text = configuration(replace(SETTINGS, tls=tls))  # type: ignore[arg-type]

    assert f"ssl_protocols {protocols};" in text
    assert "ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;" in text
    assert "SHA1" not in text


def test_each_release_has_its_curves() -> None:
    assert "ssl_ecdh_curve X25519:prime256v1:secp384r1;" in configuration()
    trixie = configuration(replace(SETTINGS, release="trixie"))
    assert "ssl_ecdh_curve X25519MLKEM768:X25519:prime256v1:secp384r1;" in trixie


def test_the_service_reloads_for_configuration_and_certificates_and_restarts_for_its_unit() -> None:
    (service,) = (r for r in Nginx(SETTINGS).resources() if isinstance(r, Service))

    assert {r.name for r in service.restart_on} == {"/etc/systemd/system/mailstead-web.service"}
    assert {
        own.CONFIGURATION,
        "/etc/mailstead/tls/ecdsa/privkey.pem",
        "/etc/mailstead/tls/ecdsa/fullchain.pem",
        "/etc/mailstead/tls/rsa/privkey.pem",
        "/etc/mailstead/tls/rsa/fullchain.pem",
    } <= {r.name for r in service.reload_on}


def test_without_systemd_there_is_a_script_of_its_own() -> None:
    paths = {r.name for r in Nginx(replace(SETTINGS, has_systemd=False)).resources()}

    assert "/etc/init.d/mailstead-web" in paths
    assert not [path for path in paths if path.startswith("/etc/systemd")]


def test_only_own_files_and_the_own_unit_are_touched() -> None:
    """Debian's nginx.service and its sites stay whoever's they are."""
    for resource in Nginx(SETTINGS).resources():
        assert isinstance(resource, Directory | File | GeneratedFile | Service)
        assert not resource.name.startswith("/etc/nginx")
        assert resource.name != "nginx.service"


def test_debians_own_service_is_kept_from_starting_where_its_package_is_new() -> None:
    (packages,) = (r for r in resources(with_clients(), facts()) if isinstance(r, PackageSet))

    assert "nginx.service" in {service.unit for service in packages.services}
    assert "nginx" in packages.names


def test_a_quickstart_serves_no_pages_and_installs_no_web_server() -> None:
    answers = quickstart_answers("mail.example.test")
    found = blueprint(answers, facts(), {}, {})

    assert not [adapter for adapter in found if isinstance(adapter, Nginx)]
    assert "nginx" not in {package for adapter in found for package in adapter.packages}
    assert "https" not in {port.name for port in tls_ports(answers)}


def test_switched_off_it_is_stopped_and_nothing_of_anybody_else_is() -> None:
    found = list(NoNginx().resources())

    assert [(type(r), r.name) for r in found] == [
        (File, own.CONFIGURATION),
        (Service, "mailstead-web.service"),
    ]
    assert isinstance(found[0], File)
    assert isinstance(found[1], Service)
    assert found[0].content is None
    assert not found[1].is_wanted


def test_switched_on_the_firewall_lets_https_through_and_the_certificates_bear_the_names() -> None:
    answers = with_clients()
    rules = {r.name: r.content for r in resources(answers, facts()) if isinstance(r, File)}

    assert b" 443," in (rules["/etc/mailstead/nftables.nft"] or b"")
    settings = certificates(answers, facts(), {}).settings
    assert settings.all_names == (
        "mail.example.test",
        "autoconfig.example.test",
        "autodiscover.example.test",
        "mta-sts.example.test",
    )
    served = {server.names: [port.number for port in server.ports] for server in settings.servers}
    assert served[ServiceNames("mailstead-web.service", "mailstead-web.service", "mailstead-web")] == [443]


def test_no_two_resources_claim_the_same_thing_with_pages_too() -> None:
    keys = [resource.key for resource in resources(with_clients(), facts())]

    assert sorted(set(keys)) == sorted(keys)


def test_an_imported_certificate_is_asked_for_the_host_name_alone() -> None:
    answers = with_clients()
    imported = answers.certificates.model_copy(
        update={"source": "imported", "imported": Imported(certificate="/root/c.pem", key="/root/k.pem")}
    )
    chosen = answers.model_copy(update={"certificates": imported})

    assert certificates(chosen, facts(), {}).settings.all_names == ("mail.example.test",)


@pytest.mark.parametrize(("is_enabled", "policy"), [(True, "testing"), (False, "off")])
def test_a_policy_is_published_only_where_something_serves_it(is_enabled: bool, policy: str) -> None:
    answers = quickstart_answers("mail.example.test")
    chosen = answers.model_copy(update={"clients": Clients(enabled=is_enabled)})

    assert dns_settings(chosen, facts()).mta_sts == policy


@pytest.mark.parametrize("holder", ["nginx", "apache2", "caddy", ""])
def test_another_web_server_on_the_port_is_said_before_anything_is_touched(
    holder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "is_own_running", lambda: False)
    monkeypatch.setattr(preflight, "other_mail_server", lambda: "")
    machine = replace(facts(), ports_held=MappingProxyType({443: holder}))

    with pytest.raises(InTheWay) as told:
        refuse_obstacles(with_clients(), machine)

    assert f"held by {holder or 'another process'}" in told.value.seen
    assert "[clients] enabled = false" in told.value.next_step
    refuse_obstacles(quickstart_answers("mail.example.test"), machine)


def test_the_own_web_server_on_the_port_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "is_own_running", lambda: True)
    monkeypatch.setattr(preflight, "other_mail_server", lambda: "")

    refuse_obstacles(with_clients(), replace(facts(), ports_held=MappingProxyType({443: "nginx"})))


@pytest.mark.parametrize(
    ("title", "is_own"),
    [
        (b"nginx: master process /usr/sbin/nginx -e stderr -c /etc/mailstead/nginx.conf", True),
        (b"nginx: master process /usr/sbin/nginx -g daemon on; master_process on;", False),
        (b"less\0/etc/mailstead/nginx.conf", False),
    ],
)
def test_the_own_web_server_is_known_by_its_configuration(tmp_path: Path, title: bytes, is_own: bool) -> None:
    (tmp_path / "proc" / "77").mkdir(parents=True)
    (tmp_path / "proc" / "77" / "cmdline").write_bytes(title)
    (tmp_path / "pid").write_text("77\n")

    assert own.is_own_running(tmp_path / "pid", tmp_path / "proc") is is_own


@pytest.mark.parametrize("text", ["", "x\n", "99\n"])
def test_a_stale_or_broken_pid_file_is_no_own_web_server(tmp_path: Path, text: str) -> None:
    (tmp_path / "pid").write_text(text)

    assert not own.is_own_running(tmp_path / "pid", tmp_path / "proc")
    assert not own.is_own_running(tmp_path / "none", tmp_path / "proc")
