package bpf

import (
	"bytes"
	"fmt"
	"runtime"

	"github.com/cilium/ebpf"
	"github.com/klauspost/compress/zstd"
)

//go:generate go run ./internal/compile

// loadObject returns what internal/compile has made of a tier's programs in one
// build, for the architecture that this binary is for.
func loadObject(tier, build string) (*ebpf.CollectionSpec, error) {
	name := fmt.Sprintf("objects/%s_%s_%s.o.zst", tier, build, runtime.GOARCH)
	compressed, err := objects.ReadFile(name)
	if err != nil {
		return nil, err
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer decoder.Close()
	elf, err := decoder.DecodeAll(compressed, nil)
	if err != nil {
		return nil, fmt.Errorf("decompress %s: %w", name, err)
	}
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(elf))
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", name, err)
	}
	return spec, nil
}
