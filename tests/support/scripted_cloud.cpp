#include "support/scripted_cloud.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "support/scripted_cloud_parameters.hpp"
#include "support/scripted_cloud_refusal.hpp"
#include "support/scripted_cloud_server.hpp"

namespace gateway::test {
namespace json = boost::json;
namespace {

constexpr std::string_view kVersion = "2018-04-16";
constexpr std::size_t kLargestRequest = 10'485'760;

std::string request_id(std::size_t call) {
  return fmt::format("5c71f7ed-0000-4000-8000-{:012x}", call);
}

// Everything but the signature that makes a request a call.
void require_envelope(const RequestMessage& request) {
  if (request.method != "POST" || request.target != "/") {
    throw CloudRefusal("UnsupportedProtocol", "Only POST / is played here.");
  }
  if (request.body.size() > kLargestRequest) {
    throw CloudRefusal("RequestSizeLimitExceeded",
                       fmt::format("Your current request size exceed max {}B, but your {} B.",
                                   kLargestRequest, request.body.size()));
  }
  const std::string_view type = request.headers["Content-Type"];
  if (type.substr(0, type.find(';')) != "application/json") {
    throw CloudRefusal("UnsupportedProtocol", "The body is not declared as JSON.");
  }
  for (const std::string_view name : {"X-TC-Action", "X-TC-Version", "X-TC-Region"}) {
    if (request.headers[name].empty()) {
      throw CloudRefusal("MissingParameter", "The header " + std::string(name) + " is missing.");
    }
  }
}

void require_action(const RequestMessage& request) {
  if (request.headers["X-TC-Version"] != kVersion) {
    throw CloudRefusal("NoSuchVersion", "Only version 2018-04-16 is played here.");
  }
  if (!is_cloud_action(request.headers["X-TC-Action"])) {
    throw CloudRefusal("InvalidAction",
                       "There is no action " + std::string(request.headers["X-TC-Action"]) + ".");
  }
  const std::string_view region = request.headers["X-TC-Region"];
  if (std::count(region.begin(), region.end(), '-') == 0) {
    throw CloudRefusal("UnsupportedRegion", std::string(region) + " is no region.");
  }
}

json::object parse_body(std::string_view body) {
  boost::system::error_code error;
  const json::value value = json::parse(body, error);
  if (error || !value.is_object()) {
    throw CloudRefusal("InvalidParameter", "The body is no JSON object.");
  }
  return value.get_object();
}

std::string envelope(json::object members, std::string_view id) {
  members["RequestId"] = id;
  json::object whole;
  whole["Response"] = std::move(members);
  return json::serialize(whole);
}

json::object error_members(const std::string& code, const std::string& message) {
  return {{"Error", {{"Code", code}, {"Message", message}}}};
}

}  // namespace

ScriptedCloud::ScriptedCloud(CloudLimits limits, std::uint16_t port) : state_(std::move(limits)) {
  add_key({std::string(kSecretId), std::string(kSecretKey), {}, {}});
  server_ = std::make_unique<Server>(*this, port);
  port_ = server_->port();
  thread_ = std::thread([this] { server_->run(); });
}

ScriptedCloud::~ScriptedCloud() {
  server_->stop();
  thread_.join();
}

std::string ScriptedCloud::url() const {
  return fmt::format("http://127.0.0.1:{}", port_);
}

void ScriptedCloud::add_key(CloudKey key) {
  const std::lock_guard lock(mutex_);
  keys_.push_back(std::move(key));
}

void ScriptedCloud::forget_keys() {
  const std::lock_guard lock(mutex_);
  keys_.clear();
}

void ScriptedCloud::expire_token(std::string_view token) {
  const std::lock_guard lock(mutex_);
  for (CloudKey& key : keys_) {
    if (key.token == token) key.expires = now();
  }
}

void ScriptedCloud::set_clock_offset(std::chrono::seconds offset) {
  const std::lock_guard lock(mutex_);
  clock_offset_ = offset;
}

void ScriptedCloud::next(const std::string& action, const CloudFault& fault, std::size_t times) {
  const std::lock_guard lock(mutex_);
  std::deque<CloudFault>& queue = faults_[action];
  queue.insert(queue.end(), times, fault);
}

void ScriptedCloud::script(std::function<CloudFault(const CloudCall&)> script) {
  const std::lock_guard lock(mutex_);
  script_ = std::move(script);
}

void ScriptedCloud::forget_faults() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
  script_ = nullptr;
}

void ScriptedCloud::release() {
  server_->release();
}

void ScriptedCloud::change_limits(const std::function<void(CloudLimits&)>& change) {
  const std::lock_guard lock(mutex_);
  change(state_.limits());
}

std::vector<CloudFunction> ScriptedCloud::functions() const {
  const std::lock_guard lock(mutex_);
  return state_.functions();
}

std::optional<CloudFunction> ScriptedCloud::function(std::string_view path) const {
  const std::lock_guard lock(mutex_);
  const CloudFunction* found = state_.find(path);
  if (found == nullptr) return std::nullopt;
  return *found;
}

std::vector<CloudTrigger> ScriptedCloud::triggers(std::string_view path) const {
  const auto found = function(path);
  return found ? found->triggers : std::vector<CloudTrigger>{};
}

std::optional<CloudRetryRules> ScriptedCloud::retry_rules(std::string_view path) const {
  const auto found = function(path);
  if (!found) return std::nullopt;
  return found->retry;
}

std::vector<BucketRule> ScriptedCloud::rules() const {
  const std::lock_guard lock(mutex_);
  return state_.rules();
}

void ScriptedCloud::put(CloudFunction function) {
  const std::lock_guard lock(mutex_);
  state_.put(std::move(function));
}

