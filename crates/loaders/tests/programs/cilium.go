// Loads packets.o with its constants set, attaches `count`, and shows what pings left.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"os"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/ringbuf"
)

func check(err error) {
	if err != nil {
		fmt.Printf("%+v\n", err)
		os.Exit(1)
	}
}

func main() {
	spec, err := ebpf.LoadCollectionSpec(os.Args[1])
	check(err)
	var length uint32
	fmt.Sscan(os.Args[3], &length)
	check(spec.Variables["weight"].Set(uint32(3)))
	check(spec.Variables["wanted_length"].Set(length))
	collection, err := ebpf.NewCollection(spec)
	check(err)
	device, err := net.InterfaceByName(os.Args[2])
	check(err)
	attached, err := link.AttachXDP(link.XDPOptions{Program: collection.Programs["count"], Interface: device.Index})
	check(err)
	events, err := ringbuf.NewReader(collection.Maps["events"])
	check(err)
	fmt.Println("attached")
	bufio.NewReader(os.Stdin).ReadString('\n')
	var count uint64
	check(collection.Maps["lengths"].Lookup(length, &count))
	for i := uint64(0); i < count; i++ {
		record, err := events.Read()
		check(err)
		var event struct{ Number, Length uint32 }
		check(binary.Read(bytes.NewReader(record.RawSample), binary.LittleEndian, &event))
		fmt.Println("event", event.Number, event.Length)
	}
	variables, err := collection.Maps[".bss"].LookupBytes(uint32(0))
	check(err)
	fmt.Println("count", count, "weighted", binary.LittleEndian.Uint64(variables))
	attached.Close()
}
