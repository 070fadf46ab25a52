#include "support/exposition.hpp"

#include <regex>
#include <sstream>
#include <stdexcept>

namespace gateway::test {
namespace {

[[noreturn]] void fail(const std::string& what, const std::string& line) {
  throw std::runtime_error(what + ": " + line);
}

std::string name_of(const std::string& series) {
  return series.substr(0, series.find('{'));
}

// The family a sample belongs to: that of a histogram for its _bucket, _sum and _count.
std::string family_of(const Exposition& page, const std::string& name) {
  for (const char* suffix : {"", "_bucket", "_sum", "_count"}) {
    if (!name.ends_with(suffix)) continue;
    std::string family = name.substr(0, name.size() - std::string_view(suffix).size());
    const auto type = page.types.find(family);
    if (type != page.types.end() && (*suffix == '\0' || type->second == "histogram")) return family;
  }
  return {};
}

// The label set without `le`, which tells the histograms of one family apart.
std::string without_le(const std::string& series) {
  static const std::regex le(R"(,?le="[^"]*")");
  return std::regex_replace(series, le, "");
}

}  // namespace

double Exposition::total(std::string_view name) const {
  double sum = 0;
  for (const auto& [series, value] : samples) {
    if (name_of(series) == name) sum += value;
  }
  return sum;
}

Exposition parse_exposition(std::string_view text) {
  static const std::regex type(R"(# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram))");
  static const std::regex help(R"(# HELP [a-zA-Z_:][a-zA-Z0-9_:]* .*)");
  static const std::regex sample(
      R"(([a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\.)*",?)*\})?) (\S+))");
  if (!text.ends_with('\n')) fail("the last line does not end", std::string(text));
  Exposition page;
  std::map<std::string, double> last_bucket;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (line.empty() || std::regex_match(line, help)) continue;
    if (std::regex_match(line, match, type)) {
      if (!page.types.emplace(match[1], match[2]).second) fail("TYPE given twice", line);
      continue;
    }
    if (!std::regex_match(line, match, sample)) fail("neither comment nor sample", line);
    const std::string series = match[1];
    const double value = std::stod(match[5]);
    if (family_of(page, name_of(series)).empty()) fail("a sample without TYPE", line);
    if (!page.samples.emplace(series, value).second) fail("a series given twice", line);
    if (name_of(series).ends_with("_bucket")) {
      double& last = last_bucket[without_le(series)];
      if (value < last) fail("buckets decrease", line);
      last = value;
    }
    if (name_of(series).ends_with("_count")) {
      std::string buckets = series;
      buckets.replace(series.find("_count"), 6, "_bucket");
      for (const std::string& key : {buckets, buckets + "{}"}) {
        const auto found = last_bucket.find(key);
        if (found != last_bucket.end() && found->second != value) {
          fail("the count is not that of the last bucket", line);
        }
      }
    }
  }
  return page;
}

const std::map<std::string, std::string>& documented_metrics() {
  static const std::map<std::string, std::string> metrics{
      {"cos_gateway_posts_total", "counter"},
      {"cos_gateway_posts_unauthorized_total", "counter"},
      {"cos_gateway_posts_unavailable_total", "counter"},
      {"cos_gateway_connections_refused_total", "counter"},
      {"cos_gateway_connections_shed_total", "counter"},
      {"cos_gateway_proxy_headers_refused_total", "counter"},
      {"cos_gateway_accept_pauses_total", "counter"},
      {"cos_gateway_records_received_total", "counter"},
      {"cos_gateway_events_delivered_total", "counter"},
      {"cos_gateway_events_retried_total", "counter"},
      {"cos_gateway_events_failed_total", "counter"},
      {"cos_gateway_events_dead_lettered_total", "counter"},
      {"cos_gateway_events_spooled_total", "counter"},
      {"cos_gateway_events_in_flight", "gauge"},
      {"cos_gateway_queue_events", "gauge"},
      {"cos_gateway_queue_bytes", "gauge"},
      {"cos_gateway_tls_handshakes_total", "counter"},
      {"cos_gateway_tls_resumptions_total", "counter"},
      {"cos_gateway_tls_failures_total", "counter"},
      {"cos_gateway_tls_reloads_total", "counter"},
      {"cos_gateway_tls_reload_failures_total", "counter"},
      {"cos_gateway_post_duration_seconds", "histogram"},
      {"cos_gateway_delivery_duration_seconds", "histogram"},
      {"cos_gateway_event_lag_seconds", "histogram"},
      {"cos_gateway_loop_lag_seconds", "histogram"},
      {"cos_gateway_eventbus_connections", "gauge"},
      {"cos_gateway_eventbus_state", "gauge"},
      {"cos_gateway_eventbus_pipeline_depth", "gauge"},
      {"cos_gateway_provisioning_state", "gauge"},
      {"cos_gateway_build_info", "gauge"},
  };
  return metrics;
}

}  // namespace gateway::test
