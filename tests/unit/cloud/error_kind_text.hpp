#pragma once
#include <ostream>
#include <string_view>

#include "cloud/api_error.hpp"

namespace gateway::cloud {

// Returns the name of a kind, as tests/data/scf_error_codes.tsv has it.
[[nodiscard]] inline std::string_view label(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::transient: return "transient";
    case ErrorKind::stubborn: return "stubborn";
    case ErrorKind::busy: return "busy";
    case ErrorKind::exists: return "exists";
    case ErrorKind::absent: return "absent";
    case ErrorKind::denied: return "denied";
    case ErrorKind::permanent: return "permanent";
  }
  return "unknown";
}

inline void PrintTo(ErrorKind kind, std::ostream* out) {
  *out << label(kind);
}

}  // namespace gateway::cloud
