#include "gateway/ingress/reply_line.hpp"

#include <array>
#include <cassert>
#include <charconv>
#include <ctime>

#include "gateway/http/status.hpp"

namespace gateway::ingress {
namespace {

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_accepted(std::string& out, std::uint32_t records) {
  constexpr std::string_view kBefore = "{\"records\":";
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), records).ptr;
  const auto size = static_cast<std::size_t>(end - digits.data());
  out += "Content-Type: application/json\r\nContent-Length: ";
  append_number(out, kBefore.size() + size + 1);
  out += "\r\n\r\n";
  out += kBefore;
  out.append(digits.data(), size);
  out += '}';
}

}  // namespace

std::string_view DateField::at(WallInstant now) {
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  if (second != second_) {
    second_ = second;
    const std::time_t time = std::chrono::system_clock::to_time_t(second);
    std::tm utc{};
    gmtime_r(&time, &utc);
    // The C locale is never changed: names of days and months are the English ones the RFC asks for.
    std::array<char, 64> text;
    const std::size_t size =
        std::strftime(text.data(), text.size(), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
    text_.assign(text.data(), size);
  }
  return text_;
}

Post& ReplyLine::write_front(std::string& out, std::string_view date, bool close) {
  Post& post = line_.front();
  assert(post.state == Post::State::answered);
  const Answer& answer = post.answer;
  if (answer.status == 200) {
    out += "HTTP/1.1 200 OK\r\n";
  } else {
    out += "HTTP/1.1 ";
    append_number(out, answer.status);
    out += ' ';
    out += http::reason_phrase(answer.status);
    out += "\r\n";
  }
  out += date;
  if (close) out += "Connection: close\r\n";
  out += answer.extra_fields;
  if (answer.status == 200 && answer.body.empty() && answer.extra_fields.empty()) {
    append_accepted(out, post.records);
  } else {
    if (!answer.body.empty()) out += "Content-Type: application/json\r\n";
    out += "Content-Length: ";
    append_number(out, answer.body.size());
    out += "\r\n\r\n";
    out += answer.body;
  }
  line_.pop_front();
  --size_;
  return post;
}

Post& ReplyLine::drop_front() {
  Post& post = line_.front();
  line_.pop_front();
  --size_;
  return post;
}

}  // namespace gateway::ingress
