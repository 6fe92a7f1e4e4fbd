package sink

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
)

// Security is where credentials and certificates are read from: files and
// environment variables, never the command line or a URL. Nothing of them is
// logged or repeated in errors. All files are read when the sink is opened.
type Security struct {
	// TokenFile holds a bearer token; without it the environment variable
	// SENDMSGREC_TOKEN counts.
	TokenFile string
	// UserFile holds NAME:PASSWORD in its first line; without it the
	// environment variable SENDMSGREC_USER counts.
	UserFile string
	// CAFile replaces the system's certificate authorities. CertFile and
	// KeyFile are the client's own certificate. ServerName is what the server's
	// certificate must name when that is not the host of the URL.
	CAFile, CertFile, KeyFile, ServerName string
}

// The environment variables that hold credentials.
const (
	tokenVariable = "SENDMSGREC_TOKEN"
	userVariable  = "SENDMSGREC_USER"
)

// Token returns the bearer token; empty without one.
func (s *Security) Token() (string, error) {
	return secret(s.TokenFile, tokenVariable)
}

// User returns name and password; ok is false without them.
func (s *Security) User() (name, password string, ok bool, err error) {
	text, err := secret(s.UserFile, userVariable)
	if err != nil || text == "" {
		return "", "", false, err
	}
	name, password, ok = strings.Cut(text, ":")
	if !ok || name == "" {
		where := "$" + userVariable
		if s.UserFile != "" {
			where = s.UserFile
		}
		return "", "", false, fmt.Errorf("%s: want NAME:PASSWORD", where)
	}
	return name, password, true, nil
}

// secret returns the first line of the file, or of the variable.
func secret(path, variable string) (string, error) {
	text := os.Getenv(variable)
	if path != "" {
		content, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("read credentials: %w", err)
		}
		text = string(content)
		if strings.TrimSpace(text) == "" {
			return "", fmt.Errorf("%s: the file holds no credentials", path)
		}
	}
	text, _, _ = strings.Cut(text, "\n")
	return strings.TrimSpace(text), nil
}

// TLS returns the configuration for connections to host.
func (s *Security) TLS(host string) (*tls.Config, error) {
	c := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if s.ServerName != "" {
		c.ServerName = s.ServerName
	}
	if s.CAFile != "" {
		pem, err := os.ReadFile(s.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read certificate authorities: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: no certificate in PEM form", s.CAFile)
		}
	}
	if (s.CertFile == "") != (s.KeyFile == "") {
		return nil, usageErrorf("--tls-cert and --tls-key belong together")
	}
	if s.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(s.CertFile, s.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("read the client's certificate: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// TLSHint returns what to do about an error of a TLS handshake, or "" when err
// is something else.
func TLSHint(err error) string {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &unknown):
		return "the server's certificate is by an authority that this host does not know: name it with --tls-ca FILE"
	case errors.As(err, &host):
		return "the certificate is for another name: check the host, or give --tls-server-name NAME"
	case errors.As(err, &invalid):
		return "the server's certificate is not valid; check its dates and what it may be used for"
	case errors.As(err, &record):
		return "the server does not speak TLS on this port"
	case isAlert(err):
		return "the server ended the TLS handshake; it may want a client certificate: --tls-cert FILE --tls-key FILE"
	}
	return ""
}

// isAlert reports whether err is what a TLS peer said when it ended the
// connection. Package tls has no type for it.
func isAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}
