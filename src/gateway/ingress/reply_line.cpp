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

// Of an answer to a post that was delivered.
constexpr std::size_t kMostAccepted = 256;

}  // namespace

std::string_view ReplyText::date(WallInstant now) {
  if (now < second_ || now >= second_ + std::chrono::seconds(1)) {
    const auto second = std::chrono::floor<std::chrono::seconds>(now);
    accepted_.clear();
    const std::time_t time = std::chrono::system_clock::to_time_t(second);
    std::tm utc{};
    gmtime_r(&time, &utc);
    // The C locale is never changed: names of days and months are the English ones the RFC asks
    // for.
    std::array<char, 64> text;
    const std::size_t size =
        std::strftime(text.data(), text.size(), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
    date_.assign(text.data(), size);
    second_ = second;
  }
  return date_;
}

std::string_view ReplyText::accepted(WallInstant now, std::uint32_t records) {
  const std::string_view today = date(now);
  if (accepted_.empty() || accepted_records_ != records) {
    std::string body = "{\"records\":";
    append_number(body, records);
    body += '}';
    accepted_.clear();
    accepted_.reserve(kMostAccepted);  // all of it is written or, without memory, nothing
    accepted_records_ = records;
    accepted_ += "HTTP/1.1 200 OK\r\n";
    accepted_ += today;
    accepted_ += "Content-Type: application/json\r\nContent-Length: ";
    append_number(accepted_, body.size());
    accepted_ += "\r\n\r\n";
    accepted_ += body;
  }
  return accepted_;
}

Post& ReplyLine::write_front(std::string& out, ReplyText& text, WallInstant now, bool close) {
  Post& post = line_.front();
  assert(post.state == Post::State::answered);
  const Answer& answer = post.answer;
  constexpr std::string_view kStatusLine = "HTTP/1.1 200 OK\r\n";
  if (answer.status == 200 && answer.body.empty() && answer.extra_fields.empty()) {
    std::string_view accepted = text.accepted(now, post.records());
    if (close) {
      out += kStatusLine;
      out += "Connection: close\r\n";
      accepted.remove_prefix(kStatusLine.size());
    }
    out += accepted;
  } else {
    out += "HTTP/1.1 ";
    append_number(out, answer.status);
    out += ' ';
    out += http::reason_phrase(answer.status);
    out += "\r\n";
    out += text.date(now);
    if (close) out += "Connection: close\r\n";
    out += answer.extra_fields;
    if (!answer.body.empty()) {
      out += "Content-Type: ";
      out += answer.content_type;
      out += "\r\n";
    }
    out += "Content-Length: ";
    append_number(out, answer.body.size());
    out += "\r\n\r\n";
    if (!answer.to_head) out += answer.body;
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
