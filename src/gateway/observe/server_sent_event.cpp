#include "gateway/observe/server_sent_event.hpp"

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

}  // namespace gateway::observe
