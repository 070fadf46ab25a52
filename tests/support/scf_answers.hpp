#pragma once
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "cloud/api.hpp"

// How the model of the cloud reads parameters and words its answers.
namespace gateway::test::scf {

inline std::string text(const boost::json::object& object, std::string_view key,
                        std::string_view otherwise = {}) {
  const auto* value = object.if_contains(key);
  if (value == nullptr) return std::string(otherwise);
  return std::string(value->as_string());
}

inline std::int64_t number(const boost::json::object& object, std::string_view key,
                           std::int64_t otherwise) {
  const auto* value = object.if_contains(key);
  return value == nullptr ? otherwise : value->to_number<std::int64_t>();
}

inline cloud::ApiError error(cloud::ErrorKind kind, std::string code,
                             std::string message = "as the model has it") {
  return cloud::ApiError(kind, {}, std::move(code), std::move(message), "request-1");
}

inline cloud::ApiError no_function() {
  return error(cloud::ErrorKind::absent, "ResourceNotFound.Function");
}
inline cloud::ApiError busy(std::string code) {
  return error(cloud::ErrorKind::busy, std::move(code));
}

inline boost::json::object page_of(boost::json::array all, const boost::json::object& parameters,
                                   std::string_view name, std::size_t most = 1'000) {
  const auto offset = static_cast<std::size_t>(number(parameters, "Offset", 0));
  const auto limit = std::min(most, static_cast<std::size_t>(number(parameters, "Limit", 20)));
  boost::json::array page;
  for (std::size_t i = offset; i < std::min(all.size(), offset + limit); ++i) {
    page.push_back(all[i]);
  }
  boost::json::object answer;
  answer["TotalCount"] = all.size();
  answer[name] = std::move(page);
  return answer;
}

inline bool is_read(std::string_view action) {
  return action.starts_with("Get") || action.starts_with("List");
}

}  // namespace gateway::test::scf
