#pragma once
#include <string>
#include <string_view>

#include "gateway/config/endpoint.hpp"
#include "gateway/config/settings.hpp"

namespace gateway::egress {

// Returns in whose name the handshake of CloudEvents' webhooks is asked for: this machine's.
[[nodiscard]] std::string webhook_origin();

// Returns a request that shows whether the eventbus answers and cannot be taken for an event:
// OPTIONS, which is safe (RFC 9110 section 9.2.1), without a body and without any ce- field, so
// that not even a server that takes every method for a post finds an event in it. It asks for the
// handshake of CloudEvents' webhooks (HTTP 1.1 Web Hooks for Event Delivery section 4) in the name
// of `origin`. Holds the values of `delivery.headers` and `authorization`, the value of
// Authorization if there is one: not for output.
[[nodiscard]] std::string harmless_request(const config::Endpoint& endpoint,
                                           const config::Delivery& delivery,
                                           std::string_view origin,
                                           const Secret& authorization = {});

}  // namespace gateway::egress
