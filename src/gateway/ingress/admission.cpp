#include "gateway/ingress/admission.hpp"

#include "gateway/domain/answers.hpp"

namespace gateway::ingress {

std::optional<Answer> Admission::refuse(const RequestHead& head, const Load& load) const {
  if (head.method != Method::post && head.method != Method::options) {
    Answer answer = answers::method_not_allowed(admin_port_);
    answer.to_head = head.method == Method::head;
    return answer;
  }
  if (head.content_length > max_body_) {
    return answers::refused(413, "body larger than gateway.max_body", true);
  }
  if (head.method == Method::options) return std::nullopt;
  if (head.content_coded) return answers::unsupported_coding();
  if (load.draining) return answers::unavailable(Unavailable::stopping, load.retry_after, true);
  if (load.beyond) {
    const bool source = load.beyond == ConnectionLimit::source;
    return answers::unavailable(source ? Unavailable::source : Unavailable::connections,
                                load.retry_after, true);
  }
  if (load.queue_full) return answers::unavailable(Unavailable::queue, load.retry_after);
  return std::nullopt;
}

}  // namespace gateway::ingress
