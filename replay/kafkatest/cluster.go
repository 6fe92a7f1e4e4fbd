//go:build interop

// Package kafkatest runs clusters of Apache Kafka, in KRaft mode, from its
// published Java artifacts, for tests: brokers of this host, with data in a
// temporary directory, that a test may kill, stop and start again.
//
// It needs Java, and in SENDMSGREC_KAFKA the directory with the artifacts
// (make kafka).
package kafkatest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
)

// Cluster is brokers that are each a controller too.
type Cluster struct {
	tb      testing.TB
	dir     string
	jars    string
	o       Options
	brokers []*broker
}

// Options of a cluster.
type Options struct {
	// Brokers is their number, 1 by default.
	Brokers int
	// With these there is a listener with TLS and a login (SASL: PLAIN and
	// SCRAM-SHA-512): its certificate and key in PEM form, and who may log in.
	CertificatePEM, KeyPEM string
	User, Password         string
	// Properties are further lines for each broker's configuration.
	Properties []string
}

type broker struct {
	port, secure, controller int
	cmd                      *exec.Cmd
	ended                    chan struct{}
}

// Jars returns where the artifacts are.
func Jars(tb testing.TB) string {
	tb.Helper()
	jars := os.Getenv("SENDMSGREC_KAFKA")
	if jars == "" {
		tb.Fatal("SENDMSGREC_KAFKA names no directory; run make interop")
	}
	return jars
}

// New starts a cluster, which ends with the test.
func New(tb testing.TB, o Options) *Cluster {
	tb.Helper()
	o.Brokers = max(1, o.Brokers)
	c := &Cluster{tb: tb, dir: tb.TempDir(), jars: Jars(tb), o: o}
	for range o.Brokers {
		c.brokers = append(c.brokers, &broker{port: freePort(tb), secure: freePort(tb), controller: freePort(tb)})
	}
	tb.Cleanup(func() {
		for i := range c.brokers {
			c.end(i)
		}
	})
	id := clusterID()
	var wait sync.WaitGroup
	for i := range c.brokers {
		wait.Go(func() {
			c.configure(i)
			c.format(i, id)
			c.Start(i)
		})
	}
	wait.Wait()
	for i := range c.brokers {
		c.Await(i)
	}
	return c
}

// clusterID returns a new id in the form that Kafka wants, 22 characters of
// base64 in its form for URLs. Only hexadecimal digits occur: a dash in front
// would make it an option to Kafka's tools.
func clusterID() string {
	return strings.ReplaceAll(uuid.NewString(), "-", "")[:22]
}

