package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"time"
)

// Connects until it is let in, and prints when that was (Unix seconds); ends with 1 if it never is.
func reach() {
	to := flag.String("to", "", "host and port")
	server := flag.String("dns", "", "address and port of the name server")
	seconds := flag.Float64("seconds", 5, "for how long it tries")
	after := flag.Float64("after", 0, "for how many seconds it waits before that")
	flag.Parse()
	time.Sleep(time.Duration(*after * float64(time.Second)))

	dialer := net.Dialer{Timeout: time.Second}
	if *server != "" {
		dialer.Resolver = &net.Resolver{PreferGo: true}
		dialer.Resolver.Dial = func(context context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(context, network, *server)
		}
	}
	end := time.Now().Add(time.Duration(*seconds * float64(time.Second)))
	for time.Now().Before(end) {
		connection, err := dialer.Dial("tcp", *to)
		if err == nil {
			connection.Close()
			fmt.Printf("%.3f\n", float64(time.Now().UnixMilli())/1000)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	os.Exit(1)
}
