package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/sendmsgrec/sendmsgrec/schema"
	"github.com/sendmsgrec/sendmsgrec/schema/segment"
)

// version is set by `make build`; otherwise the module's version is used.
var version string

// versionReport is the output of version --json.
type versionReport struct {
	Version       string `json:"version"`
	Commit        string `json:"commit"`
	Time          string `json:"commit_time,omitempty"`
	Modified      bool   `json:"modified"`
	Go            string `json:"go"`
	Platform      string `json:"platform"`
	FormatVersion int    `json:"format_version"`
	SchemaVersion int    `json:"schema_version"`
}

// newVersionCommand returns `sendmsgrec version`.
func newVersionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the versions of the program, its file format and its schema",
		Long: `Print the version of the program, the commit it was built from, and the versions
of the file format and of the schema that it writes. It reads all older ones.`,
		Example: `  sendmsgrec version
  sendmsgrec version --json | jq .schema_version`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runVersion(cmd.Context(), cmd.OutOrStdout(), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return document(cmd, exitUsageText)
}

func runVersion(_ context.Context, stdout io.Writer, asJSON bool) error {
	v := buildVersion()
	if asJSON {
		return writeJSON(stdout, v)
	}
	commit := v.Commit
	if v.Modified {
		commit += " and changes"
	}
	_, err := fmt.Fprintf(stdout, "sendmsgrec %s\ncommit     %s\ngo         %s %s\nformat     %d\nschema     %d\n",
		v.Version, commit, v.Go, v.Platform, v.FormatVersion, v.SchemaVersion)
	return err
}

// buildVersion returns what the build left in the binary.
func buildVersion() versionReport {
	v := versionReport{
		Version:       version,
		Commit:        "unknown",
		Go:            runtime.Version(),
		Platform:      runtime.GOOS + "/" + runtime.GOARCH,
		FormatVersion: segment.FormatVersion,
		SchemaVersion: schema.Version,
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if v.Version == "" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.time":
			v.Time = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}
