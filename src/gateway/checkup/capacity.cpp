#include "gateway/checkup/capacity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gateway/checkup/process_fit.hpp"
#include "gateway/config/checks.hpp"
#include "gateway/config/targets.hpp"
#include "gateway/domain/event_slot.hpp"
#include "gateway/domain/post.hpp"
#include "gateway/egress/eventbus/eventbus_connection.hpp"
#include "gateway/egress/replay/replay.hpp"
#include "gateway/egress/store/store_writer.hpp"
#include "gateway/http/fields.hpp"
#include "gateway/ingress/session.hpp"
#include "gateway/observe/figures.hpp"
#include "gateway/transport/transport.hpp"
#include "runtime/buffer_pool.hpp"
#include "runtime/byte_shares.hpp"

namespace gateway::checkup {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;

using egress::EventbusConnection;
using ingress::Session;
constexpr egress::StoreWriter::Limits kStoreLimits;

// Of one client: a head that is not complete, and answers; what OpenSSL takes for it.
constexpr std::uint64_t kClient = http::kMaxHead + Session::kMostUnsent;
constexpr std::uint64_t kClientTls = 40 * kKiB;
// Of one eventbus connection, in a buffer that doubles.
constexpr std::uint64_t kEncrypted = 2 * transport::Transport::kEncryptAtOnce;
// Of one store: what waits, the write under way and its bytes, and what is read.
constexpr std::uint64_t kStore =
    kStoreLimits.waiting_bytes + 2 * kStoreLimits.group_bytes + 8 * kMiB;

// What reading a post can take beside its bytes: simdjson's index, and events made of CloudEvents,
// of which the smallest are the dearest.
constexpr unsigned kParsed = 20;

// The platform's own, of function.retries.
constexpr std::chrono::seconds kBetweenRetries{60};

std::uint64_t times(std::uint64_t a, std::uint64_t b) noexcept {
  std::uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

std::uint64_t plus(std::uint64_t a, std::uint64_t b) noexcept {
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

constexpr std::uint64_t kUsualRates[] = {100, 1'000, 10'000};

std::string carried_text(std::uint64_t bytes, const ExpectedLoad& load) {
  std::string text;
  const auto add = [&](std::uint64_t rate) {
    text += fmt::format("{}{} at {} records/s", text.empty() ? "" : ", ",
                        observe::duration_text(outage_carried(bytes, rate, load.record_bytes)),
                        observe::count_text(rate));
  };
  if (load.rate) {
    add(*load.rate);
  } else {
    for (const std::uint64_t rate : kUsualRates) add(rate);
  }
  return text;
}

std::string retried_text(const config::Settings& settings) {
  const auto& function = settings.function;
  const auto seconds = [](config::Duration time) {
    return observe::duration_text(std::chrono::duration_cast<std::chrono::seconds>(time));
  };
  return fmt::format(
      "the relay tries for {} an invocation, the platform {} more times a minute "
      "apart: about {}, then an event is gone",
      seconds(function.timeout), function.retries,
      observe::duration_text(outage_retried(function)));
}

// Bodies lie in buffers of the next power of two, small ones in the smallest.
std::uint64_t bytes_of_posts(const config::Ingress& ingress, std::uint64_t posts,
                             std::size_t targets) {
  const std::uint64_t each = BufferPool::kSmallest + sizeof(Post);
  const ByteShares shares(ingress.max_in_flight, targets, ingress.max_body);
  return plus(times(2, shares.total()), times(posts, each));
}

}  // namespace

std::vector<MemoryPart> worst_memory(const config::Settings& settings, unsigned threads, bool tls) {
  const auto& ingress = settings.ingress;
  const std::uint64_t events = times(threads, settings.delivery.queue.events);
  const std::uint64_t posts =
      std::min(events, times(ingress.max_connections, Session::kMostUnanswered));
  const std::uint64_t client = kClient + (ingress.tls.cert.empty() ? 0 : kClientTls);
  const std::size_t targets = config::target_count(settings);
  const std::uint64_t links =
      times(targets, times(threads, egress::most_connections(settings, threads)));
  const std::size_t stores = stores_of(settings);
  std::vector<MemoryPart> parts;
  parts.emplace_back("posts not yet answered", bytes_of_posts(ingress, posts, targets));
  parts.emplace_back("client connections", times(ingress.max_connections, client));
  // A ring doubles when it is full; what waits for its retry stands in another.
  parts.emplace_back("queues", times(events, 4 * sizeof(EventSlot)));
  const std::uint64_t staged = std::min(times(links, EventbusConnection::kMostStaged),
                                        times(threads, settings.delivery.queue.bytes));
  parts.emplace_back("eventbus connections", plus(staged, tls ? times(links, kEncrypted) : 0));
  parts.emplace_back("kept buffers", times(threads, BufferPool::kKeep));
  if (stores != 0) parts.emplace_back("spool and dead letters", times(stores, kStore));
  if (!settings.spool.path.empty()) {
    parts.emplace_back("replay of the spool",
                       times(targets, times(threads, egress::Replay::kMostMemory)));
  }
  parts.emplace_back("the program", kProgramMemory);
  std::ranges::sort(parts,
                    [](const MemoryPart& a, const MemoryPart& b) { return a.bytes > b.bytes; });
  return parts;
}

std::uint64_t most_while_read(const config::Settings& settings, unsigned threads) {
  const ByteShares shares(settings.ingress.max_in_flight, config::target_count(settings),
                          settings.ingress.max_body);
  return times(kParsed,
               std::max<std::uint64_t>(shares.total(), times(threads, settings.ingress.max_body)));
}

std::chrono::seconds outage_carried(std::uint64_t spool_bytes, std::uint64_t rate,
                                    std::uint64_t record_bytes) {
  const std::uint64_t a_second =
      std::max<std::uint64_t>(times(rate, plus(record_bytes, kStoredBesideRecord)), 1);
  // A hundred years, so that no unit overflows.
  constexpr std::uint64_t kMost = std::uint64_t{100} * 365 * 24 * 3600;
  return std::chrono::seconds(std::min(spool_bytes / a_second, kMost));
}

std::chrono::seconds outage_retried(const config::Function& function) {
  const auto tries = function.retries + 1;
  const auto all = tries * function.timeout + function.retries * kBetweenRetries;
  // No repetition begins once the event is older.
  const config::Duration oldest = function.max_age + function.timeout;
  return std::chrono::duration_cast<std::chrono::seconds>(std::min<config::Duration>(all, oldest));
}

Finding memory_finding(const config::Settings& settings, unsigned threads, bool tls,
                       std::uint64_t available) {
  std::uint64_t sum = 0;
  std::string largest;
  for (const MemoryPart& part : worst_memory(settings, threads, tls)) {
    sum = plus(sum, part.bytes);
    largest += fmt::format("{}{} {}", largest.empty() ? "" : ", ", observe::bytes_text(part.bytes),
                           part.what);
  }
  std::string text = fmt::format(
      "{} of buffers with every queue and connection at its worst on {} thread{}: {}. Reading "
      "posts takes up to {} more: {} times their bytes, of a batch of CloudEvents as long as it is "
      "open",
      observe::bytes_text(sum), threads, threads == 1 ? "" : "s", largest,
      observe::bytes_text(most_while_read(settings, threads)), kParsed);
  if (available == 0 || sum <= available) return Finding::ok("memory", std::move(text));
  return Finding::warn(
      "memory", fmt::format("{}; this process may have {}", text, observe::bytes_text(available)),
      "raise the memory limit, or lower gateway.max_in_flight, "
      "gateway.max_connections or delivery.queue.events");
}

Finding outage_finding(const config::Settings& settings, const ExpectedLoad& load,
                       std::optional<std::uint64_t> spool_room) {
  constexpr const char* kSubject = "outage";
  if (!settings.spool.path.empty()) {
    const std::uint64_t bytes =
        std::min<std::uint64_t>(spool_room.value_or(UINT64_MAX), settings.spool.max_bytes);
    return Finding::ok(kSubject,
                       fmt::format("of the eventbus; a spool of {} carries {}, of {} each",
                                   observe::bytes_text(bytes), carried_text(bytes, load),
                                   observe::bytes_text(load.record_bytes)));
  }
  constexpr const char* kAdvice = "set spool.path to carry longer ones (docs/durability.md)";
  if (!settings.function.provision) {
    return Finding::warn(kSubject,
                         "of the eventbus; without a spool posts get 502 or 504 and are their "
                         "sender's to repeat",
                         kAdvice);
  }
  if (config::uses_code_object(settings)) {
    return Finding::warn(kSubject,
                         "of the eventbus; the function's code is not the built-in relay, and "
                         "whether it repeats is not known here",
                         kAdvice);
  }
  return Finding::warn(kSubject, "of the eventbus; without a spool " + retried_text(settings),
                       kAdvice);
}

}  // namespace gateway::checkup
