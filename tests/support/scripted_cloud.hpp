#pragma once
#include <boost/json/object.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/scripted_cloud_fault.hpp"
#include "support/scripted_cloud_signature.hpp"
#include "support/scripted_cloud_state.hpp"
#include "testkit/http_text.hpp"

namespace gateway::test {

// A call as the service saw it.
struct CloudCall {
  std::size_t index = 0;  // in order of arrival
  std::size_t connection = 0;
  std::string action;
  std::string region;
  std::string secret_id;  // that signed it; empty when the signature was refused
  boost::json::object parameters;
  std::string fault;    // what was played; empty when nothing was
  std::string outcome;  // "OK", an error code; empty: not handled (yet)
  bool handled = false;
  bool answered = false;
  std::string request_id;
  std::chrono::system_clock::time_point at;
};
using CloudCalls = std::vector<CloudCall>;

// The service `scf` of Tencent Cloud API 3.0, version 2018-04-16, on a loopback port over plain
// HTTP, in a thread of its own. It keeps functions, triggers, rules of retrying and the buckets'
// notification rules as the real one is documented to, judges every signature by its own means,
// refuses what it does not know, and fails as it is told. Functions are not run.
//
// `GET /state` shows everything as JSON and `POST /faults` takes a script, see
// scripted_cloud_control.hpp. All members may be called from any thread.
class ScriptedCloud {
 public:
  static constexpr std::string_view kSecretId = "AKIDscripted";
  static constexpr std::string_view kSecretKey = "scripted-secret-key";
  static constexpr std::chrono::milliseconds kPatience{10'000};

  // Knows one permanent key pair, kSecretId and kSecretKey.
  explicit ScriptedCloud(CloudLimits limits = CloudLimits(), std::uint16_t port = 0);
  ~ScriptedCloud();
  ScriptedCloud(const ScriptedCloud&) = delete;
  ScriptedCloud& operator=(const ScriptedCloud&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::string url() const;

  void add_key(CloudKey key);
  void forget_keys();
  // The token is refused from now on.
  void expire_token(std::string_view token);
  // The cloud's clock, which Date headers show, minus the system's.
  void set_clock_offset(std::chrono::seconds offset);

  // What to do about the next calls of an action ("*": of any), one each.
  void next(const std::string& action, const CloudFault& fault, std::size_t times = 1);
  // What to do about a call for which nothing is queued. Runs in the cloud's thread.
  void script(std::function<CloudFault(const CloudCall&)> script);
  void forget_faults();
  // Lets stalled calls go on, and later ones not stall.
  void release();
  void change_limits(const std::function<void(CloudLimits&)>& change);

  [[nodiscard]] std::vector<CloudFunction> functions() const;
  // `path` is "<namespace>/<name>".
  [[nodiscard]] std::optional<CloudFunction> function(std::string_view path) const;
  [[nodiscard]] std::vector<CloudTrigger> triggers(std::string_view path) const;
  [[nodiscard]] std::optional<CloudRetryRules> retry_rules(std::string_view path) const;
  [[nodiscard]] std::vector<BucketRule> rules() const;

  // Acts of somebody else. A function that is there already is replaced.
  void put(CloudFunction function);
  // One that carries nobody's mark.
  void create_foreign_function(std::string name, std::string space = "default");
  void change(std::string_view path, const std::function<void(CloudFunction&)>& change);
  void erase(std::string_view path);
  void hold_rule(BucketRule rule);
  void drop_foreign_rules();
  // Ends the transition a function is in.
  void settle(std::string_view path);

  [[nodiscard]] CloudCalls journal() const;
  [[nodiscard]] CloudCalls calls(std::string_view action) const;
  // Why signatures were refused, each with its code.
  [[nodiscard]] std::vector<std::string> refused_signatures() const;
  [[nodiscard]] std::size_t connections() const;  // accepted so far

  // Until `ready` holds; false when it does not within `limit`. `ready` is called with nothing but
  // the journal, and must not call back.
  [[nodiscard]] bool wait_for(const std::function<bool(const CloudCalls&)>& ready,
                              std::chrono::milliseconds limit = kPatience) const;
  [[nodiscard]] bool wait_for_calls(std::string_view action, std::size_t count,
                                    std::chrono::milliseconds limit = kPatience) const;

 private:
  struct Server;
  struct Reply;

  [[nodiscard]] std::chrono::sys_seconds now() const;  // with mutex_ held
  // Judges the envelope and enters the call; the code and text of a refusal, if there is one.
  std::size_t enter(const RequestMessage& request, std::size_t connection, Reply& reply);
  [[nodiscard]] CloudFault fault_for(std::size_t call);
  void handle(std::size_t call, const CloudFault& fault, Reply& reply);
  void finish(std::size_t call, const CloudFault& fault, Reply& reply);

  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  CloudState state_;
  std::vector<CloudKey> keys_;
  std::chrono::seconds clock_offset_{0};
  std::map<std::string, std::deque<CloudFault>, std::less<>> faults_;
  std::function<CloudFault(const CloudCall&)> script_;
  CloudCalls journal_;
  std::vector<std::string> refused_signatures_;
  std::size_t connections_ = 0;

  std::unique_ptr<Server> server_;
  std::thread thread_;
};

}  // namespace gateway::test
