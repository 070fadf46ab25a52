#pragma once
#include <boost/assert/source_location.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace gateway::cloud {

// What a failed call of the cloud API asks of the caller. Reading the state again comes first in
// every case but the last two.
enum class ErrorKind {
  transient,  // rate limits, server errors, lost connections and answers: again, later, for ever
  stubborn,   // may pass and may not: again a few times, then for an operator
  busy,       // the function's state does not allow it now: wait for it to settle
  exists,     // somebody was faster, or it is that way already
  absent,     // what was named is not there
  denied,     // wrong or missing rights or credentials: for an operator
  permanent,  // for an operator
};

[[nodiscard]] std::string_view label(ErrorKind kind) noexcept;

// A call of the cloud API that failed.
class ApiError {
 public:
  ApiError() = default;  // boost::system::result wants one
  ApiError(ErrorKind kind, std::string action, std::string code, std::string message,
           std::string request_id, std::string advice = {})
      : kind_(kind),
        action_(std::move(action)),
        code_(std::move(code)),
        message_(std::move(message)),
        request_id_(std::move(request_id)),
        advice_(std::move(advice)) {}

  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }
  // Neither waiting nor repeating helps: an operator has to act.
  [[nodiscard]] bool is_permanent() const noexcept {
    return kind_ == ErrorKind::denied || kind_ == ErrorKind::permanent;
  }
  [[nodiscard]] const std::string& action() const noexcept { return action_; }
  // The service's code, such as ResourceInUse.Cos, or one of the client's own:
  // ClientError.Connection, .Timeout, .HttpStatus, .Answer, .Credentials, .Cancelled.
  [[nodiscard]] const std::string& code() const noexcept { return code_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  [[nodiscard]] const std::string& request_id() const noexcept { return request_id_; }  // or empty
  // What the operator can do about it; empty if nothing is known.
  [[nodiscard]] const std::string& advice() const noexcept { return advice_; }

  // All of it in one line, without secrets.
  [[nodiscard]] std::string text() const;

 private:
  ErrorKind kind_ = ErrorKind::transient;
  std::string action_;
  std::string code_;
  std::string message_;
  std::string request_id_;
  std::string advice_;
};

// What boost::system::result does where a caller takes a value that is not there: throws
// std::runtime_error with the text.
[[noreturn]] void throw_exception_from_error(const ApiError& error,
                                             const boost::source_location& location);

// The kind of an error the service gave for `action`, and what an operator can do about it.
struct Classified {
  ErrorKind kind = ErrorKind::transient;
  std::string_view advice;  // static
};
// SCF API 2018-04-16 "Error codes" and the common codes of API 3.0. An unknown code is `stubborn`.
[[nodiscard]] Classified classify(std::string_view action, std::string_view code) noexcept;

}  // namespace gateway::cloud
