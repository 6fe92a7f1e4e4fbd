package main

import "github.com/spf13/cobra"

// newHelpCommand returns `sendmsgrec help`. It replaces cobra's, for which a
// command that does not exist is no error.
func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Print the help of a command",
		Args:  arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usageErrorf("unknown command %q%s", args[0], didYouMean(args[0], commandNames(cmd.Root())))
			}
			found.InitDefaultHelpFlag() // so that the help lists it
			return found.Help()
		},
	}
}
