#pragma once
#include <boost/assert/source_location.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace gateway::cloud {

// What a failed call of the cloud API asks of the caller. In every case but the last two the caller
// reads the state again first.
enum class ErrorKind {
  transient,  // rate limit, server error, lost connection or answer: retry for as long as it takes
  stubborn,   // may pass or not: retry a few times, then an operator has to act
  busy,       // the function's state does not allow it now: retry for as long as it takes
  exists,     // another replica was faster, or the state is as wanted already
  absent,     // what the call named does not exist
  denied,     // rights or credentials are wrong or missing: an operator has to act
  permanent,  // an operator has to act
};

// A call of the cloud API that failed.
class ApiError {
 public:
  ApiError() = default;  // required by boost::system::result
  ApiError(ErrorKind kind, std::string action, std::string code, std::string message,
           std::string request_id, std::string advice = {})
      : kind_(kind),
        action_(std::move(action)),
        code_(std::move(code)),
        message_(std::move(message)),
        request_id_(std::move(request_id)),
        advice_(std::move(advice)) {}

  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }
  // Returns true if neither waiting nor repeating helps.
  [[nodiscard]] bool is_permanent() const noexcept {
    return kind_ == ErrorKind::denied || kind_ == ErrorKind::permanent;
  }
  [[nodiscard]] const std::string& action() const noexcept { return action_; }
  // Returns the service's code, such as ResourceInUse.Cos, or one of the client's own:
  // ClientError.Connection, .Timeout, .HttpStatus, .Answer, .Credentials, .Cancelled.
  [[nodiscard]] const std::string& code() const noexcept { return code_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  [[nodiscard]] const std::string& request_id() const noexcept { return request_id_; }  // or empty
  // Returns what the operator can do about it; empty if nothing is known.
  [[nodiscard]] const std::string& advice() const noexcept { return advice_; }

  // Returns all of it in one line, without secrets.
  [[nodiscard]] std::string text() const;

 private:
  ErrorKind kind_ = ErrorKind::transient;
  std::string action_;
  std::string code_;
  std::string message_;
  std::string request_id_;
  std::string advice_;
};

// Throws std::runtime_error with the text. boost::system::result calls it when a caller takes a
// value that is not there.
[[noreturn]] void throw_exception_from_error(const ApiError& error,
                                             const boost::source_location& location);

// The kind of a service's error, and what an operator can do about it.
struct Classified {
  ErrorKind kind = ErrorKind::transient;
  std::string_view advice;  // static
};
// Classifies a code that the service gave for `action`. Source: SCF API 2018-04-16 "Error codes"
// and the common codes of API 3.0. An unknown code is `stubborn`.
[[nodiscard]] Classified classify(std::string_view action, std::string_view code) noexcept;

}  // namespace gateway::cloud
