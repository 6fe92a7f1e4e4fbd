package colblock

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os/exec"
	"testing"
)

// planes are bytes as the byte planes of columns have them.
var planes = []struct {
	name    string
	size    int
	value   func(r *rand.Rand, i int) byte
	huffman bool // literals alone are best
}{
	{"noise", 32768, func(r *rand.Rand, _ int) byte { return byte(r.Uint32()) }, false},
	{"the second bytes of durations", 32768, func(r *rand.Rand, _ int) byte { return byte(int(900*math.Exp(0.3*r.NormFloat64())) >> 8) }, true},
	{"one of two values", 9000, func(r *rand.Rand, _ int) byte { return byte(r.IntN(2)) }, true},
	{"more than two blocks", 2*maxBlockSize + 7, func(r *rand.Rand, _ int) byte { return byte(r.NormFloat64() * 5) }, true},
	{"runs", 32768, func(_ *rand.Rand, i int) byte { return byte(i / 1000) }, false},
	{"a period", 32768, func(_ *rand.Rand, i int) byte { return byte(i % 100 * 7919) }, false},
	{"rarely another value", 32768, func(r *rand.Rand, _ int) byte { return byte(r.IntN(100) / 99) }, false},
	{"the shortest of which a sample is taken", minForSample, func(r *rand.Rand, _ int) byte { return byte(r.IntN(9)) }, true},
	{"shorter", minForSample - 1, func(r *rand.Rand, _ int) byte { return byte(r.IntN(9)) }, false},
}

func planeOf(size int, value func(*rand.Rand, int) byte) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, size)
	for i := range b {
		b[i] = value(r, i)
	}
	return b
}

// Literals alone are taken where they are shorter, and zstd itself reads them.
func TestCompress(t *testing.T) {
	for _, c := range planes {
		t.Run(c.name, func(t *testing.T) {
			src := planeOf(c.size, c.value)
			e := newCompressor()
			frame := e.append([]byte("before"), src)[len("before"):]
			got, err := NewDecoder().z.DecodeAll(frame, make([]byte, 0, len(src)))
			if err != nil || !bytes.Equal(got, src) {
				t.Fatalf("decoded to something else: %v", err)
			}
			matches, plain := e.matches.EncodeAll(src, nil), e.plain.EncodeAll(src, nil)
			if ours := !bytes.Equal(frame, matches) && !bytes.Equal(frame, plain); ours != c.huffman {
				t.Errorf("literals alone is %v; %d bytes, %d with matches", ours, len(frame), len(matches))
			}
			if len(frame) > len(matches)+len(matches)/50 {
				t.Errorf("%d bytes, %d with matches", len(frame), len(matches))
			}
			if _, err := exec.LookPath("zstd"); err != nil {
				t.Skip("zstd is not installed")
			}
			cmd := exec.Command("zstd", "-dc")
			cmd.Stdin = bytes.NewReader(frame)
			if got, err := cmd.Output(); err != nil || !bytes.Equal(got, src) {
				t.Errorf("zstd decodes it to something else: %v", err)
			}
			frame[len(frame)-1]++
			cmd = exec.Command("zstd", "-tq")
			cmd.Stdin = bytes.NewReader(frame)
			if cmd.Run() == nil {
				t.Error("zstd accepts a wrong checksum")
			}
		})
	}
}

// What a Huffman code does not make shorter is refused.
func TestHuffmanRefuses(t *testing.T) {
	c := newCompressor()
	for _, p := range []struct {
		name  string
		value func(*rand.Rand, int) byte
	}{
		{"noise", func(r *rand.Rand, _ int) byte { return byte(r.Uint32()) }},
		{"one value", func(*rand.Rand, int) byte { return 7 }},
	} {
		if _, ok := c.appendHuffman(nil, planeOf(5000, p.value)); ok {
			t.Errorf("%s is coded", p.name)
		}
	}
}

// BenchmarkCompress compresses byte planes and decodes them again, also with the
// search for matches that some of them are spared; bytes/byte is what they take.
func BenchmarkCompress(b *testing.B) {
	for _, c := range planes {
		src := planeOf(c.size, c.value)
		e := newCompressor()
		var frame []byte
		for _, way := range []struct {
			name     string
			compress func()
		}{
			{"as chosen", func() { frame = e.append(frame[:0], src) }},
			{"matches", func() { frame = e.matches.EncodeAll(src, frame[:0]) }},
		} {
			b.Run(c.name+"/"+way.name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(src)))
				for b.Loop() {
					way.compress()
				}
				b.ReportMetric(float64(len(frame))/float64(len(src)), "bytes/byte")
			})
			b.Run(c.name+"/"+way.name+"/decode", func(b *testing.B) {
				way.compress()
				z, out := NewDecoder().z, make([]byte, 0, len(src))
				b.SetBytes(int64(len(src)))
				for b.Loop() {
					if _, err := z.DecodeAll(frame, out); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
