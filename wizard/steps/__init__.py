"""The steps of the wizard, in the order in which a person meets them."""

from functools import cache

from wizard.steps import accounts, antispam, backups, certificates, hardware, logging, protocols, site
from wizard.steps.question import Step

STEPS = ("site", "hardware", "certificates", "protocols", "accounts", "antispam", "logging", "backups")
"""The names of the steps, in order."""


@cache
def steps() -> tuple[Step, ...]:
    """Every step, in order, in the person's language."""
    modules = (site, hardware, certificates, protocols, accounts, antispam, logging, backups)
    return tuple(module.step() for module in modules)


def step(name: str) -> Step:
    """The step of this name; raises KeyError where there is none."""
    return {each.name: each for each in steps()}[name]
