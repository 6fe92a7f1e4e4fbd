package main

import (
	"errors"

	"github.com/spf13/cobra"
)

// newRecordCommand returns `sendmsgrec record`.
func newRecordCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "record",
		Short: "Record sendmsg() calls into a file",
		RunE:  func(*cobra.Command, []string) error { return errors.ErrUnsupported },
	}
}
