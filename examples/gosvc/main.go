// Gosvc greets: GET /hello/NAME.
package main

import (
	"fmt"
	"log"
	"net/http"
	"time"
)

const greeting = "Hello"

func hello(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	text := fmt.Sprintf("%s, %s!", greeting, name)
	fmt.Fprintln(w, text)
}

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello/{name}", hello)
	server := &http.Server{Addr: ":8000", Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}
