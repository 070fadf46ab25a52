#include "events/malformed.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace gateway::events {

void throw_exception_from_error(const Malformed& error, const boost::source_location& location) {
  throw std::logic_error(fmt::format("{}:{}: value taken from an error: {} at byte {}",
                                     location.file_name(), location.line(), error.reason(),
                                     error.offset()));
}

}  // namespace gateway::events
