package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/sendmsgrec/sendmsgrec/replay/protobuf"
	"github.com/sendmsgrec/sendmsgrec/schema"
)

// newSchemaCommand returns `sendmsgrec schema`.
func newSchemaCommand() *cobra.Command {
	var asJSON, asProto bool
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "List the columns of an event",
		Long: `List the columns of an event with type, unit, tags and meaning, and the fields
that are decoded from them. The names are those of cat --fields, of JSON, of CSV,
of stats --by, of --filter and of Parquet. The tags say where a value comes from:

  K       originated in the kernel
  U       from user space, for example behind a user pointer
  TOCTOU  may change between the kernel's check and its use
  OPT     may be absent: null, which is not zero`,
		Example: `  sendmsgrec schema
  sendmsgrec schema --json | jq -r '.columns[].name'
  sendmsgrec schema --proto > sendmsgrec.proto`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runSchema(cmd.Context(), cmd.OutOrStdout(), asJSON, asProto)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	cmd.Flags().BoolVar(&asProto, "proto", false, "print the Protocol Buffers schema of replay --format protobuf")
	return document(cmd, exitUsageText)
}

func runSchema(_ context.Context, stdout io.Writer, asJSON, asProto bool) error {
	switch {
	case asJSON && asProto:
		return usageErrorf("--json and --proto exclude each other")
	case asJSON:
		return schema.WriteJSON(stdout)
	case asProto:
		return protobuf.WriteSchema(stdout)
	}
	return schema.WriteText(stdout)
}
