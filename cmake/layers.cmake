# The layers of the gateway, each a folder and a library, in the order of the data. A layer includes
# from itself and from what stands in its line, which are layers above it: a circle cannot be
# declared, and an include that is not declared does not build (cmake/check_layers.cmake).
#
# layer               includes from
set(cos_gateway_layers
  "events             |"
  "runtime            | events"
  "cloud              | events runtime"
  "gateway/domain     | events runtime"
  "gateway/metrics    | gateway/domain"
  "gateway/config     | events runtime cloud gateway/domain"
  "gateway/http       | events runtime"
  "gateway/tls        | runtime cloud gateway/config gateway/domain"
  "gateway/auth       | events runtime cloud gateway/config gateway/domain gateway/http gateway/metrics"
  "gateway/pipeline   | events runtime gateway/config gateway/domain gateway/http gateway/metrics"
  "gateway/ingress    | events runtime gateway/auth gateway/config gateway/domain gateway/http gateway/metrics gateway/pipeline gateway/tls"
  "gateway/egress/store | events runtime gateway/config gateway/domain gateway/metrics"
  "gateway/egress     | events runtime gateway/config gateway/domain gateway/egress/store gateway/http gateway/metrics gateway/pipeline gateway/tls"
  "gateway/provisioning | runtime cloud gateway/auth gateway/config"
  "gateway/observe    | events runtime cloud gateway/config gateway/domain gateway/egress gateway/egress/store gateway/metrics gateway/pipeline gateway/tls"
  "gateway/checkup    | events runtime cloud gateway/config gateway/domain gateway/egress gateway/egress/store gateway/http gateway/ingress gateway/observe gateway/pipeline gateway/provisioning gateway/tls"
  "gateway/replay     | events runtime gateway/config gateway/domain gateway/egress gateway/egress/store gateway/metrics gateway/pipeline"
  "gateway            | events runtime cloud gateway/auth gateway/config gateway/domain gateway/egress gateway/egress/store gateway/ingress gateway/metrics gateway/observe gateway/pipeline gateway/provisioning gateway/tls"
  "demo               | events runtime gateway gateway/config"
)
