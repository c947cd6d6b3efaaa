"""A DNS in memory: two name servers that hold everything, and a resolver that asks them."""

from dataclasses import dataclass, field
from ipaddress import ip_address

from backends.dns.asking import Answer
from backends.dns.records import records_for
from backends.dns.settings import DnsSettings

NS1, NS2 = "192.0.2.53", "192.0.2.54"
ROOT = "192.0.2.1"
RESOLVER = "resolver"
Key = tuple[str, str]


@dataclass
class World:
    """What is held under a name and type; `own` is what single servers, or the resolver, say instead."""

    held: dict[Key, tuple[str, ...]] = field(default_factory=dict)
    own: dict[tuple[str, str, str], Answer] = field(default_factory=dict)
    silent: dict[str, str] = field(default_factory=dict)
    """Servers that give no answer, and why."""
    unheard: set[str] = field(default_factory=set)
    """Servers from which nothing comes back."""
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    async def resolve(self, name: str, kind: str) -> Answer:
        """As the resolver finds it."""
        return self._answer(RESOLVER, name, kind)

    async def ask(self, server: str, name: str, kind: str) -> Answer:
        """As one name server holds it."""
        return self._answer(server, name, kind)

    def set(self, name: str, kind: str, *values: str) -> None:
        """From now on this is held, and nothing else under that name and type."""
        self.held.pop((name, kind), None)
        if values:
            self.held[name, kind] = values

    def _answer(self, server: str, name: str, kind: str) -> Answer:
        name = name.rstrip(".").lower()
        self.asked.append((server, name, kind))
        if server in self.unheard:
            return Answer(problem="no answer in 4 s", is_silence=True)
        if server in self.silent:
            return Answer(problem=self.silent[server])
        if (server, name, kind) in self.own:
            return self.own[server, name, kind]
        alias = self.held.get((name, "CNAME"))
        if alias and kind != "CNAME":
            return Answer(self.held.get((alias[0], kind), ()), alias=alias[0])
        return Answer(self.held.get((name, kind), ()), is_secure=kind == "TLSA")


def published(settings: DnsSettings) -> World:
    """A world in which everything is as it should be."""
    world = World()
    for record in records_for(settings):
        key = (record.name, record.type)
        world.held[key] = (*world.held.get(key, ()), record.value)
    world.set("", "NS", "a.root.test.")
    world.set("a.root.test", "A", ROOT)
    for zone in ("example.test", "second.test", "test"):
        world.set(zone, "NS", "ns1.dns.test.", "ns2.dns.test.")
    world.set("ns1.dns.test", "A", NS1)
    world.set("ns2.dns.test", "A", NS2)
    for address in settings.addresses:
        world.set(ip_address(address).reverse_pointer, "PTR", f"{settings.hostname}.")
    world.set("2.0.0.127.list.test", "A", "127.0.0.2")
    return world
