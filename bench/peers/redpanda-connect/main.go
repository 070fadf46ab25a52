// Command gateway is Redpanda Connect without its connectors to other products: the engine with its
// HTTP inputs and outputs and its pure processors, which is all that gateway.yaml uses.
package main

import (
	"context"
	"net/http"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	"github.com/redpanda-data/benthos/v4/public/service"
)

func main() {
	// In its favour: as distributed it keeps two idle connections to a host, and opens one anew for
	// nearly every event once more than two are on the way.
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = 1024
	service.RunCLI(context.Background())
}
