// Package traffic makes the sends of a recording again, as load: the same
// calls with the same sizes, iovec counts, flags and gaps in time, a thread for
// each recorded thread and a socket for each recorded socket, with generated
// payload, to targets that the caller names for the recorded addresses (Map). No
// recorded address is ever sent to.
//
//	order ──► reader ──► planner ──► worker (one a thread) ──► account
//	                        │           │
//	                        └──► sockets ◄──► drainer (reads what comes back)
//
// A replay reads its recordings twice. Study finds every destination, how many
// sends each socket and each thread has, and what is left out and why; when
// something has no target, nothing is sent. Run then plans at most aheadCalls
// calls and aheadTime of the schedule in front of the threads, which wait each
// for its own calls: a call that blocks delays what its thread does after it.
//
// Every event is accounted for: events = sent + failed + left out, and what an
// interruption left unsent.
//
// Study and its Map build on every system; Run needs Linux.
package traffic
