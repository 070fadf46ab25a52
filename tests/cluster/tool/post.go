package main

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// What became of all posts, as JSON on standard output. Times are Unix seconds.
type outcome struct {
	Posts      int            `json:"posts"`
	Answers    map[string]int `json:"answers"` // by status, or by what went wrong instead
	LastFailed float64        `json:"last_failed"`
	Failures   []failure      `json:"failures"` // the first ones

	mutex sync.Mutex
	acked *bufio.Writer
}

type failure struct {
	At     float64 `json:"at"`
	Took   float64 `json:"took_ms"`
	Answer string  `json:"answer"`
	Says   string  `json:"says"` // the body of the answer
}

const maxFailures = 20

func (all *outcome) add(key, answer, says string, took time.Duration) {
	all.mutex.Lock()
	defer all.mutex.Unlock()
	all.Posts++
	all.Answers[answer]++
	if answer == "200" {
		fmt.Fprintln(all.acked, key)
		return
	}
	all.LastFailed = float64(time.Now().UnixMilli()) / 1000
	if len(all.Failures) < maxFailures {
		all.Failures = append(all.Failures, failure{all.LastFailed, float64(took.Milliseconds()), answer, says})
	}
}

func (all *outcome) print() {
	all.acked.Flush()
	json.NewEncoder(os.Stdout).Encode(all)
}

// Makes COS posts at an even rate over keep-alive connections until SIGTERM. Each has a key of its
// own; the keys of those answered 200 are written into a file. Nothing is sent twice.
func post() {
	to := flag.String("url", "", "where the posts go")
	rate := flag.Float64("rate", 300, "posts a second, over all connections")
	connections := flag.Int("connections", 16, "how many, each with one post at a time")
	prefix := flag.String("prefix", "key", "what keys begin with")
	acked := flag.String("acked", "acked", "the file of acknowledged keys")
	padding := flag.Int("padding", 0, "bytes more a post")
	token := flag.String("token", "", "signs the posts")
	seconds := flag.Float64("seconds", 3600, "ends without SIGTERM after that")
	flag.Parse()

	file, err := os.Create(*acked)
	if err != nil {
		log.Fatal(err)
	}
	all := &outcome{Answers: map[string]int{}, acked: bufio.NewWriter(file)}
	start := time.Now()
	var ended atomic.Bool
	go func() {
		select {
		case <-terminated():
		case <-time.After(time.Duration(*seconds * float64(time.Second))):
		}
		ended.Store(true)
	}()
	var number atomic.Int64
	var group sync.WaitGroup
	pad := strings.Repeat("x", *padding)
	gap := time.Duration(float64(*connections) / *rate * float64(time.Second))
	for connection := range *connections {
		group.Add(1)
		go func() {
			defer group.Done()
			client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxConnsPerHost: 1}}
			due := start.Add(gap * time.Duration(connection) / time.Duration(*connections))
			for {
				time.Sleep(time.Until(due))
				if ended.Load() {
					return
				}
				if due = due.Add(gap); time.Since(due) > time.Second {
					due = time.Now() // no burst after a pause
				}
				key := fmt.Sprintf("%s/%d", *prefix, number.Add(1))
				began := time.Now()
				answer, says := send(client, *to, *token, payload(key, pad))
				all.add(key, answer, says, time.Since(began))
			}
		}()
	}
	group.Wait()
	all.print()
}

// Returns the status of the answer as text, or what went wrong; and the answer's body.
func send(client *http.Client, to, token, body string) (string, string) {
	request, err := http.NewRequest(http.MethodPost, to, strings.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		now := time.Now().Unix()
		digest := hmac.New(sha256.New, []byte(token))
		fmt.Fprintf(digest, "%d.%s", now, body)
		request.Header.Set("X-Cos-Signature", fmt.Sprintf("t=%d,v1=%s", now, hex.EncodeToString(digest.Sum(nil))))
	}
	var says []byte
	response, err := client.Do(request)
	if err == nil {
		defer response.Body.Close()
		says, err = io.ReadAll(response.Body)
	}
	if err == nil {
		return fmt.Sprint(response.StatusCode), strings.TrimSpace(string(says))
	}
	var wrong *url.Error
	if errors.As(err, &wrong) {
		err = wrong.Err
	}
	var network *net.OpError // its text has addresses, which differ from connection to connection
	if errors.As(err, &network) {
		return network.Op + ": " + network.Err.Error(), ""
	}
	return err.Error(), ""
}

func payload(key, padding string) string {
	return fmt.Sprintf(`{"Records":[{"cos":{"cosSchemaVersion":"1.0","cosObject":{`+
		`"url":"http://examplebucket-1250000000.cos.ap-beijing.myqcloud.com/object",`+
		`"meta":{"x-cos-request-id":"NWMx","Content-Type":"text/plain%s"},"vid":"","key":"%s","size":1029},`+
		`"cosBucket":{"region":"bj","name":"examplebucket","appid":"1250000000"},"cosNotificationId":"unkown"},`+
		`"event":{"eventName":"cos:ObjectCreated:Post","eventVersion":"1.0","eventTime":%d,`+
		`"eventSource":"qcs::cos","requestParameters":{"requestSourceIP":"203.0.113.38",`+
		`"requestHeaders":{"Authorization":"q"}},"eventQueue":"queue","reservedInfo":"","reqid":1}}]}`,
		padding, key, time.Now().Unix())
}
