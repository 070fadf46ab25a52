#pragma once
#include "events/encoder.hpp"
#include "gateway/config/endpoint.hpp"
#include "gateway/config/settings.hpp"

namespace gateway::egress {

// How events are to be written for the eventbus the settings name.
[[nodiscard]] events::EncoderSettings encoder_settings(const config::Settings& settings,
                                                       const config::Endpoint& endpoint);

}  // namespace gateway::egress
