// What the official SDK for Go signs, signed by cos-gateway as well: the values of Authorization
// must be equal. The SDK's module with the types of SCF is not on the module proxy, so that bodies
// are judged by the SDK for Python (tencent_sdk.py).
package interop

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	tchttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"
)

const (
	secretID  = "AKIDinterop"
	secretKey = "interop-secret-key"
	count     = 200
)

// recorder keeps what the SDK would send and sends nothing.
type recorder struct {
	lines          [][]byte
	authorizations []string
}

var errNotSent = errors.New("recorded, not sent")

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	timestamp, err := strconv.ParseInt(request.Header.Get("X-TC-Timestamp"), 10, 64)
	if err != nil {
		return nil, err
	}
	host := request.Host
	if host == "" {
		host = request.URL.Host
	}
	line, err := json.Marshal(map[string]any{
		"host":          host,
		"service":       "scf",
		"action":        request.Header.Get("X-TC-Action"),
		"contentType":   request.Header.Get("Content-Type"),
		"body":          string(body),
		"timestamp":     timestamp,
		"secretId":      secretID,
		"secretKey":     secretKey,
		"signedHeaders": "content-type;host",
	})
	if err != nil {
		return nil, err
	}
	r.lines = append(r.lines, line)
	r.authorizations = append(r.authorizations, request.Header.Get("Authorization"))
	return nil, errNotSent
}

func TestSignaturesAreTheSame(t *testing.T) {
	program := os.Getenv("SIGN_REQUEST_PROGRAM")
	if program == "" {
		t.Skip("SIGN_REQUEST_PROGRAM is not set")
	}
	settings := profile.NewClientProfile()
	settings.DisableRegionBreaker = true
	client := common.NewCommonClient(common.NewCredential(secretID, secretKey), "ap-guangzhou", settings)
	recorded := &recorder{}
	client.WithHttpTransport(recorded)

	random := rand.New(rand.NewSource(0x20180416))
	actions := []string{"GetFunction", "CreateFunction", "CreateTrigger", "ListFunctions"}
	alphabet := []rune("abcXYZ019-_+/=; :%&\"\\\n\t日志文件é𝄞")
	for i := 0; i < count; i++ {
		text := make([]rune, random.Intn(200))
		for j := range text {
			text[j] = alphabet[random.Intn(len(alphabet))]
		}
		request := tchttp.NewCommonRequest("scf", "2018-04-16", actions[random.Intn(len(actions))])
		if err := request.SetActionParameters(map[string]any{
			"FunctionName": fmt.Sprintf("relay-%d", i), "Description": string(text),
		}); err != nil {
			t.Fatal(err)
		}
		// The answer is that nothing was sent.
		if err := client.Send(request, tchttp.NewCommonResponse()); err == nil {
			t.Fatal("something was sent")
		}
	}
	if len(recorded.lines) != count {
		t.Fatalf("%d requests recorded", len(recorded.lines))
	}
	command := exec.Command(program)
	command.Stdin = bytes.NewReader(bytes.Join(recorded.lines, []byte("\n")))
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	ours := strings.Split(strings.TrimSpace(string(output)), "\n")
	if len(ours) != count {
		t.Fatalf("%d signatures made", len(ours))
	}
	for i, theirs := range recorded.authorizations {
		if ours[i] != theirs {
			t.Errorf("ours   %s\ntheirs %s\nof %s", ours[i], theirs, recorded.lines[i])
		}
	}
}
