#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "support/scripted_cloud_state.hpp"

namespace gateway::test {

// What a ScriptedCloud does about one call instead of handling and answering it. Made by the
// functions below, which can be refined by the members.
struct CloudFault {
  enum class Answer { whole, truncated, html, lost };

  std::string name{};   // for the journal
  bool handles = true;  // the call takes effect
  Answer answer = Answer::whole;
  unsigned status = 200;
  std::string code{};  // of the error that is answered; empty: the real outcome
  std::string message{};
  std::chrono::milliseconds delay{0};  // before it is handled
  bool stalls = false;                 // before it is handled, until release()
  // Run in the cloud's thread right before and right after it is handled; may use every member of
  // the cloud that does not wait.
  std::function<void()> before{};
  std::function<void()> afterwards{};
  CloudFate fate{};

  // The call takes effect all the same; only its answer goes wrong.
  [[nodiscard]] CloudFault but_handled() const;
  [[nodiscard]] CloudFault after(std::chrono::milliseconds wait) const;
  [[nodiscard]] CloudFault stalled() const;
};

// Nothing goes wrong: a place in the queue.
[[nodiscard]] CloudFault no_fault();
// Refused, without effect.
[[nodiscard]] CloudFault api_error(std::string code, std::string message = "scripted");
[[nodiscard]] CloudFault rate_limited();
// A page of HTML, as proxies make it; without effect.
[[nodiscard]] CloudFault http_error(unsigned status);
// The call takes effect and half of the answer arrives as if it were whole.
[[nodiscard]] CloudFault truncated_answer();
// The connection closes: before the call takes effect, or after.
[[nodiscard]] CloudFault lost_request();
[[nodiscard]] CloudFault lost_answer();
[[nodiscard]] CloudFault delayed(std::chrono::milliseconds wait);
[[nodiscard]] CloudFault stalled();
// The change the call begins ends as CreateFailed, UpdateFailed or DeleteFailed.
[[nodiscard]] CloudFault ends_as(std::string status, std::vector<CloudStatusReason> reasons = {});
// The change the call begins never ends; see ScriptedCloud::settle().
[[nodiscard]] CloudFault stuck();
// The next `reads` lists do not show the trigger this call made, removed or switched.
[[nodiscard]] CloudFault unseen_for(std::size_t reads);
// Somebody else acts between the client's previous call and this one, or right after this one.
[[nodiscard]] CloudFault meanwhile(std::function<void()> act);
[[nodiscard]] CloudFault afterwards(std::function<void()> act);

}  // namespace gateway::test
