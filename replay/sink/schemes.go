package sink

// schemes returns all kinds of sinks, in the order of the help.
func schemes() []scheme {
	return []scheme{
		{name: "-", open: openStdout, example: "-", does: "standard output"},
		{name: "file", open: openFile, example: "file:events.jsonl", does: "a file, which continues exactly after --resume"},
		{name: "exec", open: openExec, example: "exec:COMMAND", does: "the standard input of a command, run by sh"},
		{name: "tcp", open: openTCP, example: "tcp:HOST:PORT", does: "a TCP connection"},
		{name: "tls", open: openTCP, example: "tls:HOST:PORT", does: "a TCP connection with TLS"},
		{name: "udp", open: openUDP, example: "udp:HOST:PORT", does: "datagrams, one a record"},
		{name: "unix", open: openUnix, query: true, example: "unix:PATH", does: "a Unix stream socket; PATH?type=dgram: datagrams"},
		{name: "http", open: openHTTP, query: true, example: "http://HOST/PATH", does: "POST requests, one a batch"},
		{name: "https", open: openHTTP, query: true, example: "https://HOST/PATH", does: "the same with TLS"},
		{name: "smr", open: openRecording, example: "smr:part.smr", does: "another recording, which holds what is sent and nothing else"},
		{name: "kafka", open: openKafka, query: true, example: "kafka://HOST:PORT,.../TOPIC", does: "messages of a Kafka topic"},
		{name: "clickhouse", open: openClickHouse, query: true, example: "clickhouse://HOST/TABLE", does: "a table of ClickHouse, by its HTTP interface"},
		{name: "otlp", open: openOTLP, query: true, example: "otlp://HOST", does: "an OpenTelemetry collector: spans for calls, logs for gaps"},
		{name: "null", open: openNull, example: "null:", does: "nowhere: counts what would be sent"},
	}
}