func freePort(tb testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Addresses returns HOST:PORT of each broker, with commas between.
func (c *Cluster) Addresses() string {
	return c.list(func(b *broker) int { return b.port })
}

// SecureAddresses are those with TLS and a login.
func (c *Cluster) SecureAddresses() string {
	return c.list(func(b *broker) int { return b.secure })
}

func (c *Cluster) list(port func(*broker) int) string {
	var list []string
	for _, b := range c.brokers {
		list = append(list, fmt.Sprintf("127.0.0.1:%d", port(b)))
	}
	return strings.Join(list, ",")
}

func (c *Cluster) path(i int, name string) string {
	return filepath.Join(c.dir, fmt.Sprintf("broker%d%s", i, name))
}

// configure writes a broker's properties.
func (c *Cluster) configure(i int) {
	b := c.brokers[i]
	var voters []string
	for j, other := range c.brokers {
		voters = append(voters, fmt.Sprintf("%d@127.0.0.1:%d", j+1, other.controller))
	}
	listeners := fmt.Sprintf("PLAINTEXT://127.0.0.1:%d", b.port)
	if c.o.CertificatePEM != "" {
		listeners += fmt.Sprintf(",SASL_SSL://127.0.0.1:%d", b.secure)
	}
	replicas := min(3, c.o.Brokers)
	lines := []string{
		"process.roles=broker,controller",
		fmt.Sprintf("node.id=%d", i+1),
		"controller.quorum.voters=" + strings.Join(voters, ","),
		fmt.Sprintf("listeners=%s,CONTROLLER://127.0.0.1:%d", listeners, b.controller),
		"advertised.listeners=" + listeners,
		"controller.listener.names=CONTROLLER",
		"listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL",
		"inter.broker.listener.name=PLAINTEXT",
		"log.dirs=" + c.path(i, "-data"),
		"auto.create.topics.enable=false",
		"log.cleaner.dedupe.buffer.size=4194304",
		fmt.Sprintf("offsets.topic.replication.factor=%d", replicas),
		"num.partitions=4",
		// A broker that is away is noticed within seconds.
		"broker.heartbeat.interval.ms=500",
		"broker.session.timeout.ms=3000",
		"controlled.shutdown.enable=false",
	}
	if c.o.CertificatePEM != "" {
		pem := func(s string) string { return strings.ReplaceAll(strings.TrimSpace(s), "\n", "\\n") }
		lines = append(lines,
			"sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512",
			"ssl.keystore.type=PEM",
			"ssl.keystore.certificate.chain="+pem(c.o.CertificatePEM),
			"ssl.keystore.key="+pem(c.o.KeyPEM),
			fmt.Sprintf("listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_%s=\"%s\";", c.o.User, c.o.Password),
			"listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
		)
	}
	lines = append(lines, c.o.Properties...)
	if err := os.WriteFile(c.path(i, ".properties"), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		c.tb.Error(err)
	}
}

// Java returns a command that runs a class of Kafka.
func (c *Cluster) Java(class string, args ...string) *exec.Cmd {
	cmd := exec.Command("java", append([]string{"-Xmx256m", "-XX:+UseSerialGC",
		"-cp", filepath.Join(c.jars, "*"), class}, args...)...)
	cmd.Dir = c.dir
	return cmd
}

func (c *Cluster) format(i int, id string) {
	args := []string{"format", "-t", id, "-c", c.path(i, ".properties")}
	if c.o.User != "" {
		args = append(args, "--add-scram", fmt.Sprintf("SCRAM-SHA-512=[name=%s,password=%s]", c.o.User, c.o.Password))
	}
	if out, err := c.Java("kafka.tools.StorageTool", args...).CombinedOutput(); err != nil {
		c.tb.Errorf("format broker %d: %v\n%s", i, err, out)
	}
}

// Start starts broker i, which does not run.
func (c *Cluster) Start(i int) {
	log, err := os.OpenFile(c.path(i, ".log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		c.tb.Error(err)
		return
	}
	defer log.Close()
	b := c.brokers[i]
	b.cmd = c.Java("kafka.Kafka", c.path(i, ".properties"))
	b.cmd.Stdout, b.cmd.Stderr = log, log
	if err := b.cmd.Start(); err != nil {
		c.tb.Errorf("start broker %d: %v", i, err)
		return
	}
	b.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) {
		_ = cmd.Wait()
		close(ended)
	}(b.cmd, b.ended)
}

// Await waits until broker i takes connections.
func (c *Cluster) Await(i int) {
	c.tb.Helper()
	b := c.brokers[i]
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", b.port))
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-b.ended:
			log, _ := os.ReadFile(c.path(i, ".log"))
			c.tb.Fatalf("broker %d has ended:\n%s", i, log)
		default:
		}
		if time.Now().After(deadline) {
			c.tb.Fatalf("broker %d does not listen: %v", i, err)
		}
	}
}

// Kill ends broker i as a crash would (SIGKILL).
func (c *Cluster) Kill(i int) {
	c.signal(i, syscall.SIGKILL)
	<-c.brokers[i].ended
}

// Pause stops broker i: its connections stay, and nothing answers (SIGSTOP).
func (c *Cluster) Pause(i int) { c.signal(i, syscall.SIGSTOP) }

// Resume lets a paused broker go on.
func (c *Cluster) Resume(i int) { c.signal(i, syscall.SIGCONT) }

// Stop ends broker i in order (SIGTERM), or after a while by force.
func (c *Cluster) Stop(i int) {
	c.signal(i, syscall.SIGTERM)
	select {
	case <-c.brokers[i].ended:
	case <-time.After(20 * time.Second):
		c.Kill(i)
	}
}

func (c *Cluster) signal(i int, s syscall.Signal) {
	if err := c.brokers[i].cmd.Process.Signal(s); err != nil {
		c.tb.Errorf("signal broker %d: %v", i, err)
	}
}

// end kills broker i if it runs.
func (c *Cluster) end(i int) {
	b := c.brokers[i]
	if b.ended == nil {
		return
	}
	_ = b.cmd.Process.Kill()
	<-b.ended
}
