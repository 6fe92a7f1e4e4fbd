package colblock

import (
	"encoding/binary"
	"fmt"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/huff0"
	"github.com/klauspost/compress/zstd"
)

// compressor turns bytes into zstd frames, in the one of three ways that suits
// them. Bytes that follow no pattern, as the low planes of times and durations,
// have few long repetitions but many short ones by chance, which take a
// compressor several times as long to write down as a Huffman code takes and
// even more room (BenchmarkCompress). Its memory is reused.
type compressor struct {
	matches *zstd.Encoder // finds repetitions, and codes the rest by its entropy
	plain   *zstd.Encoder // codes nothing by its entropy: for what is noise
	huffman huff0.Scratch // for what has no repetitions worth their search

	sample, trial []byte
	counts        [256]uint32
}

func newCompressor() compressor {
	return compressor{matches: newZstd(true), plain: newZstd(false)}
}

// newZstd returns a compressor of single frames. The fastest level finds the
// repetitions that columns have; entropy says to code what does not repeat by
// its entropy, which the level by itself leaves out (klauspost/compress) and
// which is most of what byte planes offer.
func newZstd(entropy bool) *zstd.Encoder {
	// No option here can fail: all are constants in range.
	z, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithAllLitEntropyCompression(entropy),
		zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderCRC(true),
		zstd.WithSingleSegment(true),
		zstd.WithWindowSize(1<<18),
		zstd.WithLowerEncoderMem(true))
	if err != nil {
		panic(fmt.Sprintf("colblock: zstd encoder: %v", err))
	}
	return z
}

// A sample of pieces from all over the bytes, each long enough to show what
// repeats, is tried before them. Shorter ones are not worth it.
const (
	samplePieces  = 4
	pieceSize     = 512
	bytesSampled  = samplePieces * pieceSize
	minForSample  = 2 * bytesSampled
	frameOverhead = 14 // bytes that say nothing about the content
)

// append appends the frame of src to dst.
func (c *compressor) append(dst, src []byte) []byte {
	if len(src) < minForSample {
		return c.matches.EncodeAll(src, dst)
	}
	c.sample = c.sample[:0]
	for i := range samplePieces {
		at := i * (len(src) - pieceSize) / (samplePieces - 1)
		c.sample = append(c.sample, src[at:at+pieceSize]...)
	}
	bits := c.entropy(c.sample)
	// Of that many random bytes the entropy is about 7.91 bits.
	if bits > 7.8 {
		return c.plain.EncodeAll(src, dst)
	}
	// A Huffman code takes a bit a byte at least; where the entropy is far
	// below that, there are long runs.
	if bits > 0.5 {
		c.trial = c.matches.EncodeAll(c.sample, c.trial[:0])
		coded := max(bits, 1) / 8 * bytesSampled
		// Repetitions must pay for their search.
		if float64(len(c.trial)-frameOverhead) > 0.9*coded {
			if frame, ok := c.appendHuffman(dst, src); ok {
				return frame
			}
		}
	}
	return c.matches.EncodeAll(src, dst)
}

// entropy returns the bits that a byte of b takes in the mean when each is
// coded by itself.
func (c *compressor) entropy(b []byte) float64 {
	clear(c.counts[:])
	for _, x := range b {
		c.counts[x]++
	}
	return entropy(c.counts[:], len(b))
}

// maxBlockSize is that of zstd's blocks.
const maxBlockSize = 128 << 10

// appendHuffman appends a frame of blocks that are literals alone, and reports
// whether there is one: not of bytes that a Huffman code does not make shorter.
// The layout is that of RFC 8878, 3.1.1.
func (c *compressor) appendHuffman(dst, src []byte) ([]byte, bool) {
	const (
		magic           = 0xfd2fb528
		contentChecksum = 1 << 2 // of the frame header's descriptor
		singleSegment   = 1 << 5
		contentSize4    = 2 << 6

		lastBlock       = 1 // of a block's header
		compressedBlock = 2 << 1
		blockSizeShift  = 3

		compressedLiterals = 2 // of the literals section's header
		fourStreams18Bits  = 3 << 2
		regeneratedShift   = 4
		compressedShift    = 22
		literalsHeader     = 5 // bytes

		noSequences = 0
	)
	dst = binary.LittleEndian.AppendUint32(dst, magic)
	dst = append(dst, contentChecksum|singleSegment|contentSize4)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(src)))
	// Blocks of about one size: a short last one could not be coded.
	blocks := (len(src) + maxBlockSize - 1) / maxBlockSize
	size := (len(src) + blocks - 1) / blocks
	for rest := src; len(rest) > 0; {
		block := rest[:min(size, len(rest))]
		rest = rest[len(block):]
		c.huffman.Reuse = huff0.ReusePolicyNone
		literals, _, err := huff0.Compress4X(block, &c.huffman)
		if err != nil || len(literals)+literalsHeader+1 >= len(block) {
			return dst, false
		}
		header := compressedBlock | (literalsHeader+len(literals)+1)<<blockSizeShift
		if len(rest) == 0 {
			header |= lastBlock
		}
		dst = append(dst, byte(header), byte(header>>8), byte(header>>16))
		section := compressedLiterals | fourStreams18Bits | uint64(len(block))<<regeneratedShift | uint64(len(literals))<<compressedShift
		dst = append(dst, byte(section), byte(section>>8), byte(section>>16), byte(section>>24), byte(section>>32))
		dst = append(append(dst, literals...), noSequences)
	}
	return binary.LittleEndian.AppendUint32(dst, uint32(xxhash.Sum64(src))), true
}
