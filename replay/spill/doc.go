// Package spill is the way of a live recording to its sink: a directory of
// recordings, the parts, which a Writer appends to and a Follower reads behind
// it, in the same process. It is a queue on disk with a bound, in which a slow
// or absent sink costs disk up to the bound and never makes the writer wait.
//
//	recorder ──► Writer ──► 00000001.smr, 00000002.smr … ──► Follower ──► sink
//	                              ▲                                        │
//	                              └──── Dir.Acknowledge removes ◄──────────┘
//
// A part is a recording with the id of the one that it is a part of, without
// an end. The file "checkpoint" holds a deliver.Checkpoint; its position's key
// is a part's number and the number of a record in it (Key).
//
// What has no room is left out and counted, as gaps of the cause spill_full
// that go to the sink in their place. What a part holds stays there until the
// sink has acknowledged it: after a crash of the recorder, another Dir on the
// same directory goes on from the checkpoint.
//
// A Writer is for one goroutine, a Follower for another; Dir may be used from
// any.
package spill
