"""Histograms as text and as JSON, in the shape that BCC gives them."""

from __future__ import annotations

# Only for who checks types: a script starts sooner without.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional, Sequence


_WIDTH = 40


def stars(value: int, most: int, width: int) -> str:
    """A bar of `width` columns for `most`; `+` at its end says that there is more than fits."""
    if most <= 0:
        return ""
    filled = min(width, value * width // most)
    bar = "*" * filled
    return bar[:-1] + "+" if value > most else bar


def log2(values: Sequence[int], value_type: str, strip_leading_zero: Optional[bool] = None) -> list[str]:
    """Lines for slots that are powers of two: slot 1 is 0 and 1, slot n is 2^(n-1) to 2^n - 1."""
    last = _last(values)
    most = max(values, default=0)
    if last <= 32:
        header, body, width = "     %-19s : count     distribution", "%10d -> %-10d : %-8d |%-*s|", _WIDTH
    else:
        header, body = "               %-29s : count     distribution", "%20d -> %-20d : %-8d |%-*s|"
        width = _WIDTH // 2
    lines = [header % value_type] if last > 0 else []
    is_leading = bool(strip_leading_zero)
    for slot in range(1, last + 1):
        count = values[slot]
        if is_leading and not count:
            continue
        is_leading = False
        low, high = (1 << slot) >> 1, (1 << slot) - 1
        low = 0 if slot == 1 else low
        lines.append(body % (low, high, count, width, stars(count, most, width)))
    return lines


def linear(values: Sequence[int], value_type: str, strip_leading_zero: Optional[bool] = None) -> list[str]:
    """Lines for slots that are values."""
    last = _last(values)
    most = max(values, default=0)
    lines = ["     %-13s : count     distribution" % value_type] if last >= 0 else []
    is_leading = bool(strip_leading_zero)
    for slot in range(last + 1):
        count = values[slot]
        if is_leading and not count:
            continue
        is_leading = False
        lines.append("        %-10d : %-8d |%-*s|" % (slot, count, _WIDTH, stars(count, most, _WIDTH)))
    return lines


def as_data(values: Sequence[int], value_type: str, section: Optional[tuple[str, Any]] = None) -> dict[str, Any]:
    """A histogram of powers of two as BCC's tools print it in JSON."""
    import time

    data = []
    for slot in range(1, _last(values) + 1):
        low = 0 if slot == 1 else (1 << slot) >> 1
        data.append({"interval-start": low, "interval-end": (1 << slot) - 1, "count": values[slot]})
    found: dict[str, Any] = {"ts": time.strftime("%Y-%m-%d %H:%M:%S"), "val_type": value_type, "data": data}
    if section:
        found[section[0]] = section[1]
    return found


def _last(values: Sequence[int]) -> int:
    return max((slot for slot, count in enumerate(values) if count > 0), default=-1)
