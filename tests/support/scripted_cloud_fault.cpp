#include "support/scripted_cloud_fault.hpp"

#include <utility>

namespace gateway::test {

CloudFault CloudFault::but_handled() const {
  CloudFault fault = *this;
  fault.handles = true;
  return fault;
}

CloudFault CloudFault::after(std::chrono::milliseconds wait) const {
  CloudFault fault = *this;
  fault.delay = wait;
  return fault;
}

CloudFault CloudFault::stalled() const {
  CloudFault fault = *this;
  fault.stalls = true;
  return fault;
}

CloudFault no_fault() {
  return {};
}

CloudFault api_error(std::string code, std::string message) {
  CloudFault fault;
  fault.name = "error";
  fault.handles = false;
  fault.code = std::move(code);
  fault.message = std::move(message);
  return fault;
}

CloudFault rate_limited() {
  return api_error("RequestLimitExceeded", "Your current request times exceeds the limit.");
}

CloudFault http_error(unsigned status) {
  CloudFault fault;
  fault.name = "http";
  fault.handles = false;
  fault.answer = CloudFault::Answer::html;
  fault.status = status;
  return fault;
}

CloudFault truncated_answer() {
  CloudFault fault;
  fault.name = "truncated";
  fault.answer = CloudFault::Answer::truncated;
  return fault;
}

CloudFault lost_request() {
  CloudFault fault;
  fault.name = "lost request";
  fault.handles = false;
  fault.answer = CloudFault::Answer::lost;
  return fault;
}

CloudFault lost_answer() {
  CloudFault fault;
  fault.name = "lost answer";
  fault.answer = CloudFault::Answer::lost;
  return fault;
}

CloudFault delayed(std::chrono::milliseconds wait) {
  CloudFault fault;
  fault.name = "delayed";
  fault.delay = wait;
  return fault;
}

CloudFault stalled() {
  CloudFault fault;
  fault.name = "stalled";
  fault.stalls = true;
  return fault;
}

CloudFault ends_as(std::string status, std::vector<CloudStatusReason> reasons) {
  CloudFault fault;
  fault.name = "ends as " + status;
  fault.fate.status = std::move(status);
  fault.fate.reasons = std::move(reasons);
  return fault;
}

CloudFault stuck() {
  CloudFault fault;
  fault.name = "stuck";
  fault.fate.stuck = true;
  return fault;
}

CloudFault unseen_for(std::size_t reads) {
  CloudFault fault;
  fault.name = "unseen";
  fault.fate.unseen = reads;
  return fault;
}

CloudFault meanwhile(std::function<void()> act) {
  CloudFault fault;
  fault.name = "meanwhile";
  fault.before = std::move(act);
  return fault;
}

CloudFault afterwards(std::function<void()> act) {
  CloudFault fault;
  fault.name = "afterwards";
  fault.afterwards = std::move(act);
  return fault;
}

}  // namespace gateway::test
