#pragma once
#include <boost/json/object.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/scripted_cloud_function.hpp"
#include "support/scripted_cloud_rules.hpp"

namespace gateway::test {

// What the account may have, and how slow and how forgetful the service is.
struct CloudLimits {
  std::vector<std::string> spaces{"default"};
  std::size_t functions = 50;  // per namespace
  std::size_t triggers = 10;   // per function and type
  std::size_t rules = 10;      // per bucket
  std::int64_t retries = 2;
  std::int64_t least_max_age = 60;
  std::int64_t most_max_age = 21600;
  // Buckets there are; empty: every one of the region.
  std::vector<std::string> buckets;

  // GetFunction calls that still see Creating, Updating and Deleting; 0: the change is immediate.
  std::size_t creating_reads = 0;
  std::size_t updating_reads = 0;
  std::size_t deleting_reads = 0;
  // ListTriggers calls after a change that do not see it yet.
  std::size_t stale_lists = 0;
  // The code for a bucket rule that is taken: sources name three.
  std::string conflict_code = "InvalidParameterValue.CosNotifyRuleConflict";
  // Whether DeleteFunction removes the rules of triggers left behind. Undocumented; the cautious
  // assumption is that it does not.
  bool deletion_frees_rules = false;
};

// How the write at hand turns out, other than well.
struct CloudFate {
  std::string status;  // such as CreateFailed; empty: as it should
  std::vector<CloudStatusReason> reasons;
  bool stuck = false;      // stays Creating, Updating or Deleting until it is told to settle
  std::size_t unseen = 0;  // ListTriggers calls that do not see this change
};

struct CloudCallContext {
  std::string region;
  std::chrono::sys_seconds now;
  CloudFate fate;
};

// The functions, triggers and bucket rules of one account, and what the actions do to them. Not
// thread-safe.
class CloudState {
 public:
  explicit CloudState(CloudLimits limits) : limits_(std::move(limits)) {}

  // The members of the answer, checked parameters provided. Throws CloudRefusal.
  [[nodiscard]] boost::json::object handle(std::string_view action,
                                           const boost::json::object& parameters,
                                           const CloudCallContext& context);

  [[nodiscard]] const std::vector<CloudFunction>& functions() const noexcept { return functions_; }
  // `path` is "default/relay", in whatever region; null when there is none.
  [[nodiscard]] CloudFunction* find(std::string_view path);
  [[nodiscard]] const CloudFunction* find(std::string_view path) const;
  [[nodiscard]] CloudLimits& limits() noexcept { return limits_; }
  // Every rule of every bucket: of enabled triggers, of functions long gone, of other products.
  [[nodiscard]] std::vector<BucketRule> rules() const;

  // What others do, in the console or elsewhere. A function of the same path is replaced.
  CloudFunction& put(CloudFunction function);
  void erase(std::string_view path);
  void hold_rule(BucketRule rule) { foreign_rules_.push_back(std::move(rule)); }
  void drop_foreign_rules() { foreign_rules_.clear(); }
  // Ends a transition now.
  void settle(std::string_view path);

 private:
  using Answer = boost::json::object;
  using Parameters = boost::json::object;

  Answer create_function(const Parameters& parameters, const CloudCallContext& context);
  Answer get_function(const Parameters& parameters, const CloudCallContext& context);
  Answer list_functions(const Parameters& parameters, const CloudCallContext& context);
  Answer list_namespaces(const Parameters& parameters, const CloudCallContext& context);
  Answer update_code(const Parameters& parameters, const CloudCallContext& context);
  Answer update_configuration(const Parameters& parameters, const CloudCallContext& context);
  Answer delete_function(const Parameters& parameters, const CloudCallContext& context);
  Answer create_trigger(const Parameters& parameters, const CloudCallContext& context);
  Answer list_triggers(const Parameters& parameters, const CloudCallContext& context);
  Answer delete_trigger(const Parameters& parameters, const CloudCallContext& context);
  Answer update_trigger_status(const Parameters& parameters, const CloudCallContext& context);
  Answer get_retry_rules(const Parameters& parameters, const CloudCallContext& context);
  Answer update_retry_rules(const Parameters& parameters, const CloudCallContext& context);
  Answer get_account(const Parameters& parameters, const CloudCallContext& context);

  // The function the parameters name; throws ResourceNotFound.*.
  CloudFunction& named(const Parameters& parameters, const CloudCallContext& context);
  // The same, and it can be written to now; throws `code` otherwise.
  CloudFunction& writable(const Parameters& parameters, const CloudCallContext& context,
                          const std::string& code);
  void begin(CloudFunction& function, const std::string& meanwhile, const std::string& then,
             std::size_t reads, const CloudFate& fate);
  void settle(CloudFunction& function);
  // Remembers what ListTriggers shows from now on.
  void keep_listing(CloudFunction& function, const CloudFate& fate);
  // Throws when somebody else's rule is in the way of this trigger's.
  void require_free_rule(const CloudFunction& function, const CloudTrigger& trigger) const;
  CloudTrigger& named_trigger(CloudFunction& function, const Parameters& parameters);

  CloudLimits limits_;
  std::vector<CloudFunction> functions_;
  std::vector<BucketRule> foreign_rules_;
  std::size_t made_ = 0;
};

}  // namespace gateway::test
