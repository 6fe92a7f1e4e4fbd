package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sendmsgrec/sendmsgrec/schema"
)

// execute runs the command line args and prints its error.
func execute(args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	// Without this a write to a closed pipe kills the process; with it the
	// write returns EPIPE and the command ends in order. Not signal.Ignore,
	// which the command of `record -- CMD` would inherit.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)

	root := newRootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteC()
	if shown(err) {
		fmt.Fprintf(stderr, "sendmsgrec: %v\n", err)
		if exitCode(err) == exitUsage {
			fmt.Fprintf(stderr, "See '%s --help'.\n", cmd.CommandPath())
		}
	}
	return err
}

// newRootCommand returns the command tree.
func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "sendmsgrec",
		Short: "Flight recorder for the messages that a Linux host sends",
		Long: `sendmsgrec records every sendmsg() call of a Linux host, with its arguments, its
result and the time it took, into one small self-checking file, and reads such
files: what is in them, what was lost, how long the calls took.`,
		Example: `  sendmsgrec record -o trace.smr --duration 10s   # the whole host, as root
  sendmsgrec record -o trace.smr -- curl http://localhost/
  sendmsgrec info trace.smr
  sendmsgrec stats trace.smr --by comm
  sendmsgrec convert trace.smr -o trace.parquet`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usageErrorf("unknown command %q%s", args[0], didYouMean(args[0], commandNames(cmd)))
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SetOut(cmd.ErrOrStderr())
			if err := cmd.Help(); err != nil {
				return err
			}
			return &exitError{Code: exitUsage}
		},
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(newHelpCommand())
	root.AddCommand(
		newRecordCommand(),
		newInfoCommand(),
		newCatCommand(),
		newStatsCommand(),
		newConvertCommand(),
		newReplayCommand(),
		newVerifyCommand(),
		newDoctorCommand(),
		newSchemaCommand(),
		newVersionCommand(),
		newManCommand(),
		newFilterTopic(),
		newCompletionCommand(),
	)
	document(root, exitUsageText)
	return root
}

// Lines of the "Exit status" section of help texts.
const (
	exitUsageText       = "2    wrong flags or arguments"
	exitFailedText      = "1    failed; the message says why"
	exitDamageText      = "3    the file is damaged (what is readable was output), or --fail-on-loss and events were lost"
	exitUnsupportedText = "4    this kernel or these privileges do not suffice"
	exitInterruptedText = "130  interrupted"
)

// document appends the exit status section to the long help of cmd: 0, and
// what the command adds to it.
func document(cmd *cobra.Command, exits ...string) *cobra.Command {
	cmd.Long += "\n\nExit status:\n  0    done\n  " + strings.Join(exits, "\n  ")
	return cmd
}

// arguments makes an error of v, about the number of arguments, a usage error.
func arguments(v cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		return withCode(exitUsage, v(cmd, args))
	}
}

// flagError turns an error of the flag parser into a usage error, with the
// flag that may have been meant.
func flagError(cmd *cobra.Command, err error) error {
	if errors.Is(err, pflag.ErrHelp) {
		return err
	}
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		hint := ""
		if near := schema.Nearest(unknown.GetSpecifiedName(), names); near != "" {
			hint = "; did you mean --" + near + "?"
		}
		return usageErrorf("%v%s", err, hint)
	}
	return withCode(exitUsage, err)
}

// commandNames returns the names of the subcommands of cmd that help lists.
func commandNames(cmd *cobra.Command) []string {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return names
}
