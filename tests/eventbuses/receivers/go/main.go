// An eventbus on net/http and the CloudEvents SDK for Go: receiver PORT FILE appends "key of the
// object, tab, subject" to FILE for each event, then acknowledges it
// after the time that WORK names.
package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

func read(request *http.Request) ([]cloudevents.Event, error) {
	if cehttp.IsHTTPBatch(request.Header) {
		return cehttp.NewEventsFromHTTPRequest(request)
	}
	event, err := cehttp.NewEventFromHTTPRequest(request)
	if err != nil {
		return nil, err
	}
	return []cloudevents.Event{*event}, nil
}

func lines(events []cloudevents.Event) (string, error) {
	var text strings.Builder
	for _, event := range events {
		var data struct {
			Cos struct {
				CosObject struct{ Key string }
			}
		}
		if err := event.DataAs(&data); err != nil {
			return "", err
		}
		fmt.Fprintf(&text, "%s\t%s\n", data.Cos.CosObject.Key, event.Subject())
	}
	return text.String(), nil
}

func main() {
	out, err := os.OpenFile(os.Args[2], os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		panic(err)
	}
	work, err := time.ParseDuration(os.Getenv("WORK"))
	if err != nil {
		panic(err)
	}
	http.HandleFunc("/", func(response http.ResponseWriter, request *http.Request) {
		events, err := read(request)
		time.Sleep(work)
		text := ""
		if err == nil {
			text, err = lines(events)
		}
		if err != nil {
			http.Error(response, err.Error(), http.StatusBadRequest)
			return
		}
		if _, err = out.WriteString(text); err != nil {
			http.Error(response, err.Error(), http.StatusInternalServerError)
			return
		}
		response.WriteHeader(http.StatusNoContent)
	})
	panic(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
