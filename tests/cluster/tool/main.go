// What a test of the gateway needs inside a cluster and in front of it, as one static program.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	commands := map[string]func(){
		"pause":    func() { <-terminated() }, // holds the namespaces of a pod
		"eventbus": eventbus,
		"post":     post,
		"reach":    reach,
	}
	if len(os.Args) > 1 {
		if command, found := commands[os.Args[1]]; found {
			os.Args = os.Args[1:]
			command()
			return
		}
	}
	fmt.Fprintln(os.Stderr, "usage: tool pause|eventbus|post|reach [options]")
	os.Exit(64)
}

// Returns a channel that has a signal as soon as the process is asked to end.
func terminated() <-chan os.Signal {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	return signals
}
