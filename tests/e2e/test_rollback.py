"""A first run that is taken back leaves the machine as it was."""

from tests.e2e.server import differences, mailstead, quickstart, tree
from tests.lab.lab import Lab


def test_taking_the_first_run_back_leaves_etc_as_found(lab: Lab, release: str) -> None:
    with lab.borrowed(lab.boot(release, "back", image="program")) as machine:
        before = tree(machine)
        first = quickstart(machine)
        assert first.is_proven, str(first)

        back = mailstead(machine, "rollback")

        assert back.status == 0, str(back)
        assert differences(before, tree(machine)) == []
        assert not machine.exists("/var/lib/mailstead/mail.db")
        again = quickstart(machine)
        assert again.is_proven, str(again)
