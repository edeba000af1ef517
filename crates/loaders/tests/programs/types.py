# Loads `types.c` through its skeleton, which is a module.
import types_skel

with types_skel.types() as skel:
    skel.rodata.wanted.points[1][0].x = 42
    skel.rodata.wanted.time = 1234
    skel.load()
    print(skel.progs.move.test_run(bytes(64))[0])
    flags = skel.data.flags
    print(skel.bss.counter, flags.a, flags.b, flags.c, flags.k, flags.tail)

    def show(event):
        halves = event.halves
        print(event.time, event.flags.b, event.packed.b, halves.high, event.points[1][2].y)
        assert event.wide == types_skel.wide.HUGE_ONE and event.name == b"" and not event.yes

    with types_skel.RingBuffer(skel.maps.events, show) as events:
        assert events.consume() == 1
    value = types_skel.event(time=77)
    value.flags.b = -16
    value.flags.c = 5
    skel.maps.match.update((1, 2), value)
    ((key, value),) = skel.maps.match.items()
    print(key.x, key.y, value.time, value.flags.a, value.flags.b, value.flags.c)
    assert skel.maps.match.delete((1, 2)) and skel.maps.match.lookup((1, 2)) is None
    assert skel.rodata.type and skel.data.packed.c == 4 and skel.bss.anonymous[2].b == b"\7"
    skel.attach()
    assert not skel.is_attached("move")
