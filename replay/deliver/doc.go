// Package deliver brings batches of records to a sink, at least once: it tries
// again what may succeed, writes what the sink refuses to a dead-letter file,
// keeps account of everything, and tells of the position up to which all is
// acknowledged, for a checkpoint.
//
//	Put ──► pending batch ──► sender goroutine ──► Sink.Send ──► ack ──► checkpoint
//
// While the sink is busy, what Put brings is added to one pending batch; when
// that is full, the Policy decides. So a fast source sends large batches and a
// slow one small ones at once, and memory is bounded: the batch that is being
// filled, the pending one, and those in flight (Traits.InFlight). What is due at
// the moment Put sends itself where it can (Block), and the sender settles it later.
//
// Batches are sent in order, and a batch that failed is sent again before any
// later one that has not been sent. A sink with several in flight may get the
// later ones first; the position moves only over what is acknowledged without
// a hole.
package deliver
