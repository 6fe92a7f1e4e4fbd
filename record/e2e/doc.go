// Package e2e holds the tests that record real calls through this machine's
// kernel and judge the files: against strace and the workload's own log, call
// by call; against exact counts; and after the recorder was killed. They need
// root, strace and zstd, and the build tag privileged:
//
//	go test -tags privileged ./record/e2e
package e2e
