#include "gateway/egress/encoder_settings.hpp"

namespace gateway::egress {
namespace {

events::ContentMode content_mode(config::Mode mode) noexcept {
  switch (mode) {
    case config::Mode::binary:
      return events::ContentMode::binary;
    case config::Mode::structured:
      return events::ContentMode::structured;
    case config::Mode::batch:
      return events::ContentMode::batch;
  }
  return events::ContentMode::binary;
}

}  // namespace

events::EncoderSettings encoder_settings(const config::Settings& settings,
                                         const config::Endpoint& endpoint) {
  events::EncoderSettings encoder;
  encoder.mode = content_mode(settings.delivery.mode);
  encoder.data = settings.event.data == config::EventData::records ? events::DataShape::records
                                                                   : events::DataShape::record;
  encoder.request_target = endpoint.request_target;
  encoder.host = endpoint.host_header;
  encoder.source = settings.source();
  for (const auto& name : settings.event.attributes) {
    using Attribute = events::RecordAttribute;
    if (name == "subject") encoder.attributes.push_back(Attribute::subject);
    if (name == "cosbucket") encoder.attributes.push_back(Attribute::cosbucket);
    if (name == "cosregion") encoder.attributes.push_back(Attribute::cosregion);
    if (name == "coseventname") encoder.attributes.push_back(Attribute::coseventname);
    if (name == "coseventtime") encoder.attributes.push_back(Attribute::coseventtime);
  }
  for (const auto& [name, value] : settings.delivery.headers) {
    encoder.headers.emplace_back(name, value.reveal());
  }
  return encoder;
}

}  // namespace gateway::egress
