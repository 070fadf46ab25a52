#include "testkit/action.hpp"

#include <fmt/format.h>

#include <array>
#include <ctime>

namespace gateway::test {
namespace {

std::string status_line(unsigned status, std::string_view version = "HTTP/1.1") {
  return fmt::format("{} {} Scripted\r\n", version, status);
}

}  // namespace

Action Action::after(std::chrono::milliseconds wait) const {
  Action action = *this;
  action.delay = wait;
  return action;
}

Action Action::slowly(std::chrono::milliseconds between_bytes) const {
  Action action = *this;
  action.pace = between_bytes;
  return action;
}

Action Action::then_close() const {
  Action action = *this;
  action.then = Then::close;
  return action;
}

Action Action::then_reset() const {
  Action action = *this;
  action.then = Then::reset;
  return action;
}

Action reply(unsigned status, const Headers& headers, std::string_view body) {
  Action action;
  action.status = status;
  action.bytes = status_line(status);
  for (const Header& field : headers.fields()) {
    action.bytes += fmt::format("{}: {}\r\n", field.name, field.value);
  }
  if (status != 204) action.bytes += fmt::format("Content-Length: {}\r\n", body.size());
  action.bytes += "\r\n";
  action.bytes += body;
  return action;
}

Action chunked_reply(unsigned status, std::string_view body) {
  Action action;
  action.status = status;
  action.bytes = status_line(status) + "Transfer-Encoding: chunked\r\n\r\n";
  for (const char byte : body) action.bytes += fmt::format("1;a=b\r\n{}\r\n", byte);
  action.bytes += "0\r\nTrailer: yes\r\n\r\n";
  return action;
}

Action reply_until_close(unsigned status, std::string_view body) {
  Action action;
  action.status = status;
  action.bytes = status_line(status) + "\r\n";
  action.bytes += body;
  return action.then_close();
}

Action http10_reply(unsigned status, std::string_view body) {
  Action action;
  action.status = status;
  action.bytes = status_line(status, "HTTP/1.0") + "\r\n";
  action.bytes += body;
  return action.then_close();
}

Action last_reply(unsigned status) {
  return reply(status, {{"Connection", "close"}}).then_close();
}

Action reply_after_interim(unsigned status) {
  Action action = reply(status);
  action.bytes =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + action.bytes;
  return action;
}

Action surplus_reply(unsigned status) {
  Action action = reply(status);
  action.bytes += action.bytes;
  return action;
}

Action half_status_line() {
  Action action;
  action.bytes = "HTTP/1.1 20";
  return action.then_close();
}

Action garbage() {
  Action action;
  action.bytes = "\x16\x03\x01 this is not HTTP\r\n\r\n";
  return action;
}

Action close_unanswered() {
  return Action{}.then_close();
}

Action reset_unanswered() {
  return Action{}.then_reset();
}

Action never_answer() {
  Action action;
  action.then = Action::Then::hang;
  return action;
}

std::string http_date(std::chrono::sys_seconds time) {
  const std::time_t seconds = time.time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

}  // namespace gateway::test
