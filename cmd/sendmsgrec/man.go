package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// newManCommand returns `sendmsgrec man`.
func newManCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "man",
		Short: "Write the man pages",
		Long: `Write the man pages, one per command, into a directory, which is made when it is
missing. They say what --help says.`,
		Example: `  sendmsgrec man --dir man
  man ./man/sendmsgrec-record.1`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runMan(cmd.Context(), cmd.OutOrStdout(), cmd.Root(), dir)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "man", "directory to write to")
	return document(cmd, exitFailedText, exitUsageText)
}

func runMan(_ context.Context, stdout io.Writer, root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	header := &doc.GenManHeader{Section: "1", Source: "sendmsgrec", Manual: "sendmsgrec"}
	// The commit's date makes the pages the same from every build of it.
	if t, err := time.Parse(time.RFC3339, buildVersion().Time); err == nil {
		header.Date = &t
	}
	root.DisableAutoGenTag = true
	if err := doc.GenManTree(root, header, dir); err != nil {
		return err
	}
	_, err := fmt.Fprintf(stdout, "man pages written to %s\n", dir)
	return err
}
