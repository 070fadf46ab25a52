#include "soak/scene.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace gateway::soak {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLook{20};
constexpr milliseconds kScrape{500};
constexpr std::size_t kMaxProblems = 20;
// About ten million records: what is remembered of them takes 2 GB.
constexpr std::uint64_t kMaxPosts = 8'000'000;

test::Schedule parse(std::string_view text) {
  auto schedule = test::Schedule::parse(text);
  if (!schedule) throw std::runtime_error(schedule.error());
  return *schedule;
}

std::string write_config(const Options& options, const Ports& ports, const Scene::Place& place) {
  std::string rest =
      !place.delivery.empty()
          ? place.delivery
          : fmt::format(
                "delivery:\n  connections: {}\n  pipeline: {}\n  timeout: 1s\n  deadline: 5s\n"
                "  retry: {{ initial: 20ms, max: 500ms, multiplier: 2 }}\n",
                Scene::kConnections, Scene::kPipeline);
  if (options.spool) {
    rest += fmt::format("spool: {{ path: {0}/spool.db }}\ndead_letter: {{ path: {0}/dead.db }}\n",
                        options.directory);
  }
  return write_config(options.directory, ports,
                      fmt::format("  grace: {}ms\n", Scene::kGrace.count()), rest, place.host);
}

}  // namespace

Scene::Scene(std::string name, const Options& options, std::string_view schedule,
             const Place& place)
    : options_(options),
      random_(options.seed),
      probed_(place.probed),
      bus_(parse(schedule), options.seed, oracle_, place.listen),
      port_(free_port()),
      admin_(free_port()),
      gateway_(options.gateway, write_config(options, {bus_.port(), port_, admin_}, place),
               options.directory + "/gateway.log", admin_) {
  outcome_.scenario = std::move(name);
  gateway_.start();
}

test::LoaderSettings Scene::load() const {
  test::LoaderSettings settings;
  settings.port = port_;
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
  const auto page = get(admin_, "/metrics");
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
    problem(
        fmt::format("the books do not balance: received {}, settled {}, in flight {}, "
                    "unaccounted {}",
                    received, settled, open, total("unaccounted_records")));
  }
}

void Scene::progress() {
  if (!options_.terminal || !loader_) return;
  fmt::print(stderr, "\r\033[K{}: {} posts, {} acknowledged, {} events taken", outcome_.scenario,
             loader_->posts(), loader_->posts_acknowledged(), bus_.taken());
  std::fflush(stderr);
}

double Scene::metric(std::string_view name) const {
  const auto page = get(admin_, "/metrics");
  return page ? metric_total(*page, name) : 0;
}

void Scene::problem(std::string text) {
  if (outcome_.problems.size() < kMaxProblems) outcome_.problems.push_back(std::move(text));
}

void Scene::number(std::string name, double value) {
  outcome_.numbers.emplace_back(std::move(name), value);
}

Outcome Scene::finish() {
  follow("healthy");
  loader_->stop();
  // What was answered 504 may still be on its way.
  const auto settled = [this] { return metric("cos_gateway_events_in_flight") == 0; };
  if (gateway_.running() && !watch(milliseconds(10'000), settled)) {
    problem("events are still in flight 10 s after the last post");
  }
  if (gateway_.running()) {
    const auto code = gateway_.stop(kGrace + milliseconds(10'000));
    if (!code) problem("the gateway did not end after SIGTERM");
    if (code && *code != 0) problem(fmt::format("the gateway ended with {}", *code));
  }
  bus_.stop();
  if (bus_.malformed() != 0 && !probed_) {
    problem(fmt::format("{} requests to the eventbus were no CloudEvents", bus_.malformed()));
  }
  number("scrapes", static_cast<double>(scrapes_));
  outcome_.balance = oracle_.check(options_.dead_letters, options_.spooled);
  if (options_.terminal) fmt::print(stderr, "\r\033[K");
  return std::move(outcome_);
}

}  // namespace gateway::soak
