"""One measured figure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured figure and what it may be at most."""

    what: str
    value: float
    limit: float
    note: str = ""

    @property
    def is_good(self) -> bool:
        """Whether it is within its limit."""
        return self.value <= self.limit

    def __str__(self) -> str:
        verdict = "ok" if self.is_good else "TOO MUCH"
        return f"  {self.what:<56} {self.value:8.2f}  at most {self.limit:.2f}  {verdict}  {self.note}"
