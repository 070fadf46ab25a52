#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "gateway/domain/post.hpp"
#include "gateway/domain/reasons.hpp"
#include "gateway/ingress/request_reader.hpp"

namespace gateway::ingress {

// What admission looks at: the state of the shard at this moment.
struct Load {
  bool draining = false;
  std::optional<ConnectionLimit> beyond;  // what the connection is
  bool queue_full = false;
  std::chrono::seconds retry_after{1};
};

// Decides from a request's head alone whether its body is read at all. Pure.
class Admission {
 public:
  // `admin_port`: 0 if it is not known.
  Admission(std::size_t max_body, std::uint16_t admin_port) noexcept
      : max_body_(max_body), admin_port_(admin_port) {}

  // Whether refuse() has nothing to say: the common case, decided without making an answer.
  [[nodiscard]] bool admits(const RequestHead& head, const Load& load) const noexcept {
    return head.method == Method::post && head.content_length <= max_body_ && !load.draining &&
           !load.beyond && !load.queue_full;
  }
  // The answer for a request that is turned away; none: go on. Checked in this order: the method,
  // the size of the body, then whether there is room for it now.
  [[nodiscard]] std::optional<Answer> refuse(const RequestHead& head, const Load& load) const;
  // Whether it pays to read past a refused body to keep the connection.
  [[nodiscard]] bool worth_skipping(const RequestHead& head) const noexcept {
    return head.keep_alive && !head.expects_continue && head.content_length <= max_body_;
  }

 private:
  std::size_t max_body_;
  std::uint16_t admin_port_;
};

}  // namespace gateway::ingress
