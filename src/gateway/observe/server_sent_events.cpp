#include "gateway/observe/server_sent_events.hpp"

namespace gateway::observe {

std::string server_sent_event(std::string_view name, std::string_view data) {
  std::string frame("event: ");
  frame += name;
  frame += '\n';
  while (true) {
    const std::size_t end = data.find_first_of("\r\n");
    frame += "data: ";
    frame += data.substr(0, end);
    frame += '\n';
    if (end == std::string_view::npos) break;
    data.remove_prefix(end + (data.substr(end, 2) == "\r\n" ? 2 : 1));
  }
  frame += '\n';
  return frame;
}

void EventStreamReader::feed(std::string_view bytes, const OnEvent& on_event) {
  for (std::size_t end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
    rest_ += bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (rest_.ends_with('\r')) rest_.pop_back();
    line(rest_, on_event);
    rest_.clear();
  }
  rest_ += bytes;
}

void EventStreamReader::line(std::string_view text, const OnEvent& on_event) {
  if (text.empty()) {
    if (has_data_) on_event(name_.empty() ? "message" : name_, data_);
    name_.clear();
    data_.clear();
    has_data_ = false;
    return;
  }
  const std::size_t colon = text.find(':');
  const std::string_view field = text.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "event") {
    name_ = value;
  } else if (field == "data") {
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  }
}

}  // namespace gateway::observe
