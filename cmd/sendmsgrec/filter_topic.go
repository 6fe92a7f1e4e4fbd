package main

import "github.com/spf13/cobra"

// newFilterTopic returns the topic of `sendmsgrec help filter`. It is no
// command: cobra lists it as an additional help topic.
func newFilterTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "filter",
		Short: "What --filter takes",
		Long: `--filter takes an expression over the fields that sendmsgrec schema lists, columns
and decoded texts. docs/filter.md has the grammar and all the rules.

  call == sendmsg and ret < 0           names of values; and, or, not, ( )
  errno in (EAGAIN, EPIPE)              errors by name; also ret == EAGAIN
  ret < requested_bytes                 two fields of numbers
  duration > 1.5ms                      ns, us, ms, s, m, h
  requested_bytes >= 64KiB              B, kB, MB, GB, KiB, MiB, GiB
  flags has MSG_DONTWAIT|MSG_NOSIGNAL   all of these bits
  flags & MSG_MORE                      one of these bits
  family == AF_UNIX                     or: family in (inet, inet6)
  remote_address in 10.0.0.0/8          an address or a network
  name == 10.0.0.1:53                   the address in msg_name
  comm prefix ngin                      also suffix, contains; quotes where needed
  local_path prefix /run/
  control_decoded contains SCM_RIGHTS
  time >= 2026-01-31T10:00:00Z          or +1.5s after the start, -2s before the end
  remote_port is not null               what is absent is null

A test on null is neither true nor false: remote_port != 443 does not select
events without a port, and neither does its negation. Events are selected for
which the expression is true.

A filter reads only the columns that it names. Segments of the file are skipped
by the ranges in their headers, rows of tables are tested once and not for every
event; --explain tells what happened. What was lost is stated with every result:
whether it would have been selected cannot be known.`,
		Example: `  sendmsgrec cat --filter 'duration > 1ms and not comm == nginx' trace.smr
  sendmsgrec stats --by comm --filter 'errno == EAGAIN' --explain trace.smr`,
	}
}
