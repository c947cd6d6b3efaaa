"""Ages and sizes in a few cells, for columns."""

_UNITS = (("d", 86400), ("h", 3600), ("m", 60))
_SIZES = ("", "K", "M", "G", "T")


def short_age(seconds: float) -> str:
    """At most four cells: `12s`, `59m`, `23h`, `400d`."""
    whole = max(0, int(seconds))
    for unit, length in _UNITS:
        if whole >= length:
            return f"{min(whole // length, 999)}{unit}"
    return f"{whole}s"


def short_size(size_bytes: int) -> str:
    """At most four cells, in powers of 1024: `343`, `1.5K`, `12M`."""
    size = float(max(0, size_bytes))
    for unit in _SIZES:
        if round(size) < 1000:
            return f"{size:.1f}{unit}" if unit and size < 9.95 else f"{size:.0f}{unit}"
        size /= 1024
    return "999T"
