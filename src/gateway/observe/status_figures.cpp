#include "gateway/observe/status_figures.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace gateway::observe {
namespace {

namespace json = boost::json;

// A JSON value that may be missing: then its members are missing and its figures are 0 or empty.
class Part {
 public:
  explicit Part(const json::value* value) noexcept : value_(value) {}

  [[nodiscard]] Part operator[](std::string_view name) const {
    const json::object* object = value_ == nullptr ? nullptr : value_->if_object();
    return Part(object == nullptr ? nullptr : object->if_contains(name));
  }
  [[nodiscard]] bool there() const noexcept { return value_ != nullptr && !value_->is_null(); }
  [[nodiscard]] std::string text() const {
    const json::string* text = value_ == nullptr ? nullptr : value_->if_string();
    return text == nullptr ? std::string() : std::string(text->data(), text->size());
  }
  [[nodiscard]] double number() const {
    boost::system::error_code error;
    const double number = value_ == nullptr ? 0 : value_->to_number<double>(error);
    return error ? 0 : number;
  }
  [[nodiscard]] std::uint64_t count() const {
    return static_cast<std::uint64_t>(std::max(number(), 0.0));
  }
  // Returns the sum of an object's numbers.
  [[nodiscard]] std::uint64_t sum() const {
    std::uint64_t sum = 0;
    each_member([&](std::string_view /*name*/, Part value) { sum += value.count(); });
    return sum;
  }
  template <class Use>
  void each_member(Use use) const {
    const json::object* object = value_ == nullptr ? nullptr : value_->if_object();
    if (object == nullptr) return;
    for (const auto& member : *object) use(std::string_view(member.key()), Part(&member.value()));
  }
  template <class Use>
  void each(Use use) const {
    const json::array* array = value_ == nullptr ? nullptr : value_->if_array();
    if (array == nullptr) return;
    for (const auto& element : *array) use(Part(&element));
  }

 private:
  const json::value* value_;
};

std::optional<StatusFigures::Store> store_of(Part store) {
  if (!store.there()) return std::nullopt;
  return StatusFigures::Store{store["state"].text(), store["error"].text(), store["events"].count(),
                              store["bytes"].count()};
}

void add_connection(std::vector<StatusFigures::Bus>& buses, Part connection) {
  std::string address = connection["address"].text();
  auto bus = std::ranges::find(buses, address, &StatusFigures::Bus::address);
  if (bus == buses.end()) {
    bus = buses.emplace(bus);
    bus->address = std::move(address);
  }
  ++bus->states[connection["state"].text()];
  bus->in_flight += connection["in_flight"].count();
  if (auto error = connection["last_error"].text(); !error.empty()) {
    bus->last_error = std::move(error);
  }
}

void read_counters(Part counters, StatusFigures& to) {
  counters["posts"].each_member(
      [&](std::string_view status, Part count) { to.posts[std::string(status)] = count.count(); });
  to.received = counters["records_received"].count();
  to.delivered = counters["events_delivered"].count();
  to.retried = counters["events_retried"].sum();
  to.spooled = counters["events_spooled"].count();
  to.dead_lettered = counters["events_dead_lettered"].count();
  to.failed = counters["events_failed"].sum();
  to.filtered = counters["events_filtered"].count();
}

}  // namespace

std::uint64_t StatusFigures::all_posts() const {
  std::uint64_t sum = 0;
  for (const auto& [status, count] : posts) sum += count;
  return sum;
}

std::optional<StatusFigures> read_status(std::string_view text) {
  boost::system::error_code error;
  const json::value document = json::parse(text, error);
  if (error || !document.is_object()) return std::nullopt;
  const Part status(&document);
  StatusFigures figures;
  figures.version = status["version"].text();
  figures.host = status["host"].text();
  figures.target = status["target"].text();
  figures.state = status["state"].text();
  figures.problem = status["problem"].text();
  figures.uptime_seconds = status["uptime_seconds"].count();
  figures.threads = status["threads"].count();
  read_counters(status["counters"], figures);
  figures.in_flight = status["in_flight"]["events"].count();
  figures.post_bytes = status["in_flight"]["post_bytes"].count();
  figures.queued = status["queue"]["events"].count();
  figures.clients = status["client_connections"].count();
  figures.most_clients = status["limits"]["connections"].count();
  figures.most_post_bytes = status["limits"]["in_flight_bytes"].count();
  figures.most_spool_bytes = status["limits"]["spool_bytes"].count();
  const Part durations = status["post_duration"];
  durations["bounds"].each([&](Part bound) { figures.bounds.push_back(bound.number()); });
  durations["counts"].each([&](Part n) { figures.post_durations.push_back(n.count()); });
  status["shards"].each([&](Part shard) {
    shard["eventbus_connections"].each([&](Part it) { add_connection(figures.buses, it); });
  });
  figures.spool = store_of(status["spool"]);
  figures.dead_letters = store_of(status["dead_letters"]);
  figures.provisioning = status["provisioning"]["state"].text();
  figures.provisioning_error = status["provisioning"]["last_error"].text();
  status["recent_failures"].each([&](Part failure) {
    figures.failures.push_back({failure["time"].text(), failure["outcome"].text(),
                                failure["key"].text(), failure["reason"].text(),
                                failure["status"].count()});
  });
  return figures;
}

}  // namespace gateway::observe
