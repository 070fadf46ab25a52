#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "gateway/domain/post.hpp"
#include "gateway/domain/reasons.hpp"
#include "gateway/ingress/request_reader.hpp"

namespace gateway::ingress {

// The state of the shard and of the connection, as far as it decides about a request.
struct Load {
  bool draining = false;
  std::optional<ConnectionLimit> beyond;  // the limit that the connection exceeds
  bool queue_full = false;
  std::chrono::seconds retry_after{1};
};

// Decides from a request's head alone whether its body is read at all. Pure.
class Admission {
 public:
  // `admin_port`: 0 if it is not known.
  Admission(std::size_t max_body, std::uint16_t admin_port) noexcept
      : max_body_(max_body), admin_port_(admin_port) {}

  // Returns true if refuse() would return nullopt for a POST: the common case, without making an
  // answer.
  [[nodiscard]] bool admits(const RequestHead& head, const Load& load) const noexcept {
    return head.method == Method::post && head.content_length <= max_body_ && !head.content_coded &&
           !load.draining && !load.beyond && !load.queue_full;
  }
  // Returns the answer that refuses the request, or nullopt to read its body. Checks the method,
  // then the size of the body and its coding, then whether there is room for it now.
  [[nodiscard]] std::optional<Answer> refuse(const RequestHead& head, const Load& load) const;
  // Returns true if reading past a refused body costs less than a new connection.
  [[nodiscard]] bool worth_skipping(const RequestHead& head) const noexcept {
    return head.keep_alive && !head.expects_continue && head.content_length <= max_body_;
  }

 private:
  std::size_t max_body_;
  std::uint16_t admin_port_;
};

}  // namespace gateway::ingress
