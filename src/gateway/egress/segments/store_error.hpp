#pragma once
#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>
#include <cstdint>
#include <string>
#include <utility>

namespace gateway::egress {

// Why a store failed to do what it was asked. Not an aggregate: g++ 12 miscompiles those near
// co_await.
class StoreError {
 public:
  enum class Kind : std::uint8_t {
    full,     // its own bound or the device's; removing rows makes room
    failing,  // the device or its rights; may pass
    in_use,   // another process owns it
    unusable  // it cannot be opened as it is: no such directory, no permission, not such a store
  };

  StoreError() = default;
  StoreError(Kind kind, std::string text) : kind_(kind), text_(std::move(text)) {}

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  // Returns a text for the log that names the file.
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  Kind kind_ = Kind::failing;
  std::string text_;
};

// boost::system::result throws with this function where a caller takes a value that is not there,
// which is a bug.
[[noreturn]] void throw_exception_from_error(const StoreError& error,
                                             const boost::source_location& location);

template <class T>
using StoreOutcome = boost::system::result<T, StoreError>;
using StoreResult = StoreOutcome<void>;

}  // namespace gateway::egress
