#include "soak/scene.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>
#include <thread>

#include "events/cloud_event.hpp"
#include "gateway/egress/store/event_store.hpp"
#include "testkit/record_mark.hpp"

namespace gateway::soak {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLook{20};
constexpr milliseconds kScrape{500};
// About ten million records: what is remembered of them takes 2 GB.
constexpr std::uint64_t kMaxPosts = 8'000'000;

test::Schedule parse(std::string_view text) {
  auto schedule = test::Schedule::parse(text);
  if (!schedule) throw std::runtime_error(schedule.error());
  return *schedule;
}

// Returns the settings of the gateway of a scene, a key=value each.
std::vector<std::string> settings(const Options& options, const Place& place, std::uint16_t bus) {
  std::vector<std::string> all{fmt::format("target={}:{}", place.host, bus),
                               fmt::format("gateway.grace={}ms", Scene::kGrace.count())};
  if (place.quick) {
    all.insert(all.end(),
               {fmt::format("delivery.connections={}", Scene::kConnections),
                fmt::format("delivery.pipeline={}", Scene::kPipeline), "delivery.timeout=1s",
                "delivery.deadline=5s", "delivery.retry.initial=20ms", "delivery.retry.max=500ms",
                "delivery.retry.multiplier=2"});
  }
  if (options.spool) {
    all.push_back(fmt::format("spool.path={}/spool.db", options.directory));
    all.push_back(fmt::format("dead_letter.path={}/dead.db", options.directory));
  }
  return all;
}

// Reads the records of a store whose gateway has ended. Throws std::runtime_error if the store
// exists and cannot be read, or if it contains a damaged row. A store that was never created is
// empty.
test::ReadStore read_store(std::string path, egress::StoreKind kind) {
  return [path = std::move(path), kind](const auto& take) {
    if (!egress::EventStore::exists(path)) return;
    auto store = egress::EventStore::open_for_tools(path, kind, egress::EventStore::Access::read);
    if (!store) throw std::runtime_error(store.error().text());
    constexpr std::size_t kRows = 4096;
    constexpr std::size_t kBytes = std::size_t{16} << 20;
    test::RecordMarker marker;
    egress::StoredChunk chunk;
    while (!chunk.end) {
      auto next = (*store)->read(chunk.last, kRows, kBytes);
      if (!next) throw std::runtime_error(next.error().text());
      chunk = std::move(*next);
      if (!chunk.damaged.empty()) throw std::runtime_error(path + " holds a damaged row");
      for (const auto& row : chunk.rows) {
        const auto event = events::read_structured_event(row.event.json, events::EventFrom::store);
        if (!event) throw std::runtime_error(path + " holds a row that is no CloudEvent");
        take(marker.mark(event->data));
      }
    }
  };
}

}  // namespace

Scene::Scene(std::string name, const Options& options, std::string_view schedule,
             const Place& place)
    : options_(options),
      random_(options.seed),
      probed_(place.probed),
      bus_(parse(schedule), options.seed, oracle_, place.listen),
      gateway_(options.gateway, options.directory, bus_.port(),
               settings(options, place, bus_.port())),
      outcome_(std::move(name)) {
  gateway_.start();
}

test::LoaderSettings Scene::load() const {
  test::LoaderSettings settings;
  settings.port = gateway_.port();
  settings.seed = options_.seed;
  settings.timeout = milliseconds(10'000);
  settings.max_posts = kMaxPosts;
  return settings;
}

void Scene::begin_load(const test::LoaderSettings& settings) {
  loader_ = std::make_unique<test::Loader>(settings, oracle_);
}

void Scene::follow(std::string_view schedule) {
  bus_.follow(parse(schedule));
}

bool Scene::watch(milliseconds limit, const std::function<bool()>& until) {
  const auto end = steady_clock::now() + limit;
  for (;;) {
    if (until && until()) return true;
    const auto now = steady_clock::now();
    if (now >= end) return false;
    if (now >= next_scrape_) {
      check_books();
      progress();
      next_scrape_ = now + kScrape;
    }
    std::this_thread::sleep_for(std::min<steady_clock::duration>(kLook, end - now));
  }
}

void Scene::check_books() {
  if (!gateway_.running()) return;
  const auto page = test::page_of(gateway_.admin(), "/metrics");
  if (!page) return;
  ++scrapes_;
  const auto total = [&page](std::string_view name) {
    return metric_total(*page, fmt::format("cos_gateway_{}", name));
  };
  const double settled = total("events_delivered_total") + total("events_failed_total") +
                         total("events_dead_lettered_total") + total("events_spooled_total");
  const double received = total("records_received_total");
  const double open = total("events_in_flight");
  if (std::abs(received - settled - open) > 0.5 || total("unaccounted_records") != 0) {
    outcome_.problem(
        "the books do not balance: received {}, settled {}, in flight {}, unaccounted {}", received,
        settled, open, total("unaccounted_records"));
  }
}

void Scene::progress() {
  if (!options_.terminal || !loader_) return;
  fmt::print(stderr, "\r\033[K{}: {} posts, {} acknowledged, {} events taken", outcome_.scenario,
             loader_->posts(), loader_->posts_acknowledged(), bus_.taken());
  std::fflush(stderr);
}

Outcome Scene::finish() {
  follow("healthy");
  loader_->stop();
  // What was answered 504 may still be on its way.
  const auto settled = [this] { return gateway_.metric("cos_gateway_events_in_flight") == 0; };
  if (gateway_.running() && !watch(milliseconds(10'000), settled)) {
    outcome_.problem("events are still in flight 10 s after the last post");
  }
  if (gateway_.running()) outcome_.want_good_end(gateway_.stop(kGrace + milliseconds(10'000)));
  bus_.stop();
  if (bus_.malformed() != 0 && !probed_) {
    outcome_.problem("{} requests to the eventbus were no CloudEvents", bus_.malformed());
  }
  outcome_.number("scrapes", scrapes_);
  outcome_.balance =
      oracle_.check(read_store(options_.directory + "/dead.db", egress::StoreKind::dead_letters),
                    read_store(options_.directory + "/spool.db", egress::StoreKind::spool));
  if (options_.terminal) fmt::print(stderr, "\r\033[K");
  return std::move(outcome_);
}

}  // namespace gateway::soak
