// Command gateway receives COS trigger payloads and sends one CloudEvent per record, three ways:
//
//	sequential  the official SDK, one event after the other, as the connector's function sent them
//	concurrent  the official SDK, the records of a post at a time
//	lean        net/http alone
//
// Usage: gateway PORT SINK VARIANT, with SINK as host:port. It ends on SIGTERM.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/google/uuid"
)

const (
	eventSource = "cos-gateway"
	eventType   = "tencent-cloud-cos-event"
	maxBody     = 8 << 20
	// Requests of one post on the way at a time.
	inFlight = 32
)

// send delivers one record; an error means that the sink has not accepted it.
type send func(ctx context.Context, record json.RawMessage) error

// deliver delivers the records of a post and says whether all were accepted.
type deliver func(ctx context.Context, records []json.RawMessage) bool

// together sends so many records of a post at a time.
func together(most int, send send) deliver {
	return func(ctx context.Context, records []json.RawMessage) bool {
		var failed atomic.Bool
		var next atomic.Int64
		work := func() {
			for !failed.Load() {
				i := int(next.Add(1)) - 1
				if i >= len(records) {
					return
				}
				if send(ctx, records[i]) != nil {
					failed.Store(true)
				}
			}
		}
		var others sync.WaitGroup
		for range min(most, len(records)) - 1 {
			others.Go(work)
		}
		work()
		others.Wait()
		return !failed.Load()
	}
}

// transport keeps connections; the default one keeps two a host and opens the others anew.
func transport() *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns = 0
	transport.MaxIdleConnsPerHost = 1024
	transport.DisableCompression = true
	return transport
}

func sdkSender(target string) (send, error) {
	client, err := cloudevents.NewClientHTTP(
		cloudevents.WithTarget(target), cloudevents.WithRoundTripper(transport()))
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, record json.RawMessage) error {
		event := cloudevents.NewEvent()
		event.SetID(uuid.NewString())
		event.SetSource(eventSource)
		event.SetType(eventType)
		event.SetTime(time.Now())
		if err := event.SetData(cloudevents.ApplicationJSON, record); err != nil {
			return err
		}
		if result := client.Send(ctx, event); !cloudevents.IsACK(result) {
			return result
		}
		return nil
	}, nil
}

func leanSender(target string) send {
	client := &http.Client{Transport: transport()}
	return func(ctx context.Context, record json.RawMessage) error {
		body := bytes.NewReader(record)
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, body)
		if err != nil {
			return err
		}
		request.Header = http.Header{
			"Content-Type":   {"application/json"},
			"Ce-Specversion": {"1.0"},
			"Ce-Id":          {uuid.NewString()},
			"Ce-Source":      {eventSource},
			"Ce-Type":        {eventType},
			"Ce-Time":        {time.Now().UTC().Format(time.RFC3339Nano)},
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			return err
		}
		if response.StatusCode < 200 || response.StatusCode > 299 {
			return fmt.Errorf("the sink answered %s", response.Status)
		}
		return nil
	}
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	io.WriteString(w, text)
}

func handler(deliver deliver) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := readAll(w, r)
		var post struct{ Records []json.RawMessage }
		if err == nil {
			err = json.Unmarshal(body, &post)
		}
		if err != nil || post.Records == nil {
			answer(w, http.StatusBadRequest, `{"error":"no Records"}`)
			return
		}
		for _, record := range post.Records {
			if record[0] != '{' {
				answer(w, http.StatusBadRequest, `{"error":"a record is no object"}`)
				return
			}
		}
		ctx, cancel := context.WithTimeout(r.Context(), 25*time.Second)
		defer cancel()
		if !deliver(ctx, post.Records) {
			answer(w, http.StatusBadGateway, `{"error":"not every record was accepted"}`)
			return
		}
		answer(w, http.StatusOK, `{"records":`+strconv.Itoa(len(post.Records))+`}`)
	}
}

// readAll reads the body into memory of its announced size.
func readAll(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	limited := http.MaxBytesReader(w, r.Body, maxBody)
	if r.ContentLength < 0 || r.ContentLength > maxBody {
		return io.ReadAll(limited)
	}
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(limited, body)
	return body, err
}

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: gateway PORT SINK VARIANT")
	}
	target := "http://" + os.Args[2] + "/gateway/bus"
	sdk, err := sdkSender(target)
	if err != nil {
		log.Fatal(err)
	}
	variants := map[string]deliver{
		"sequential": together(1, sdk),
		"concurrent": together(inFlight, sdk),
		"lean":       together(inFlight, leanSender(target)),
	}
	chosen := variants[os.Args[3]]
	if chosen == nil {
		log.Fatalf("no variant is called %q", os.Args[3])
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], handler(chosen)))
}
