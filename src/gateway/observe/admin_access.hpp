#pragma once
#include <string>
#include <string_view>

#include "runtime/secret.hpp"

namespace gateway::observe {

// Decides who may read what on the admin port. Problem: the port shows names of objects and buckets
// to anyone who reaches it, also through a browser, because any page may make its own name resolve
// to this address; yet probes and scrapers must always get through. Solution: everything except
// /healthz, /readyz and /metrics requires the token if one is configured, and the right Host if one
// is configured. Immutable.
class AdminAccess {
 public:
  enum class Verdict {
    allowed,
    wrong_host,  // 421: whoever asks means another server (RFC 9110 section 15.5.20)
    no_token     // 401
  };

  // Takes the required token and host; an empty one is not required.
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
