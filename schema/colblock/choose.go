package colblock

import (
	"bytes"
	"math"
	"math/bits"
	"slices"
	"unsafe"
)

// frame is a frame of reference: base and the bytes that the largest
// difference to it needs.
type frame struct {
	base  int64
	width int
}

func frameOf(lo, hi int64) frame {
	return frame{lo, (bits.Len64(uint64(hi)-uint64(lo)) + 7) / 8}
}

// chooser picks the encoding of int streams. Its memory is reused.
type chooser struct {
	planes [8][256]uint32
	sample [sampleSize]uint64
	keys   [2 * MaxDictionary]int64
	used   [2 * MaxDictionary]bool
	slot   [2 * MaxDictionary]uint8
	dict   []int64 // distinct values, ascending, when dictionary found few
	counts [256]uint32
	// What fewRuns found: values, and lengths less 1.
	runs, runLengths []int64
	lo, hi           int64 // of the values that choose saw last; equal for a constant
}

// A sample of this many values tells the encodings apart: the entropy of its
// byte planes is what a Huffman coder will need.
const sampleSize = 1024

// sampled returns the place of the k-th of up to sampleSize samples that lie
// step apart. It is moved within its step, so that columns with a period do
// not show the same phase in every sample.
func sampled(k, step int) int { return k*step + (k*40503>>8)%step }

// choose picks the encoding of the values, which are not empty. Differences
// wrap at 64 bits on both sides, so that extremes need no special case.
func (c *chooser) choose(vals []int64, in nesting) (encoding int, f frame) {
	if c.lo, c.hi = vals[0], vals[0]; allEqual(vals) {
		return EncodingConstant, frame{vals[0], 0}
	}
	if in == inChunk && c.fewRuns(vals) {
		c.lo, c.hi = slices.Min(c.runs), slices.Max(c.runs)
		return EncodingRuns, frame{}
	}
	lo, hi, dlo, dhi := ranges(vals)
	c.lo, c.hi = lo, hi
	fv, fd := frameOf(lo, hi), frameOf(dlo, dhi)
	if fd.width == 0 {
		return EncodingDeltas, fd
	}
	n := len(vals)
	step, count := max(1, (n-1)/sampleSize), min(n-1, sampleSize)
	sample := c.sample[:count]
	for k := range sample {
		sample[k] = uint64(vals[1+sampled(k, step)] - fv.base)
	}
	encoding, f = EncodingValues, fv
	best := c.entropy(sample, fv.width)
	if fv.width > 1 && in != inDictionary && c.dictionary(vals) {
		// The index is a plane of its own, and its entropy is exact.
		if bits := c.indexBits(n, fv.width); bits < 0.95*best {
			encoding, best = EncodingDictionary, bits
		}
	}
	for k := range sample {
		i := 1 + sampled(k, step)
		sample[k] = uint64(vals[i] - vals[i-1] - fd.base)
	}
	// Deltas cost the reader a pass, so they must pay.
	if bits := c.entropy(sample, fd.width); bits < 0.95*best {
		return EncodingDeltas, fd
	}
	return encoding, f
}

// Runs are worth it when they have four values or more in the mean, by a sample:
// then they take less room than byte planes do, of which each says again where a
// run ends, and less time (TestRunsTakeLess, BenchmarkRuns). Of few values the
// description of two streams would be longer.
const (
	meanRun    = 4
	minForRuns = 64
)

// fewRuns looks for runs of one value and reports whether there are few enough.
// c.runs and c.runLengths then have them.
func (c *chooser) fewRuns(vals []int64) bool {
	n := len(vals)
	if n < minForRuns {
		return false
	}
	step, count := max(1, (n-1)/sampleSize), min(n-1, sampleSize)
	changes := 0
	for k := range count {
		i := 1 + sampled(k, step)
		if vals[i] == vals[i-1] {
			continue
		}
		if changes++; changes*meanRun > count {
			return false
		}
	}
	c.runs, c.runLengths = c.runs[:0], c.runLengths[:0]
	most := maxRuns(n)
	for from := 0; from < n; {
		v, end := vals[from], from+1
		for end < n && vals[end] == v {
			end++
		}
		if len(c.runs) == most {
			return false
		}
		c.runs = append(c.runs, v)
		c.runLengths = append(c.runLengths, int64(end-from-1))
		from = end
	}
	return true
}

