#include "support/model_api.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "cloud/provisioning_patience.hpp"
#include "support/scf_answers.hpp"

namespace gateway::test {

namespace json = boost::json;
using namespace scf;
using cloud::ApiError;
using cloud::ErrorKind;

Task<void> ModelApi::turns() {
  const unsigned count = overlap ? random_() % 4 : 1;
  for (unsigned i = 0; i < count; ++i) co_await asio::post(executor_, asio::deferred);
}

Task<cloud::ApiResult<json::object>> ModelApi::call(std::string action, json::object parameters) {
  calls.push_back(action);
  sent.push_back(parameters);
  if (cancelled_) {
    co_return ApiError(ErrorKind::transient, action, "ClientError.Cancelled", "cancelled", {});
  }
  if (action == "GetFunction") {
    has_looked_ = true;
    moving_ = false;
  } else if (!is_read(action)) {
    // But for a rule that moves from one function to another, or back: nothing may come between.
    const bool moves = moving_ && (action == "CreateTrigger" || action == "DeleteTrigger");
    const bool looked = has_looked_;
    if (!has_looked_ && !moves) {
      model_.violations.push_back(action + " without a look before it");
    }
    has_looked_ = false;
    moving_ = action == "DeleteTrigger" || moves;
    co_return co_await write(action, parameters, looked);
  }
  co_return co_await carry_out(action, parameters);
}

// That something is there already, or in the way, is as good as a look. And what was deleted for
// the sake of a write that is refused may be put back.
Task<cloud::ApiResult<json::object>> ModelApi::write(std::string action, json::object parameters,
                                                     bool looked) {
  auto answer = co_await carry_out(action, parameters);
  if (!answer) {
    const auto& error = answer.error();
    has_looked_ = looked && (error.kind() == ErrorKind::exists || cloud::is_rule_conflict(error));
    moving_ = true;
  }
  co_return answer;
}

Task<cloud::ApiResult<json::object>> ModelApi::carry_out(std::string action,
                                                         json::object parameters) {
  co_await turns();
  std::optional<ModelFault> fails = model_.behaviour.everything_fails;
  if (!fails && fault) fails = fault(action);
  if (fails && !fails->acted) {
    co_return ApiError(fails->kind, action, fails->code, "as the test has it", "request-2");
  }
  auto answer = model_.act(action, parameters);
  if (acted) acted(action);
  if (shows && answer) shows(action, *answer);
  co_await turns();
  if (fails) co_return ApiError(fails->kind, action, fails->code, "as the test has it", {});
  co_return answer;
}

std::size_t ModelApi::count(std::string_view action) const {
  return static_cast<std::size_t>(std::count(calls.begin(), calls.end(), action));
}

std::vector<std::string> ModelApi::writes() const {
  std::vector<std::string> found;
  for (const auto& call : calls) {
    if (!is_read(call)) found.push_back(call);
  }
  return found;
}

}  // namespace gateway::test
