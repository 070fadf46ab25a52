#include "gateway/egress/eventbus/encoder_settings.hpp"

#include "gateway/pipeline/route_plan.hpp"

namespace gateway::egress {
namespace {

events::ContentMode content_mode(config::Mode mode) noexcept {
  switch (mode) {
    case config::Mode::binary: return events::ContentMode::binary;
    case config::Mode::structured: return events::ContentMode::structured;
    case config::Mode::batch: return events::ContentMode::batch;
  }
  return events::ContentMode::binary;
}

events::RecordStyle record_style(const EventStyle& style) {
  events::RecordStyle record;
  record.data = style.event.data == config::EventData::records ? events::DataShape::records
                                                               : events::DataShape::record;
  record.source = style.source;
  for (const auto& name : style.event.attributes) {
    using Attribute = events::RecordAttribute;
    if (name == "subject") record.attributes.push_back(Attribute::subject);
    if (name == "cosbucket") record.attributes.push_back(Attribute::cosbucket);
    if (name == "cosregion") record.attributes.push_back(Attribute::cosregion);
    if (name == "coseventname") record.attributes.push_back(Attribute::coseventname);
    if (name == "coseventtime") record.attributes.push_back(Attribute::coseventtime);
  }
  return record;
}

}  // namespace

events::EncoderSettings encoder_settings(const config::Settings& settings,
                                         const config::Endpoint& endpoint) {
  const RoutePlan plan = route_plan(settings);
  events::EncoderSettings encoder;
  encoder.mode = content_mode(settings.delivery.mode);
  static_cast<events::RecordStyle&>(encoder) = record_style(plan.styles.front());
  for (std::size_t i = 1; i < plan.styles.size(); ++i) {
    encoder.styles.push_back(record_style(plan.styles[i]));
  }
  for (const auto& route : plan.table.routes()) encoder.style_of_route.push_back(route.style);
  encoder.request_target = endpoint.request_line_target();
  encoder.host = endpoint.host_header;
  if (endpoint.proxy && !endpoint.tls && !endpoint.proxy->authorization().empty()) {
    encoder.headers.emplace_back("Proxy-Authorization", endpoint.proxy->authorization().reveal());
  }
  for (const auto& [name, value] : settings.delivery.headers) {
    encoder.headers.emplace_back(name, value.reveal());
  }
  return encoder;
}

}  // namespace gateway::egress
