// Loads types.c through its skeleton, which is beside this file.
package main

import (
	"fmt"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"
)

func must(err error) {
	if err != nil {
		panic(fmt.Sprintf("%+v", err))
	}
}

func main() {
	spec, err := loadTypes()
	must(err)
	var specs typesSpecs
	must(spec.Assign(&specs))
	var wanted typesEvent
	wanted.Time = 1234
	wanted.Points[1][0].X = 42
	must(specs.Wanted.Set(&wanted))
	var objects typesObjects
	must(spec.LoadAndAssign(&objects, nil))
	defer objects.Close()
	ret, _, err := objects.Move.Test(make([]byte, 64))
	must(err)
	fmt.Println(ret)
	var counter uint64
	must(objects.Counter.Get(&counter))
	var flags typesFlags
	must(objects.Flags.Get(&flags))
	fmt.Println(counter, flags.A(), flags.B(), flags.C(), flags.K(), flags.Tail)
	reader, err := ringbuf.NewReader(objects.Events)
	must(err)
	record, err := reader.Read()
	must(err)
	e := (*typesEvent)(unsafe.Pointer(&record.RawSample[0]))
	fmt.Println(e.Time, e.Flags.B(), e.Packed.B[0], e.Anon1.Halves().High, e.Points[1][2].Y)
	if e.Wide != typesWideHUGE_ONE {
		panic("wide")
	}
	value := typesEvent{Time: 77}
	value.Flags.SetB(-16)
	value.Flags.SetC(5)
	key := typesPointT{X: 1, Y: 2}
	must(objects.Match.Update(&key, &value, ebpf.UpdateAny))
	var back typesEvent
	must(objects.Match.Lookup(&key, &back))
	fmt.Println(key.X, key.Y, back.Time, back.Flags.A(), back.Flags.B(), back.Flags.C())
}
