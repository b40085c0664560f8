package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// authority FOLDER HOST: an authority of the script's own signs a certificate for a host, as a company's proxy does:
// ca.pem, and server.pem with its key for the server.
func authority(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: authority FOLDER HOST")
	}
	folder := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(folder, 0o755))
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "the script's authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{args[1]}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	serverKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	caSigned, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	ts.Check(err)
	serverSigned, err := x509.CreateCertificate(rand.Reader, server, ca, serverKey.Public(), caKey)
	ts.Check(err)
	key, err := x509.MarshalPKCS8PrivateKey(serverKey)
	ts.Check(err)
	ts.Check(os.WriteFile(filepath.Join(folder, "ca.pem"), inPEM("CERTIFICATE", caSigned), 0o600))
	ts.Check(os.WriteFile(filepath.Join(folder, "server.pem"), append(inPEM("PRIVATE KEY", key), inPEM("CERTIFICATE", serverSigned)...), 0o600))
}

func inPEM(kind string, content []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content})
}