void ScriptedCloud::create_foreign_function(std::string name, std::string space) {
  CloudFunction function;
  function.name = std::move(name);
  function.space = std::move(space);
  function.description = "somebody else's";
  function.code.zip = "PK";
  put(std::move(function));
}

void ScriptedCloud::change(std::string_view path,
                           const std::function<void(CloudFunction&)>& change) {
  const std::lock_guard lock(mutex_);
  if (CloudFunction* found = state_.find(path)) change(*found);
}

void ScriptedCloud::erase(std::string_view path) {
  const std::lock_guard lock(mutex_);
  state_.erase(path);
}

void ScriptedCloud::hold_rule(BucketRule rule) {
  const std::lock_guard lock(mutex_);
  state_.hold_rule(std::move(rule));
}

void ScriptedCloud::drop_foreign_rules() {
  const std::lock_guard lock(mutex_);
  state_.drop_foreign_rules();
}

void ScriptedCloud::settle(std::string_view path) {
  const std::lock_guard lock(mutex_);
  state_.settle(path);
}

CloudCalls ScriptedCloud::journal() const {
  const std::lock_guard lock(mutex_);
  return journal_;
}

CloudCalls ScriptedCloud::calls(std::string_view action) const {
  CloudCalls all = journal();
  std::erase_if(all, [&](const CloudCall& call) { return call.action != action; });
  return all;
}

std::vector<std::string> ScriptedCloud::refused_signatures() const {
  const std::lock_guard lock(mutex_);
  return refused_signatures_;
}

std::size_t ScriptedCloud::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

bool ScriptedCloud::wait_for(const std::function<bool(const CloudCalls&)>& ready,
                             std::chrono::milliseconds limit) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [&] { return ready(journal_); });
}

bool ScriptedCloud::wait_for_calls(std::string_view action, std::size_t count,
                                   std::chrono::milliseconds limit) const {
  return wait_for(
      [&](const CloudCalls& calls) {
        return static_cast<std::size_t>(std::count_if(
                   calls.begin(), calls.end(),
                   [&](const CloudCall& call) { return call.action == action; })) >= count;
      },
      limit);
}

std::chrono::sys_seconds ScriptedCloud::now() const {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) + clock_offset_;
}

std::size_t ScriptedCloud::enter(const RequestMessage& request, std::size_t connection,
                                 Reply& reply) {
  const std::lock_guard lock(mutex_);
  CloudCall& call = journal_.emplace_back();
  call.index = journal_.size() - 1;
  call.connection = connection;
  call.action = request.headers["X-TC-Action"];
  call.region = request.headers["X-TC-Region"];
  call.request_id = request_id(call.index);
  call.at = std::chrono::system_clock::now();
  reply.now = now();
  const auto refused = [&](const CloudRefusal& refusal) {
    reply.refused = true;
    call.outcome = refusal.code();
    reply.body = envelope(error_members(refusal.code(), refusal.what()), call.request_id);
  };
  try {
    require_envelope(request);
    call.secret_id = verify_signature(request, keys_, now());
    require_action(request);
    call.parameters = parse_body(request.body);
    check_parameters(call.action, call.parameters);
  } catch (const CloudRefusal& refusal) {
    if (refusal.code().starts_with("AuthFailure.")) {
      refused_signatures_.push_back(refusal.code() + ": " + refusal.what());
    }
    refused(refusal);
  }
  changed_.notify_all();
  return call.index;
}

CloudFault ScriptedCloud::fault_for(std::size_t call) {
  std::function<CloudFault(const CloudCall&)> script;
  CloudCall copy;
  {
    const std::lock_guard lock(mutex_);
    for (const std::string& action : {journal_[call].action, std::string("*")}) {
      const auto queue = faults_.find(action);
      if (queue == faults_.end() || queue->second.empty()) continue;
      CloudFault fault = std::move(queue->second.front());
      queue->second.pop_front();
      journal_[call].fault = fault.name;
      return fault;
    }
    script = script_;
    copy = journal_[call];
  }
  CloudFault fault = script ? script(copy) : CloudFault();
  const std::lock_guard lock(mutex_);
  journal_[call].fault = fault.name;
  return fault;
}

void ScriptedCloud::handle(std::size_t index, const CloudFault& fault, Reply& reply) {
  const std::lock_guard lock(mutex_);
  CloudCall& call = journal_[index];
  reply.now = now();
  json::object members;
  if (fault.handles) {
    call.handled = true;
    try {
      members = state_.handle(call.action, call.parameters, {call.region, now(), fault.fate});
      call.outcome = "OK";
    } catch (const CloudRefusal& refusal) {
      call.outcome = refusal.code();
      members = error_members(refusal.code(), refusal.what());
    }
  }
  if (!fault.code.empty()) {
    if (!fault.handles) call.outcome = fault.code;
    members = error_members(fault.code, fault.message);
  }
  reply.body = envelope(std::move(members), call.request_id);
  changed_.notify_all();
}

void ScriptedCloud::finish(std::size_t index, const CloudFault& fault, Reply& reply) {
  switch (fault.answer) {
    case CloudFault::Answer::whole: break;
    case CloudFault::Answer::truncated: reply.body.resize(reply.body.size() / 2); break;
    case CloudFault::Answer::html:
      reply.content_type = "text/html";
      reply.body = fmt::format("<html><body><h1>{}</h1></body></html>\n", fault.status);
      break;
    case CloudFault::Answer::lost: reply.cut = true; break;
  }
  reply.status = fault.status;
  const std::lock_guard lock(mutex_);
  journal_[index].answered = !reply.cut;
  changed_.notify_all();
}

}  // namespace gateway::test
