"""Tables of programs as mappings, with the methods that BCC's have."""

from __future__ import annotations

import ctypes as ct
import os

# That of `collections.abc`, without the rest of `collections`.
from _collections_abc import MutableMapping

from . import histogram
from .constants import MapType

# Only for who checks types: a script starts sooner without.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional, Union
    from collections.abc import Callable, Iterator

LOG2_INDEX_MAX = 65
LINEAR_INDEX_MAX = 1025

_NO_EVENT = (
    "the type of the events of `{}` is not known, as no program submits a struct to it: cast `data` yourself, "
    "as in `ctypes.cast(data, ctypes.POINTER(Event)).contents`"
)


def make_table(bpf: Any, info: dict[str, Any], native: Any, **options: Any) -> Any:
    """The table for a map, by its type."""
    made = _CLASSES.get(info["type"], TableBase)
    return made(bpf, info, native, **options)


def _bytes_of(value: Any, kind: Any, what: str) -> bytes:
    """A key or value as bytes: an object of its class, a number, text, or bytes of its size."""
    size = ct.sizeof(kind)
    if isinstance(value, kind):
        return bytes(value)
    if isinstance(value, (bytes, bytearray, str)):
        raw = value.encode() if isinstance(value, str) else bytes(value)
        if len(raw) > size:
            raise TypeError(f"the {what} has {size} bytes, not {len(raw)}")
        is_text = issubclass(kind, ct.Array) and kind._type_ is ct.c_char
        if len(raw) < size and not is_text:
            raise TypeError(f"the {what} has {size} bytes, not {len(raw)}")
        return raw.ljust(size, b"\0")
    if isinstance(value, ct._SimpleCData) and issubclass(kind, ct._SimpleCData):
        # A number of another width.
        value = value.value
    if isinstance(value, (int, float, bool)):
        return bytes(kind(value))
    if isinstance(value, (tuple, list)):
        return bytes(kind(*value))
    if isinstance(value, (ct.Structure, ct.Union, ct.Array, ct._SimpleCData)) and ct.sizeof(value) == size:
        return bytes(value)
    raise TypeError(f"{value!r} is no {what} of this table, which is a {kind.__name__}")


