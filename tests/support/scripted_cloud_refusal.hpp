#pragma once
#include <stdexcept>
#include <string>
#include <utility>

namespace gateway::test {

// The service says no: what becomes `Response.Error` of the answer.
class CloudRefusal : public std::runtime_error {
 public:
  CloudRefusal(std::string code, const std::string& message)
      : std::runtime_error(message), code_(std::move(code)) {}

  [[nodiscard]] const std::string& code() const noexcept { return code_; }

 private:
  std::string code_;
};

}  // namespace gateway::test
