package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

// Plays an eventbus pod: writes time (Unix milliseconds) and key of each event into a file of its own,
// then accepts the event. At SIGTERM it serves on for a while, as clients learn late that a pod goes.
func eventbus() {
	folder := flag.String("folder", "/events", "where the file is written")
	leave := flag.Duration("leave", 3*time.Second, "how long it serves on after SIGTERM")
	flag.Parse()

	host, _ := os.Hostname()
	path := fmt.Sprintf("%s/%s.%d", *folder, host, time.Now().UnixNano())
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Addr: ":8080"}
	server.Handler = http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		if request.Method == http.MethodGet { // the readiness probe
			return
		}
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return
		}
		line := fmt.Appendf(nil, "%d %s\n", time.Now().UnixMilli(), keyOf(body))
		if _, err := file.Write(line); err != nil {
			answer.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	ended := make(chan struct{})
	go func() {
		<-terminated()
		time.Sleep(*leave)
		soon, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		server.Shutdown(soon)
		close(ended)
	}()
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		log.Fatal(err)
	}
	<-ended
}

// Returns the object's key of a record, "?" if there is none. The keys of this test have no escapes.
func keyOf(record []byte) []byte {
	_, rest, found := bytes.Cut(record, []byte(`"key":"`))
	key, _, ended := bytes.Cut(rest, []byte(`"`))
	if !found || !ended {
		return []byte("?")
	}
	return key
}
