#pragma once
#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "cloud/api.hpp"
#include "support/scf_model.hpp"

namespace gateway::test {

// One client's way to a model. A call takes a few turns of the loop before it acts and after it, so
// that clients overlap.
class ModelApi final : public cloud::Api {
 public:
  ModelApi(const Executor& executor, ScfModel& model, std::uint32_t seed = 0)
      : executor_(executor), model_(model), random_(seed) {}

  [[nodiscard]] Task<cloud::ApiResult<boost::json::object>> call(
      std::string action, boost::json::object parameters) override;
  void cancel() override { cancelled_ = true; }

  // Asked before each call; what it gives is the call's fault.
  std::function<std::optional<ModelFault>(const std::string& action)> fault;
  // After each call that acted, before its answer arrives.
  std::function<void(const std::string& action)> acted;
  // Changes what is answered, as a service may that writes one thing and shows another.
  std::function<void(const std::string& action, boost::json::object& answer)> shows;
  bool overlap = false;
  std::vector<std::string> calls;
  std::vector<boost::json::object> sent;  // the parameters of each

  [[nodiscard]] std::size_t count(std::string_view action) const;
  [[nodiscard]] std::vector<std::string> writes() const;

 private:
  [[nodiscard]] Task<void> turns();
  [[nodiscard]] Task<cloud::ApiResult<boost::json::object>> write(std::string action,
                                                                  boost::json::object parameters,
                                                                  bool looked);
  [[nodiscard]] Task<cloud::ApiResult<boost::json::object>> carry_out(
      std::string action, boost::json::object parameters);

  Executor executor_;
  ScfModel& model_;
  std::mt19937 random_;
  bool cancelled_ = false;
  bool has_looked_ = false;
  bool moving_ = false;  // a rule
};

}  // namespace gateway::test
