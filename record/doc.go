// Package record is the live side of sendmsgrec: it takes event records out of
// the kernel's per-CPU rings, builds column blocks of them, has the blocks
// compressed and writes them, with every loss accounted for, into one file.
// docs/architecture.md shows the whole way.
//
// Recorder.Run starts four kinds of goroutines: one drain, which alone touches
// the rings and builds blocks; encode workers; one writer, which alone writes
// to the file; and one that calls fdatasync. They hand over a fixed number of
// jobs (block and encoded bytes) through channels of fixed length, so memory
// does not depend on the length of the recording. An owner keeps a job until
// it hands it on; no lock is held around one. Progress may be called from
// anywhere, Stop too.
package record
