#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "events/encoder.hpp"
#include "gateway/egress/multiplexer.hpp"
#include "gateway/pipeline/delivery_queue.hpp"
#include "gateway/pipeline/ledger.hpp"
#include "micro/payloads.hpp"
#include "micro/subjects.hpp"

namespace gateway::micro {
namespace {

using namespace std::chrono_literals;

constexpr Instant kNow = Instant(1000s);

class Client final : public PostOwner {
 public:
  void answer_ready(Post& post) override { ready = &post; }
  Post* ready = nullptr;
};

// Adds posts that are opened, expected, delivered event by event, and answered.
void add_ledger(Subjects& subjects, std::uint32_t records) {
  subjects.add(fmt::format("ledger/{}", records), {0, records}, [records] {
    struct State {
      ShardMetrics metrics;
      Ledger ledger{metrics, 25s};
      Client client;
    };
    const auto state = std::make_shared<State>();
    return [state, records] {
      Post& post = state->ledger.open(state->client, kNow, WallInstant(5s));
      state->ledger.expect(post, records);
      EventSlot slot;
      slot.post = &post;
      for (std::uint32_t i = 0; i < records; ++i) {
        slot.index = i;
        state->ledger.move(slot, EventMove::stage);
        state->ledger.delivered(slot);
      }
      if (state->client.ready != &post) std::abort();
      state->ledger.answer_taken(post, kNow);
    };
  });
}

void add_queue(Subjects& subjects) {
  constexpr std::size_t kEvents = 100;
  subjects.add("queue/100", {0, kEvents}, [] {
    const auto queue = std::make_shared<DeliveryQueue>(config::Queue());
    return [queue] {
      EventSlot slot;
      slot.length = 900;
      if (!queue->admits(kEvents, kEvents * slot.length)) std::abort();
      for (std::size_t i = 0; i < kEvents; ++i) queue->push(slot);
      while (!queue->empty()) queue->settled(queue->take());
    };
  });
}

// Adds events that are staged, written and answered on a connection that has settled. This includes
// encoding.
void add_multiplexer(Subjects& subjects) {
  constexpr std::size_t kEvents = 32;
  subjects.add("multiplexer/32", {0, kEvents}, [] {
    struct State {
      static events::EncoderSettings settings() {
        events::EncoderSettings settings;
        settings.request_target = "/gateway/bench";
        settings.host = "eventbus.example:8080";
        settings.source = "vanus-cos-source-function-1234";
        return settings;
      }
      State() {
        const std::string record = record_of(Form::current);
        post.bytes = pool.take(record.size());
        std::memcpy(post.bytes.data(), record.data(), record.size());
        slot.post = &post;
        slot.length = static_cast<std::uint32_t>(record.size());
        for (std::size_t i = 0; i < kEvents; ++i) {
          answers += "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        }
        multiplexer.begin();
      }
      BufferPool pool;
      Post post;
      EventSlot slot;
      events::Encoder encoder{settings()};
      egress::Multiplexer multiplexer{encoder, kEvents};
      std::string answers;
    };
    const auto state = std::make_shared<State>();
    return [state] {
      egress::Multiplexer& multiplexer = state->multiplexer;
      for (std::size_t i = 0; i < kEvents; ++i) multiplexer.stage(state->slot, kNow);
      multiplexer.written(multiplexer.outgoing_bytes());
      std::string_view input = state->answers;
      while (multiplexer.in_flight() != 0) {
        if (multiplexer.next(input, kNow) != egress::Multiplexer::Step::answered) std::abort();
        benchmark::DoNotOptimize(multiplexer.take_answered());
      }
    };
  });
}

}  // namespace

void add_delivery(Subjects& subjects) {
  for (const std::uint32_t records : {1U, 10U, 100U}) add_ledger(subjects, records);
  add_queue(subjects);
  add_multiplexer(subjects);
}

}  // namespace gateway::micro
