package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"
)

// newCompletionCommand returns `sendmsgrec completion`. It replaces the one
// that cobra would add, so that help and exit codes are like those of the
// other commands.
func newCompletionCommand() *cobra.Command {
	shells := []string{"bash", "fish", "powershell", "zsh"}
	cmd := &cobra.Command{
		Use:   "completion {bash|fish|powershell|zsh}",
		Short: "Print a completion script for a shell",
		Long: `Print the script that completes commands and flags in a shell. In bash it needs
the package bash-completion.`,
		Example: `  sendmsgrec completion bash > /etc/bash_completion.d/sendmsgrec
  source <(sendmsgrec completion zsh)`,
		ValidArgs: shells,
		Args:      arguments(cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runCompletion(cmd.Context(), cmd.OutOrStdout(), cmd.Root(), args[0])
		},
	}
	return document(cmd, exitUsageText)
}

func runCompletion(_ context.Context, stdout io.Writer, root *cobra.Command, shell string) error {
	switch shell {
	case "bash":
		return root.GenBashCompletionV2(stdout, true)
	case "fish":
		return root.GenFishCompletion(stdout, true)
	case "powershell":
		return root.GenPowerShellCompletionWithDesc(stdout)
	}
	return root.GenZshCompletion(stdout)
}