class TableBase(MutableMapping):  # type: ignore[type-arg]
    """What all tables have. Keys and values (leaves) are objects of `Key` and `Leaf`."""

    def __init__(
        self,
        bpf: Any,
        info: dict[str, Any],
        native: Any,
        keytype: Any = None,
        leaftype: Any = None,
        reducer: Any = None,
    ) -> None:
        from ._types import ctype

        self.bpf = bpf
        self._info = info
        self._native = native
        self._name: str = info["name"]
        self.Key: Any = keytype or ctype(info["key"])
        self.Leaf: Any = leaftype or ctype(info["leaf"])
        self.ttype: int = info["type"]
        self.flags: int = info["flags"]
        self._cbs: dict[Any, Any] = {}
        self._given = {"key": keytype is not None, "leaf": leaftype is not None}
        self.reducer = reducer

    @property
    def name(self) -> str:
        return self._name

    @property
    def map_fd(self) -> int:
        return int(self._native.fd)

    @property
    def map_id(self) -> int:
        return int(self._native.id)

    @property
    def max_entries(self) -> int:
        return int(self._native.max_entries)

    def get_fd(self) -> int:
        return self.map_fd

    def pin(self, path: Union[str, bytes]) -> None:
        """Gives the table a name in a bpffs, under which it outlives this process."""
        self._native.pin(os.fsdecode(path))

    def _is_own(self, what: str) -> bool:
        """Whether the class of keys or values is that of the program's type."""
        return not self._given[what]

    # Bytes in, bytes out.

    def _key(self, key: Any) -> bytes:
        return _bytes_of(key, self.Key, "key")

    def _leaf(self, leaf: Any) -> bytes:
        return _bytes_of(leaf, self.Leaf, "value")

    def _key_of(self, raw: bytes) -> Any:
        return self.Key.from_buffer_copy(raw)

    def _leaf_of(self, raw: bytes) -> Any:
        return self.Leaf.from_buffer_copy(raw)

    # The mapping.

    def __getitem__(self, key: Any) -> Any:
        raw = self._native.lookup(self._key(key))
        if raw is None:
            raise KeyError(key)
        return self._leaf_of(raw)

    def __setitem__(self, key: Any, leaf: Any) -> None:
        self._native.update(self._key(key), self._leaf(leaf), 0)

    def __delitem__(self, key: Any) -> None:
        if not self._native.delete(self._key(key)):
            raise KeyError(key)

    def __len__(self) -> int:
        return len(self._native.keys())

    def __contains__(self, key: object) -> bool:
        return self._native.lookup(self._key(key)) is not None

    def __iter__(self) -> Iterator[Any]:
        return map(self._key_of, self._native.keys())

    # Tables compare and hash as themselves: two with the same content are not the same.
    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def iter(self) -> Iterator[Any]:
        return iter(self)

    def keys(self) -> Any:
        return iter(self)

    def items(self) -> Any:
        return [(self._key_of(key), self._leaf_of(leaf)) for key, leaf in self._native.dump()]

    def values(self) -> Any:
        return [self._leaf_of(leaf) for _, leaf in self._native.dump()]

    def iteritems(self) -> Iterator[tuple[Any, Any]]:
        return iter(self.items())

    def itervalues(self) -> Iterator[Any]:
        return iter(self.values())

    def next(self, key: Any) -> Any:
        """The key behind `key`."""
        raw = self._native.next_key(None if key is None else self._key(key))
        if raw is None:
            raise StopIteration
        return self._key_of(raw)

    def clear(self) -> None:
        """Removes all elements; what cannot shrink gets zeros."""
        for key in self._native.keys():
            self._native.delete(key)

    def zero(self) -> None:
        """Sets all values to zero."""
        for key, leaf in self._native.dump():
            self._native.update(key, bytes(len(leaf)), 0)

    def get(self, key: Any, default: Any = None) -> Any:
        raw = self._native.lookup(self._key(key))
        return default if raw is None else self._leaf_of(raw)

    # Many at once.

    def items_lookup_batch(self) -> Iterator[tuple[Any, Any]]:
        return iter(self.items())

    def items_lookup_and_delete_batch(self) -> Iterator[tuple[Any, Any]]:
        """All elements, which are gone from the table then."""
        drained = self._native.drain()
        return ((self._key_of(key), self._leaf_of(leaf)) for key, leaf in drained)

    def items_delete_batch(self, ct_keys: Any = None) -> None:
        """Removes the keys of an array, or all."""
        keys = self._native.keys() if ct_keys is None else [self._key(key) for key in ct_keys]
        self._native.delete_many(keys)

    def items_update_batch(self, ct_keys: Any, ct_values: Any) -> None:
        if len(ct_keys) != len(ct_values):
            raise ValueError(f"{len(ct_keys)} keys and {len(ct_values)} values")
        pairs = [(self._key(key), self._leaf(leaf)) for key, leaf in zip(ct_keys, ct_values)]
        self._native.update_many(pairs, 0)

    # Keys and values as text.

    def key_sprintf(self, key: Any) -> bytes:
        from ._text import shown

        return shown(self.Key, self._key(key)).encode()

    def leaf_sprintf(self, leaf: Any) -> bytes:
        from ._text import shown

        return shown(self.Leaf, self._leaf(leaf)).encode()

    def key_scanf(self, key_str: Union[str, bytes]) -> Any:
        from ._text import scanned

        return scanned(self.Key, key_str)

    def leaf_scanf(self, leaf_str: Union[str, bytes]) -> Any:
        from ._text import scanned

        return scanned(self.Leaf, leaf_str)

    # Histograms.

    def _sections(
        self, n_slots: int, bucket_fn: Optional[Callable[[Any], Any]], bucket_sort_fn: Optional[Callable[[Any], Any]]
    ) -> list[tuple[Any, list[int]]]:
        """Counts by slot: one list if keys are slots, one for each first member if they are structs."""
        if not issubclass(self.Key, ct.Structure):
            values = [0] * n_slots
            for key, leaf in self.items():
                _count(values, key.value, leaf.value, n_slots)
            return [(None, values)]
        names = [name for name, *_ in self.Key._fields_ if not name.startswith("__pad_")]
        found: dict[Any, list[int]] = {}
        for key, leaf in self.items():
            bucket = getattr(key, names[0])
            bucket = bucket_fn(bucket) if bucket_fn else bucket
            _count(found.setdefault(bucket, [0] * n_slots), getattr(key, names[1]), leaf.value, n_slots)
        buckets = list(found)
        if bucket_sort_fn:
            buckets = bucket_sort_fn(buckets)
        return [(bucket, found[bucket]) for bucket in buckets]

    def _print_hist(
        self, lines: Any, n_slots: int, val_type: str, header: str, print_fn: Any, bucket_fn: Any, strip: Any, sort_fn: Any
    ) -> None:
        for bucket, values in self._sections(n_slots, bucket_fn, sort_fn):
            if issubclass(self.Key, ct.Structure):
                print("\n%s = %s" % (header, print_fn(bucket)) if print_fn else "\n%s = %r" % (header, bucket))
            for line in lines(values, val_type, strip):
                print(line)

    def print_log2_hist(
        self,
        val_type: str = "value",
        section_header: str = "Bucket ptr",
        section_print_fn: Optional[Callable[[Any], Any]] = None,
        bucket_fn: Optional[Callable[[Any], Any]] = None,
        strip_leading_zero: Optional[bool] = None,
        bucket_sort_fn: Optional[Callable[[Any], Any]] = None,
    ) -> None:
        """Prints the table as a histogram whose keys (or second members of keys) are powers of two."""
        self._print_hist(
            histogram.log2, LOG2_INDEX_MAX, val_type, section_header, section_print_fn, bucket_fn, strip_leading_zero,
            bucket_sort_fn,
        )

    def print_linear_hist(
        self,
        val_type: str = "value",
        section_header: str = "Bucket ptr",
        section_print_fn: Optional[Callable[[Any], Any]] = None,
        bucket_fn: Optional[Callable[[Any], Any]] = None,
        strip_leading_zero: Optional[bool] = None,
        bucket_sort_fn: Optional[Callable[[Any], Any]] = None,
    ) -> None:
        """Prints the table as a histogram whose keys (or second members of keys) are the values themselves."""
        self._print_hist(
            histogram.linear, LINEAR_INDEX_MAX, val_type, section_header, section_print_fn, bucket_fn,
            strip_leading_zero, bucket_sort_fn,
        )

    def print_json_hist(
        self,
        val_type: str = "value",
        section_header: str = "Bucket ptr",
        section_print_fn: Optional[Callable[[Any], Any]] = None,
        bucket_fn: Optional[Callable[[Any], Any]] = None,
        bucket_sort_fn: Optional[Callable[[Any], Any]] = None,
    ) -> None:
        """Prints a histogram of powers of two as data."""
        for bucket, values in self._sections(LOG2_INDEX_MAX, bucket_fn, bucket_sort_fn):
            section = None
            if issubclass(self.Key, ct.Structure):
                section = (section_header, section_print_fn(bucket) if section_print_fn else bucket)
            print(histogram.as_data(values, val_type, section))

    # What BCC lacks.

    def to_dicts(self) -> list[dict[str, Any]]:
        """The elements as dictionaries: members of keys and values by name, or `key` and `value`."""
        from ._text import as_data

        found = []
        for key, leaf in self.items():
            row = _columns("key", as_data(key))
            for name, value in _columns("value", as_data(leaf)).items():
                row[name if name not in row else f"value_{name}"] = value
            found.append(row)
        return found

    def to_pandas(self) -> Any:
        """The elements as a `pandas.DataFrame`."""
        import pandas  # type: ignore[import-untyped, import-not-found, unused-ignore]

        return pandas.DataFrame(self.to_dicts())

    def to_numpy(self) -> Any:
        """Keys and values as two arrays of numpy, structured where they are structs."""
        import numpy  # type: ignore[import-not-found, unused-ignore]

        pairs = self._native.dump()
        keys, leaves = b"".join(key for key, _ in pairs), b"".join(leaf for _, leaf in pairs)
        return numpy.frombuffer(keys, dtype=self.Key), numpy.frombuffer(leaves, dtype=self.Leaf)


