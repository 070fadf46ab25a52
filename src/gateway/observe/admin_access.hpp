#pragma once
#include <string>
#include <string_view>

#include "runtime/secret.hpp"

namespace gateway::observe {

// The admin port shows names of objects and buckets to whoever reaches it, also through a browser:
// a page of anybody may have its own name resolve to this address. Probes and scrapers must get
// through whatever is configured. So everything but /healthz, /readyz and /metrics
// asks for a token if there is one, and for the right Host if there is one. Immutable.
class AdminAccess {
 public:
  enum class Verdict {
    allowed,
    wrong_host,  // 421: whoever asks means another server (RFC 9110 section 15.5.20)
    no_token     // 401
  };

  // Empty: not asked for.
  AdminAccess(Secret token, std::string host);

  // Decides about a request for `path` by the values of its Host and Authorization fields.
  [[nodiscard]] Verdict judge(std::string_view path, std::string_view host,
                              std::string_view authorization) const;

 private:
  [[nodiscard]] bool knows_token(std::string_view authorization) const;

  Secret token_;
  std::string host_;  // in lower case, without a port
};

}  // namespace gateway::observe
