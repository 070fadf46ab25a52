#pragma once
#include <string>
#include <vector>

#include "gateway/config/endpoint.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/routing/route_table.hpp"

namespace gateway {

// How the events of some entries are made and written.
struct EventStyle {
  config::Event event;
  std::string source;  // ce-source

  [[nodiscard]] bool operator==(const EventStyle&) const = default;
};

// What the settings say of where records go. Plain values, equal wherever they are made of the same
// settings.
struct RoutePlan {
  routing::RouteTable table;  // empty without `buckets`
  // By Route::style and Route::target; the first ones are what the top level says. No targets
  // without `buckets`.
  std::vector<EventStyle> styles;
  std::vector<config::Endpoint> targets;
};

[[nodiscard]] RoutePlan route_plan(const config::Settings& settings);

}  // namespace gateway
