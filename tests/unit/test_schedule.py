import pytest

from backends.machine.schedule import NoCronTimesError, cron_times, scheduled
from backends.resources import File, Resource, Service


def made(
    calendar: str = "daily", *, has_systemd: bool, argv: tuple[str, ...] = ("/bin/true",)
) -> list[Resource]:
    return list(
        scheduled("job", "Do it", argv, calendar, step="backups", has_systemd=has_systemd, user="vmail")
    )


@pytest.mark.parametrize(
    ("calendar", "times"),
    [
        ("hourly", "0 * * * *"),
        ("daily", "0 0 * * *"),
        ("weekly", "0 0 * * 1"),
        ("monthly", "0 0 1 * *"),
        ("Sun 03:00", "0 3 * * 0"),
        ("*-*-* 02:30", "30 2 * * *"),
        ("02:30:00", "30 2 * * *"),
        ("Mon..Fri 22:15", "15 22 * * 1,2,3,4,5"),
        ("Fri..Mon", "0 0 * * 0,1,5,6"),
        ("Saturday", "0 0 * * 6"),
        ("*:0/15", "0-59/15 * * * *"),
        ("*-*-01,15 04:05", "5 4 1,15 * *"),
        ("*-1/3-1 00:00", "0 0 1 1-12/3 *"),
    ],
)
def test_cron_runs_at_the_same_times(calendar: str, times: str) -> None:
    assert cron_times(calendar) == times


@pytest.mark.parametrize(
    "calendar",
    ["", "2026-01-01", "Mon *-*-01 00:00", "*-*~3", "*:0:30", "25:00", "*-13-01", "5..2:00", "Xyz 03:00"],
)
def test_what_cron_cant_say_is_refused_and_not_approximated(calendar: str) -> None:
    with pytest.raises(NoCronTimesError):
        cron_times(calendar)


def test_without_systemd_there_is_one_file_for_cron() -> None:
    (entry,) = made("Sun 03:00", has_systemd=False)
    assert isinstance(entry, File)
    assert entry.path == "/etc/cron.d/mailstead-job"
    assert (entry.content or b"").decode().splitlines()[-1] == "0 3 * * 0 vmail /bin/true"


def test_with_systemd_there_is_a_service_and_a_timer_that_is_on() -> None:
    service, timer, running = made(has_systemd=True)
    assert isinstance(service, File)
    assert isinstance(timer, File)
    assert isinstance(running, Service)
    assert "ExecStart=/bin/true" in (service.content or b"").decode().splitlines()
    assert "User=vmail" in (service.content or b"").decode().splitlines()
    assert "OnCalendar=daily" in (timer.content or b"").decode().splitlines()
    assert running.unit == "mailstead-job.timer"


def test_words_of_a_command_stay_whole_whatever_is_in_them() -> None:
    argv = ("/bin/echo", "50% of $HOME", 'say "x"')
    service = made(has_systemd=True, argv=argv)[0]
    entry = made(has_systemd=False, argv=argv)[0]
    assert isinstance(service, File)
    assert isinstance(entry, File)
    assert r'ExecStart=/bin/echo "50%% of $$HOME" "say \"x\""' in (service.content or b"").decode()
    assert r"""/bin/echo '50\% of $HOME' 'say "x"'""" in (entry.content or b"").decode()
