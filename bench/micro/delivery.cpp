#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "events/encoder.hpp"
#include "gateway/egress/eventbus/multiplexer.hpp"
#include "gateway/pipeline/delivery_queue.hpp"
#include "gateway/pipeline/ledger.hpp"
#include "micro/payloads.hpp"
#include "micro/subjects.hpp"
#include "runtime/buffer_pool.hpp"
#include "runtime/byte_budget.hpp"

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
  struct Books {
    ShardMetrics metrics;
    Ledger ledger{metrics, 25s};
    Client client;
  };
  subjects.add(
      fmt::format("ledger/{}", records), {0, records}, [] { return Books(); },
      [records](Books& books) {
        Post& post = books.ledger.open(books.client, kNow, WallInstant(5s));
        books.ledger.expect(post, records);
        EventSlot slot;
        slot.post = &post;
        for (std::uint32_t i = 0; i < records; ++i) {
          slot.index = i;
          books.ledger.move(slot, EventMove::stage);
          books.ledger.delivered(slot);
        }
        if (books.client.ready != &post) std::abort();
        books.ledger.answer_taken(post, kNow);
      });
}

void add_queue(Subjects& subjects) {
  constexpr std::size_t kEvents = 100;
  subjects.add(
      "queue/100", {0, kEvents}, [] { return DeliveryQueue(config::Queue()); },
      [](DeliveryQueue& queue) {
        EventSlot slot;
        slot.length = 900;
        if (!queue.admits(kEvents, kEvents * slot.length)) std::abort();
        for (std::size_t i = 0; i < kEvents; ++i) queue.push(slot);
        while (!queue.empty()) queue.settled(queue.take());
      });
}

constexpr std::size_t kStaged = 32;

// A connection to the eventbus that has settled.
struct Pipeline {
  Pipeline() {
    const std::string record = record_of(Form::current);
    post.bytes = pool.take(record.size());
    std::memcpy(post.bytes.data(), record.data(), record.size());
    slot.post = &post;
    slot.length = static_cast<std::uint32_t>(record.size());
    for (std::size_t i = 0; i < kStaged; ++i) {
      answers += "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    }
    multiplexer.begin();
  }
  BufferPool pool;
  Post post;
  EventSlot slot;
  events::Encoder encoder{bench_encoder()};
  egress::Multiplexer multiplexer{encoder, kStaged};
  std::string answers;
};

// Adds events that are staged, written and answered. This includes encoding.
void add_multiplexer(Subjects& subjects) {
  subjects.add(
      "multiplexer/32", {0, kStaged}, [] { return Pipeline(); },
      [](Pipeline& pipeline) {
        egress::Multiplexer& multiplexer = pipeline.multiplexer;
        for (std::size_t i = 0; i < kStaged; ++i) multiplexer.stage(pipeline.slot, kNow);
        multiplexer.written(multiplexer.outgoing_bytes());
        std::string_view input = pipeline.answers;
        while (multiplexer.in_flight() != 0) {
          if (multiplexer.next(input, kNow) != egress::Multiplexer::Step::answered) std::abort();
          benchmark::DoNotOptimize(multiplexer.take_answered());
        }
      });
}

}  // namespace

void add_budget(Subjects& subjects) {
  struct Budget {
    ByteBudget all{std::size_t{64} << 20};
    ByteLease lease{all, 2};
  };
  // Takes and returns the share of a post, from the lease of the shard, or beyond it from the
  // budget that all shards share.
  for (const bool small : {true, false}) {
    const std::size_t bytes = small ? 1000 : std::size_t{16} << 20;
    subjects.add(
        small ? "budget/lease" : "budget/shared", {}, [] { return Budget(); },
        [bytes](Budget& budget) {
          ByteLease::Units units;
          if (!budget.lease.try_take(bytes, units)) std::abort();
          benchmark::DoNotOptimize(units);
        });
  }
  subjects.add(
      "buffer_pool", {}, [] { return BufferPool(); },
      [](BufferPool& pool) { benchmark::DoNotOptimize(pool.take(BufferPool::kSmallest).data()); });
}

void add_delivery(Subjects& subjects) {
  for (const std::uint32_t records : {1U, 10U, 100U}) add_ledger(subjects, records);
  add_queue(subjects);
  add_multiplexer(subjects);
}

}  // namespace gateway::micro
