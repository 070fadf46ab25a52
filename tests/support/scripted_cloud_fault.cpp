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
  return {
      .name = "error", .handles = false, .code = std::move(code), .message = std::move(message)};
}

CloudFault rate_limited() {
  return api_error("RequestLimitExceeded", "Your current request times exceeds the limit.");
}

CloudFault http_error(unsigned status) {
  return {.name = "http", .handles = false, .answer = CloudFault::Answer::html, .status = status};
}

CloudFault truncated_answer() {
  return {.name = "truncated", .answer = CloudFault::Answer::truncated};
}

CloudFault lost_request() {
  return {.name = "lost request", .handles = false, .answer = CloudFault::Answer::lost};
}

CloudFault lost_answer() {
  return {.name = "lost answer", .answer = CloudFault::Answer::lost};
}

CloudFault delayed(std::chrono::milliseconds wait) {
  return {.name = "delayed", .delay = wait};
}

CloudFault stalled() {
  return {.name = "stalled", .stalls = true};
}

CloudFault ends_as(std::string status, std::vector<CloudStatusReason> reasons) {
  CloudFault fault{.name = "ends as " + status};
  fault.fate.status = std::move(status);
  fault.fate.reasons = std::move(reasons);
  return fault;
}

CloudFault stuck() {
  CloudFault fault{.name = "stuck"};
  fault.fate.stuck = true;
  return fault;
}

CloudFault unseen_for(std::size_t reads) {
  CloudFault fault{.name = "unseen"};
  fault.fate.unseen = reads;
  return fault;
}

CloudFault meanwhile(std::function<void()> act) {
  return {.name = "meanwhile", .before = std::move(act)};
}

CloudFault afterwards(std::function<void()> act) {
  return {.name = "afterwards", .afterwards = std::move(act)};
}

}  // namespace gateway::test
