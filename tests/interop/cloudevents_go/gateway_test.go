package interop

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const patience = 10 * time.Second

type message struct {
	header http.Header
	body   []byte
}

// An eventbus accepts everything and keeps it.
type eventbus struct {
	server   *httptest.Server
	mutex    sync.Mutex
	messages []message
}

func startEventbus(t *testing.T) *eventbus {
	bus := &eventbus{}
	bus.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		bus.mutex.Lock()
		bus.messages = append(bus.messages, message{r.Header, body})
		bus.mutex.Unlock()
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(bus.server.Close)
	return bus
}

// take returns the messages that have come since it was called last.
func (bus *eventbus) take() []message {
	bus.mutex.Lock()
	defer bus.mutex.Unlock()
	taken := bus.messages
	bus.messages = nil
	return taken
}

func freeAddress(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// startGateway runs the built program, which delivers in this mode, and returns its URL.
func startGateway(t *testing.T, bus *eventbus, mode string) string {
	listen, admin := freeAddress(t), freeAddress(t)
	config, err := json.Marshal(map[string]any{
		"target": bus.server.URL, "eventbus": "interop",
		"function": map[string]any{"provision": false, "name": "relay"},
		"delivery": map[string]any{"mode": mode},
		"gateway": map[string]any{"listen": listen, "admin": admin, "auth": "none", "threads": 1,
			"drain_delay": "0s"},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "config.yml")
	if err := os.WriteFile(path, config, 0o600); err != nil {
		t.Fatal(err)
	}
	gateway := exec.Command(os.Getenv("COS_GATEWAY_PROGRAM"), "run", "--config", path)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "CONNECTOR_") && !strings.HasPrefix(variable, "TENCENTCLOUD_") {
			gateway.Env = append(gateway.Env, variable)
		}
	}
	if err := gateway.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := gateway.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := gateway.Wait(); err != nil {
			t.Error("the gateway ended with", err)
		}
	})
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		answer, err := http.Get(fmt.Sprintf("http://%s/readyz", admin))
		if err != nil {
			continue
		}
		answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			return fmt.Sprintf("http://%s/", listen)
		}
	}
	t.Fatal("the gateway did not become ready")
	return ""
}
