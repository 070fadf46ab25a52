#pragma once
#include "events/encoder.hpp"
#include "gateway/config/endpoint.hpp"
#include "gateway/config/settings.hpp"

namespace gateway::egress {

// Returns how events are to be written for the eventbus at `endpoint`.
[[nodiscard]] events::EncoderSettings encoder_settings(const config::Settings& settings,
                                                       const config::Endpoint& endpoint);

}  // namespace gateway::egress
