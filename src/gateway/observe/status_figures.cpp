#include "gateway/observe/status_figures.hpp"

#include <algorithm>

#include "gateway/observe/json_part.hpp"

namespace gateway::observe {
namespace {

std::optional<StatusFigures::Store> store_of(JsonPart store) {
  if (!store.there()) return std::nullopt;
  return StatusFigures::Store{store["state"].text(), store["error"].text(), store["events"].count(),
                              store["bytes"].count()};
}

void add_connection(std::vector<StatusFigures::Bus>& buses, JsonPart connection) {
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

void read_counters(JsonPart counters, StatusFigures& to) {
  counters["posts"].each_member([&](std::string_view status, JsonPart count) {
    to.posts[std::string(status)] = count.count();
  });
  to.received = counters["records_received"].count();
  to.delivered = counters["events_delivered"].count();
  to.retried = counters["events_retried"].sum();
  to.spooled = counters["events_spooled"].count();
  to.dead_lettered = counters["events_dead_lettered"].count();
  to.failed = counters["events_failed"].sum();
  to.filtered = counters["events_filtered"].count();
}

}  // namespace

std::optional<StatusFigures> read_status(std::string_view text) {
  const boost::json::value document = parsed_json(text);
  if (!document.is_object()) return std::nullopt;
  const JsonPart status(&document);
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
  const JsonPart durations = status["post_duration"];
  durations["bounds"].each([&](JsonPart bound) { figures.bounds.push_back(bound.number()); });
  durations["counts"].each([&](JsonPart n) { figures.post_durations.push_back(n.count()); });
  status["shards"].each([&](JsonPart shard) {
    shard["eventbus_connections"].each([&](JsonPart it) { add_connection(figures.buses, it); });
  });
  figures.spool = store_of(status["spool"]);
  figures.dead_letters = store_of(status["dead_letters"]);
  figures.provisioning = status["provisioning"]["state"].text();
  figures.provisioning_error = status["provisioning"]["last_error"].text();
  status["recent_failures"].each([&](JsonPart failure) {
    figures.failures.push_back({failure["time"].text(), failure["outcome"].text(),
                                failure["key"].text(), failure["reason"].text(),
                                failure["status"].count()});
  });
  return figures;
}

}  // namespace gateway::observe
