"""A container whose root may not touch the network becomes a mail server, and says what it does without."""

import json

from tests.e2e.server import differences, is_settled, mailstead, quickstart, tree
from tests.lab.lab import Lab


def test_a_container_without_net_admin_becomes_a_mail_server(lab: Lab, release: str) -> None:
    with lab.borrowed(
        lab.container(release, "unprivileged", image="program", is_privileged=False)
    ) as machine:
        before = tree(machine)

        first = quickstart(machine)

        assert first.is_proven, str(first)
        assert is_settled(machine), machine.run("mailstead", "plan", check=False).stdout
        told = json.loads(machine.run("mailstead", "check", "--json", check=False).stdout)["checks"]
        assert {check["id"] for check in told if check["status"] == "fail"} == set()
        (firewall,) = (check for check in told if check["id"] == "nftables.rules")
        assert firewall["status"] == "warn"
        assert "NET_ADMIN" in firewall["mend"]
        assert not machine.exists("/etc/mailstead/nftables.nft")

        back = mailstead(machine, "rollback")

        assert back.status == 0, str(back)
        assert differences(before, tree(machine)) == []
