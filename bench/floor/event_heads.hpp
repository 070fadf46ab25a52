#pragma once
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "events/rfc3339.hpp"
#include "events/uuid.hpp"

namespace gateway::floor {

// Makes heads of binary-mode CloudEvents from one prepared text, in which id, time and length are
// filled in. A head stays where it was written until forget().
class EventHeads {
 public:
  EventHeads(std::string_view host, std::string_view target) {
    text_ = fmt::format(
        "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nce-specversion: 1.0\r\n"
        "ce-source: cos-gateway\r\nce-type: tencent-cloud-cos-event\r\nce-id: ",
        target, host);
    id_at_ = text_.size();
    text_.append(events::Uuid::kTextSize, '-');
    text_ += "\r\nce-time: ";
    time_at_ = text_.size();
    text_.append(events::kRfc3339Size, '0');
    text_ += "\r\nContent-Length: ";
  }

  // Sets the time of the events that are made until the next call. To be called once per loop turn.
  void read_clock() {
    const auto now =
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    if (now == time_) return;
    time_ = now;
    events::write_rfc3339(now, text_.data() + time_at_);
  }
  [[nodiscard]] std::string_view make(std::size_t body_size) {
    char* const head = room();
    std::memcpy(head, text_.data(), text_.size());
    ids_.next().write(head + id_at_);
    char* const digits = head + text_.size();
    char* end = std::to_chars(digits, digits + kMostDigits, body_size).ptr;
    std::memcpy(end, kEnd.data(), kEnd.size());
    end += kEnd.size();
    used_ += static_cast<std::size_t>(end - head);
    return {head, static_cast<std::size_t>(end - head)};
  }
  // Frees the heads made so far, all of which have been sent.
  void forget() noexcept { chunk_ = used_ = 0; }

 private:
  static constexpr std::size_t kChunk = std::size_t{64} << 10;
  static constexpr std::size_t kMostDigits = 20;
  static constexpr std::string_view kEnd = "\r\n\r\n";

  char* room() {
    if (used_ + text_.size() + kMostDigits + kEnd.size() > kChunk) {
      ++chunk_;
      used_ = 0;
    }
    if (chunk_ == chunks_.size()) chunks_.push_back(std::make_unique<char[]>(kChunk));
    return chunks_[chunk_].get() + used_;
  }

  std::string text_;  // up to the value of Content-Length
  std::size_t id_at_ = 0;
  std::size_t time_at_ = 0;
  std::chrono::sys_time<std::chrono::milliseconds> time_;  // that stands in the text
  events::RandomUuids ids_;
  std::vector<std::unique_ptr<char[]>> chunks_;
  std::size_t chunk_ = 0;
  std::size_t used_ = 0;
};

}  // namespace gateway::floor
