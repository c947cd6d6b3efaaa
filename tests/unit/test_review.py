"""What a person looks over: grouped as people think of it, nothing left out."""

from hypothesis import given
from hypothesis import strategies as st

from backends.resources import Action
from wizard.plan import Change
from wizard.review import Group, Review, group_of
from wizard.steps import STEPS

SECTIONS = (*STEPS, "dns", "of-no-step")
KINDS = ("packages", "file", "generated", "directory", "service", "firewall", "account", "user", "unheard-of")
CHANGES = st.builds(
    lambda step, kind, name, stays, is_drift: Change(
        "a-stage", step, f"{kind}:{name}", Action.CREATE, name, "", stays, is_drift
    ),
    st.sampled_from(SECTIONS),
    st.sampled_from(KINDS),
    st.text(max_size=5),
    st.booleans(),
    st.booleans(),
)


@given(st.lists(CHANGES))
def test_every_change_stands_under_one_step_and_one_kind(changes: list[Change]) -> None:
    review = Review(tuple(changes))

    shown = [change for step in review.by_step() for _group, members in step.groups for change in members]
    assert sorted(map(str, shown)) == sorted(map(str, changes))
    assert sum(review.counts.values()) == len(changes)
    assert sum(step.count for step in review.by_step()) == len(changes)


@given(st.lists(CHANGES))
def test_steps_come_in_their_order_and_kinds_in_theirs(changes: list[Change]) -> None:
    by_step = Review(tuple(changes)).by_step()

    places = [STEPS.index(step.step) if step.step else len(STEPS) for step in by_step]
    assert places == sorted(set(places))
    for step in by_step:
        order = [list(Group).index(group) for group, _members in step.groups]
        assert order == sorted(set(order))


def test_the_records_belong_to_the_step_that_asks_for_them() -> None:
    resolver = Change("unbound", "dns", "file:/etc/unbound/unbound.conf", Action.CREATE, "write it")

    (step,) = Review((resolver,)).by_step()

    assert step.step == "certificates"


def test_a_kind_of_resource_that_is_not_known_counts_as_a_file() -> None:
    assert group_of(Change("x", "site", "unheard-of:1", Action.CREATE, "")) is Group.FILES


def test_what_stays_and_what_someone_changed_is_found() -> None:
    stays = Change("x", "site", "packages:needed", Action.INSTALL, "", is_reversible=False)
    edited = Change("x", "site", "file:/etc/x", Action.MODIFY, "", is_drift=True)

    review = Review((stays, edited))

    assert review.staying == (stays,)
    assert review.overwritten == ("/etc/x",)
