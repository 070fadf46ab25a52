// Package interop sends awkward events, made by the CloudEvents SDK for Go, through the gateway in
// every mode of posting and delivery, and reads them with the SDK.
package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

const batchType = "application/cloudevents-batch+json"

func awkwardEvents(t *testing.T) []event.Event {
	text, err := os.ReadFile("../awkward_events.json")
	if err != nil {
		t.Fatal(err)
	}
	var events []event.Event
	if err := json.Unmarshal(text, &events); err != nil {
		t.Fatal(err)
	}
	return events
}

// The SDK writes attributes into headers as they are and leaves the percent-encoding of the HTTP
// binding (section 3.1.3.2) to its user.
func encodeHeaders(header http.Header) {
	for name, values := range header {
		if !strings.HasPrefix(strings.ToLower(name), "ce-") {
			continue
		}
		var encoded strings.Builder
		for _, b := range []byte(values[0]) {
			if b <= ' ' || b > '~' || b == '"' || b == '%' {
				fmt.Fprintf(&encoded, "%%%02X", b)
			} else {
				encoded.WriteByte(b)
			}
		}
		header[name] = []string{encoded.String()}
	}
}

func decodeHeaders(t *testing.T, header http.Header) {
	for name, values := range header {
		if !strings.HasPrefix(strings.ToLower(name), "ce-") {
			continue
		}
		decoded, err := url.PathUnescape(values[0])
		if err != nil {
			t.Error(name, values[0], err)
		}
		header[name] = []string{decoded}
	}
}

type facts struct {
	attributes map[string]string
	data       string
}

func factsOf(e event.Event) facts {
	// The SDK takes outer blanks off what it reads from headers.
	trim := strings.TrimSpace
	found := facts{map[string]string{
		"id": trim(e.ID()), "source": e.Source(), "type": trim(e.Type()), "subject": trim(e.Subject()),
		"dataschema": e.DataSchema(), "time": e.Time().UTC().String()}, string(e.Data())}
	if len(e.Data()) != 0 {
		found.attributes["datacontenttype"] = e.DataContentType()
	}
	for name, value := range e.Extensions() {
		found.attributes[name] = fmt.Sprint(value)
	}
	var parsed any
	if json.Unmarshal(e.Data(), &parsed) == nil {
		found.data = fmt.Sprint(parsed)
	}
	return found
}

// requestOf returns the SDK's request that posts the event.
func requestOf(t *testing.T, way, address string, e event.Event) *http.Request {
	ctx := context.Background()
	var request *http.Request
	var err error
	switch way {
	case "batch":
		request, err = cehttp.NewHTTPRequestFromEvents(ctx, address, []event.Event{e})
	case "structured":
		ctx = binding.WithForceStructured(ctx)
		request, err = cehttp.NewHTTPRequestFromEvent(ctx, address, e)
	default:
		ctx = binding.WithForceBinary(ctx)
		request, err = cehttp.NewHTTPRequestFromEvent(ctx, address, e)
		if err == nil {
			encodeHeaders(request.Header)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func post(t *testing.T, request *http.Request, expected string) {
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || string(body) != expected {
		t.Fatal(answer.Status, string(body), err)
	}
}

// eventsOf returns what the SDK reads from a request to the eventbus.
func eventsOf(t *testing.T, received message) []event.Event {
	request, err := http.NewRequest(http.MethodPost, "/", bytes.NewReader(received.body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = received.header
	if strings.HasPrefix(received.header.Get("Content-Type"), batchType) {
		events, err := cehttp.NewEventsFromHTTPRequest(request)
		if err != nil {
			t.Fatal(err)
		}
		return events
	}
	decodeHeaders(t, request.Header)
	one, err := cehttp.NewEventFromHTTPRequest(request)
	if err != nil {
		t.Fatal(err)
	}
	return []event.Event{*one}
}

func TestAwkwardEventsArriveAsTheyWereSent(t *testing.T) {
	events := awkwardEvents(t)
	bus := startEventbus(t)
	for _, delivery := range []string{"binary", "structured", "batch"} {
		t.Run("delivered as "+delivery, func(t *testing.T) {
			address := startGateway(t, bus, delivery)
			for _, way := range []string{"binary", "structured", "batch"} {
				for _, sent := range events {
					t.Run(way+" "+sent.ID(), func(t *testing.T) {
						post(t, requestOf(t, way, address, sent), `{"records":1}`)
						messages := bus.take()
						if len(messages) != 1 {
							t.Fatal(len(messages), "messages")
						}
						arrived := eventsOf(t, messages[0])
						if len(arrived) != 1 {
							t.Fatal(len(arrived), "events")
						}
						if err := arrived[0].Validate(); err != nil {
							t.Error(err)
						}
						if a, b := factsOf(sent), factsOf(arrived[0]); !reflect.DeepEqual(a, b) {
							t.Errorf("\nsent    %q\narrived %q", a, b)
						}
					})
				}
			}
		})
	}
}

// A URI of a sender that knows nothing of the encoding of headers arrives at readers that do.
func TestAUriThatIsSentAsItIsArrives(t *testing.T) {
	bus := startEventbus(t)
	address := startGateway(t, bus, "binary")
	for _, source := range []string{"/a%20b", "https://example.com/%E6%97%A5?c=%25", "urn:a"} {
		sent := event.New()
		sent.SetID("1")
		sent.SetType("t")
		sent.SetSource(source)
		ctx := binding.WithForceBinary(context.Background())
		request, err := cehttp.NewHTTPRequestFromEvent(ctx, address, sent)
		if err != nil {
			t.Fatal(err)
		}
		post(t, request, `{"records":1}`)
		for _, received := range bus.take() {
			decodeHeaders(t, received.header)
			if arrived := received.header.Get("ce-source"); arrived != source {
				t.Errorf("sent %q, arrived %q", source, arrived)
			}
		}
	}
}