def _columns(name: str, value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {name: value}


def _count(values: list[int], slot: int, count: int, n_slots: int) -> None:
    if not 0 <= slot < n_slots:
        raise IndexError(f"slot {slot} is outside of 0..{n_slots - 1}, which a histogram has")
    values[slot] = count


class HashTable(TableBase):
    """A hash."""


class LruHash(HashTable):
    """A hash that forgets what was used least recently."""


class ArrayBase(TableBase):
    """What has all keys from 0 on."""

    def _key(self, key: Any) -> bytes:
        index = key.value if isinstance(key, ct._SimpleCData) else key
        if isinstance(index, int):
            n = self.max_entries
            if not -n <= index < n:
                raise IndexError(f"index {index} is outside of an array of {n}")
            return bytes(self.Key(index % n))
        return super()._key(key)

    def __len__(self) -> int:
        return self.max_entries

    def __iter__(self) -> Iterator[Any]:
        return (self.Key(index) for index in range(self.max_entries))

    def __delitem__(self, key: Any) -> None:
        self.clearitem(key)

    def clearitem(self, key: Any) -> None:
        """Sets the value to zero, as arrays do not shrink."""
        raw = self._key(key)
        self._native.update(raw, bytes(ct.sizeof(self.Leaf)), 0)

    def clear(self) -> None:
        self.zero()


class Array(ArrayBase):
    """An array."""


class ProgArray(ArrayBase):
    """Programs, by index."""

    def __setitem__(self, key: Any, leaf: Any) -> None:
        self._native.insert(self._key(key), _descriptor(leaf))

    def __delitem__(self, key: Any) -> None:
        if not self._native.delete(self._key(key)):
            raise KeyError(key)

    def clear(self) -> None:
        TableBase.clear(self)


class CgroupArray(ArrayBase):
    """Control groups, by index: set by the path of their folder, or by a descriptor."""

    def __setitem__(self, key: Any, leaf: Any) -> None:
        if isinstance(leaf, (str, bytes, os.PathLike)):
            fd = os.open(leaf, os.O_RDONLY)
            try:
                self._native.insert(self._key(key), fd)
            finally:
                os.close(fd)
        else:
            self._native.insert(self._key(key), _descriptor(leaf))

    def __delitem__(self, key: Any) -> None:
        if not self._native.delete(self._key(key)):
            raise KeyError(key)


class DevMap(ArrayBase):
    """Network interfaces, by index."""


class CpuMap(ArrayBase):
    """CPUs, by number."""


class XskMap(ArrayBase):
    """Sockets of AF_XDP, by index."""

    def __setitem__(self, key: Any, leaf: Any) -> None:
        self._native.insert(self._key(key), _descriptor(leaf))


class MapInMapArray(ArrayBase):
    """Maps, by index."""

    def __setitem__(self, key: Any, leaf: Any) -> None:
        self._native.insert(self._key(key), _descriptor(leaf))

    def __delitem__(self, key: Any) -> None:
        if not self._native.delete(self._key(key)):
            raise KeyError(key)


class MapInMapHash(HashTable):
    """Maps, by key."""

    def __setitem__(self, key: Any, leaf: Any) -> None:
        self._native.insert(self._key(key), _descriptor(leaf))


class SockMap(ArrayBase):
    """Sockets, by index."""

    def __setitem__(self, key: Any, leaf: Any) -> None:
        self._native.insert(self._key(key), _descriptor(leaf))


class SockHash(HashTable):
    """Sockets, by key."""

    def __setitem__(self, key: Any, leaf: Any) -> None:
        self._native.insert(self._key(key), _descriptor(leaf))


def _descriptor(leaf: Any) -> int:
    """What stands for something open: a number, an object of `ctypes`, or something with `fd`, `map_fd` or `fileno`."""
    for name in ("fd", "map_fd"):
        if hasattr(leaf, name):
            return int(getattr(leaf, name))
    if hasattr(leaf, "fileno"):
        return int(leaf.fileno())
    return int(getattr(leaf, "value", leaf))


class _PerCpu(TableBase):
    """A value for each possible CPU: an array of them, or what `reducer` makes of it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.sLeaf = self.Leaf
        self.total_cpu: int = self._native.n_values
        size = ct.sizeof(self.sLeaf)
        if size % 8 == 0:
            element = self.sLeaf
        elif size < 8 and issubclass(self.sLeaf, ct._SimpleCData):
            # The kernel gives each value 8 bytes; the upper ones mean nothing, and BCC's classes show them as numbers.
            element = ct.c_longlong if self.sLeaf in (ct.c_int, ct.c_short, ct.c_byte) else ct.c_ulonglong
        else:
            element = type(
                self.sLeaf.__name__, (ct.Structure,),
                {"_pack_": 1, "_layout_": "ms", "_anonymous_": ["value"] if issubclass(self.sLeaf, ct.Structure) else [],
                 "_fields_": [("value", self.sLeaf), ("__pad_end", ct.c_ubyte * (-size % 8))]},
            )
        self.Leaf = element * self.total_cpu
        self.leaftype = element

    def getvalue(self, key: Any) -> Any:
        """The values of all CPUs, whatever the reducer."""
        return super().__getitem__(key)

    def __getitem__(self, key: Any) -> Any:
        values = super().__getitem__(key)
        return _reduced(values, self.reducer) if self.reducer else values

    def items(self) -> Any:
        pairs = super().items()
        return [(key, _reduced(leaf, self.reducer)) for key, leaf in pairs] if self.reducer else pairs

    def values(self) -> Any:
        return [leaf for _, leaf in self.items()]

    def sum(self, key: Any) -> Any:
        return self.sLeaf(sum(self.getvalue(key)))

    def max(self, key: Any) -> Any:
        return self.sLeaf(max(self.getvalue(key)))

    def average(self, key: Any) -> Any:
        return sum(self.getvalue(key)) / self.total_cpu


def _reduced(values: Any, reducer: Any) -> Any:
    import functools

    return functools.reduce(reducer, values)


class PerCpuHash(_PerCpu, HashTable):
    """A hash with a value for each CPU."""


class LruPerCpuHash(PerCpuHash):
    """The same, which forgets what was used least recently."""


class PerCpuArray(_PerCpu, ArrayBase):
    """An array with a value for each CPU."""


class LpmTrie(TableBase):
    """A trie of prefixes."""

    def __len__(self) -> int:
        raise NotImplementedError


class StackTrace(TableBase):
    """Stacks, by number."""

    MAX_DEPTH = 127
    BPF_F_STACK_BUILD_ID = 1 << 5

    def walk(self, stack_id: int, resolve: Optional[Callable[[int], Any]] = None) -> Iterator[Any]:
        """The addresses of a stack, innermost first, or what `resolve` makes of each."""
        raw = self._native.lookup(bytes(ct.c_uint(stack_id))) if stack_id >= 0 else None
        if raw is None:
            return
        if self.flags & self.BPF_F_STACK_BUILD_ID:
            for build_id, offset in _build_ids(raw):
                yield resolve((build_id, offset)) if resolve else (build_id, offset)  # type: ignore[arg-type]
            return
        for address in memoryview(raw).cast("Q")[: self.MAX_DEPTH]:
            if not address:
                return
            yield resolve(address) if resolve else address

    def __len__(self) -> int:
        return sum(1 for _ in self._native.keys())


def _build_ids(raw: bytes) -> Iterator[tuple[bytes, int]]:
    """Entries of a build id and an offset, as far as they are valid (`struct bpf_stack_build_id`)."""
    for at in range(0, len(raw), 32):
        if int.from_bytes(raw[at:at + 4], "little") == 1:
            yield raw[at + 4:at + 24], int.from_bytes(raw[at + 24:at + 32], "little")


class _Events(TableBase):
    """What programs send records through."""

    _event_class: Any = None

    def event(self, data: Any) -> Any:
        """The record at `data`, as callbacks get it, as the struct that programs submit."""
        if self._event_class is None:
            from ._types import ctype

            if self._info["event"] is None:
                raise TypeError(_NO_EVENT.format(self._name))
            self._event_class = ctype(self._info["event"])
        return ct.cast(data, ct.POINTER(self._event_class)).contents


class PerfEventArray(_Events, ArrayBase):
    """A perf buffer, or counters of each CPU."""

    def open_perf_buffer(
        self,
        callback: Callable[[int, Any, int], Any],
        page_cnt: int = 8,
        lost_cb: Optional[Callable[[int], Any]] = None,
        wakeup_events: int = 1,
    ) -> None:
        """Has `callback(cpu, data, size)` called for each record when the buffers are polled, and `lost_cb(count)` for those
        that came when there was no room."""
        from ._native import PerfReader

        if page_cnt & (page_cnt - 1):
            raise Exception("Perf buffer page_cnt must be a power of two")
        if self._native.fd < 0:
            # Of the virtual machine, which has one CPU.
            self._cbs["vm"] = lambda data, size: callback(0, data, size)
            return
        del wakeup_events
        reader = PerfReader(self._native, page_cnt)
        lost = lost_cb or (lambda count: self.bpf._lost(self._name, count))
        self.bpf._sources.add(reader, lambda: reader.consume(callback, lost))

    def open_perf_event(self, typ: int, config: int, pid: int = -1) -> None:
        """Puts a counter of each CPU into the array, for programs to read."""
        from ._native import open_counters

        self._cbs["counters"] = open_counters(self._native, typ, config, pid)

    def __delitem__(self, key: Any) -> None:
        self._native.delete(self._key(key))

    def clear(self) -> None:
        TableBase.clear(self)


class RingBuf(_Events):
    """A ring buffer."""

    def __len__(self) -> int:
        return 0

    def open_ring_buffer(self, callback: Callable[[Any, Any, int], Any], ctx: Any = None) -> None:
        """Has `callback(ctx, data, size)` called for each record when the buffers are polled."""
        from ._native import RingReader

        if self._native.fd < 0:
            self._cbs["vm"] = lambda data, size: callback(ctx, data, size)
            return
        reader = RingReader(self._native)
        self.bpf._rings.add(reader, lambda: reader.consume(lambda data, size: callback(ctx, data, size)))


class QueueStack:
    """A queue or a stack."""

    def __init__(self, bpf: Any, info: dict[str, Any], native: Any, keytype: Any = None, leaftype: Any = None,
                 reducer: Any = None) -> None:
        from ._types import ctype

        del keytype, reducer
        self.bpf = bpf
        self._name: str = info["name"]
        self._native = native
        self.ttype: int = info["type"]
        self.flags: int = info["flags"]
        self.Leaf: Any = leaftype or ctype(info["leaf"])
        self._info = info
        self._is_given = leaftype is not None

    def _is_own(self, what: str) -> bool:
        return what == "leaf" and not self._is_given

    @property
    def map_fd(self) -> int:
        return int(self._native.fd)

    @property
    def map_id(self) -> int:
        return int(self._native.id)

    @property
    def max_entries(self) -> int:
        return int(self._native.max_entries)

    def push(self, leaf: Any, flags: int = 0) -> None:
        self._native.push(_bytes_of(leaf, self.Leaf, "value"), flags)

    def pop(self) -> Any:
        """Takes the next value; KeyError if there is none."""
        return self._taken(self._native.pop())

    def peek(self) -> Any:
        """The next value, which stays."""
        return self._taken(self._native.peek())

    def _taken(self, raw: Optional[bytes]) -> Any:
        if raw is None:
            raise KeyError("Could not get the next value: it is empty")
        return self.Leaf.from_buffer_copy(raw)

    def itervalues(self) -> Iterator[Any]:
        """Takes all values."""
        while (raw := self._native.pop()) is not None:
            yield self.Leaf.from_buffer_copy(raw)

    def values(self) -> list[Any]:
        return list(self.itervalues())

    def leaf_sprintf(self, leaf: Any) -> bytes:
        from ._text import shown

        return shown(self.Leaf, _bytes_of(leaf, self.Leaf, "value")).encode()

    def leaf_scanf(self, leaf_str: Union[str, bytes]) -> Any:
        from ._text import scanned

        return scanned(self.Leaf, leaf_str)


class BloomFilter(QueueStack):
    """A bloom filter: what it may hold."""

    def __contains__(self, leaf: Any) -> bool:
        return bool(self._native.may_contain(_bytes_of(leaf, self.Leaf, "value")))


_CLASSES: dict[int, Any] = {
    MapType.HASH: HashTable,
    MapType.ARRAY: Array,
    MapType.PROG_ARRAY: ProgArray,
    MapType.PERF_EVENT_ARRAY: PerfEventArray,
    MapType.PERCPU_HASH: PerCpuHash,
    MapType.PERCPU_ARRAY: PerCpuArray,
    MapType.STACK_TRACE: StackTrace,
    MapType.CGROUP_ARRAY: CgroupArray,
    MapType.LRU_HASH: LruHash,
    MapType.LRU_PERCPU_HASH: LruPerCpuHash,
    MapType.LPM_TRIE: LpmTrie,
    MapType.ARRAY_OF_MAPS: MapInMapArray,
    MapType.HASH_OF_MAPS: MapInMapHash,
    MapType.DEVMAP: DevMap,
    MapType.SOCKMAP: SockMap,
    MapType.CPUMAP: CpuMap,
    MapType.XSKMAP: XskMap,
    MapType.SOCKHASH: SockHash,
    MapType.QUEUE: QueueStack,
    MapType.STACK: QueueStack,
    MapType.RINGBUF: RingBuf,
    MapType.BLOOM_FILTER: BloomFilter,
}
