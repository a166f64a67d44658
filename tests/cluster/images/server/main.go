// server is a server that misbehaves on purpose: MODE says how, PORT and NET (tcp, tcp4, tcp6) where.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

func main() {
	address := env("BIND", "") + ":" + env("PORT", "8080")
	mode := env("MODE", "http")
	log.Printf("%s on %s", mode, address)
	if mode == "udp" {
		log.Fatal(echo(address))
	}
	listener, err := net.Listen(env("NET", "tcp"), address)
	if err != nil {
		log.Fatal(err)
	}
	switch mode {
	case "silent": // takes connections and says nothing
		accept(listener, func(net.Conn) {})
	case "close": // takes connections and closes them
		accept(listener, func(c net.Conn) { c.Close() })
	case "tls":
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate()}})
	case "mtls": // and wants to know who asks
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate()}, ClientAuth: tls.RequireAnyClientCert})
	case "grpc":
		log.Fatal(grpc(listener))
	}
	log.Fatal(http.Serve(listener, http.HandlerFunc(answer)))
}

// grpc answers grpc.health.v1.Health/Check with HEALTH (1 is SERVING, 2 NOT_SERVING), or with no such method where it
// is empty: https://github.com/grpc/grpc/blob/master/doc/health-checking.md
func grpc(listener net.Listener) error {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	handler := func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/grpc")
		health, _ := strconv.Atoi(env("HEALTH", "0"))
		if health == 0 || r.URL.Path != "/grpc.health.v1.Health/Check" {
			w.Header().Set("Grpc-Status", "12") // UNIMPLEMENTED, without a body
			return
		}
		w.Header().Set("Trailer", "Grpc-Status")
		w.Write([]byte{0, 0, 0, 0, 2, 8, byte(health)})
		w.(http.Flusher).Flush() // else its length is known, and there are no trailers
		w.Header().Set("Grpc-Status", "0")
	}
	server := http.Server{Handler: http.HandlerFunc(handler), Protocols: protocols}
	return server.Serve(listener)
}

// answer gives STATUS after DELAY.
func answer(w http.ResponseWriter, _ *http.Request) {
	delay, _ := time.ParseDuration(env("DELAY", "0s"))
	time.Sleep(delay)
	status, _ := strconv.Atoi(env("STATUS", "200"))
	w.WriteHeader(status)
	fmt.Fprintln(w, http.StatusText(status))
}

func accept(listener net.Listener, with func(net.Conn)) {
	for {
		c, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		with(c)
	}
}

func echo(address string) error {
	c, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	buffer := make([]byte, 1500)
	for {
		n, from, err := c.ReadFrom(buffer)
		if err != nil {
			return err
		}
		c.WriteTo(buffer[:n], from)
	}
}

func certificate() tls.Certificate {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(8760 * time.Hour), DNSNames: []string{"web"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		log.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func env(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}
