"""What changes the machine, in every panel: refused in a read-only console, otherwise in the audit log."""

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.pilot import Pilot

from screens.console.console_screen import ConsoleScreen
from screens.console.panel import Panel
from screens.console.panels import PANELS, PanelEntry
from tests.screens.console_world import World, console, down, on_panel, on_screen, running, until
from tests.screens.names_world import publication
from tests.screens.test_queue_panel import Postfix

_ACTS = {"act", "carry_out"}


@dataclass(frozen=True)
class Scene:
    """How a person does it: which row the cursor is on, and what is pressed after the key of the action; a
    word in CamelCase is a screen to wait for.
    """

    row: int = 0
    then: tuple[str, ...] = ()
    prepare: Callable[[World], None] = field(default=lambda _world: None)


def _postfix_is_down(world: World) -> None:
    world.results = down()


SCENES = {
    ("overview", "mend"): Scene(0, ("Confirm", "y"), _postfix_is_down),
    ("overview", "prove"): Scene(),
    ("mailboxes", "new"): Scene(0, ("NewEntryForm", *"dora", "enter")),
    ("mailboxes", "suspend"): Scene(1),
    ("mailboxes", "password"): Scene(1, ("PasswordForm", "enter")),
    ("mailboxes", "quota"): Scene(1, ("QuotaForm", "enter")),
    ("mailboxes", "delete"): Scene(1, ("Confirm", "y")),
    ("bans", "unban"): Scene(),
    ("bans", "ban"): Scene(0, ("BanForm", *"192.0.2.7", "enter")),
    ("queue", "hold"): Scene(),
    ("queue", "release"): Scene(1),
    ("queue", "retry"): Scene(),
    ("queue", "delete"): Scene(0, ("Confirm", "y")),
    ("certificates", "renew"): Scene(0, ("Confirm", "y")),
    ("dns", "publish"): Scene(0, ("DifferenceScreen", "y")),
    ("dns", "keys"): Scene(0, ("Confirm", "y")),
}


def panel_class(entry: PanelEntry) -> type[Panel]:
    """The class behind a panel."""
    return type(entry.make())


def changes() -> Iterator[tuple[str, str]]:
    """Each panel with each of its actions that changes something."""
    for entry in PANELS:
        for action in sorted(panel_class(entry).CHANGES):
            yield entry.id, action


@pytest.fixture
def machine(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Frozen values, and a Postfix with two messages, the second on hold."""
    from backends.postfix import queue, queue_actions, queue_headers
    from screens.console import queue_feed

    postfix = Postfix()
    postfix.may_go_on.set()
    postfix.add(1)
    postfix.add(2, queue_name="hold")
    monkeypatch.setattr(queue, "stream", postfix.stream)
    monkeypatch.setattr(queue_feed, "list_names", lambda: postfix.names)
    monkeypatch.setattr(queue_headers, "stream", postfix.stream)
    monkeypatch.setattr(queue_actions, "run", postfix.run)
    monkeypatch.setattr("wizard.certificate_list.renew", lambda _environment: world.did("renew", True)())
    monkeypatch.setattr("wizard.dns_list.prepare", lambda _environment, **_how: publication())
    monkeypatch.setattr("wizard.dns_publishing.publish", world.did("publish", ()))
    monkeypatch.setattr("wizard.dkim_next_step.take_step", world.did("step", gives=()))
    return world


def number_of(name: str) -> str:
    """The key that shows a panel."""
    return str(1 + [entry.id for entry in PANELS].index(name))


def key_of(panel: Panel, action: str) -> str:
    """The key of an action."""
    binding = next(one for one in type(panel).BINDINGS if isinstance(one, Binding) and one.action == action)
    return binding.key.partition(",")[0]


async def ready(pilot: Pilot[None], name: str, row: int) -> Panel:
    """The panel, with rows, the cursor on this one."""
    from screens.widgets.line_view import LineView

    panel = await on_panel(pilot, number_of(name))
    view = panel.query_one(LineView)
    await until(pilot, lambda: len(view.rows) > row)
    view.go_to(row)
    await pilot.pause()
    return panel


@pytest.mark.parametrize(("name", "action"), list(changes()))
async def test_a_change_leaves_its_line_in_the_audit_log(machine: World, name: str, action: str) -> None:
    scene = SCENES[name, action]  # a new change needs a scene here
    scene.prepare(machine)
    app = console()
    async with running(app) as pilot:
        panel = await ready(pilot, name, scene.row)
        await pilot.press(key_of(panel, action))
        for step in scene.then:
            if len(step) > 1 and step[0].isupper():
                await on_screen(pilot, step)
            else:
                await pilot.press(step)
        await until(pilot, lambda: len(machine.audit) == 1)

    assert machine.audit[0][1] == 0
    assert all(machine.audit[0][0])


@pytest.mark.parametrize(("name", "action"), list(changes()))
async def test_a_read_only_console_refuses_it(machine: World, name: str, action: str) -> None:
    scene = SCENES[name, action]
    scene.prepare(machine)
    app = console(is_read_only=True)
    async with running(app) as pilot:
        panel = await ready(pilot, name, scene.row)

        await pilot.press(key_of(panel, action))
        await app.run_action(action, default_namespace=panel)
        await pilot.pause(0.1)

        screen = app.screen
        assert isinstance(screen, ConsoleScreen)
        assert action not in {active.binding.action for active in screen.actions()}
        given = await panel.act(["whatever"], machine.did("whatever", gives=True))
        assert given is None

    assert machine.done == []
    assert machine.audit == []


@pytest.mark.parametrize("entry", PANELS, ids=lambda entry: entry.id)
def test_whatever_acts_is_listed_as_a_change(entry: PanelEntry) -> None:
    """An action that calls `act`, itself or by another method of its panel, is in CHANGES."""
    panel = panel_class(entry)
    calls = {name: called_by(name, node) for name, node in methods_of(panel).items()}
    acting = {name for name in calls if reaches_an_act(name, calls, set())}

    changing = {name.removeprefix("action_") for name in acting if name.startswith("action_")}

    assert changing == panel.CHANGES


@pytest.mark.parametrize("entry", PANELS, ids=lambda entry: entry.id)
def test_every_change_has_a_key_with_a_word(entry: PanelEntry) -> None:
    panel = panel_class(entry)
    described = {one.action for one in panel.BINDINGS if isinstance(one, Binding) and one.description}

    assert described >= panel.CHANGES


def methods_of(panel: type[Panel]) -> dict[str, ast.AST]:
    """The methods of a panel, as they are written."""
    source = Path(inspect.getfile(sys.modules[panel.__module__])).read_text(encoding="utf-8")
    tree = ast.parse(source)
    body = next(
        node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == panel.__name__
    )
    return {node.name: node for node in body.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def called_by(_name: str, node: ast.AST) -> set[str]:
    """The methods of `self` that a method names."""
    return {
        one.attr
        for one in ast.walk(node)
        if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id == "self"
    }


def reaches_an_act(name: str, calls: dict[str, set[str]], seen: set[str]) -> bool:
    """Whether a method comes to `act` in the end."""
    if name in _ACTS:
        return True
    if name in seen or name not in calls:
        return False
    return any(reaches_an_act(called, calls, seen | {name}) for called in calls[name])