// allEqual reports whether all values, of which there is one or more, are the
// same. It compares their memory to itself one value on, as fast as it is read.
func allEqual(vals []int64) bool {
	memory := unsafe.Slice((*byte)(unsafe.Pointer(&vals[0])), 8*len(vals))
	return bytes.Equal(memory[8:], memory[:len(memory)-8])
}

// ranges returns the smallest and largest of the values, of which there are
// two or more, and of their differences.
func ranges(vals []int64) (lo, hi, dlo, dhi int64) {
	lo, hi = vals[0], vals[0]
	dlo, dhi = math.MaxInt64, math.MinInt64
	prev := vals[0]
	for _, v := range vals[1:] {
		lo, hi = min(lo, v), max(hi, v)
		d := v - prev
		dlo, dhi = min(dlo, d), max(dhi, d)
		prev = v
	}
	return lo, hi, dlo, dhi
}

// xlogx[n] is n*log2(n).
var xlogx = func() (t [max(sampleSize, bytesSampled) + 1]float32) {
	for i := 1; i < len(t); i++ {
		t[i] = float32(float64(i) * math.Log2(float64(i)))
	}
	return t
}()

// entropy returns the bits that each of n symbols takes, which occur as often
// as counts says.
func entropy(counts []uint32, n int) float64 {
	sum := float32(0)
	for _, k := range counts {
		sum += xlogx[k]
	}
	return math.Log2(float64(n)) - float64(sum)/float64(n)
}

// entropy returns the bits that a value of the sample takes when each of its
// byte planes is coded by itself, plus a hundredth of the plain size so that
// of two predictable encodings the narrower wins.
func (c *chooser) entropy(sample []uint64, width int) float64 {
	if len(sample) == 0 {
		return float64(8 * width)
	}
	total := 0.0
	for p := range width {
		h := &c.planes[p]
		clear(h[:])
		shift := uint(8 * p)
		for _, u := range sample {
			h[byte(u>>shift)]++
		}
		total += entropy(h[:], len(sample))
	}
	return total + 0.08*float64(width)
}

// dictionary looks for few distinct values and reports whether there are at
// most MaxDictionary. c.dict then has them, ascending.
func (c *chooser) dictionary(vals []int64) bool {
	const mask = 2*MaxDictionary - 1
	c.used = [2 * MaxDictionary]bool{}
	c.dict = c.dict[:0]
	var counts [2 * MaxDictionary]uint32
	prev, at, from := vals[0]+1, uint64(0), 0 // of a run
	for i, v := range vals {
		if v != prev {
			counts[at] += uint32(i - from)
			prev, from = v, i
			at = uint64(v) * 0x9E3779B97F4A7C15 >> 55
			for c.used[at] && c.keys[at] != v {
				at = (at + 1) & mask
			}
			if !c.used[at] {
				if len(c.dict) == MaxDictionary {
					return false
				}
				c.used[at], c.keys[at] = true, v
				c.dict = append(c.dict, v)
			}
		}
	}
	counts[at] += uint32(len(vals) - from)
	slices.Sort(c.dict)
	for at := range c.used {
		if c.used[at] {
			i, _ := slices.BinarySearch(c.dict, c.keys[at])
			c.slot[at] = uint8(i)
			c.counts[i] = counts[at]
		}
	}
	return true
}

// indexBits returns the bits of an index into the dictionary, the dictionary
// itself spread over the n values.
func (c *chooser) indexBits(n, width int) float64 {
	sum := 0.0
	for _, k := range c.counts[:len(c.dict)] {
		sum += float64(k) * math.Log2(float64(k))
	}
	total := float64(n)
	return math.Log2(total) - sum/total + 0.08 + float64(8*width*len(c.dict))/total
}

// index writes the dictionary index of each value to plane.
func (c *chooser) index(plane []byte, vals []int64) {
	const mask = 2*MaxDictionary - 1
	prev, id := vals[0]+1, byte(0)
	for i, v := range vals {
		if v != prev {
			prev = v
			at := uint64(v) * 0x9E3779B97F4A7C15 >> 55
			for c.keys[at] != v || !c.used[at] {
				at = (at + 1) & mask
			}
			id = c.slot[at]
		}
		plane[i] = id
	}
}
