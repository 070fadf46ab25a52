#pragma once
#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::test {

// The actions of SCF 2018-04-16 that the scripted cloud plays.
[[nodiscard]] bool is_cloud_action(std::string_view action);

// Whether the call has the members the action is documented with and no others, each of its type.
// Throws CloudRefusal: UnknownParameter, MissingParameter or InvalidParameter.
void check_parameters(std::string_view action, const boost::json::object& parameters);

// A member that check_parameters() has seen, or what it is when left out.
[[nodiscard]] std::string text_member(const boost::json::object& object, std::string_view name,
                                      std::string_view otherwise = {});
[[nodiscard]] std::int64_t integer_member(const boost::json::object& object, std::string_view name,
                                          std::int64_t otherwise);
// Refuses with `code` what is not one of `choices`.
void require_choice(const boost::json::object& object, std::string_view name,
                    const std::vector<std::string_view>& choices, const std::string& code);

}  // namespace gateway::test
