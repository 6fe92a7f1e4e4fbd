// Package segment writes and reads recordings (.smr files): a header, segments
// of events column by column, gaps, clocks and counters, and an index.
// docs/format.md is the specification; the constants here carry its names.
//
// Writing: a Block of columns is encoded by an Encoder, one a goroutine, into
// an Encoded, which the one Writer appends. Reading: a Reader returns the items
// in file order, and Decoders, one a goroutine, decode columns of segments
// into Blocks, or window by window (Scan). Summarize tells what a recording holds
// and lost without decompressing anything; Verify checks all of it.
//
// Who fills a Block or an Encoded owns its memory and reuses it. What a Reader
// returns stays valid and is never changed; only Decoders may run concurrently
// with it and each other.
//
// No input can make the package panic or take memory beyond the limits of the
// format: about MaxBlockBytes for a block, and MaxDataBytes for a stream's
// segment as far as its bytes arrive.
package segment
