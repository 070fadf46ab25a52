#pragma once
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/domain/post.hpp"
#include "gateway/egress/eventbus/multiplexer.hpp"
#include "support/start.hpp"

// What the tests of the multiplexer share: a post whose events it sends.
namespace gateway::egress {

using test::kStart;

inline constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

inline events::EncoderSettings settings(events::ContentMode mode) {
  events::EncoderSettings settings;
  settings.mode = mode;
  settings.request_target = "/bus";
  settings.host = "h";
  settings.source = "s";
  return settings;
}

class MultiplexerTest : public testing::Test {
 protected:
  // A post of 100 records, {"n":"00"} to {"n":"99"}.
  MultiplexerTest() {
    post_.bytes = pool_.take(kRecord * 100);
    char* at = post_.bytes.data();
    for (std::size_t i = 0; i < 100; ++i, at += kRecord) {
      std::memcpy(at, record(i).data(), kRecord);
    }
    mux_.begin();
  }
  static constexpr std::size_t kRecord = 10;
  static std::string record(std::size_t i) {
    return "{\"n\":\"" + std::string(1, static_cast<char>('0' + i / 10)) +
           static_cast<char>('0' + i % 10) + "\"}";
  }
  EventSlot event(std::uint32_t index) {
    EventSlot slot;
    slot.post = &post_;
    slot.index = index;
    slot.offset = static_cast<std::uint32_t>(index * kRecord);
    slot.length = kRecord;
    return slot;
  }
  // Bytes of the requests of the first n events, one each.
  std::size_t stage(std::uint32_t from, std::uint32_t to, Instant now = kStart) {
    for (std::uint32_t i = from; i < to; ++i) mux_.stage(event(i), now);
    return mux_.outgoing_bytes();
  }
  void write_all() { mux_.written(mux_.outgoing_bytes()); }
  Multiplexer::Step next(std::string_view input, Instant now = kStart) {
    return mux_.next(input, now);
  }
  std::vector<std::uint32_t> take_answered() {
    std::vector<std::uint32_t> indexes;
    while (mux_.answered_events() != 0) indexes.push_back(mux_.take_answered().index);
    return indexes;
  }
  using Lost = std::vector<std::pair<std::uint32_t, bool>>;
  Lost lose() {
    Lost lost;
    mux_.lost([&lost](const EventSlot& slot, bool sent) { lost.emplace_back(slot.index, sent); });
    return lost;
  }

  BufferPool pool_;
  Post post_;
  events::Encoder encoder_{settings(events::ContentMode::binary)};
  Multiplexer mux_{encoder_, 16};
};

}  // namespace gateway::egress
