"""What tables counted, over time: the last minute by samples, everything before in ever wider buckets."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

#: Packets and bytes.
Count = tuple[int, int]

#: Samples that are kept one by one.
N_RECENT = 600

#: Buckets for all time: when they are full, each two become one, and the next ones are twice as wide.
N_BUCKETS = 120

#: Keys that are kept; what comes later is added up under `None`.
MAX_KEYS = 20_000
MAX_BUCKET_KEYS = 64


@dataclass
class Sample(Generic[Key]):
    """What was counted between two times, in seconds."""

    start: float
    end: float
    counts: dict[Key | None, Count] = field(default_factory=dict)


def add(counts: dict[Key | None, Count], more: Iterable[tuple[Key | None, Count]], limit: int) -> None:
    for key, (packets, octets) in more:
        if key not in counts and len(counts) >= limit:
            key = None
        before = counts.get(key, (0, 0))
        counts[key] = (before[0] + packets, before[1] + octets)


class History(Generic[Key]):
    """The counts of one table. `update` takes the table as it is now."""

    def __init__(self, start: float) -> None:
        self._seen: dict[Key, Count] = {}
        self._last = start
        self._width = 1
        self.totals: dict[Key | None, Count] = {}
        self._recent: deque[Sample[Key]] = deque(maxlen=N_RECENT)
        self._buckets: list[Sample[Key]] = []
        self._samples_in_bucket = 0

    def update(self, now: float, table: Mapping[Key, Count]) -> None:
        sample: Sample[Key] = Sample(self._last, now)
        for key, (packets, octets) in table.items():
            before = self._seen.get(key, (0, 0))
            # A key that was forgotten and came back starts at zero.
            if packets < before[0]:
                before = (0, 0)
            if packets != before[0]:
                sample.counts[key] = (packets - before[0], octets - before[1])
        self._seen = dict(table)
        self._last = now
        add(self.totals, sample.counts.items(), MAX_KEYS)
        self._recent.append(sample)
        self._append_to_buckets(sample)

    def _append_to_buckets(self, sample: Sample[Key]) -> None:
        if self._buckets and self._samples_in_bucket < self._width:
            self._buckets[-1].end = sample.end
        else:
            if len(self._buckets) == N_BUCKETS:
                self._buckets = [_joined(*self._buckets[at:at + 2]) for at in range(0, N_BUCKETS, 2)]
                self._width *= 2
            self._buckets.append(Sample(sample.start, sample.end))
            self._samples_in_bucket = 0
        largest = sorted(sample.counts.items(), key=lambda item: -item[1][1])
        add(self._buckets[-1].counts, largest, MAX_BUCKET_KEYS)
        self._samples_in_bucket += 1

    def samples(self, seconds: float | None) -> list[Sample[Key]]:
        """The samples of so many last seconds, or of all time."""
        if seconds is None:
            return self._buckets
        # Half a sample's time of tolerance: samples are not taken on the dot.
        return [sample for sample in self._recent if sample.start >= self._last - seconds - 0.5]

    def counts(self, seconds: float | None) -> dict[Key | None, Count]:
        """What was counted in so many last seconds, or ever."""
        if seconds is None:
            return self.totals
        counts: dict[Key | None, Count] = {}
        for sample in self.samples(seconds):
            add(counts, sample.counts.items(), MAX_KEYS)
        return counts


def _joined(first: Sample[Key], second: Sample[Key]) -> Sample[Key]:
    joined: Sample[Key] = Sample(first.start, second.end, dict(first.counts))
    add(joined.counts, second.counts.items(), MAX_BUCKET_KEYS)
    return joined
