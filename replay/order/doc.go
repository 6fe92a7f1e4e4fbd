// Package order brings the events of recordings into the order of their entry:
// a merge over the segments of each file, and over the files.
//
// Within a recording events are ordered by time_ns; several recordings are
// merged by time_ns when all are of one boot of one host, else by wall time.
// Events of one moment keep the order of the files as given, then of the
// segments in the file, then of the rows in the segment. So the order is a
// function of the files alone.
//
// A recording's segments overlap in time: a call that took long is recorded
// when it returned, far behind those that entered after it. A Directory,
// made in one pass over the record headers, says where each segment begins in
// time; the merge opens (decodes) a segment when its first event is due. When
// many are open at once because each has a few events that entered long before
// the rest, these few are copied out and the segment is opened again later, so
// that memory stays within Options.MemoryBytes. Only when that does not suffice
// either, or in a stream, which cannot be scanned first, an event may come
// behind its time; it is counted (Counts.Late).
//
// A Merger owns its memory; what Next returns is valid until the next call. It
// is for one goroutine.
package order
