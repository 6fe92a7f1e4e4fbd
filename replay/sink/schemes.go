package sink

// schemes returns all kinds of sinks, in the order of the help.
func schemes() []scheme {
	return []scheme{
		{name: "-", open: openStdout, example: "-", does: "standard output"},
		{name: "file", open: openFile, example: "file:events.jsonl", does: "a file, which continues exactly after --resume"},
		{name: "null", open: openNull, example: "null:", does: "nowhere: counts what would be sent"},
	}
}
