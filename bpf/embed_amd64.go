package bpf

import "embed"

//go:embed objects/*_amd64.o.zst
var objects embed.FS
